//! What a redelivery changed.

use std::fmt;

use super::KillPoint;
use crate::testkit::harness::Delivered;

/// What a redelivery changed, or why nothing can be said about that.
pub struct Difference {
    trouble: Trouble,
    killed_at: Option<KillPoint>,
    expected: Vec<String>,
    effects: Vec<String>,
}

pub(super) enum Trouble {
    /// Without any kill; what became of each message.
    NotClean(Option<Delivered>),
    NothingTried,
    NothingHappened,
    /// What never happened, since its key is that of something else; and of what.
    MixedUp(String, String),
    TooManyPoints,
    OtherEffects,
    /// What became of each message in the end.
    NeverDone(Option<Delivered>),
}

impl Difference {
    pub(super) fn new(
        trouble: Trouble,
        killed_at: Option<KillPoint>,
        expected: Vec<String>,
        effects: Vec<String>,
    ) -> Self {
        Self { trouble, killed_at, expected, effects }
    }

    /// Where the process was killed; `None` if it was not.
    #[must_use]
    pub fn killed_at(&self) -> Option<&KillPoint> {
        self.killed_at.as_ref()
    }

    /// What there was after the clean run.
    #[must_use]
    pub fn expected(&self) -> &[String] {
        &self.expected
    }

    /// What there was instead.
    #[must_use]
    pub fn effects(&self) -> &[String] {
        &self.effects
    }

    /// Both sides, line by line.
    fn fmt_effects(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, lines) in [("expected", &self.expected), ("happened", &self.effects)] {
            write!(f, "\n  {name}:")?;
            lines.iter().try_for_each(|line| write!(f, "\n    {line}"))?;
        }
        Ok(())
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(point) = &self.killed_at {
            write!(f, "killed {point}, and redelivered: ")?;
        }
        match &self.trouble {
            Trouble::NotClean(delivered) => {
                f.write_str("without any kill the event's messages are not all done")?;
                fmt_table(f, delivered.as_ref())
            }
            Trouble::NothingTried => f.write_str(
                "nothing of a handler could be tried: none waits, and none calls the world's `Effects` or writes in a transaction",
            ),
            Trouble::MixedUp(never, known) => write!(
                f,
                "`{never}` never happened: it was asked for with the key of `{known}`, and each thing needs a key of its own"
            ),
            Trouble::NothingHappened => f.write_str(
                "nothing happened in the clean run: what handlers do outside has to go through the world's `Effects`, or be told by \
                 the function that says what happened",
            ),
            Trouble::TooManyPoints => f.write_str(
                "there are more than 10,000 kill points: check a part of the handler by itself",
            ),
            Trouble::OtherEffects => {
                f.write_str("something else happened")?;
                self.fmt_effects(f)
            }
            Trouble::NeverDone(delivered) => {
                f.write_str("its messages are never done")?;
                fmt_table(f, delivered.as_ref())
            }
        }
    }
}

fn fmt_table(f: &mut fmt::Formatter<'_>, delivered: Option<&Delivered>) -> fmt::Result {
    delivered.map_or(Ok(()), |delivered| write!(f, "\n{delivered:?}"))
}

impl fmt::Debug for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl std::error::Error for Difference {}
