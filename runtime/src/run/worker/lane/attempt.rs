//! The name of one attempt to receive from a FIFO queue.
//!
//! After a receive whose answer got lost, the same name again gives the same messages again instead of leaving their groups locked until
//! the visibility timeout ends. SQS takes a name for five minutes, and only as long as none of the messages was deleted or hidden
//! otherwise, which nobody can do who never heard of them.

use std::{fmt::Write, time::Duration};

use crate::random::Random;

/// For how long a name is good.
const GOOD_FOR: Duration = Duration::from_secs(5 * 60);

/// The attempt that is still open.
#[derive(Debug, Default)]
pub(super) struct Attempt {
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    name: String,
    since: Duration,
    /// How many messages were asked for: so many may come again.
    most: usize,
}

impl Attempt {
    /// The name to ask for so many messages by: that of the attempt without an answer, as long as no more can come of it, or a new one.
    /// `None` where there is no chance to draw it from.
    pub(super) fn name(
        &mut self,
        most: usize,
        visibility_timeout: Duration,
        random: &dyn Random,
        now: Duration,
    ) -> Option<&str> {
        let good_for = GOOD_FOR.min(visibility_timeout);
        let is_good = |open: &Open| now.saturating_sub(open.since) < good_for && open.most <= most;
        if !self.open.as_ref().is_some_and(is_good) {
            self.open = Some(Open { name: draw(random)?, since: now, most });
        }
        self.open.as_ref().map(|open| open.name.as_str())
    }

    /// SQS answered: the next attempt has a name of its own.
    pub(super) fn answered(&mut self) {
        self.open = None;
    }
}

fn draw(random: &dyn Random) -> Option<String> {
    let mut bits = [0; 16];
    random.fill(&mut bits).ok()?;
    bits.iter().try_fold(String::new(), |mut name, byte| write!(name, "{byte:02x}").ok().map(|()| name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandom;

    #[test]
    fn a_name_is_kept_until_an_answer_or_its_end() {
        let (at, visibility) = (Duration::from_secs, Duration::from_secs(60));
        let mut attempt = Attempt::default();
        let name = |attempt: &mut Attempt, now| attempt.name(1, visibility, &SystemRandom, at(now)).unwrap().to_owned();
        let first = name(&mut attempt, 0);
        assert_eq!(name(&mut attempt, 59), first);
        let second = name(&mut attempt, 60);
        assert_ne!(second, first);
        attempt.answered();
        assert_ne!(name(&mut attempt, 61), second);
    }

    /// Who has two permits cannot take what was to go to four.
    #[test]
    fn a_name_is_not_used_where_more_might_come_of_it_than_is_asked_for() {
        let mut attempt = Attempt::default();
        let mut name = |most| attempt.name(most, GOOD_FOR, &SystemRandom, Duration::ZERO).unwrap().to_owned();
        let first = name(4);
        assert_eq!(name(10), first);
        let second = name(2);
        assert_ne!(second, first);
        assert_eq!(name(2), second);
    }
}
