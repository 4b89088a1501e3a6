//! The server: dynoxide in this process, spoken to in DynamoDB's JSON, without a socket between.

use std::fmt;

use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use dynoxide::{AttributeValue, Database, DynoxideError, actions::get_item::GetItemRequest};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::row::Row;

/// The rows.
pub(super) const TABLE: &str = "idempotency";
/// What handlers write: a counter for each key, and a gate.
pub(super) const BUSINESS: &str = "business";

/// A request as it is on its way.
#[derive(Clone, PartialEq)]
pub(super) struct Request {
    operation: String,
    pub(super) body: Value,
}

impl Request {
    pub(super) fn of(request: &HttpRequest) -> Self {
        let target = request.headers().get("x-amz-target").expect("a target");
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let body = serde_json::from_slice(request.body().bytes().expect("a body in memory")).expect("JSON");
        Self { operation, body }
    }

    /// Each of its statements as a request by itself; `None` if it has none.
    pub(super) fn statements(&self) -> Option<Vec<Self>> {
        let statements = self.body["Statements"].as_array()?;
        let alone = |statement: &Value| json!({"Statements": [statement]});
        Some(statements.iter().map(|one| Self { operation: self.operation.clone(), body: alone(one) }).collect())
    }

    /// The same, after the ten minutes for which DynamoDB knows a transaction by its token.
    pub(super) fn beyond_its_token(mut self) -> Self {
        if let Some(body) = self.body.as_object_mut() {
            body.remove("ClientRequestToken");
        }
        self
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.operation)
    }
}

pub(super) struct Server(Database);

impl Server {
    /// With both tables.
    pub(super) fn new() -> Self {
        let database = Database::memory().expect("a database");
        for table in [TABLE, BUSINESS] {
            let request = json!({
                "TableName": table,
                "BillingMode": "PAY_PER_REQUEST",
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            });
            database.create_table(serde_json::from_value(request).expect("whole")).expect("a table");
        }
        Self(database)
    }

    pub(super) fn serve(&self, Request { operation, body }: &Request) -> HttpResponse {
        let answered = match operation.as_str() {
            "BatchExecuteStatement" => answer(body, |request| self.0.batch_execute_statement(request)),
            "GetItem" => answer(body, |request| self.0.get_item(request)),
            "UpdateItem" => answer(body, |request| self.0.update_item(request)),
            "TransactWriteItems" => answer(body, |request| self.0.transact_write_items(request)),
            other => panic!("the store asks for no {other}"),
        };
        let (status, body) = answered.map_or_else(|error| (error.status_code(), error.to_json()), |body| (200, body));
        HttpResponse::new(status.try_into().expect("a status"), body.into())
    }

    /// The row, read beside the client under test.
    pub(super) fn row(&self, key: &str) -> Row {
        Row::new(self.item(TABLE, key))
    }

    /// How often the business write of this key was done.
    pub(super) fn counter(&self, key: &str) -> usize {
        let count = self.item(BUSINESS, key).find(|(name, _)| name == "count");
        count.map_or(0, |(_, count)| count.parse().expect("a number"))
    }

    /// From now on the condition of this key's gate holds.
    pub(super) fn open(&self, key: &str) {
        let request = json!({"TableName": BUSINESS, "Item": {"id": {"S": gate(key)}}});
        self.0.put_item(serde_json::from_value(request).expect("whole")).expect("a table");
    }

    fn item(&self, table: &str, key: &str) -> impl Iterator<Item = (String, String)> {
        let key = [("id".to_owned(), AttributeValue::S(key.to_owned()))].into_iter().collect();
        let request = GetItemRequest { table_name: table.into(), key, ..GetItemRequest::default() };
        let item = self.0.get_item(request).expect("a table").item.unwrap_or_default();
        item.into_iter().map(|(name, value)| match value {
            AttributeValue::S(text) | AttributeValue::N(text) => (name, text),
            other => (name, format!("{other:?}")),
        })
    }
}

/// The item that a refused business condition looks for.
pub(super) fn gate(key: &str) -> String {
    format!("gate of {key}")
}

fn answer<Q: DeserializeOwned, A: Serialize>(
    body: &Value,
    ask: impl FnOnce(Q) -> Result<A, DynoxideError>,
) -> Result<String, DynoxideError> {
    let answer = ask(serde_json::from_value(body.clone()).expect("a request that the server knows"))?;
    Ok(serde_json::to_string(&answer).expect("JSON"))
}
