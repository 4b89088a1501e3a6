//! Alarms and log groups.

use super::id;
use crate::doctor::{
    model::{Alarm, LogGroup, Metric},
    read::Node,
    resolve::Resource,
    setting::Setting,
};

pub(super) fn alarm(resource: &Resource) -> Alarm {
    let single = metric(|path| resource.at(path));
    let stated = resource.at("Metrics");
    let metrics = match stated {
        Setting::Known(metrics, _) => metrics.items().iter().map(stat).collect(),
        Setting::Absent => vec![single],
        Setting::Unknown => {
            vec![Metric { namespace: Setting::Unknown, name: Setting::Unknown, queue: Setting::Unknown }]
        }
    };
    Alarm { id: id(resource, "AlarmName"), metrics }
}

/// A metric of a calculation. An expression over others has none of its own, and nothing is set in it.
fn stat(entry: &Node) -> Metric {
    metric(|path| entry.at("MetricStat.Metric").and_then(|metric| metric.at(path)))
}

fn metric<'a>(says: impl Fn(&str) -> Setting<&'a Node>) -> Metric {
    Metric {
        namespace: says("Namespace").word(),
        name: says("MetricName").word(),
        queue: says("Dimensions").and_then(queue_name),
    }
}

fn queue_name(dimensions: &Node) -> Setting<String> {
    let named = dimensions.items().iter().find(|dimension| {
        let name = dimension.at("Name").word();
        // What nobody can name may be the queue.
        name.known().map_or(!name.is_absent(), |name| name == "QueueName")
    });
    named.map_or(Setting::Absent, |dimension| dimension.at("Value").text())
}

pub(super) fn log_group(resource: &Resource) -> LogGroup {
    LogGroup { id: id(resource, "LogGroupName"), retention: resource.at("RetentionInDays").number() }
}
