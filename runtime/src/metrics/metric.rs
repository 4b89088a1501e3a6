//! The metrics and their names: one table for every sink.

/// One metric of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Metric {
    /// Messages of the batch.
    MessagesReceived,
    /// Messages that succeeded.
    MessagesDone,
    /// Messages that had succeeded before.
    MessagesAlreadyDone,
    /// Messages that failed in a way that may pass.
    MessagesRetried,
    /// Messages that can never succeed.
    MessagesRejected,
    /// Messages whose claim another attempt holds.
    MessagesInProgressElsewhere,
    /// Messages whose handler was not started.
    MessagesNotStarted,
    /// Messages whose copy the dead-letter queue has confirmed; each of them is a retry or a rejection as well.
    MessagesDeadLettered,
    /// Messages of the batch, as a value of its own: its average says whether batches are full.
    BatchSize,
    /// How long each message that was started took, layers included.
    MessageDuration,
    /// How long each message lay in the queue before anybody received it.
    DwellTime,
    /// How long ago each message was sent, when the batch ended.
    MessageAge,
    /// The largest receive count of the batch.
    MaxReceiveCount,
    /// What was left of the invocation's time when the batch ended.
    RemainingTime,
    /// How long each call to the idempotency store took, until the last of the messages in it had its answer.
    StoreLatency,
    /// Questions about one message that the store did not answer, or may not have answered.
    StoreErrors,
    /// 1 for the first batch of a process, 0 for every other.
    ColdStart,
}

/// What the values of a metric count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unit {
    /// Things.
    Count,
    /// Time, given in seconds; each sink writes it in the unit of its place.
    Time,
}

impl Metric {
    /// All of them, in the order in which they are told.
    pub const ALL: &[Self] = &[
        Self::MessagesReceived,
        Self::MessagesDone,
        Self::MessagesAlreadyDone,
        Self::MessagesRetried,
        Self::MessagesRejected,
        Self::MessagesInProgressElsewhere,
        Self::MessagesNotStarted,
        Self::MessagesDeadLettered,
        Self::BatchSize,
        Self::MessageDuration,
        Self::DwellTime,
        Self::MessageAge,
        Self::MaxReceiveCount,
        Self::RemainingTime,
        Self::StoreLatency,
        Self::StoreErrors,
        Self::ColdStart,
    ];

    /// Its name as CloudWatch spells names.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.names().0
    }

    /// The same name as Prometheus and the `metrics` facade spell names, with the crate's prefix.
    #[must_use]
    pub fn snake_case(self) -> &'static str {
        self.names().1
    }

    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::MessagesReceived => ("MessagesReceived", "sqs_runtime_messages_received"),
            Self::MessagesDone => ("MessagesDone", "sqs_runtime_messages_done"),
            Self::MessagesAlreadyDone => ("MessagesAlreadyDone", "sqs_runtime_messages_already_done"),
            Self::MessagesRetried => ("MessagesRetried", "sqs_runtime_messages_retried"),
            Self::MessagesRejected => ("MessagesRejected", "sqs_runtime_messages_rejected"),
            Self::MessagesInProgressElsewhere => {
                ("MessagesInProgressElsewhere", "sqs_runtime_messages_in_progress_elsewhere")
            }
            Self::MessagesNotStarted => ("MessagesNotStarted", "sqs_runtime_messages_not_started"),
            Self::MessagesDeadLettered => ("MessagesDeadLettered", "sqs_runtime_messages_dead_lettered"),
            Self::BatchSize => ("BatchSize", "sqs_runtime_batch_size"),
            Self::MessageDuration => ("MessageDuration", "sqs_runtime_message_duration"),
            Self::DwellTime => ("DwellTime", "sqs_runtime_dwell_time"),
            Self::MessageAge => ("MessageAge", "sqs_runtime_message_age"),
            Self::MaxReceiveCount => ("MaxReceiveCount", "sqs_runtime_max_receive_count"),
            Self::RemainingTime => ("RemainingTime", "sqs_runtime_remaining_time"),
            Self::StoreLatency => ("StoreLatency", "sqs_runtime_store_latency"),
            Self::StoreErrors => ("StoreErrors", "sqs_runtime_store_errors"),
            Self::ColdStart => ("ColdStart", "sqs_runtime_cold_start"),
        }
    }

    /// What its values count.
    #[must_use]
    pub fn unit(self) -> Unit {
        match self {
            Self::MessageDuration | Self::DwellTime | Self::MessageAge | Self::RemainingTime | Self::StoreLatency => {
                Unit::Time
            }
            _ => Unit::Count,
        }
    }

    /// Whether its values add up over batches; else each stands for itself.
    #[must_use]
    pub fn is_total(self) -> bool {
        !matches!(
            self,
            Self::BatchSize
                | Self::MessageDuration
                | Self::DwellTime
                | Self::MessageAge
                | Self::MaxReceiveCount
                | Self::RemainingTime
                | Self::StoreLatency
        )
    }

    /// What it says, in one line.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::MessagesReceived => "Messages of the batches.",
            Self::MessagesDone => "Messages that succeeded.",
            Self::MessagesAlreadyDone => "Messages that had succeeded before.",
            Self::MessagesRetried => "Messages that failed in a way that may pass.",
            Self::MessagesRejected => "Messages that can never succeed.",
            Self::MessagesInProgressElsewhere => "Messages whose claim another attempt holds.",
            Self::MessagesNotStarted => "Messages whose handler was not started.",
            Self::MessagesDeadLettered => "Messages whose copy the dead-letter queue has confirmed.",
            Self::BatchSize => "Messages of a batch.",
            Self::MessageDuration => "How long a message took that was started.",
            Self::DwellTime => "How long a message lay in the queue before anybody received it.",
            Self::MessageAge => "How long ago a message was sent, when its batch ended.",
            Self::MaxReceiveCount => "The largest receive count of a batch.",
            Self::RemainingTime => "What was left of an invocation's time when its batch ended.",
            Self::StoreLatency => "How long a call to the idempotency store took.",
            Self::StoreErrors => "Questions about a message that the idempotency store did not answer.",
            Self::ColdStart => "First batches of a process.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `MessagesDone` as `messages_done`.
    fn snake_case(name: &str) -> String {
        let letters = name.chars().enumerate().map(|(at, letter)| match letter.is_ascii_uppercase() && at > 0 {
            true => format!("_{}", letter.to_ascii_lowercase()),
            false => letter.to_ascii_lowercase().to_string(),
        });
        letters.collect()
    }

    #[test]
    fn both_spellings_are_one_name() {
        for metric in Metric::ALL {
            assert_eq!(metric.snake_case(), format!("sqs_runtime_{}", snake_case(metric.name())));
            assert_eq!(format!("{metric:?}"), metric.name());
            assert!(metric.describe().ends_with('.'), "{metric:?}");
        }
    }

    #[test]
    fn each_is_told_once() {
        let mut sorted = Metric::ALL.to_vec();
        sorted.sort();
        assert_eq!(sorted, Metric::ALL);
        sorted.dedup();
        assert_eq!(sorted.len(), Metric::ALL.len());
    }
}
