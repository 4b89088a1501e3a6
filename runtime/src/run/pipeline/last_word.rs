//! What SQS was told about a message, and whether it agreed.

use std::time::Duration;

/// What SQS was told about a message when its batch was over, and whether it agreed. It changes no outcome.
///
/// A worker tells SQS about its messages beside their batches: its reports know nothing of that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LastWord {
    /// Nothing: the event source mapping deletes the message, or it comes back once its visibility timeout is over.
    #[default]
    Nothing,
    /// To delete it, and so it is gone.
    Deleted,
    /// To delete it, which SQS refused or did not answer: it may come back.
    DeleteRefused,
    /// To keep it hidden for that long from then on.
    Hidden(Duration),
    /// To keep it hidden for that long, which SQS refused or did not answer.
    HideRefused(Duration),
}

impl LastWord {
    pub(super) fn on_delete(is_confirmed: bool) -> Self {
        if is_confirmed { Self::Deleted } else { Self::DeleteRefused }
    }

    pub(super) fn on_hide(time: Duration, is_confirmed: bool) -> Self {
        if is_confirmed { Self::Hidden(time) } else { Self::HideRefused(time) }
    }

    /// For how long SQS agreed to hide the message.
    #[must_use]
    pub fn hidden_for(self) -> Option<Duration> {
        match self {
            Self::Hidden(time) => Some(time),
            _ => None,
        }
    }

    /// Whether SQS was told something and did not agree.
    #[must_use]
    pub fn is_refused(self) -> bool {
        matches!(self, Self::DeleteRefused | Self::HideRefused(_))
    }
}

/// The same in few bytes: one is kept for each record.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Kept {
    kind: Kind,
    seconds: u32,
}

#[derive(Clone, Copy, Debug, Default)]
enum Kind {
    #[default]
    Nothing,
    Deleted,
    DeleteRefused,
    Hidden,
    HideRefused,
}

impl From<LastWord> for Kept {
    fn from(word: LastWord) -> Self {
        let (kind, time) = match word {
            LastWord::Nothing => (Kind::Nothing, Duration::ZERO),
            LastWord::Deleted => (Kind::Deleted, Duration::ZERO),
            LastWord::DeleteRefused => (Kind::DeleteRefused, Duration::ZERO),
            LastWord::Hidden(time) => (Kind::Hidden, time),
            LastWord::HideRefused(time) => (Kind::HideRefused, time),
        };
        Self { kind, seconds: u32::try_from(time.as_secs()).unwrap_or(u32::MAX) }
    }
}

impl From<Kept> for LastWord {
    fn from(Kept { kind, seconds }: Kept) -> Self {
        let time = Duration::from_secs(seconds.into());
        match kind {
            Kind::Nothing => Self::Nothing,
            Kind::Deleted => Self::Deleted,
            Kind::DeleteRefused => Self::DeleteRefused,
            Kind::Hidden => Self::Hidden(time),
            Kind::HideRefused => Self::HideRefused(time),
        }
    }
}
