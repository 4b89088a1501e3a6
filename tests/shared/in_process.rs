//! DynamoDB in this process, without a socket: an HTTP client whose requests dynoxide answers at once.
//!
//! Nothing is a matter of real time. A request yields before it is sent and after it has landed, so whoever waits for it can be
//! stopped on either side.

use std::{fmt, sync::Arc};

use aws_sdk_dynamodb::{
    Client,
    config::{
        HttpClient, RuntimeComponents,
        http::{HttpRequest, HttpResponse},
    },
    error::ConnectorError,
};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use dynoxide::{Database, DynoxideError};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::task::yield_now;

/// A client of a DynamoDB of its own, which is empty.
pub(crate) fn client() -> Client {
    let database = Arc::new(Database::memory().expect("a database"));
    crate::dynamodb::client_over(InProcess(database), "http://dynamodb.test")
}

#[derive(Clone)]
struct InProcess(Arc<Database>);

impl InProcess {
    async fn answer(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        yield_now().await;
        let target = request.headers().get("x-amz-target").and_then(|target| target.split('.').nth(1));
        let body = serde_json::from_slice(request.body().bytes().expect("a body in memory")).expect("JSON");
        let response = serve(&self.0, target.expect("an operation"), &body);
        yield_now().await;
        Ok(response)
    }
}

/// Does what a request asks for.
fn serve(database: &Database, operation: &str, body: &Value) -> HttpResponse {
    let answered = match operation {
        "CreateTable" => answer(body, |request| database.create_table(request)),
        "DescribeTable" => answer(body, |request| database.describe_table(request)),
        "UpdateTimeToLive" => answer(body, |request| database.update_time_to_live(request)),
        "GetItem" => answer(body, |request| database.get_item(request)),
        "PutItem" => answer(body, |request| database.put_item(request)),
        "UpdateItem" => answer(body, |request| database.update_item(request)),
        "TransactWriteItems" => answer(body, |request| database.transact_write_items(request)),
        "BatchExecuteStatement" => answer(body, |request| database.batch_execute_statement(request)),
        "Scan" => answer(body, |request| database.scan(request)),
        other => unimplemented!("{other}"),
    };
    let (status, body) = answered.map_or_else(|error| (error.status_code(), error.to_json()), |body| (200, body));
    HttpResponse::new(status.try_into().expect("a status"), body.into())
}

fn answer<Q: DeserializeOwned, A: Serialize>(
    body: &Value,
    ask: impl FnOnce(Q) -> Result<A, DynoxideError>,
) -> Result<String, DynoxideError> {
    let answer = ask(serde_json::from_value(body.clone()).expect("a request that the server knows"))?;
    Ok(serde_json::to_string(&answer).expect("JSON"))
}

impl HttpClient for InProcess {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().answer(request))
    }
}

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InProcess")
    }
}
