//! Several databases, each of which has the rows of some of the keys: dynoxide works on one request at a time.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use anyhow::Context as _;
use dynoxide::{
    AttributeValue, Database, DynoxideError, Item,
    actions::batch_execute_statement::{BatchExecuteStatementRequest, BatchExecuteStatementResponse},
};
use serde_json::{Value, json};

use super::statement::{self, KEY};

/// How many; with as many or fewer at work, one rarely waits for another.
const SHARDS: usize = 8;

/// As many statements as DynamoDB takes in a request.
const MOST: usize = 25;

pub(super) struct Shards(Vec<Database>);

impl Shards {
    /// With the table of claims.
    pub(super) fn new() -> anyhow::Result<Self> {
        (0..SHARDS).map(|_| database()).collect::<Result<_, _>>().map(Self)
    }

    /// The database that has the row of this key.
    pub(super) fn of(&self, key: &Item) -> Result<&Database, DynoxideError> {
        match key.get(KEY) {
            Some(AttributeValue::S(key)) => self.0.get(shard(key)).ok_or_else(|| refused("no such shard")),
            _ => Err(refused("a row without its key")),
        }
    }

    /// Each statement by the database that has its row; the answers in the statements' order.
    pub(super) fn batch(
        &self,
        request: BatchExecuteStatementRequest,
    ) -> Result<BatchExecuteStatementResponse, DynoxideError> {
        if request.statements.len() > MOST || request.return_consumed_capacity.is_some() {
            return Err(refused("no such batch can be taken apart"));
        }
        let (mut keys, mut parts) = (BTreeSet::new(), BTreeMap::<_, (Vec<_>, Vec<_>)>::new());
        for (place, statement) in request.statements.into_iter().enumerate() {
            let parameters = statement.parameters.as_deref().unwrap_or_default();
            let key = statement::key(&statement.statement, parameters)?;
            let (places, statements) = parts.entry(shard(&key)).or_default();
            places.push(place);
            statements.push(statement);
            // As DynamoDB, before anything is done.
            if !keys.insert(key) {
                return Err(refused("Provided list of item keys contains duplicates"));
            }
        }
        let mut responses = Vec::new();
        for (shard, (places, statements)) in parts {
            let database = self.0.get(shard).ok_or_else(|| refused("no such shard"))?;
            let part = BatchExecuteStatementRequest { statements, return_consumed_capacity: None };
            responses.extend(places.into_iter().zip(database.batch_execute_statement(part)?.responses));
        }
        responses.sort_by_key(|(place, _)| *place);
        let responses = responses.into_iter().map(|(_, response)| response).collect();
        Ok(BatchExecuteStatementResponse { responses, consumed_capacity: None })
    }

    /// How many rows stand in the table, by their statuses. Fails where one is larger than a write unit covers.
    pub(super) fn rows(&self) -> anyhow::Result<BTreeMap<String, usize>> {
        let mut rows = BTreeMap::new();
        self.0.iter().try_for_each(|database| count(database, &mut rows))?;
        Ok(rows)
    }
}

fn refused(why: &str) -> DynoxideError {
    DynoxideError::ValidationException(why.to_owned())
}

fn shard(key: &str) -> usize {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    usize::try_from(hasher.finish() % SHARDS as u64).unwrap_or_default()
}

fn database() -> anyhow::Result<Database> {
    let database = Database::memory()?;
    let table = json!({
        "TableName": compare::TABLE,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": KEY, "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": KEY, "AttributeType": "S"}],
    });
    database.create_table(serde_json::from_value(table)?)?;
    Ok(database)
}

fn count(database: &Database, rows: &mut BTreeMap<String, usize>) -> anyhow::Result<()> {
    let mut from = Value::Null;
    loop {
        let mut request = json!({"TableName": compare::TABLE});
        if let Some(request) = request.as_object_mut().filter(|_| !from.is_null()) {
            request.insert("ExclusiveStartKey".to_owned(), from);
        }
        let page = serde_json::to_value(database.scan(serde_json::from_value(request)?)?)?;
        for row in page.get("Items").and_then(Value::as_array).context("a page without items")? {
            anyhow::ensure!(row.to_string().len() <= 1_024, "a row of more than a write unit: {row}");
            let status = row.pointer("/status/S").and_then(Value::as_str).unwrap_or("none");
            *rows.entry(status.to_owned()).or_default() += 1;
        }
        match page.get("LastEvaluatedKey") {
            Some(key) if !key.is_null() => from = key.clone(),
            _ => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(statements: &[String]) -> BatchExecuteStatementRequest {
        let statement = |text: &String| json!({"Statement": text});
        let statements: Vec<_> = statements.iter().map(statement).collect();
        serde_json::from_value(json!({"Statements": statements})).unwrap()
    }

    fn insert(id: usize) -> String {
        format!(r#"INSERT INTO "{}" VALUE {{'id': '{id}', 'status': 'INPROGRESS'}}"#, compare::TABLE)
    }

    fn codes(response: &BatchExecuteStatementResponse) -> Vec<Option<&str>> {
        response.responses.iter().map(|one| one.error.as_ref().map(|error| &*error.code)).collect()
    }

    #[test]
    fn a_batch_over_several_databases_answers_as_one_would() {
        let complete = |id| {
            let table = compare::TABLE;
            format!(r#"UPDATE "{table}" SET "status" = 'COMPLETED' WHERE "id" = '{id}' AND "status" = 'INPROGRESS'"#)
        };
        let (shards, one) = (Shards::new().unwrap(), database().unwrap());
        let batches =
            [(0..20).map(insert).collect(), (10..35).map(insert).collect(), (15..40).map(complete).collect::<Vec<_>>()];
        for statements in &batches {
            let (ours, theirs) =
                (shards.batch(batch(statements)), one.batch_execute_statement(batch(statements)).unwrap());
            let ours = ours.unwrap();
            assert_eq!(codes(&ours), codes(&theirs));
            assert_eq!(ours.responses.len(), statements.len());
        }
        let mut rows = BTreeMap::new();
        count(&one, &mut rows).unwrap();
        assert_eq!(shards.rows().unwrap(), rows);
        assert_eq!(rows, BTreeMap::from([("COMPLETED".to_owned(), 20), ("INPROGRESS".to_owned(), 15)]));
        assert!(shards.0.iter().all(|database| {
            let mut rows = BTreeMap::new();
            count(database, &mut rows).unwrap();
            !rows.is_empty()
        }));
    }

    #[test]
    fn a_batch_that_dynamodb_refuses_or_that_cannot_be_told_apart_does_nothing() {
        let shards = Shards::new().unwrap();
        let unclear = format!(r#"SELECT * FROM "{}" WHERE "id" = '1'"#, compare::TABLE);
        for statements in [vec![insert(1), insert(1)], vec![insert(1), unclear], (0..26).map(insert).collect()] {
            assert!(shards.batch(batch(&statements)).is_err());
        }
        assert_eq!(shards.rows().unwrap(), BTreeMap::new());
    }
}
