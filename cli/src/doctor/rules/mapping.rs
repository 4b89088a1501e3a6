//! Event source mappings.

use super::{Fault, Rule, Weight};
use crate::doctor::model::{Function, Mapping, Model};

/// The invocations at a time of a mapping that says nothing, at most.
const UNLIMITED: u64 = 1250;
/// The batch that a mapping has when it says nothing, and the largest without a window.
const SMALL_BATCH: u64 = 10;

pub(super) static NO_FLAG: Rule = Rule {
    code: "SQS101",
    weight: Weight::Loss,
    risk: "Lambda ignores the function's answer: a normal return deletes the whole batch, the messages that failed included",
    fix: "set FunctionResponseTypes: [ReportBatchItemFailures] on the mapping",
    judge: no_flag,
};

fn no_flag(model: &Model) -> Vec<Fault> {
    let reports = |types: &Vec<String>| types.iter().any(|kind| kind == "ReportBatchItemFailures");
    let lacks = |mapping: &&Mapping| {
        let types = &mapping.response_types;
        types.is_absent() || types.known().is_some_and(|types| !reports(types))
    };
    let fault = |mapping: &Mapping| {
        Fault::at(
            mapping.response_types.place(mapping.id.place),
            &mapping.id,
            "the mapping lacks ReportBatchItemFailures",
        )
    };
    model.mappings.iter().filter(lacks).map(fault).collect()
}

pub(super) static NO_WINDOW: Rule = Rule {
    code: "SQS102",
    weight: Weight::Advice,
    risk: "AWS refuses a batch of more than 10 messages without a window: the deployment fails",
    fix: "set MaximumBatchingWindowInSeconds to 1 or more, and add it to the queue's visibility timeout",
    judge: no_window,
};

fn no_window(model: &Model) -> Vec<Fault> {
    let judge = |mapping: &Mapping| {
        let (size, window) = (mapping.batch_size.or_default(SMALL_BATCH)?, mapping.window.or_default(0)?);
        let is_fifo = is_fifo(model, mapping) == Some(true);
        (size > SMALL_BATCH && window == 0 && !is_fifo).then(|| {
            let finding = format!("BatchSize is {size} and there is no batching window");
            Fault::at(mapping.batch_size.place(mapping.id.place), &mapping.id, finding)
        })
    };
    model.mappings.iter().filter_map(judge).collect()
}

pub(super) static FIFO_BATCH: Rule = Rule {
    code: "SQS103",
    weight: Weight::Advice,
    risk: "AWS takes batches of at most 10 and no window for a FIFO queue: the deployment fails",
    fix: "set BatchSize to 10 or less, and no MaximumBatchingWindowInSeconds",
    judge: fifo_batch,
};

fn fifo_batch(model: &Model) -> Vec<Fault> {
    let judge = |mapping: &Mapping| {
        let size = mapping.batch_size.known().filter(|size| **size > SMALL_BATCH);
        let window = mapping.window.known().filter(|window| **window > 0);
        let (finding, place) = match (size, window) {
            (Some(size), _) => {
                (format!("BatchSize is {size} on a FIFO queue"), mapping.batch_size.place(mapping.id.place))
            }
            (None, Some(window)) => {
                (format!("a batching window of {window} s on a FIFO queue"), mapping.window.place(mapping.id.place))
            }
            (None, None) => return None,
        };
        (is_fifo(model, mapping) == Some(true)).then(|| Fault::at(place, &mapping.id, finding))
    };
    model.mappings.iter().filter_map(judge).collect()
}

pub(super) static BOTH_MODES: Rule = Rule {
    code: "SQS104",
    weight: Weight::Advice,
    risk: "the two exclude each other: AWS refuses the mapping",
    fix: "keep MaximumConcurrency to limit the function, or ProvisionedPollerConfig to have pollers ready",
    judge: both_modes,
};

fn both_modes(model: &Model) -> Vec<Fault> {
    let has_both =
        |mapping: &&Mapping| mapping.max_concurrency.known().is_some() && mapping.provisioned.known() == Some(&true);
    let fault = |mapping: &Mapping| {
        let finding = "both ScalingConfig.MaximumConcurrency and ProvisionedPollerConfig are set";
        Fault::at(mapping.provisioned.place(mapping.id.place), &mapping.id, finding)
    };
    model.mappings.iter().filter(has_both).map(fault).collect()
}

pub(super) static CONCURRENCY_BOUNDS: Rule = Rule {
    code: "SQS105",
    weight: Weight::Advice,
    risk: "AWS takes 2 to 1000: the deployment fails, and with it the limit",
    fix: "set MaximumConcurrency to 2 or more; for one message at a time use a FIFO queue with one message group",
    judge: concurrency_bounds,
};

fn concurrency_bounds(model: &Model) -> Vec<Fault> {
    let judge = |mapping: &Mapping| {
        let limit = mapping.max_concurrency.known().filter(|limit| !(2..=1000).contains(*limit))?;
        let finding = format!("MaximumConcurrency is {limit}");
        Some(Fault::at(mapping.max_concurrency.place(mapping.id.place), &mapping.id, finding))
    };
    model.mappings.iter().filter_map(judge).collect()
}

pub(super) static RESERVED: Rule = Rule {
    code: "SQS106",
    weight: Weight::Loss,
    risk: "batches are throttled after they were received: each time costs every message in them one receive, until good messages \
           are dead letters",
    fix: "limit the mappings with ScalingConfig.MaximumConcurrency, to no more in sum than the function's reserved concurrency",
    judge: reserved,
};

fn reserved(model: &Model) -> Vec<Fault> {
    model.consumers().filter_map(|function| exceeds(model, function)).collect()
}

fn exceeds(model: &Model, function: &Function) -> Option<Fault> {
    // Nothing is received for a function that may not run at all: that is a brake, and meant.
    let reserved = *function.reserved.known().filter(|reserved| **reserved > 0)?;
    let finding = match wanted(model, function)? {
        Some(sum) if sum > reserved => {
            format!("its mappings may invoke it {sum} times at once, and {reserved} are reserved")
        }
        None if reserved < UNLIMITED => {
            format!("its mappings are not limited, and {reserved} concurrent invocations are reserved")
        }
        Some(_) | None => return None,
    };
    Some(Fault::at(function.reserved.place(function.id.place), &function.id, finding))
}

/// The sum of the mappings' limits: `Some(None)` where one has none, `None` where nobody can say.
#[expect(clippy::option_option, reason = "what is unlimited and what is unknown are two things")]
fn wanted(model: &Model, function: &Function) -> Option<Option<u64>> {
    let mut sum = Some(0_u64);
    for mapping in model.mappings_to(function) {
        // Provisioned pollers have a limit of their own, in pollers.
        if !mapping.provisioned.is_absent() {
            return None;
        }
        let limit = mapping.max_concurrency.known().copied();
        if limit.is_none() && !mapping.max_concurrency.is_absent() {
            return None;
        }
        sum = sum.zip(limit).map(|(sum, limit)| sum.saturating_add(limit));
    }
    Some(sum)
}

pub(super) static FILTERS: Rule = Rule {
    code: "SQS107",
    weight: Weight::Loss,
    risk: "Lambda deletes the messages that no filter lets pass: they reach neither the function nor the dead-letter queue",
    fix: "remove FilterCriteria and let the function decide, or filter where messages are sent, as in an SNS subscription",
    judge: filters,
};

fn filters(model: &Model) -> Vec<Fault> {
    let filtered = model.mappings.iter().filter(|mapping| mapping.filters.known() == Some(&true));
    let fault = |mapping: &Mapping| {
        Fault::at(mapping.filters.place(mapping.id.place), &mapping.id, "the mapping filters the queue's messages")
    };
    filtered.map(fault).collect()
}

/// Whether the mapping's queue is a FIFO queue; `None` where nobody can say.
fn is_fifo(model: &Model, mapping: &Mapping) -> Option<bool> {
    match model.queue(&mapping.queue) {
        Some(queue) => queue.is_fifo(),
        None => mapping.queue.known().filter(|arn| arn.ends_with(".fifo")).map(|_| true),
    }
}
