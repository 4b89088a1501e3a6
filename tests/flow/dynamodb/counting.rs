//! A DynamoDB in this process, with a wire that counts what goes over it.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex},
};

use aws_sdk_dynamodb::{
    Client,
    config::{
        HttpClient, RuntimeComponents, SharedHttpClient,
        http::{HttpRequest, HttpResponse},
    },
    error::ConnectorError,
    types::AttributeValue,
};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use dynoxide::{Database, server};
use serde_json::Value;
use sqs_runtime::{
    claim::dynamodb::{DynamoDbStore, Table},
    run::{Spawn, TokioSpawn},
};
use tokio::net::TcpListener;

use crate::dynamodb_client::{client_over, create_table};

/// What was sent, by operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) requests: usize,
    /// Of the idempotency table alone: 1 for a write of its own, 2 within a transaction.
    pub(super) write_units: usize,
    /// Of a consistent read of up to 4 KB.
    pub(super) read_units: usize,
    /// Items of a handler's own, in transactions.
    pub(super) own_items: usize,
}

/// A server with the table `idempotency`, and one `orders` for the handler.
#[derive(Clone)]
pub(super) struct Counted {
    pub(super) client: Client,
    sent: Arc<Mutex<Sent>>,
    losses: Arc<Mutex<Losses>>,
}

/// What gets lost on the way.
#[derive(Default)]
struct Losses {
    /// The first that meets a request is used once.
    ways: Vec<(&'static str, Way)>,
    /// Requests with any of these are denied, if nothing else happens to them.
    denied: &'static [&'static str],
    /// What the server's clock says, if not the truth.
    date: Option<&'static str>,
}

/// What happens to one request.
#[derive(Clone, Copy)]
enum Way {
    Open,
    LosesTheRequest,
    LosesTheReply,
    Denied,
    /// Nothing is sent, and nothing answered.
    Hangs,
}

impl Losses {
    /// A request is known by its operation, its update expression or its first statement.
    fn next(&mut self, operation: &str, body: &Value) -> Way {
        let update = body["UpdateExpression"].as_str().unwrap_or_default();
        let statement = body["Statements"][0]["Statement"].as_str().unwrap_or_default();
        let has = |of: &str| operation == of || update.contains(of) || statement.contains(of);
        match self.ways.iter().position(|(of, _)| has(of)) {
            Some(place) => self.ways.remove(place).1,
            None if self.denied.iter().any(|of| has(of)) => Way::Denied,
            None => Way::Open,
        }
    }
}

impl Counted {
    pub(super) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let endpoint = format!("http://{}", listener.local_addr().expect("bound"));
        let database = Database::memory().expect("a database");
        TokioSpawn.spawn(Box::pin(server::serve_on(listener, database)));
        let (sent, losses) = (Arc::default(), Arc::default());
        let real = aws_smithy_http_client::Builder::new().build_http();
        let client = client_over(Counter { real, sent: Arc::clone(&sent), losses: Arc::clone(&losses) }, &endpoint);
        create_table(&client, "idempotency", &["id"]).await;
        create_table(&client, "orders", &["orderId"]).await;
        let counted = Self { client, sent, losses };
        counted.take();
        counted
    }

    pub(super) fn store(&self) -> DynamoDbStore {
        DynamoDbStore::new(self.client.clone(), Table::new("idempotency"))
    }

    /// Loses so many requests of that kind, then so many replies to them.
    pub(super) fn lose(&self, of: &'static str, requests: usize, replies: usize) {
        let ways = [(requests, Way::LosesTheRequest), (replies, Way::LosesTheReply)];
        let ways = ways.into_iter().flat_map(|(count, way)| std::iter::repeat_n((of, way), count));
        self.losses.lock().expect("no panic").ways = ways.collect();
    }

    /// The next request of that kind is not answered.
    pub(super) fn hang(&self, of: &'static str) {
        self.losses.lock().expect("no panic").ways = vec![(of, Way::Hangs)];
    }

    /// Denies requests of these kinds.
    pub(super) fn deny(&self, denied: &'static [&'static str]) {
        self.losses.lock().expect("no panic").denied = denied;
    }

    /// The server's clock says this from now on; `None` for the truth.
    pub(super) fn date(&self, date: Option<&'static str>) {
        self.losses.lock().expect("no panic").date = date;
    }

    /// What was sent since the last time.
    pub(super) fn take(&self) -> Sent {
        std::mem::take(&mut self.sent.lock().expect("no panic"))
    }

    /// The item of an order.
    pub(super) async fn order(&self, id: &str) -> Option<HashMap<String, AttributeValue>> {
        let asked = self.client.get_item().table_name("orders").key("orderId", AttributeValue::S(id.into()));
        asked.consistent_read(true).send().await.expect("a table").item
    }
}

/// Counts, and passes on.
#[derive(Clone)]
struct Counter {
    real: SharedHttpClient,
    sent: Arc<Mutex<Sent>>,
    losses: Arc<Mutex<Losses>>,
}

impl Counter {
    fn count(&self, request: &HttpRequest) -> Way {
        let operation = request.headers().get("x-amz-target").and_then(|target| target.split('.').nth(1));
        let body: Value = serde_json::from_slice(request.body().bytes().unwrap_or_default()).unwrap_or_default();
        let mut sent = self.sent.lock().expect("no panic");
        sent.requests += 1;
        match operation {
            Some("UpdateItem") => sent.write_units += 1,
            Some("TransactWriteItems") => {
                sent.write_units += 2;
                sent.own_items += body["TransactItems"].as_array().map_or(0, Vec::len) - 1;
            }
            Some("BatchExecuteStatement") => sent.write_units += body["Statements"].as_array().map_or(0, Vec::len),
            Some("GetItem") => sent.read_units += 1,
            _ => {}
        }
        self.losses.lock().expect("no panic").next(operation.unwrap_or_default(), &body)
    }
}

impl HttpClient for Counter {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let (counter, real) = (self.clone(), self.real.http_connector(settings, components));
        SharedHttpConnector::new(Connector { counter, real })
    }
}

struct Connector {
    counter: Counter,
    real: SharedHttpConnector,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let lost = || Err(ConnectorError::io("the connection broke".into()));
        match self.counter.count(&request) {
            Way::Open => {
                let (answered, losses) = (self.real.call(request), Arc::clone(&self.counter.losses));
                HttpConnectorFuture::new(async move {
                    let mut response = answered.await?;
                    if let Some(date) = losses.lock().expect("no panic").date {
                        response.headers_mut().insert("date", date);
                    }
                    Ok(response)
                })
            }
            Way::LosesTheRequest => HttpConnectorFuture::ready(lost()),
            Way::Hangs => HttpConnectorFuture::new(std::future::pending()),
            Way::Denied => {
                let body = r#"{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"no"}"#;
                HttpConnectorFuture::ready(Ok(HttpResponse::new(400.try_into().expect("a status"), body.into())))
            }
            Way::LosesTheReply => {
                let answered = self.real.call(request);
                HttpConnectorFuture::new(async move {
                    answered.await?;
                    lost()
                })
            }
        }
    }
}

impl fmt::Debug for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Counter")
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connector")
    }
}
