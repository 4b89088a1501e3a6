//! Bugs that are planted, to see that the rules of a simulation catch them.

use super::Account;
use crate::{
    claim::protocol::rules::{Rules, slips},
    run::Slips,
};

macro_rules! plants {
    ($($(#[$doc:meta])* $name:ident = $text:literal breaks $rule:literal;)*) => {
        /// A bug that is planted on purpose.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Plant {
            $($(#[$doc])* $name,)*
        }

        impl Plant {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its name.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// The rule that it is to be caught by: what stands in front of the colon of such a violation.
            #[must_use]
            pub fn rule(self) -> &'static str {
                match self {
                    $(Self::$name => $rule,)*
                }
            }
        }
    };
}

plants! {
    /// The completion has no condition.
    CompleteWithoutACondition = "complete-without-a-condition" breaks "I2, I3";
    /// The completion does not ask for the fence.
    CompleteWithoutTheFence = "complete-without-the-fence" breaks "I7, I8";
    /// The release deletes the row, whoever holds it.
    ReleaseAsADelete = "release-as-a-delete" breaks "I8";
    /// The release asks neither for the owner nor for the fence.
    ReleaseWithoutTheOwner = "release-without-the-owner" breaks "I7, I8";
    /// The release does not ask for the fence.
    ReleaseWithoutTheFence = "release-without-the-fence" breaks "I7, I8";
    /// A claim does not know its own earlier write.
    OwnWriteUnrecognised = "own-write-unrecognised" breaks "I5";
    /// A released row goes to a late copy of the claim that was released.
    ClaimOfOnesOwnRelease = "claim-of-ones-own-release" breaks "a late copy of a claim that was released is refused";
    /// Fencing tokens start anew with every grant.
    FenceThatStartsAnew = "fence-that-starts-anew" breaks "I9";
    /// A refused completion counts as done by another.
    RefusedCompletionAsSuccess = "refused-completion-as-success" breaks "I4";
    /// A success answers for every payload.
    PayloadNotCompared = "payload-not-compared" breaks "I18";
    /// A rejection is as free as a release.
    RejectionAsARelease = "rejection-as-a-release" breaks "I19";
    /// The rules of Powertools for AWS Lambda.
    Powertools = "powertools" breaks "I1";
    /// The answer leaves out one failure.
    ResponseMissesAFailure = "response-misses-a-failure" breaks "I11, I13";
    /// The answer names a failure twice.
    FailureAppendedTwice = "failure-appended-twice" breaks "I12";
    /// A failure that cannot be named is left out.
    UnnamedRecordSwallowed = "unnamed-record-swallowed" breaks "I11, I13";
    /// An event of another source is answered as an empty batch.
    EmptySuccessForAForeignEvent = "empty-success-for-a-foreign-event" breaks "I14";
    /// A FIFO group goes on behind a failure.
    GroupGoesOn = "group-goes-on" breaks "I15";
    /// Messages of a FIFO group start beside each other.
    GroupsAtOnce = "groups-at-once" breaks "I15";
    /// A group on a standard queue is taken for one of a FIFO queue.
    GroupsOnAnyQueue = "groups-on-any-queue" breaks "I16";
    /// A message whose claim met a store that does not answer counts as done before.
    UnavailableAsDone = "unavailable-as-done" breaks "I4";
    /// A message whose claim met such a store runs without it.
    UnavailableRuns = "unavailable-runs" breaks "I21";
    /// Nothing looks at the deadline.
    NoDeadlineGuard = "no-deadline-guard" breaks "I23";
    /// A claim is released although its completion may have landed.
    ReleaseBehindACompletion = "release-behind-a-completion" breaks "a claim is given up although its completion was sent";
    /// Any number of handlers runs at a time.
    Unbounded = "unbounded" breaks "I24";
    /// A message without its key gets one that all such messages share.
    KeyOfNull = "key-of-null" breaks "I20";
    /// A message counts as dead-lettered although nobody confirmed its copy.
    CopyUnconfirmed = "copy-unconfirmed" breaks "I4";
    /// A consumer that acknowledges by itself deletes what failed too.
    FailuresAcknowledged = "failures-acknowledged" breaks "I4";
    /// Messages are hidden for as long as anybody asks.
    HiddenTooLong = "hidden-too-long" breaks "I27";
    /// A FIFO message is tried to its last receive, whoever stands behind it.
    HeadTakesEveryReceive = "head-takes-every-receive" breaks "I29";
    /// A handler's effects happen whether or not their transaction commits.
    EffectsApart = "effects-apart" breaks "I6";
    /// A success is recorded without its handler's effects.
    EffectsLeftBehind = "effects-left-behind" breaks "I6";
    /// A breaker that is open blocks completions too.
    BreakerBlocksCompletions = "breaker-blocks-completions" breaks "the store was never told of a success";
    /// What is not recorded when the answer must leave counts as done.
    CutAsSuccess = "cut-as-success" breaks "I4";
    /// A renewal may move a lease's end back.
    RenewalThatMayShorten = "renewal-that-may-shorten" breaks "a renewal never shortens a lease";
    /// A claim knows its own write whatever became of it since.
    OwnWriteInAnyState = "own-write-in-any-state" breaks "a claim is granted although its row is not in progress for it";
    /// A worker keeps a message hidden whose loss was answered.
    BeatAfterALoss = "beat-after-a-loss" breaks "I27";
    /// A worker says what became of a message while a beat about it is under way.
    WordOverABeat = "word-over-a-beat" breaks "I27";
    /// A worker speaks for messages that it lost.
    WordForTheLost = "word-for-the-lost" breaks "I27";
    /// A worker receives first, and waits for permits then.
    PermitsAfterTheReceive = "permits-after-the-receive" breaks "I24";
    /// A completion that failed among others in one message counts as done.
    FailedInCompanyAsDone = "failed-in-company-as-done" breaks "I4";
    /// A worker that stops leaves hidden what it did not start.
    UnstartedKept = "unstarted-kept" breaks "I26";
}

impl Plant {
    /// The plant of that name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|plant| plant.name() == name)
    }

    /// Whether this account shows it, by the rule that it breaks.
    #[must_use]
    pub fn is_caught_by(self, account: &Account) -> bool {
        account.violations.iter().any(|what| what.split(": ").next() == Some(self.rule()))
    }

    /// Whether it is in the simulation's own store.
    pub(super) fn is_of_the_store(self) -> bool {
        self.rules().is_some() || matches!(self, Self::EffectsApart | Self::FailedInCompanyAsDone)
    }

    /// The store's rules, where they are others.
    pub(super) fn rules(self) -> Option<Rules> {
        Some(match self {
            Self::CompleteWithoutACondition => slips::complete_without_a_condition(),
            Self::CompleteWithoutTheFence => slips::complete_without_the_fence(),
            Self::ReleaseAsADelete => slips::release_as_a_delete(),
            Self::ReleaseWithoutTheOwner => slips::release_without_the_owner(),
            Self::ReleaseWithoutTheFence => slips::release_without_the_fence(),
            Self::OwnWriteUnrecognised => slips::own_write_unrecognised(),
            Self::ClaimOfOnesOwnRelease => slips::claim_of_ones_own_release(),
            Self::FenceThatStartsAnew => slips::fence_that_starts_anew(),
            Self::RefusedCompletionAsSuccess => slips::refused_completion_as_success(),
            Self::PayloadNotCompared => slips::payload_not_compared(),
            Self::RejectionAsARelease => slips::rejection_as_a_release(),
            Self::Powertools => slips::powertools(),
            Self::RenewalThatMayShorten => slips::renewal_that_may_shorten(),
            Self::OwnWriteInAnyState => slips::own_write_recognised_in_any_state(),
            _ => return None,
        })
    }

    /// The pipeline's, and the worker's.
    pub(super) fn slips(self) -> Slips {
        let none = Slips::default();
        match self {
            Self::GroupGoesOn => Slips { group_goes_on: true, ..none },
            Self::GroupsAtOnce => Slips { groups_at_once: true, ..none },
            Self::GroupsOnAnyQueue => Slips { groups_on_any_queue: true, ..none },
            Self::UnavailableAsDone => Slips { unavailable_as_done: true, ..none },
            Self::UnavailableRuns => Slips { unavailable_runs: true, ..none },
            Self::NoDeadlineGuard => Slips { no_deadline_guard: true, ..none },
            Self::ReleaseBehindACompletion => Slips { release_behind_a_completion: true, ..none },
            Self::Unbounded => Slips { unbounded: true, ..none },
            Self::KeyOfNull => Slips { key_of_null: true, ..none },
            Self::CopyUnconfirmed => Slips { copy_unconfirmed: true, ..none },
            Self::FailuresAcknowledged => Slips { failures_acknowledged: true, ..none },
            Self::HiddenTooLong => Slips { hidden_too_long: true, ..none },
            Self::HeadTakesEveryReceive => Slips { head_takes_every_receive: true, ..none },
            Self::EffectsLeftBehind => Slips { writes_left_behind: true, ..none },
            Self::BreakerBlocksCompletions => Slips { breaker_blocks_completions: true, ..none },
            Self::CutAsSuccess => Slips { cut_as_success: true, ..none },
            Self::BeatAfterALoss => Slips { beats_after_a_loss: true, ..none },
            Self::WordOverABeat => Slips { speaks_over_a_beat: true, ..none },
            Self::WordForTheLost => Slips { speaks_for_the_lost: true, ..none },
            Self::PermitsAfterTheReceive => Slips { permits_after_the_receive: true, ..none },
            Self::UnstartedKept => Slips { keeps_the_unstarted: true, ..none },
            _ => none,
        }
    }
}
