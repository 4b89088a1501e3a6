//! What can happen next.

use super::{
    Protocol,
    state::{Attempt, RENEWALS, Settle, Stage},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Claim(usize),
    DeliverClaim(Delivery),
    /// No answer to the claim came.
    ReadAfterClaim(usize),
    Send(usize, Settle),
    /// No answer to the completion came: the same request again.
    SendAgain(usize),
    /// No answer to the completion came, nor will it be sent again.
    ReadAfterCompletion(usize),
    Deliver(Delivery),
    Renew(usize),
    DeliverRenewal(Delivery, usize),
    /// A crash, a cancellation, a deadline.
    Stop(usize),
    /// The table removes a row by its time to live.
    Remove,
    Forget,
}

/// A delivery of one copy of a request, evaluated by the store at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Delivery {
    pub(super) of: usize,
    /// Whether the clock that is asked says that the row's lease is over.
    pub(super) lease_is_over: bool,
    /// Whether the answer arrives; it counts only where the attempt waits for it.
    pub(super) is_heard: bool,
}

impl Protocol {
    pub(super) fn actions_of(&self, place: usize, attempt: &Attempt, actions: &mut Vec<Action>) {
        match attempt.stage {
            Stage::Idle => {
                actions.push(Action::Claim(place));
                if self.has.marks {
                    actions.push(Action::Send(place, Settle::Mark));
                }
                return;
            }
            Stage::Claiming => actions.push(Action::ReadAfterClaim(place)),
            Stage::Running => {
                actions.extend([Settle::Complete, Settle::Release].map(|settle| Action::Send(place, settle)));
                if self.has.rejections {
                    actions.push(Action::Send(place, Settle::Fail));
                }
                if self.has.renewals > 0 && usize::from(attempt.renewals_sent) < RENEWALS {
                    actions.push(Action::Renew(place));
                }
            }
            Stage::Completing => actions.extend([Action::SendAgain(place), Action::ReadAfterCompletion(place)]),
            Stage::Ended(_) => {}
        }
        if !matches!(attempt.stage, Stage::Ended(_)) {
            actions.push(Action::Stop(place));
        }
        deliveries_of(place, attempt, actions);
    }
}

fn deliveries_of(place: usize, attempt: &Attempt, actions: &mut Vec<Action>) {
    if attempt.claims > 0 {
        let deliveries = deliveries(place, true, attempt.stage == Stage::Claiming);
        actions.extend(deliveries.map(Action::DeliverClaim));
    }
    if let Some((settle, 1..)) = attempt.settle {
        let deliveries = deliveries(place, settle == Settle::Mark, attempt.stage == Stage::Completing);
        actions.extend(deliveries.map(Action::Deliver));
    }
    for (which, copies) in attempt.renewals.into_iter().enumerate() {
        // Nobody waits for the answer to a renewal that was followed by another.
        let is_awaited = attempt.stage == Stage::Running && which + 1 == usize::from(attempt.renewals_sent);
        if copies > 0 {
            let deliveries = deliveries(place, false, is_awaited);
            actions.extend(deliveries.map(|delivery| Action::DeliverRenewal(delivery, which)));
        }
    }
}

/// The ways in which a request can be delivered: whether it asks for the time, whether its attempt waits for the answer.
fn deliveries(of: usize, asks_the_clock: bool, is_awaited: bool) -> impl Iterator<Item = Delivery> {
    let is = [false, true];
    is.into_iter().take(1 + usize::from(asks_the_clock)).flat_map(move |lease_is_over| {
        is.into_iter().take(1 + usize::from(is_awaited)).map(move |is_heard| Delivery { of, lease_is_over, is_heard })
    })
}
