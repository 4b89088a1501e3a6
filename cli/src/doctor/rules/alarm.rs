//! Alarms that cannot ring, and logs that nobody deletes.

use super::{Fault, Rule, Weight, metrics};
use crate::doctor::{
    model::{Alarm, Id, LogGroup, Metric, Model, Queue},
    setting::Setting,
};

const SENT: &str = "NumberOfMessagesSent";
/// What shows that something lies in a queue.
const SEEING: [&str; 2] = ["ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"];

pub(super) static UNKNOWN_METRIC: Rule = Rule {
    code: "SQS601",
    weight: Weight::Loss,
    risk: "the alarm never rings: CloudWatch takes any name, and nothing is ever published under this one",
    fix: "name a metric of the service; the messages that wait in a queue are ApproximateNumberOfMessagesVisible",
    judge: unknown_metric,
};

fn unknown_metric(model: &Model) -> Vec<Fault> {
    let judge = |(alarm, metric): (&Alarm, &Metric)| {
        let (namespace, name) = (metric.namespace.known()?, metric.name.known()?);
        let is_known = metrics::of(namespace)?.contains(&name.as_str());
        let fault =
            || Fault::at(metric.name.place(alarm.id.place), &alarm.id, format!("{namespace} has no metric {name}"));
        (!is_known).then(fault)
    };
    watched(model).filter_map(judge).collect()
}

pub(super) static BLIND_METRIC: Rule = Rule {
    code: "SQS602",
    weight: Weight::Loss,
    risk: "the metric does not count what a redrive policy moves, only what is sent: dead letters arrive unseen",
    fix: "watch ApproximateNumberOfMessagesVisible of the dead-letter queue, with a threshold of 0",
    judge: blind_metric,
};

fn blind_metric(model: &Model) -> Vec<Fault> {
    let judge = |(alarm, metric): (&Alarm, &Metric)| {
        let letters = model.queue(&metric.queue).filter(|queue| model.is_for_dead_letters(queue))?;
        let finding = format!("{SENT} of the dead-letter queue {}", letters.id.resource);
        is_sent(metric).then(|| Fault::at(metric.name.place(alarm.id.place), &alarm.id, finding))
    };
    watched(model).filter_map(judge).collect()
}

pub(super) static NO_ALARM: Rule = Rule {
    code: "SQS603",
    weight: Weight::Loss,
    risk: "nobody hears of dead letters before their retention ends and they are gone",
    fix: "add an alarm on ApproximateNumberOfMessagesVisible of the dead-letter queue, with a threshold of 0",
    judge: no_alarm,
};

fn no_alarm(model: &Model) -> Vec<Fault> {
    // An alarm that cannot be read may be the one.
    if !model.whole || watched(model).any(|(_, metric)| may_watch_any(model, metric)) {
        return Vec::new();
    }
    let unwatched = |queue: &&Queue| {
        let is_target = model.sources_of(queue).next().is_some();
        is_target && !watched(model).any(|(_, metric)| watches(metric, &queue.id))
    };
    let fault = |queue: &Queue| Fault::of(&queue.id, "no alarm watches this dead-letter queue");
    model.queues.iter().filter(unwatched).map(fault).collect()
}

fn may_watch_any(model: &Model, metric: &Metric) -> bool {
    let is_unknown = |said: &Setting<String>| matches!(said, Setting::Unknown);
    is_unknown(&metric.namespace) || is_unknown(&metric.name) || model.may_be_any_queue(&metric.queue)
}

/// Whether a metric shows that something lies in this queue, or means to and is a finding of its own.
fn watches(metric: &Metric, queue: &Id) -> bool {
    let is_meant = metric.queue.known().is_some_and(|name| queue.is_meant_by(name));
    let name = metric.name.known().map(String::as_str).unwrap_or_default();
    let is_of_sqs = metrics::of("AWS/SQS").is_some_and(|known| known.contains(&name));
    is_meant && (SEEING.contains(&name) || !is_of_sqs || name == SENT)
}

fn is_sent(metric: &Metric) -> bool {
    metric.name.known().is_some_and(|name| name == SENT)
}

pub(super) static ENDLESS_LOGS: Rule = Rule {
    code: "SQS604",
    weight: Weight::Advice,
    risk: "logs are kept, and paid for, for ever",
    fix: "set RetentionInDays",
    judge: endless_logs,
};

fn endless_logs(model: &Model) -> Vec<Fault> {
    let endless = model.log_groups.iter().filter(|group| group.retention.is_absent());
    endless.map(|group: &LogGroup| Fault::of(&group.id, "the log group has no RetentionInDays")).collect()
}

fn watched(model: &Model) -> impl Iterator<Item = (&Alarm, &Metric)> {
    model.alarms.iter().flat_map(|alarm| alarm.metrics.iter().map(move |metric| (alarm, metric)))
}
