//! The runs of the model.

use std::collections::HashSet;

use stateright::{Checker, HasDiscoveries, Model, Representative, StateRecorder};

use super::{
    Has, Protocol,
    properties::{
        CONFLICTS_FAIL, FENCES_GROW, GRANT_HOLDS, LEASE_LASTS, NEVER_UNDONE, NO_GRANT_AFTER_COMMIT,
        NOT_BLOCKED_BY_ITSELF, ONE_COMMIT, OWN_ROW_ONLY, REFUSED_AFTER_TAKEOVER, REJECTED_STAYS, RELEASED_STAYS_FREE,
        SUCCESS_IS_TRUE,
    },
};
use crate::claim::protocol::rules::{Rules, slips};

/// Claims, completions, releases, and rows that go.
const CORE: Has = Has { rejections: false, renewals: 0, marks: false, removals: true };
const MODES: Has = Has { rejections: true, marks: true, ..CORE };
const NOTHING_MORE: Has = Has { removals: false, ..CORE };

/// Explores every state: what must hold holds, what must be possible is.
fn holds(model: Protocol, at_least: usize) {
    let checker = model.checker().symmetry().threads(2).spawn_dfs().join();
    let states = checker.unique_state_count();
    println!("{states} states, {} steps", checker.state_count());
    checker.assert_properties();
    assert!(checker.is_done() && states >= at_least, "only {states} states");
}

fn real(payloads: &[u8], has: Has) -> Protocol {
    Protocol::new(Rules::default(), payloads, has)
}

#[test]
fn three_attempts() {
    holds(real(&[0; 3], CORE), 39_000);
}

#[test]
fn three_attempts_two_payloads_rejections_and_marks() {
    holds(real(&[0, 0, 1], MODES), 240_000);
}

#[test]
fn two_attempts_that_renew() {
    holds(real(&[0; 2], Has { renewals: 1, ..CORE }), 140_000);
}

#[test]
fn two_attempts_watched() {
    holds(Protocol { is_watched: true, ..real(&[0; 2], MODES) }, 38_000);
}

#[test]
#[ignore = "a minute or two"]
fn two_attempts_with_everything() {
    holds(real(&[0; 2], Has { renewals: 2, ..MODES }), 1_200_000);
}

#[test]
#[ignore = "a minute or two"]
fn four_attempts() {
    holds(real(&[0; 4], CORE), 700_000);
}

/// No two grants have the same fencing token, so that it implies the owner.
#[test]
fn a_release_by_the_fence_alone_is_no_slip() {
    holds(Protocol::new(slips::release_by_the_fence_alone(), &[0; 2], CORE), 1_900);
}

#[test]
fn symmetry_leaves_no_state_out() {
    let (recorder, visited) = StateRecorder::new_with_accessor();
    let full = real(&[0; 2], CORE).checker().visitor(recorder).spawn_bfs().join();
    full.assert_properties();
    let representatives: HashSet<_> = visited().iter().map(Representative::representative).collect();
    let reduced = real(&[0; 2], CORE).checker().symmetry().spawn_dfs().join();
    assert_eq!(representatives.len(), reduced.unique_state_count());
    assert!(full.unique_state_count() > 2 * reduced.unique_state_count());
}

/// The slip breaks each of these properties. Counterexamples are shown with `--nocapture`.
fn is_caught(rules: Rules, has: Has, payloads: &[u8], broken: &[&'static str]) {
    let finish = HasDiscoveries::AllOf(broken.iter().copied().collect());
    let checker = Protocol::new(rules, payloads, has).checker().finish_when(finish).spawn_bfs().join();
    for property in broken {
        println!("{property}: {:?}", checker.assert_any_discovery(property).into_actions());
    }
}

#[test]
fn a_completion_without_a_condition_is_caught() {
    let broken = [ONE_COMMIT, REFUSED_AFTER_TAKEOVER];
    is_caught(slips::complete_without_a_condition(), NOTHING_MORE, &[0; 2], &broken);
}

#[test]
fn a_completion_without_the_fence_is_caught() {
    is_caught(slips::complete_without_the_fence(), NOTHING_MORE, &[0; 2], &[REFUSED_AFTER_TAKEOVER]);
}

#[test]
fn a_refused_completion_as_a_success_is_caught() {
    is_caught(slips::refused_completion_as_success(), NOTHING_MORE, &[0; 2], &[SUCCESS_IS_TRUE]);
}

#[test]
fn a_release_that_deletes_is_caught() {
    let broken = [NEVER_UNDONE, NO_GRANT_AFTER_COMMIT, OWN_ROW_ONLY];
    is_caught(slips::release_as_a_delete(), NOTHING_MORE, &[0; 2], &broken);
}

#[test]
fn a_release_without_the_owner_is_caught() {
    is_caught(slips::release_without_the_owner(), NOTHING_MORE, &[0; 2], &[OWN_ROW_ONLY]);
}

#[test]
fn a_release_without_the_fence_is_caught() {
    is_caught(slips::release_without_the_fence(), NOTHING_MORE, &[0; 2], &[OWN_ROW_ONLY]);
}

#[test]
fn an_own_write_that_is_not_recognised_is_caught() {
    is_caught(slips::own_write_unrecognised(), NOTHING_MORE, &[0], &[NOT_BLOCKED_BY_ITSELF]);
}

#[test]
fn an_own_write_that_is_recognised_in_any_state_is_caught() {
    let broken = [NO_GRANT_AFTER_COMMIT, GRANT_HOLDS];
    is_caught(slips::own_write_recognised_in_any_state(), NOTHING_MORE, &[0], &broken);
}

#[test]
fn a_late_claim_that_takes_back_a_release_is_caught() {
    is_caught(slips::claim_of_ones_own_release(), NOTHING_MORE, &[0], &[RELEASED_STAYS_FREE]);
}

#[test]
fn a_fence_that_starts_anew_is_caught() {
    is_caught(slips::fence_that_starts_anew(), NOTHING_MORE, &[0; 2], &[FENCES_GROW]);
}

#[test]
fn a_renewal_that_may_shorten_is_caught() {
    let has = Has { renewals: 1, ..NOTHING_MORE };
    is_caught(slips::renewal_that_may_shorten(), has, &[0], &[LEASE_LASTS]);
}

#[test]
fn a_payload_that_is_not_compared_is_caught() {
    is_caught(slips::payload_not_compared(), NOTHING_MORE, &[0, 1], &[CONFLICTS_FAIL]);
}

#[test]
fn a_rejection_that_is_as_free_as_a_release_is_caught() {
    let has = Has { rejections: true, ..NOTHING_MORE };
    is_caught(slips::rejection_as_a_release(), has, &[0; 2], &[REJECTED_STAYS]);
}

#[test]
fn the_rules_of_powertools_are_caught() {
    let broken = [ONE_COMMIT, NO_GRANT_AFTER_COMMIT, NEVER_UNDONE, NOT_BLOCKED_BY_ITSELF];
    is_caught(slips::powertools(), NOTHING_MORE, &[0; 2], &broken);
}
