//! Why a record did not succeed.

use std::{fmt, time::Duration};

use crate::batch::loggable;

/// Why a record did not succeed: a class for counting, a text for people.
#[derive(Clone, PartialEq, Eq)]
pub struct Reason {
    class: ReasonClass,
    text: Option<Box<str>>,
    retry_after: Option<Duration>,
    is_remembered: bool,
    is_dead_lettered: bool,
    is_shared: bool,
}

/// The classes of reasons. A class says where to look, so logs and metrics count by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReasonClass {
    /// The handler returned an error.
    Handler,
    /// The handler, or a layer around it, panicked.
    Panic,
    /// The time of the invocation ran out while the handler ran; it was stopped.
    Deadline,
    /// The time of the invocation was too short to start the message.
    NoTime,
    /// The worker was told to stop before the message was started; it is given back.
    Draining,
    /// The message may be received by others again: SQS said so, or could not be told in time that it is still worked on.
    ReceiptLost,
    /// The time of the invocation ran out before the handler was reached: a layer or an extractor took it all.
    StoppedBeforeStart,
    /// The time of the invocation ran out before any thread was free for the message, or a layer or an extractor does not
    /// yield.
    NoThread,
    /// The handler did not yield, so that it could not be stopped; it was left behind.
    Abandoned,
    /// The message's task was dropped before it ended, by the runtime or by a panic of its own end.
    Cancelled,
    /// An argument of the handler could not be made from the record.
    Extract,
    /// The payload is larger than it may be, once it is decompressed or fetched.
    TooLarge,
    /// The record is malformed.
    Malformed,
    /// An earlier record of the same FIFO group failed.
    GroupFailed,
    /// No idempotency key could be taken from the record: it is missing, or names nothing exactly.
    NoKey,
    /// The same key was completed with another payload.
    KeyConflict,
    /// The same payload was rejected for good before, by this version of the handler.
    RejectedBefore,
    /// Runs in a row were never heard of, as many as the consumer's crash limit; it did not run again.
    CrashLoop,
    /// The time of day of this machine lies before the release of this crate: leases and retentions would mean nothing.
    WrongClock,
    /// The idempotency store did not answer or refused; nothing ran.
    StoreUnavailable,
    /// The claim may have been written; nothing ran.
    ClaimUnknown,
    /// The stored row is not one that this crate understands; nothing ran, nothing was overwritten.
    StoreCorrupt,
    /// Another attempt took the claim over while the handler ran.
    LeaseLost,
    /// The handler succeeded, but a condition of a write that it wanted committed with that did not hold; nothing was written.
    ConditionRefused,
    /// The handler succeeded, but the store wrote nothing: neither that, nor the handler's writes.
    NotCommitted,
    /// The handler succeeded, but whether that was recorded is not known.
    CommitUnknown,
}

impl ReasonClass {
    /// Whether the idempotency store is what failed: it refused, or nobody knows what it did.
    pub(crate) fn is_outage(self) -> bool {
        matches!(self, Self::StoreUnavailable | Self::ClaimUnknown | Self::NotCommitted)
    }
}

impl Reason {
    /// A reason of that class with nothing more to say.
    #[must_use]
    pub fn new(class: ReasonClass) -> Self {
        Self { class, text: None, retry_after: None, is_remembered: true, is_dead_lettered: false, is_shared: false }
    }

    /// The same with a text; control characters are escaped and the length is bounded, since it goes into logs.
    #[must_use]
    pub fn with_text(class: ReasonClass, text: &str) -> Self {
        Self { text: Some(loggable(text).into()), ..Self::new(class) }
    }

    pub(crate) fn retry_after(self, retry_after: Option<Duration>) -> Self {
        Self { retry_after, ..self }
    }

    pub(crate) fn remembered(self, is_remembered: bool) -> Self {
        Self { is_remembered, ..self }
    }

    pub(crate) fn shared(self, is_shared: bool) -> Self {
        Self { is_shared, ..self }
    }

    /// Whether the handler said that other messages will fail for the same cause.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.is_shared
    }

    /// The same for a message whose copy the dead-letter queue has confirmed.
    #[must_use]
    pub fn dead_lettered(self) -> Self {
        Self { is_dead_lettered: true, ..self }
    }

    /// Whether the dead-letter queue has confirmed a copy of the message.
    #[must_use]
    pub fn is_dead_lettered(&self) -> bool {
        self.is_dead_lettered
    }

    /// Whether a rejection for this reason holds for the payload, whenever it comes again.
    #[must_use]
    pub fn is_remembered(&self) -> bool {
        self.is_remembered
    }

    /// The class.
    #[must_use]
    pub fn class(&self) -> ReasonClass {
        self.class
    }

    /// What the error said, where it said something.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// Class and text, for whoever knows neither.
    pub(crate) fn in_full(&self) -> String {
        let class = self.class.describe();
        self.text().map_or_else(|| class.to_owned(), |text| format!("{class}: {text}"))
    }

    /// How long the handler asked to wait before the next attempt.
    #[must_use]
    pub fn delay(&self) -> Option<Duration> {
        self.retry_after
    }
}

impl ReasonClass {
    /// The class's name, as logs and metrics count it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Handler => "Handler",
            Self::Panic => "Panic",
            Self::Deadline => "Deadline",
            Self::NoTime => "NoTime",
            Self::Draining => "Draining",
            Self::ReceiptLost => "ReceiptLost",
            Self::StoppedBeforeStart => "StoppedBeforeStart",
            Self::NoThread => "NoThread",
            Self::Abandoned => "Abandoned",
            Self::Cancelled => "Cancelled",
            Self::Extract => "Extract",
            Self::TooLarge => "TooLarge",
            Self::Malformed => "Malformed",
            Self::GroupFailed => "GroupFailed",
            Self::NoKey => "NoKey",
            Self::KeyConflict => "KeyConflict",
            Self::RejectedBefore => "RejectedBefore",
            Self::CrashLoop => "CrashLoop",
            Self::WrongClock => "WrongClock",
            Self::StoreUnavailable => "StoreUnavailable",
            Self::ClaimUnknown => "ClaimUnknown",
            Self::StoreCorrupt => "StoreCorrupt",
            Self::LeaseLost => "LeaseLost",
            Self::ConditionRefused => "ConditionRefused",
            Self::NotCommitted => "NotCommitted",
            Self::CommitUnknown => "CommitUnknown",
        }
    }

    /// The class in words.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::Handler => "the handler failed",
            Self::Panic => "the handler panicked",
            Self::Deadline => "stopped: the invocation's time ran out",
            Self::NoTime => "too little time was left to start",
            Self::Draining => "the worker was told to stop before it started",
            Self::ReceiptLost => "the message may be received by others again",
            Self::StoppedBeforeStart => "stopped before its handler was reached: a layer or an extractor took the time",
            Self::NoThread => {
                "its handler was not reached: no thread was free, or a layer or an extractor does not yield"
            }
            Self::Abandoned => "the handler did not yield before the deadline",
            Self::Cancelled => "its task was dropped before it ended",
            Self::Extract => "an argument could not be extracted",
            Self::TooLarge => "the payload is too large",
            Self::Malformed => "the record is malformed",
            Self::GroupFailed => "an earlier message of its group failed",
            Self::NoKey => "no idempotency key",
            Self::KeyConflict => "the key was completed with another payload",
            Self::RejectedBefore => "rejected before",
            Self::CrashLoop => "its runs ended without a word too often",
            Self::WrongClock => "this machine's time of day lies in the past",
            Self::StoreUnavailable => "the idempotency store is unavailable",
            Self::ClaimUnknown => "the claim may or may not have been written",
            Self::StoreCorrupt => "the stored row is not understood",
            Self::LeaseLost => "the lease was lost to another attempt",
            Self::ConditionRefused => "a condition of the handler's writes did not hold",
            Self::NotCommitted => "nothing was committed",
            Self::CommitUnknown => "the completion may or may not have been written",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.class, &self.text) {
            // The handler's own words say more than "the handler failed".
            (
                ReasonClass::Handler | ReasonClass::Malformed | ReasonClass::Extract | ReasonClass::TooLarge,
                Some(text),
            ) => f.write_str(text),
            _ => f.write_str(&self.in_full()),
        }?;
        if self.is_dead_lettered { f.write_str(" (sent to the dead-letter queue)") } else { Ok(()) }
    }
}

impl fmt::Debug for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The text is the handler's and may quote a payload.
        write!(f, "Reason({:?})", self.class)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_says_the_class_and_what_the_error_said() {
        for (reason, says) in [
            (Reason::new(ReasonClass::Handler), "the handler failed"),
            (Reason::with_text(ReasonClass::Handler, "busy"), "busy"),
            (Reason::with_text(ReasonClass::Panic, "oh"), "the handler panicked: oh"),
            (Reason::new(ReasonClass::NoTime), "too little time was left to start"),
            (Reason::with_text(ReasonClass::Handler, "no").dead_lettered(), "no (sent to the dead-letter queue)"),
        ] {
            assert_eq!(reason.to_string(), says);
        }
    }

    /// Logs and metrics count by it: it is that of the code, and stays.
    #[test]
    fn a_class_is_counted_by_its_name() {
        use ReasonClass::{CommitUnknown, Handler, StoreUnavailable};
        let names = [Handler, StoreUnavailable, CommitUnknown].map(ReasonClass::name);
        assert_eq!(names, ["Handler", "StoreUnavailable", "CommitUnknown"]);
    }

    #[test]
    fn a_text_is_kept_as_it_may_stand_in_a_log() {
        assert_eq!(Reason::with_text(ReasonClass::Handler, "a\nb").text(), Some(r"a\u{a}b"));
        assert_eq!(Reason::new(ReasonClass::Handler).text(), None);
    }

    /// The text may quote a payload, and whoever writes an outcome with `{:?}` did not ask for that.
    #[test]
    fn debug_shows_the_class_alone() {
        let reason = Reason::with_text(ReasonClass::Extract, "secret");
        assert_eq!(format!("{reason:?}"), "Reason(Extract)");
    }

    #[test]
    fn a_reason_keeps_what_the_failure_asked_for() {
        let reason = Reason::with_text(ReasonClass::Handler, "busy");
        assert_eq!((reason.class(), reason.delay(), reason.is_remembered()), (ReasonClass::Handler, None, true));
        let asked = reason.retry_after(Some(Duration::from_secs(7))).remembered(false);
        assert_eq!((asked.text(), asked.is_remembered()), (Some("busy"), false));
        assert_eq!(asked.delay(), Some(Duration::from_secs(7)));
        assert!(!asked.is_shared() && !asked.is_dead_lettered());
        let shared = asked.shared(true);
        assert!(shared.is_shared() && !shared.is_dead_lettered());
        let sent = shared.shared(false).dead_lettered();
        assert!(sent.is_dead_lettered() && !sent.is_shared());
        assert_eq!((sent.text(), sent.delay()), (Some("busy"), Some(Duration::from_secs(7))));
    }
}
