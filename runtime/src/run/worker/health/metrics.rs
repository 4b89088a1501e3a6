//! What a worker did, in Prometheus' text format: pure.
//!
//! Names have base units, and `_total` where they only grow. Nothing is said of single messages, and nothing names an account.

use std::{fmt::Display, time::Duration};

use super::backlog::Waiting;
use crate::run::worker::{
    WorkerStats,
    durations::{BUCKETS, Counted},
};

/// All that is said.
pub(super) struct Measures {
    pub(super) stats: WorkerStats,
    /// Messages that came back, by outcome.
    pub(super) failed: Vec<(&'static str, u64)>,
    pub(super) durations: Counted,
    pub(super) concurrency: usize,
    /// Since SQS last answered a receive; `None` where it never did.
    pub(super) last_poll: Option<Duration>,
    /// Since the oldest message in hand was received.
    pub(super) oldest: Option<Duration>,
    pub(super) backlog: Waiting,
}

impl Measures {
    pub(super) fn text(&self) -> String {
        let mut text = Text::default();
        self.receives(&mut text);
        self.messages(&mut text);
        self.in_hand(&mut text);
        self.handlers(&mut text);
        self.scaling(&mut text);
        text.0
    }

    fn receives(&self, text: &mut Text) {
        let stats = &self.stats;
        text.family("receives_total", "counter", "Receives by what came of them.");
        let full = stats.receives.saturating_sub(stats.empty_receives);
        for (result, count) in [("messages", full), ("empty", stats.empty_receives), ("failed", stats.failed_receives)]
        {
            text.sample("receives_total", &[("result", result)], count);
        }
        if let Some(age) = self.last_poll {
            text.gauge("last_poll_age_seconds", "Since SQS last answered a receive.", age.as_secs_f64());
        }
    }

    fn messages(&self, text: &mut Text) {
        let stats = &self.stats;
        text.counter("received_messages_total", "Messages that were received.", stats.received);
        let done = "Messages that succeeded, had succeeded before, or are in the dead-letter queue.";
        text.counter("done_messages_total", done, stats.done);
        text.family("failed_messages_total", "counter", "Messages that failed and come back, by outcome.");
        for (outcome, count) in &self.failed {
            text.sample("failed_messages_total", &[("outcome", outcome)], count);
        }
        let given_back = "Messages that were not started because the worker stopped.";
        text.counter("given_back_messages_total", given_back, stats.given_back);
        text.counter("deleted_messages_total", "Messages whose deletion SQS confirmed.", stats.deleted);
        text.counter("beats_total", "Messages that were kept hidden once more.", stats.beats);
        let lost = "Messages whose receive or lease was lost while they were worked on.";
        text.counter("lost_messages_total", lost, stats.lost);
    }

    fn in_hand(&self, text: &mut Text) {
        text.gauge("in_flight_messages", "Messages in hand: received, and not settled yet.", self.stats.in_flight);
        text.gauge("concurrency_limit_messages", "Messages that may be in hand at a time.", self.concurrency);
        let oldest = self.oldest.unwrap_or_default().as_secs_f64();
        text.gauge("oldest_in_hand_seconds", "Since the oldest message in hand was received; 0 for none.", oldest);
    }

    fn handlers(&self, text: &mut Text) {
        let Counted { up_to, count, sum } = &self.durations;
        text.family("handler_duration_seconds", "histogram", "How long messages ran.");
        for (end, so_far) in BUCKETS.iter().zip(up_to) {
            text.sample("handler_duration_seconds_bucket", &[("le", end)], so_far);
        }
        text.sample("handler_duration_seconds_bucket", &[("le", "+Inf")], count);
        text.sample("handler_duration_seconds_sum", &[], sum.as_secs_f64());
        text.sample("handler_duration_seconds_count", &[], count);
    }

    fn scaling(&self, text: &mut Text) {
        if let Some(mean) = self.durations.mean().filter(|mean| !mean.is_zero()) {
            let capacity = self.concurrency as f64 / mean.as_secs_f64();
            let help = "Messages that this task can do in a second: its concurrency by the mean handler time.";
            text.gauge("capacity_messages_per_second", help, capacity);
        }
        if !self.backlog.is_empty() {
            text.family(
                "backlog_messages",
                "gauge",
                "Messages that wait in the queue, as SQS says about once a minute.",
            );
        }
        for (queue, messages) in &self.backlog {
            text.sample("backlog_messages", &[("queue", queue)], messages);
        }
    }
}

/// Lines of the format; names get their prefix here.
#[derive(Default)]
struct Text(String);

impl Text {
    fn counter(&mut self, name: &str, help: &str, value: impl Display) {
        self.family(name, "counter", help);
        self.sample(name, &[], value);
    }

    fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.family(name, "gauge", help);
        self.sample(name, &[], value);
    }

    fn family(&mut self, name: &str, kind: &str, help: &str) {
        self.0.push_str(&format!("# HELP sqs_runtime_{name} {help}\n# TYPE sqs_runtime_{name} {kind}\n"));
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<_> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        self.0.push_str(&format!("sqs_runtime_{name}{labels} {value}\n"));
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::worker::durations::Durations;

    fn measures() -> Measures {
        let durations = Durations::default();
        [2, 4].into_iter().for_each(|seconds| durations.add(Duration::from_secs(seconds)));
        let mut stats = WorkerStats::default();
        (stats.receives, stats.empty_receives, stats.received, stats.done) = (5, 2, 7, 4);
        Measures {
            stats,
            failed: vec![("retry", 2), ("not started", 1)],
            durations: durations.counted(),
            concurrency: 30,
            last_poll: Some(Duration::from_millis(1_500)),
            oldest: None,
            backlog: [("orders".into(), 12)].into(),
        }
    }

    #[test]
    fn the_figures_stand_under_their_names() {
        let text = measures().text();
        for line in [
            "sqs_runtime_receives_total{result=\"messages\"} 3",
            "sqs_runtime_receives_total{result=\"empty\"} 2",
            "sqs_runtime_last_poll_age_seconds 1.5",
            "sqs_runtime_received_messages_total 7",
            "sqs_runtime_failed_messages_total{outcome=\"not started\"} 1",
            "sqs_runtime_oldest_in_hand_seconds 0",
            "sqs_runtime_handler_duration_seconds_bucket{le=\"10\"} 2",
            "sqs_runtime_handler_duration_seconds_bucket{le=\"+Inf\"} 2",
            "sqs_runtime_handler_duration_seconds_sum 6",
            "sqs_runtime_capacity_messages_per_second 10",
            "sqs_runtime_backlog_messages{queue=\"orders\"} 12",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }

    /// What a parser of the format insists on: a family's two comment lines right before its samples, each family once.
    #[test]
    fn every_sample_follows_its_family() {
        let text = measures().text();
        let (mut families, mut family) = (Vec::new(), "");
        for line in text.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                family = help.split(' ').next().unwrap();
                assert!(!families.contains(&family), "{family} twice");
                families.push(family);
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                assert_eq!(kind.split(' ').next(), Some(family));
                assert_eq!(kind.ends_with(" counter"), family.ends_with("_total"), "{kind}");
            } else {
                let name = line.split(['{', ' ']).next().unwrap();
                let suffix = name.strip_prefix(family).unwrap_or_else(|| panic!("{line} under {family}"));
                assert!(["", "_bucket", "_sum", "_count"].contains(&suffix), "{line}");
                assert!(line.rsplit(' ').next().unwrap().parse::<f64>().is_ok(), "{line}");
            }
        }
        assert_eq!(families.len(), 15);
        assert!(text.ends_with('\n'));
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let text =
            Measures { durations: Counted::default(), last_poll: None, backlog: Waiting::new(), ..measures() }.text();
        for name in ["capacity_messages_per_second", "last_poll_age_seconds", "backlog_messages"] {
            assert!(!text.contains(name), "{name}");
        }
    }

    #[test]
    fn a_label_cannot_end_its_quotes() {
        assert_eq!(escaped("a\"b\\c\nd"), "a\\\"b\\\\c\\nd");
    }
}
