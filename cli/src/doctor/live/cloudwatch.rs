//! CloudWatch: what alarms watch.

use aws_sdk_cloudwatch::{
    Client,
    types::{Dimension, MetricAlarm},
};

use super::{
    reading::{Reading, Unread},
    stack::{Resource, Stack},
};
use crate::doctor::{
    model::{Alarm, Metric},
    setting::Setting,
};

/// How many names one call takes, and how many alarms it answers with at most.
const NAMES: usize = 100;
const RECORDS: i32 = 100;

pub(super) async fn read(client: &Client, reading: &mut Reading, stack: &Stack) {
    let resources: Vec<_> = stack.of("AWS::CloudWatch::Alarm").collect();
    for some in resources.chunks(NAMES) {
        let names = some.iter().map(|resource| resource.physical.clone()).collect();
        let pages = client.describe_alarms().set_alarm_names(Some(names)).max_records(RECORDS).into_paginator().send();
        let both = some.iter().map(|resource| resource.both()).collect::<Vec<_>>().join(", ");
        let pages: Option<Vec<_>> = reading.ask(&both, "cloudwatch:DescribeAlarms", pages.collect()).await;
        let said: Option<Vec<_>> =
            pages.map(|pages| pages.into_iter().flat_map(|page| page.metric_alarms.unwrap_or_default()).collect());
        for resource in some {
            add(reading, resource, said.as_deref());
        }
    }
}

fn add(reading: &mut Reading, resource: &Resource, said: Option<&[MetricAlarm]>) {
    let is_meant = |alarm: &&MetricAlarm| alarm.alarm_name() == Some(&resource.physical);
    let metrics = match said.map(|alarms| alarms.iter().find(is_meant)) {
        Some(Some(alarm)) => metrics(alarm),
        Some(None) => {
            // Deleted by hand: what it watched nobody watches.
            let why = "CloudWatch has no such alarm".to_owned();
            reading.unread.push(Unread { resource: resource.both(), why, permission: None });
            return;
        }
        None => vec![Metric { namespace: Setting::Unknown, name: Setting::Unknown, queue: Setting::Unknown }],
    };
    reading.model.alarms.push(Alarm { id: resource.id(), metrics });
}

fn metrics(alarm: &MetricAlarm) -> Vec<Metric> {
    if alarm.metrics().is_empty() {
        return vec![metric(alarm.namespace(), alarm.metric_name(), alarm.dimensions())];
    }
    // An expression over others has no metric of its own.
    let stated = alarm.metrics().iter().filter_map(|query| query.metric_stat()?.metric());
    stated.map(|it| metric(it.namespace(), it.metric_name(), it.dimensions())).collect()
}

fn metric(namespace: Option<&str>, name: Option<&str>, dimensions: &[Dimension]) -> Metric {
    let text = |said: Option<&str>| Setting::said(said.map(str::to_owned));
    let queue = dimensions.iter().find(|dimension| dimension.name() == Some("QueueName"));
    Metric { namespace: text(namespace), name: text(name), queue: text(queue.and_then(Dimension::value)) }
}
