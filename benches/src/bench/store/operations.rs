//! DynamoDB's operations, as far as the sides ask for them, and what each costs.

use dynoxide::{
    DynoxideError,
    actions::{
        batch_execute_statement::BatchExecuteStatementRequest, delete_item::DeleteItemRequest,
        get_item::GetItemRequest, put_item::PutItemRequest, update_item::UpdateItemRequest,
    },
};
use serde::{Serialize, de::DeserializeOwned};

use super::shards::Shards;

/// An answer in DynamoDB's JSON.
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) body: String,
    /// One for each write, refused or not: no row here is larger than a kilobyte.
    pub(super) write_units: usize,
}

/// Does what a request asks for.
pub(super) fn answer(shards: &Shards, operation: &str, request: &[u8]) -> Answered {
    let mut write_units = 0;
    let mut writes = |count| write_units += count;
    let answered = match operation {
        "GetItem" => ask(request, |request: GetItemRequest| shards.of(&request.key)?.get_item(request)),
        "PutItem" => ask(request, |request: PutItemRequest| {
            writes(1);
            shards.of(&request.item)?.put_item(request)
        }),
        "UpdateItem" => ask(request, |request: UpdateItemRequest| {
            writes(1);
            shards.of(&request.key)?.update_item(request)
        }),
        "DeleteItem" => ask(request, |request: DeleteItemRequest| {
            writes(1);
            shards.of(&request.key)?.delete_item(request)
        }),
        "BatchExecuteStatement" => ask(request, |request: BatchExecuteStatementRequest| {
            // Those that read are refused.
            writes(request.statements.len());
            shards.batch(request)
        }),
        other => Err(DynoxideError::ValidationException(format!("no side asks for {other:?}"))),
    };
    let (status, body) = answered.map_or_else(|error| (error.status_code(), error.to_json()), |body| (200, body));
    Answered { status, body, write_units }
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn asked(shards: &Shards, operation: &str, request: &Value) -> (u16, usize) {
        let answered = answer(shards, operation, request.to_string().as_bytes());
        (answered.status, answered.write_units)
    }

    #[test]
    fn writes_cost_a_unit_each_refused_or_not_and_reads_none() {
        let shards = Shards::new().unwrap();
        let key = json!({"TableName": compare::TABLE, "Key": {"id": {"S": "1"}}});
        let mut put = json!({"TableName": compare::TABLE, "Item": {"id": {"S": "1"}}});
        assert_eq!(asked(&shards, "PutItem", &put), (200, 1));
        put["ConditionExpression"] = "attribute_not_exists(id)".into();
        assert_eq!(asked(&shards, "PutItem", &put), (400, 1));
        assert_eq!(asked(&shards, "GetItem", &key), (200, 0));
        let batch = json!({"Statements": [
            {"Statement": format!("INSERT INTO \"{}\" VALUE {{'id': ?}}", compare::TABLE), "Parameters": [{"S": "1"}]},
            {"Statement": format!("INSERT INTO \"{}\" VALUE {{'id': ?}}", compare::TABLE), "Parameters": [{"S": "2"}]},
        ]});
        assert_eq!(asked(&shards, "BatchExecuteStatement", &batch), (200, 2));
        assert_eq!(asked(&shards, "DeleteItem", &key), (200, 1));
        assert_eq!(asked(&shards, "Query", &json!({})), (400, 0));
    }

    #[test]
    fn rows_are_counted_by_their_status() {
        let shards = Shards::new().unwrap();
        for (id, status) in [("1", "COMPLETED"), ("2", "COMPLETED"), ("3", "INPROGRESS")] {
            let put = json!({"TableName": compare::TABLE, "Item": {"id": {"S": id}, "status": {"S": status}}});
            assert_eq!(asked(&shards, "PutItem", &put).0, 200);
        }
        let rows = shards.rows().unwrap();
        assert_eq!(rows.into_iter().collect::<Vec<_>>(), [("COMPLETED".to_owned(), 2), ("INPROGRESS".to_owned(), 1)]);
    }
}
