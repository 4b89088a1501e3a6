//! What the roles of consumers lack, and what they have too much of.

use super::{Fault, Rule, Weight};
use crate::doctor::{
    model::{Covers, Function, Id, Model, Queue, Role, Statement},
    resolve::has_symbol,
};

/// What Lambda's poller does in the function's name.
const CONSUME: [&str; 3] = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];
/// What the store does, in every mode.
const REMEMBER: [&str; 2] = ["dynamodb:UpdateItem", "dynamodb:GetItem"];
/// What it does to write the rows of a batch in few requests.
const TOGETHER: [&str; 2] = ["dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate"];
/// All that it does.
const ON_TABLE: [&str; 4] = [REMEMBER[0], REMEMBER[1], TOGETHER[0], TOGETHER[1]];
/// What a consumer does that tells its queue about failures.
const TELL: [&str; 2] = ["sqs:ChangeMessageVisibility", "sqs:GetQueueUrl"];
/// What it does to send dead letters.
const SEND: [&str; 2] = ["sqs:SendMessage", "sqs:GetQueueUrl"];
/// All that a consumer does on the queue that it consumes; some send to it too.
const ON_QUEUE: [&str; 6] = [
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ChangeMessageVisibility",
    "sqs:GetQueueUrl",
    "sqs:SendMessage",
];

pub(super) static CANNOT_CONSUME: Rule = Rule {
    code: "SQS501",
    weight: Weight::Advice,
    risk: "Lambda cannot poll the queue: AWS refuses the mapping, or turns it off",
    fix: "allow sqs:ReceiveMessage, sqs:DeleteMessage and sqs:GetQueueAttributes on the queue",
    judge: cannot_consume,
};

fn cannot_consume(model: &Model) -> Vec<Fault> {
    let judge = |(function, role): (&Function, &Role)| {
        let queues = consumed(model, function);
        queues.filter_map(|queue| lacks(model, role, &CONSUME, &queue.id)).collect::<Vec<_>>()
    };
    roles(model).flat_map(judge).collect()
}

pub(super) static CANNOT_REMEMBER: Rule = Rule {
    code: "SQS502",
    weight: Weight::Loss,
    risk: "no message can be claimed or recorded as done: none runs, and all of them become dead letters",
    fix: "allow dynamodb:UpdateItem and dynamodb:GetItem on the idempotency table",
    judge: cannot_remember,
};

fn cannot_remember(model: &Model) -> Vec<Fault> {
    let judge = |(function, role): (&Function, &Role)| {
        let table = model.table(&function.idempotency_table)?;
        lacks(model, role, &REMEMBER, &table.id)
    };
    roles(model).filter_map(judge).collect()
}

pub(super) static ONE_BY_ONE: Rule = Rule {
    code: "SQS507",
    weight: Weight::Advice,
    risk: "each claim and each completion is a request of its own: over ten times the requests of a large batch, and their CPU",
    fix: "allow dynamodb:PartiQLInsert and dynamodb:PartiQLUpdate on the idempotency table",
    judge: one_by_one,
};

fn one_by_one(model: &Model) -> Vec<Fault> {
    let judge = |(function, role): (&Function, &Role)| {
        let table = model.table(&function.idempotency_table)?;
        // A role that may write nothing has a worse fault.
        lacks(model, role, &TOGETHER, &table.id).filter(|_| lacks(model, role, &REMEMBER, &table.id).is_none())
    };
    roles(model).filter_map(judge).collect()
}

pub(super) static CANNOT_TELL: Rule = Rule {
    code: "SQS503",
    weight: Weight::Advice,
    risk: "failed messages wait for the whole visibility timeout instead of a backoff, and rejected ones for the redrive policy, \
           which burns their receives",
    fix: "allow sqs:ChangeMessageVisibility and sqs:GetQueueUrl on the queue, and sqs:SendMessage and sqs:GetQueueUrl on the \
          dead-letter queue",
    judge: cannot_tell,
};

fn cannot_tell(model: &Model) -> Vec<Fault> {
    let tells = |function: &Function| !function.dead_letter_queue.is_absent() || !function.backoff.is_absent();
    let judge = |(function, role): (&Function, &Role)| {
        let letters = model.queue(&function.dead_letter_queue).and_then(|queue| lacks(model, role, &SEND, &queue.id));
        let queues = consumed(model, function).filter_map(|queue| lacks(model, role, &TELL, &queue.id));
        queues.chain(letters).collect::<Vec<_>>()
    };
    roles(model).filter(|(function, _)| tells(function)).flat_map(judge).collect()
}

pub(super) static ANY_ACTION: Rule = Rule {
    code: "SQS504",
    weight: Weight::Advice,
    risk: "a mistake in the function can purge the queue, delete rows that say what is done, or change what either is set to",
    fix: "name the actions: those of the table in runtime/docs/deploying.md",
    judge: any_action,
};

fn any_action(model: &Model) -> Vec<Fault> {
    let judge = |(statement, id): (&Statement, &Id)| {
        let is_about_us = |actions: &Vec<String>| actions.iter().any(|action| is_ours(action));
        // Without a list of actions it is NotAction.
        if statement.negated && statement.actions.known().is_none_or(is_about_us) {
            return Some(Fault::at(statement.place, id, "NotAction or NotResource allows all that it does not name"));
        }
        let wild = statement.actions.known()?.iter().find(|action| is_ours(action) && action.contains('*'))?;
        Some(Fault::at(statement.place, id, format!("the role allows {wild}{}", of_managed(statement))))
    };
    statements(model).filter_map(judge).collect()
}

pub(super) static ANY_RESOURCE: Rule = Rule {
    code: "SQS505",
    weight: Weight::Advice,
    risk: "a mistake in the function reaches the other queues and tables of the account",
    fix: "give the function a role of its own, with the ARNs of its queue, its dead-letter queue and its table",
    judge: any_resource,
};

fn any_resource(model: &Model) -> Vec<Fault> {
    let judge = |(statement, id): (&Statement, &Id)| {
        let action = statement.actions.known()?.iter().find(|action| is_ours(action))?;
        let resources = statement.resources.known()?;
        let wild = resources.iter().find(|resource| is_wild(resource)).filter(|_| !statement.negated)?;
        Some(Fault::at(statement.place, id, format!("the role allows {action} on {wild}{}", of_managed(statement))))
    };
    statements(model).filter_map(judge).collect()
}

pub(super) static MORE_THAN_NEEDED: Rule = Rule {
    code: "SQS506",
    weight: Weight::Advice,
    risk: "nothing of the runtime does this, so only a mistake would: it could lose messages, or what is known to be done",
    fix: "remove the action from the role",
    judge: more_than_needed,
};

fn more_than_needed(model: &Model) -> Vec<Fault> {
    let judge = |(function, role): (&Function, &Role)| {
        let needs: Vec<_> = needs(model, function).collect();
        let pairs = role.statements.iter().flat_map(|statement| needs.iter().map(move |needs| (statement, *needs)));
        pairs.filter_map(|(statement, needs)| excess(model, role, statement, needs)).collect::<Vec<_>>()
    };
    distinct_roles(model).flat_map(judge).collect()
}

/// What is needed on a queue or a table.
type Needs<'a> = (&'a Id, &'static [&'static str]);

/// What the runtime does on a consumer's queues and tables.
fn needs<'a>(model: &'a Model, function: &'a Function) -> impl Iterator<Item = Needs<'a>> {
    let queues = consumed(model, function).map(|queue| (&queue.id, &ON_QUEUE[..]));
    let table = model.table(&function.idempotency_table).map(|table| (&table.id, &ON_TABLE[..]));
    queues.chain(table)
}

/// The actions that a statement allows on one of these, beyond what is needed there.
fn excess(model: &Model, role: &Role, statement: &Statement, (on, needed): Needs<'_>) -> Option<Fault> {
    let actions = statement.actions.known().filter(|_| statement.surely_allows() && !statement.negated)?;
    if statement.covers_resource(model, on) != Covers::Yes {
        return None;
    }
    let is_needed = |action: &str| needed.iter().any(|needed| needed.eq_ignore_ascii_case(action));
    // A pattern is another rule's, and what is known in part may be needed.
    let is_excess = |action: &str| !action.contains('*') && !has_symbol(action) && !is_needed(action);
    let service = needed.first().map_or("", |action| service(action));
    let of_service = actions.iter().filter(|action| service.eq_ignore_ascii_case(self::service(action)));
    let excess: Vec<_> = of_service.map(String::as_str).filter(|action| is_excess(action)).collect();
    let finding = || format!("the role allows {} on {}", excess.join(", "), on.resource);
    (!excess.is_empty()).then(|| Fault::at(statement.place, &role.id, finding()))
}

fn service(action: &str) -> &str {
    action.split(':').next().unwrap_or_default()
}

/// What of these a role surely lacks, in one fault.
fn lacks(model: &Model, role: &Role, actions: &[&str], on: &Id) -> Option<Fault> {
    let lacking: Vec<_> = actions.iter().copied().filter(|action| role.lacks(model, action, on)).collect();
    (!lacking.is_empty())
        .then(|| Fault::of(&role.id, format!("the role lacks {} on {}", lacking.join(", "), on.resource)))
}

fn consumed<'a>(model: &'a Model, function: &'a Function) -> impl Iterator<Item = &'a Queue> {
    let is_consumed = |queue: &&Queue| {
        let mut names = model.mappings_to(function).filter_map(|mapping| mapping.queue.known());
        names.any(|name| queue.id.is_meant_by(name))
    };
    model.queues.iter().filter(is_consumed)
}

/// The consumers whose roles are described here.
fn roles(model: &Model) -> impl Iterator<Item = (&Function, &Role)> {
    model.consumers().filter_map(|function| Some((function, model.role(function)?)))
}

/// The same, each role once.
fn distinct_roles(model: &Model) -> impl Iterator<Item = (&Function, &Role)> {
    let mut seen = Vec::new();
    roles(model).filter(move |(_, role)| {
        let is_new = !seen.contains(&role.id.resource);
        seen.push(role.id.resource.clone());
        is_new
    })
}

/// What the roles of consumers allow.
fn statements(model: &Model) -> impl Iterator<Item = (&Statement, &Id)> {
    let all =
        distinct_roles(model).flat_map(|(_, role)| role.statements.iter().map(move |statement| (statement, &role.id)));
    all.filter(|(statement, _)| statement.surely_allows())
}

fn is_ours(action: &str) -> bool {
    let service = action.to_ascii_lowercase();
    service == "*" || service.starts_with("sqs:") || service.starts_with("dynamodb:")
}

/// Whether a resource has a wildcard in its name; in that of an index of a table it reaches nothing else.
fn is_wild(resource: &str) -> bool {
    resource.split("/index/").next().is_some_and(|table| table.contains('*'))
}

fn of_managed(statement: &Statement) -> String {
    statement.managed.map_or_else(String::new, |name| format!(", by the managed policy {name}"))
}
