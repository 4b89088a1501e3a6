//! The facade: the same names, as an exporter gets them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use metrics::{
    Counter, CounterFn, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
    with_local_recorder,
};
use sqs_runtime::{
    Consumer,
    metrics::{Facade, Metric},
};

use crate::support;

/// An exporter that keeps what it gets, by name and labels.
#[derive(Clone, Default)]
struct Exporter {
    described: Arc<Mutex<BTreeMap<String, Option<Unit>>>>,
    values: Arc<Mutex<BTreeMap<String, Vec<f64>>>>,
}

struct One(Exporter, String);

impl One {
    fn add(&self, value: f64) {
        self.0.values.lock().unwrap().entry(self.1.clone()).or_default().push(value);
    }
}

impl CounterFn for One {
    fn increment(&self, value: u64) {
        self.add(value as f64);
    }

    fn absolute(&self, _: u64) {
        panic!("counters only grow");
    }
}

impl HistogramFn for One {
    fn record(&self, value: f64) {
        self.add(value);
    }
}

impl Exporter {
    fn one(&self, key: &Key) -> Arc<One> {
        let labels: Vec<_> = key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        Arc::new(One(self.clone(), format!("{}{{{}}}", key.name(), labels.join(","))))
    }

    fn describe(&self, key: &KeyName, unit: Option<Unit>) {
        self.described.lock().unwrap().insert(key.as_str().to_owned(), unit);
    }
}

impl Recorder for Exporter {
    fn describe_counter(&self, key: KeyName, unit: Option<Unit>, _: SharedString) {
        self.describe(&key, unit);
    }

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {
        panic!("there are no gauges");
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<Unit>, _: SharedString) {
        self.describe(&key, unit);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.one(key))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        panic!("there are no gauges");
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.one(key))
    }
}

#[test]
fn the_facade_is_told_the_same_under_the_same_names() {
    let exporter = Exporter::default();
    with_local_recorder(&exporter, || {
        let consumer = Consumer::new(async || {}).without_idempotency().metrics(Facade::new("shop"));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let event = support::event(&[support::record("1", "x"), support::record("2", "y")]);
        runtime.block_on(support::run(consumer, &event));
    });
    let described = exporter.described.lock().unwrap();
    let names: Vec<_> = Metric::ALL.iter().map(|metric| metric.snake_case()).collect();
    assert!(described.len() == names.len() && names.iter().all(|name| described.contains_key(*name)), "{described:?}");
    assert_eq!(described["sqs_runtime_message_age"], Some(Unit::Seconds));
    let values = exporter.values.lock().unwrap();
    let of = |name: &str| values.get(&format!("sqs_runtime_{name}{{service=shop,queue=orders}}")).cloned();
    assert_eq!(of("messages_done"), Some(vec![2.0]));
    assert_eq!(of("max_receive_count"), Some(vec![1.0]));
    assert_eq!(of("message_duration").map(|durations| durations.len()), Some(2));
    assert_eq!(of("remaining_time"), None, "no deadline was known");
}
