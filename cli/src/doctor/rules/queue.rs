//! Queues.

use super::{Fault, Rule, Weight};
use crate::doctor::{
    model::{Mapping, Model, Queue, QueuePolicy, Statement},
    setting::Setting,
};

/// Seconds, where a queue says nothing.
const DEFAULT_VISIBILITY: u64 = 30;
/// Seconds, where a function says nothing.
const DEFAULT_TIMEOUT: u64 = 3;
/// 4 days in seconds, where a queue says nothing.
pub(super) const DEFAULT_RETENTION: u64 = 345_600;

pub(super) static VISIBILITY: Rule = Rule {
    code: "SQS201",
    weight: Weight::Loss,
    risk: "messages come back while Lambda still works on them, or tries their throttled batch again: they run a second time, and \
           burn receives until good ones are dead letters",
    fix: "set VisibilityTimeout to at least 6 times the function's Timeout plus the batching window",
    judge: visibility,
};

fn visibility(model: &Model) -> Vec<Fault> {
    let pairs = model.queues.iter().flat_map(|queue| model.mappings_of(queue).map(move |mapping| (queue, mapping)));
    pairs.filter_map(|(queue, mapping)| too_short(model, queue, mapping)).collect()
}

fn too_short(model: &Model, queue: &Queue, mapping: &Mapping) -> Option<Fault> {
    let function = model.function(&mapping.function)?;
    let timeout = function.timeout.or_default(DEFAULT_TIMEOUT)?;
    let window = mapping.window.or_default(0)?;
    let visibility = queue.visibility.or_default(DEFAULT_VISIBILITY)?;
    let needed = timeout.saturating_mul(6).saturating_add(window);
    (visibility < needed).then(|| {
        let function = &function.id.resource;
        let finding =
            format!("VisibilityTimeout is {visibility} s; {function} needs 6 x {timeout} s + {window} s = {needed} s");
        Fault::at(queue.visibility.place(queue.id.place), &queue.id, finding)
    })
}

pub(super) static RETENTION: Rule = Rule {
    code: "SQS202",
    weight: Weight::Loss,
    risk: "a message that fails is deleted for its age before it has been received often enough to reach the dead-letter queue",
    fix: "set MessageRetentionPeriod well above maxReceiveCount times VisibilityTimeout; the default is 4 days",
    judge: retention,
};

fn retention(model: &Model) -> Vec<Fault> {
    model.queues.iter().filter_map(forgets).collect()
}

fn forgets(queue: &Queue) -> Option<Fault> {
    let retention = queue.retention.or_default(DEFAULT_RETENTION)?;
    let visibility = queue.visibility.or_default(DEFAULT_VISIBILITY)?;
    let receives = queue.redrive.known()?.max_receives.known()?;
    let tries = receives.saturating_mul(visibility);
    (retention <= tries).then(|| {
        let finding = format!(
            "messages are kept for {retention} s, and {receives} receives of {visibility} s each take {tries} s"
        );
        Fault::at(queue.retention.place(queue.id.place), &queue.id, finding)
    })
}

pub(super) static SHORT_POLLING: Rule = Rule {
    code: "SQS203",
    weight: Weight::Advice,
    risk: "a receive that does not wait asks some of the servers only: it misses messages that are there, and every empty answer \
           is paid for",
    fix: "set ReceiveMessageWaitTimeSeconds to 20",
    judge: short_polling,
};

/// Of queues that AWS does not poll by itself: it asks for a wait of its own.
fn short_polling(model: &Model) -> Vec<Fault> {
    if !model.whole || model.polled_by_aws().any(|source| model.may_be_any_queue(source)) {
        return Vec::new();
    }
    let is_polled =
        |queue: &Queue| model.polled_by_aws().filter_map(Setting::known).any(|name| queue.id.is_meant_by(name));
    let does_not_wait = |queue: &&Queue| queue.wait.or_default(0) == Some(0);
    let judge = |queue: &Queue| {
        let fault = || Fault::at(queue.wait.place(queue.id.place), &queue.id, "receives do not wait for messages");
        (!is_polled(queue) && !model.is_for_dead_letters(queue)).then(fault)
    };
    model.queues.iter().filter(does_not_wait).filter_map(judge).collect()
}

pub(super) static ENCRYPTION: Rule = Rule {
    code: "SQS204",
    weight: Weight::Advice,
    risk: "bodies lie on AWS's disks as they were sent",
    fix: "remove SqsManagedSseEnabled: false, since encryption with SQS's own key is the default and costs nothing, or name a \
          KmsMasterKeyId",
    judge: encryption,
};

fn encryption(model: &Model) -> Vec<Fault> {
    let is_off = |queue: &&Queue| queue.managed_encryption.known() == Some(&false) && queue.key.is_absent();
    let fault =
        |queue: &Queue| Fault::at(queue.managed_encryption.place(queue.id.place), &queue.id, "encryption is off");
    model.queues.iter().filter(is_off).map(fault).collect()
}

pub(super) static OPEN_POLICY: Rule = Rule {
    code: "SQS205",
    weight: Weight::Loss,
    risk: "any AWS account can do this, to send what it likes or to receive and delete messages",
    fix: "name the principal, or add a Condition such as aws:SourceArn",
    judge: open_policy,
};

fn open_policy(model: &Model) -> Vec<Fault> {
    let of_all = |statement: &&Statement| {
        let names_everybody = |names: &Vec<String>| names.iter().any(|name| name == "*");
        statement.surely_allows()
            && statement.conditional.is_absent()
            && statement.principals.known().is_some_and(names_everybody)
    };
    let judge = |policy: &QueuePolicy| {
        let open = policy.statements.iter().filter(of_all);
        open.map(|statement| {
            Fault::at(statement.place, &policy.id, "the policy allows everybody in, without a condition")
        })
        .collect::<Vec<_>>()
    };
    model.queue_policies.iter().flat_map(judge).collect()
}
