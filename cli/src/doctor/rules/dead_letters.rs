//! Dead-letter queues, and the alarm on them.

use super::{Fault, Rule, Weight, queue::DEFAULT_RETENTION};
use crate::doctor::model::{Function, Model, Queue, Redrive};

pub(super) static MISSING: Rule = Rule {
    code: "SQS301",
    weight: Weight::Loss,
    risk: "a message that cannot succeed is run again and again until its retention ends, and is then gone",
    fix: "add a dead-letter queue, and a RedrivePolicy with its ARN and a maxReceiveCount of 5",
    judge: missing,
};

fn missing(model: &Model) -> Vec<Fault> {
    let lacks = |queue: &&Queue| queue.redrive.is_absent() && !model.is_for_dead_letters(queue);
    model.queues.iter().filter(lacks).map(|queue| Fault::of(&queue.id, "the queue has no dead-letter queue")).collect()
}

pub(super) static RECEIVES: Rule = Rule {
    code: "SQS302",
    weight: Weight::Loss,
    risk: "throttling, timeouts and deployments burn receives too: good messages end as dead letters without a second try",
    fix: "set maxReceiveCount to 5 or more; 10 where outages must be ridden out",
    judge: receives,
};

fn receives(model: &Model) -> Vec<Fault> {
    const TOO_FEW: u64 = 3;
    let judge = |queue: &Queue| {
        let count = &queue.redrive.known()?.max_receives;
        let few = count.known().filter(|count| **count < TOO_FEW)?;
        Some(Fault::at(count.place(queue.id.place), &queue.id, format!("maxReceiveCount is {few}")))
    };
    model.queues.iter().filter_map(judge).collect()
}

pub(super) static RETENTION: Rule = Rule {
    code: "SQS303",
    weight: Weight::Loss,
    risk: "a message of a standard queue keeps its first enqueue time when SQS moves it: it may be deleted before anybody has seen it",
    fix: "set the dead-letter queue's MessageRetentionPeriod to 1209600, 14 days",
    judge: retention,
};

fn retention(model: &Model) -> Vec<Fault> {
    let pairs =
        model.queues.iter().flat_map(|letters| model.sources_of(letters).map(move |(source, _)| (letters, source)));
    pairs.filter_map(|(letters, source)| forgets(letters, source)).collect()
}

fn forgets(letters: &Queue, source: &Queue) -> Option<Fault> {
    // A FIFO queue starts a message's time anew when it arrives.
    if letters.is_fifo()? {
        return None;
    }
    let (kept, letters_kept) =
        (source.retention.or_default(DEFAULT_RETENTION)?, letters.retention.or_default(DEFAULT_RETENTION)?);
    (letters_kept <= kept).then(|| {
        let source = &source.id.resource;
        let finding = format!("dead letters are kept for {letters_kept} s, and the messages of {source} for {kept} s");
        Fault::at(letters.retention.place(letters.id.place), &letters.id, finding)
    })
}

pub(super) static KIND: Rule = Rule {
    code: "SQS304",
    weight: Weight::Advice,
    risk: "SQS moves dead letters between queues of one kind only: the deployment fails",
    fix: "make both FIFO queues, or neither",
    judge: kind,
};

fn kind(model: &Model) -> Vec<Fault> {
    model.queues.iter().filter_map(|queue| other_kind(model, queue)).collect()
}

fn other_kind(model: &Model, queue: &Queue) -> Option<Fault> {
    let Redrive { target, .. } = queue.redrive.known()?;
    let letters = model.queue(target)?;
    let (kind, letters_kind) = (queue.is_fifo()?, letters.is_fifo()?);
    (kind != letters_kind).then(|| {
        let name = |is_fifo| if is_fifo { "FIFO" } else { "standard" };
        let finding = format!(
            "a {} queue has the {} queue {} for its dead letters",
            name(kind),
            name(letters_kind),
            letters.id.resource
        );
        Fault::at(target.place(queue.id.place), &queue.id, finding)
    })
}

pub(super) static ANOTHER: Rule = Rule {
    code: "SQS305",
    weight: Weight::Advice,
    risk: "dead letters lie in two places: what the function rejects in one, what fails too often in the other",
    fix: "let SQS_RUNTIME_DEAD_LETTER_QUEUE and the queue's RedrivePolicy name the same queue",
    judge: another,
};

fn another(model: &Model) -> Vec<Fault> {
    model.consumers().filter_map(|function| names_another(model, function)).collect()
}

fn names_another(model: &Model, function: &Function) -> Option<Fault> {
    let named = model.queue(&function.dead_letter_queue)?;
    let consumed = model.mappings_to(function).filter_map(|mapping| model.queue(&mapping.queue));
    let targets = consumed.filter_map(|queue| model.queue(&queue.redrive.known()?.target));
    let other = targets.into_iter().find(|target| target.id.resource != named.id.resource)?;
    let finding = format!(
        "it sends dead letters to {}, and its queue's redrive policy to {}",
        named.id.resource, other.id.resource
    );
    Some(Fault::at(function.dead_letter_queue.place(function.id.place), &function.id, finding))
}
