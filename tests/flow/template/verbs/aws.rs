//! SQS and DynamoDB in this process, without a socket, that note what is asked of them and on what.
//!
//! The queues and tables of a template are called as the template calls them.

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, Mutex, MutexGuard},
};

use aws_sdk_sqs::config::{
    BehaviorVersion, Credentials, HttpClient, Region, RuntimeComponents,
    http::{HttpRequest, HttpResponse},
};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
    result::ConnectorError,
};
use dynoxide::{Database, DynoxideError};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use sqs_runtime::queue::SqsClient;

use crate::{
    dynamodb_client::{client_over, create_table},
    template::Node,
};

/// An action of IAM, and the resource that it was done on.
pub(super) type Deed = (String, String);

/// How often the SDK asks by itself.
const ATTEMPTS: usize = 3;

/// Both services.
#[derive(Clone)]
pub(super) struct Aws(Arc<Mutex<State>>);

struct State {
    database: Database,
    done: BTreeSet<Deed>,
    /// What the next receive brings.
    waiting: Vec<Value>,
    losses: Losses,
}

/// Answers that never arrive: to the first rows that are written together, then to what is written first to one row.
#[derive(Default)]
struct Losses {
    together: bool,
    left: usize,
    row: Option<Value>,
}

impl Aws {
    /// With these tables, each with its partition key.
    pub(super) async fn with_tables(tables: &[(&str, &str)]) -> Self {
        let database = Database::memory().expect("a database");
        let (done, waiting, losses) = (BTreeSet::new(), Vec::new(), Losses::default());
        let aws = Self(Arc::new(Mutex::new(State { database, done, waiting, losses })));
        for (name, key) in tables {
            create_table(&aws.dynamodb(), name, &[key]).await;
        }
        aws
    }

    pub(super) fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        client_over(self.clone(), "http://dynamodb.test")
    }

    pub(super) fn sqs(&self) -> SqsClient {
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(self.clone())
            .credentials_provider(Credentials::new("none", "none", None, None, "tests"))
            .region(Region::new("eu-west-1"))
            .build();
        SqsClient::new(aws_sdk_sqs::Client::from_conf(config))
    }

    /// Puts messages into the queue.
    pub(super) fn send(&self, messages: Vec<Value>) {
        self.state().waiting = messages;
    }

    /// The rows that are written together next lose their answer, and the one that is written next by itself every answer of that call.
    pub(super) fn lose_a_call(&self) {
        self.state().losses = Losses { together: true, left: ATTEMPTS, row: None };
    }

    /// What was done since the last time.
    pub(super) fn take(&self) -> BTreeSet<Deed> {
        std::mem::take(&mut self.state().done)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let (service, operation) = target.split_once('.').expect("a service and an operation");
        let body = serde_json::from_slice(request.body().bytes().expect("a body in memory")).expect("JSON");
        let mut state = self.state();
        match service {
            "AmazonSQS" => state.queue(operation, &body),
            _ => state.table(operation, &body),
        }
    }
}

/// Names every entry of a batch call.
fn all_of(body: &Value) -> Value {
    let named = |entry: &Value| json!({ "Id": entry["Id"], "MessageId": "copy", "MD5OfMessageBody": "" });
    body["Entries"].as_array().into_iter().flatten().map(named).collect()
}

impl State {
    fn queue(&mut self, operation: &str, body: &Value) -> Result<HttpResponse, ConnectorError> {
        let named = body.get("QueueUrl").or_else(|| body.get("QueueName")).and_then(Value::as_str);
        let queue = named.and_then(|name| name.rsplit('/').next()).expect("a queue").to_owned();
        let answer = match operation {
            "GetQueueUrl" => json!({ "QueueUrl": url(&queue) }),
            "GetQueueAttributes" => json!({ "Attributes": { "QueueArn": arn(&queue), "VisibilityTimeout": "60" } }),
            "ReceiveMessage" => json!({ "Messages": std::mem::take(&mut self.waiting) }),
            _ => json!({ "Successful": all_of(body), "Failed": [] }),
        };
        // IAM knows no batches: what is allowed one by one is allowed together.
        let action = operation.strip_suffix("Batch").unwrap_or(operation);
        self.done.insert((format!("sqs:{action}"), queue));
        Ok(response(200, answer.to_string()))
    }

    fn table(&mut self, operation: &str, body: &Value) -> Result<HttpResponse, ConnectorError> {
        match operation {
            "TransactWriteItems" => self.done.extend(body["TransactItems"].as_array().into_iter().flatten().map(write)),
            "BatchExecuteStatement" => {
                self.done.extend(body["Statements"].as_array().into_iter().flatten().map(statement))
            }
            _ => _ = self.done.insert((format!("dynamodb:{operation}"), name_of(body))),
        }
        let database = &self.database;
        let answered = match operation {
            "CreateTable" => serve(body, |request| database.create_table(request)),
            "GetItem" => serve(body, |request| database.get_item(request)),
            "UpdateItem" => serve(body, |request| database.update_item(request)),
            "TransactWriteItems" => serve(body, |request| database.transact_write_items(request)),
            "BatchExecuteStatement" => serve(body, |request| database.batch_execute_statement(request)),
            other => panic!("{other} is not known here"),
        };
        if self.losses.take(operation, body) {
            return Err(ConnectorError::io("the connection is gone".into()));
        }
        let (status, body) = answered.map_or_else(|error| (error.status_code(), error.to_json()), |body| (200, body));
        Ok(response(status, body))
    }
}

impl Losses {
    fn take(&mut self, operation: &str, body: &Value) -> bool {
        match operation {
            "BatchExecuteStatement" => std::mem::take(&mut self.together),
            "UpdateItem" => self.take_one(&body["Key"]),
            _ => false,
        }
    }

    fn take_one(&mut self, row: &Value) -> bool {
        let is_lost = self.left > 0 && *self.row.get_or_insert_with(|| row.clone()) == *row;
        self.left -= usize::from(is_lost);
        is_lost
    }
}

/// A write of a transaction, which IAM knows as the single write.
fn write(item: &Value) -> Deed {
    let (kind, write) = item.as_object().and_then(|item| item.iter().next()).expect("a write");
    let action = if kind.ends_with("Check") { "ConditionCheckItem".to_owned() } else { format!("{kind}Item") };
    (format!("dynamodb:{action}"), name_of(write))
}

/// A statement, which IAM knows by its first word.
fn statement(request: &Value) -> Deed {
    let text = request["Statement"].as_str().expect("a statement");
    let action = match text.split(' ').next() {
        Some("INSERT") => "PartiQLInsert",
        Some("UPDATE") => "PartiQLUpdate",
        _ => panic!("{text} is not known here"),
    };
    (format!("dynamodb:{action}"), text.split('"').nth(1).expect("a quoted table").to_owned())
}

fn name_of(body: &Value) -> String {
    body["TableName"].as_str().expect("a table").to_owned()
}

fn response(status: u16, body: String) -> HttpResponse {
    HttpResponse::new(status.try_into().expect("a status"), body.into())
}

fn serve<Q: DeserializeOwned, A: Serialize>(
    body: &Value,
    ask: impl FnOnce(Q) -> Result<A, DynoxideError>,
) -> Result<String, DynoxideError> {
    let answer = ask(serde_json::from_value(body.clone()).expect("a request that the server knows"))?;
    Ok(serde_json::to_string(&answer).expect("JSON"))
}

fn url(queue: &str) -> String {
    format!("https://sqs.eu-west-1.amazonaws.com/123456789012/{queue}")
}

pub(super) fn arn(queue: &str) -> String {
    format!("arn:aws:sqs:eu-west-1:123456789012:{queue}")
}

/// What a reference to a queue comes to: `Ref` is its URL, `Fn::GetAtt` its Amazon Resource Name.
pub(super) fn queue_in(reference: Node<'_>) -> String {
    let of_arn = reference.intrinsic("Fn::GetAtt").and_then(|attribute| attribute.strip_suffix(".Arn"));
    let by_arn = of_arn.map(arn);
    by_arn.or_else(|| reference.intrinsic("Ref").map(url)).expect("a reference to a queue")
}

impl HttpClient for Aws {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Aws {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let aws = self.clone();
        HttpConnectorFuture::new(async move {
            tokio::task::yield_now().await;
            aws.answer(&request)
        })
    }
}

impl fmt::Debug for Aws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Aws")
    }
}
