//! DynamoDB's operations, as far as the sides ask for them, and what each costs.

use std::collections::BTreeMap;

use anyhow::Context as _;
use dynoxide::{Database, DynoxideError};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// An answer in DynamoDB's JSON.
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) body: String,
    pub(super) write_units: f64,
}

/// A database with the table of claims.
pub(super) fn database() -> anyhow::Result<Database> {
    let database = Database::memory()?;
    let table = json!({
        "TableName": compare::TABLE,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    });
    database.create_table(serde_json::from_value(table)?)?;
    Ok(database)
}

/// Does what a request asks for.
pub(super) fn answer(database: &Database, operation: &str, request: &[u8]) -> Answered {
    let answered = match operation {
        "GetItem" => ask(request, |request| database.get_item(request)),
        "PutItem" => ask(request, |request| database.put_item(request)),
        "UpdateItem" => ask(request, |request| database.update_item(request)),
        "DeleteItem" => ask(request, |request| database.delete_item(request)),
        "BatchExecuteStatement" => ask(request, |request| database.batch_execute_statement(request)),
        other => Err(DynoxideError::ValidationException(format!("no side asks for {other:?}"))),
    };
    let (status, body) = answered.map_or_else(|error| (error.status_code(), error.to_json()), |body| (200, body));
    Answered { status, body, write_units: write_units(operation, request) }
}

fn ask<Q: DeserializeOwned, A: Serialize>(
    request: &[u8],
    ask: impl FnOnce(Q) -> Result<A, DynoxideError>,
) -> Result<String, DynoxideError> {
    let request =
        serde_json::from_slice(request).map_err(|error| DynoxideError::ValidationException(error.to_string()))?;
    let answer = ask(request)?;
    serde_json::to_string(&answer).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

/// One for each write, refused or not: no row here is larger than a kilobyte.
fn write_units(operation: &str, request: &[u8]) -> f64 {
    match operation {
        "PutItem" | "UpdateItem" | "DeleteItem" => 1.0,
        "BatchExecuteStatement" => {
            let request: Value = serde_json::from_slice(request).unwrap_or_default();
            let statements = request.get("Statements").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            let text = |statement: &Value| statement.get("Statement").and_then(Value::as_str).map(str::to_owned);
            let is_write = |text: &String| !text.trim_start().to_ascii_uppercase().starts_with("SELECT");
            statements.iter().filter_map(text).filter(is_write).map(|_| 1.0).sum()
        }
        _ => 0.0,
    }
}

/// How many rows stand in the table, by their statuses. Fails where one is larger than a write unit covers.
pub(super) fn rows(database: &Database) -> anyhow::Result<BTreeMap<String, usize>> {
    let mut rows = BTreeMap::new();
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
            _ => return Ok(rows),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_cost_a_unit_each_and_reads_none() {
        let batch = json!({"Statements": [
            {"Statement": "INSERT INTO \"t\" VALUE {}"},
            {"Statement": "UPDATE \"t\" SET a = 1"},
            {"Statement": "SELECT * FROM \"t\""},
        ]});
        let units = |operation| write_units(operation, batch.to_string().as_bytes());
        assert_eq!(["BatchExecuteStatement", "PutItem", "GetItem"].map(units), [2.0, 1.0, 0.0]);
    }

    #[test]
    fn rows_are_counted_by_their_status() {
        let database = database().unwrap();
        for (id, status) in [("1", "COMPLETED"), ("2", "COMPLETED"), ("3", "INPROGRESS")] {
            let put = json!({"TableName": compare::TABLE, "Item": {"id": {"S": id}, "status": {"S": status}}});
            assert_eq!(answer(&database, "PutItem", put.to_string().as_bytes()).status, 200);
        }
        assert_eq!(answer(&database, "Query", b"{}").status, 400);
        let rows = rows(&database).unwrap();
        assert_eq!(rows.into_iter().collect::<Vec<_>>(), [("COMPLETED".to_owned(), 2), ("INPROGRESS".to_owned(), 1)]);
    }
}
