//! Which messages are sent, and what has to become of each: pure, all of it follows from the seed.
//!
//! - `orders`: messages of the shop; `shuffled`, `groups`: in which order they stand in a standard queue, and in the groups of a FIFO queue.
//! - `ledger`: messages of the ledger.
//! - `webhooks`: events for the subscriber.

mod groups;
mod ledger;
mod orders;
mod shuffled;
mod webhooks;

pub(crate) use self::{
    groups::groups,
    ledger::{effects_of_entries, entries},
    orders::effects_of_orders,
    shuffled::shuffled,
    webhooks::events,
};

/// What is the matter with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Good,
    /// The same order in two messages.
    SentTwice,
    /// Delivered once more after its answer, by a poller that died before it deleted.
    Redelivered,
    Undecodable,
    Rejected,
    FailsTwice,
    FailsAlways,
    /// Another order under an id that is taken.
    Conflict,
    /// To be posted a second later.
    AsksToWait,
    /// For a subscriber whom nobody knows.
    ForStranger,
}

/// A message that will be sent.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) kind: Kind,
    pub(crate) body: String,
    /// The message group, on a FIFO queue.
    pub(crate) group: Option<String>,
    /// Names what the message asks for; copies share it.
    pub(crate) work: String,
    /// How often the handler has to have been seen to run for this work when all is over.
    pub(crate) runs: u64,
    pub(crate) end: End,
}

/// What has to become of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Its effect is there, once, and says this.
    Done(String),
    /// It lies in the dead-letter queue once, with this reason and, where it matters, this error.
    Dead { reason: &'static str, error: Option<&'static str> },
    /// It was moved to the dead-letter queue by the redrive policy, as it is.
    Moved,
}

/// The receives that a queue's redrive policy allows.
pub(crate) const MAX_RECEIVES: u64 = 5;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_plan_has_every_kind_as_many_messages_as_asked_for_and_is_the_same_again() {
        for (plan, kinds) in [(shuffled as fn(u64, usize) -> Vec<Planned>, 7), (groups, 8), (entries, 6), (events, 10)]
        {
            let planned = plan(7, 500);
            assert_eq!(planned.len(), 500);
            assert_eq!(planned.iter().map(|planned| planned.kind).collect::<BTreeSet<_>>().len(), kinds);
            let bodies = |planned: Vec<Planned>| planned.into_iter().map(|planned| planned.body).collect::<Vec<_>>();
            assert_eq!(bodies(planned), bodies(plan(7, 500)));
            assert_ne!(bodies(plan(7, 500)), bodies(plan(8, 500)));
        }
    }

    #[test]
    fn no_follower_of_a_group_may_use_up_its_receives() {
        let planned = groups(3, 2_000);
        for group in planned.iter().filter_map(|planned| planned.group.as_ref()).collect::<BTreeSet<_>>() {
            let failing = |planned: &&Planned| planned.runs > 1 && planned.group.as_ref() == Some(group);
            assert!(planned.iter().filter(failing).count() <= 1, "{group}");
        }
    }
}
