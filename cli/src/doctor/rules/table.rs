//! The idempotency table: what `IDEMPOTENCY_TABLE` of a consumer names.

use super::{Fault, Rule, Weight};
use crate::doctor::{
    model::{Function, Model, Table, TableKey},
    setting::Setting,
};

/// What the store writes; `runtime/docs/idempotency.md` says so.
const KEY: [(&str, &str); 3] = [("AttributeName", "id"), ("KeyType", "HASH"), ("AttributeType", "S")];
const EXPIRY: &str = "expiration";

pub(super) static WRONG_KEY: Rule = Rule {
    code: "SQS401",
    weight: Weight::Loss,
    risk: "every claim is refused: no message runs, and all of them become dead letters",
    fix: "give the table one key: the attribute id, of type S, as HASH",
    judge: key,
};

fn key(model: &Model) -> Vec<Fault> {
    tables(model).filter_map(wrong_key).collect()
}

fn wrong_key(table: &Table) -> Option<Fault> {
    let keys = table.keys.known()?;
    let place = table.keys.place(table.id.place);
    match keys.as_slice() {
        [key] => {
            wrong(key).map(|wrong| Fault::at(place, &table.id, format!("the idempotency table's key has {wrong}")))
        }
        keys => Some(Fault::at(place, &table.id, format!("the idempotency table's key has {} attributes", keys.len()))),
    }
}

fn wrong(key: &TableKey) -> Option<String> {
    let said = [&key.attribute, &key.role, &key.kind];
    let mut pairs = KEY.iter().zip(said);
    pairs.find_map(|((name, right), said)| {
        let wrong = said.known().filter(|said| said != right)?;
        Some(format!("the {name} {wrong} instead of {right}"))
    })
}

pub(super) static TTL: Rule = Rule {
    code: "SQS402",
    weight: Weight::Advice,
    risk: "no row is ever deleted: the table grows, and is paid for, for ever",
    fix: "set TimeToLiveSpecification with AttributeName: expiration and Enabled: true (an AWS::Serverless::SimpleTable has none)",
    judge: ttl,
};

fn ttl(model: &Model) -> Vec<Fault> {
    tables(model).filter_map(never_forgets).collect()
}

fn never_forgets(table: &Table) -> Option<Fault> {
    let (attribute, enabled) = (&table.ttl_attribute, &table.ttl_enabled);
    let place = attribute.place(enabled.place(table.id.place));
    let finding = match (attribute, enabled) {
        (Setting::Absent, _) => "the idempotency table has no TTL".to_owned(),
        (_, Setting::Known(false, _) | Setting::Absent) => "the idempotency table's TTL is off".to_owned(),
        (Setting::Known(other, _), _) if other != EXPIRY => {
            format!("the idempotency table's TTL is on {other}, and the store writes {EXPIRY}")
        }
        _ => return None,
    };
    Some(Fault::at(place, &table.id, finding))
}

pub(super) static MEMORY: Rule = Rule {
    code: "SQS403",
    weight: Weight::Loss,
    risk: "each execution environment remembers for itself and forgets with its end: what comes twice runs twice",
    fix: "let IDEMPOTENCY_TABLE name a DynamoDB table",
    judge: memory,
};

fn memory(model: &Model) -> Vec<Fault> {
    let in_memory = |function: &&Function| function.idempotency_table.known().is_some_and(|name| name == "memory");
    let fault = |function: &Function| {
        let place = function.idempotency_table.place(function.id.place);
        Fault::at(place, &function.id, "what is done is remembered in memory only")
    };
    model.consumers().filter(in_memory).map(fault).collect()
}

/// The tables that functions name, each once.
fn tables(model: &Model) -> impl Iterator<Item = &Table> {
    let named = |table: &&Table| {
        let names = model.functions.iter().filter_map(|function| function.idempotency_table.known());
        names.into_iter().any(|name| table.id.is_meant_by(name))
    };
    model.tables.iter().filter(named)
}
