//! What lies between the SDK and its server: an HTTP client that loses, delays and fails requests by plan.

use std::{
    fmt,
    future::pending,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use aws_sdk_dynamodb::{
    Client,
    config::{
        AsyncSleep, BehaviorVersion, Credentials, HttpClient, Region, RuntimeComponents, Sleep,
        http::{HttpRequest, HttpResponse},
        retry::{RetryConfig, RetryPartition, TokenBucket},
    },
    error::ConnectorError,
};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use serde_json::{Value, json};
use sqs_runtime::run::{Spawn, TokioSpawn};
use tokio::{
    sync::{Notify, oneshot},
    task::yield_now,
};

use super::{
    clock::Virtual,
    fault::{Applied, Fault, Reply},
    message::Message,
    server::{Request, Server},
    state::{Plan, State},
};

/// The time of every invocation: some ten tries of a transaction.
pub(super) const TIME: Duration = Duration::from_secs(6);

/// The longest pause of the SDK before it tries again.
const PAUSE: Duration = Duration::from_millis(1);

#[derive(Clone)]
pub(super) struct Wire(Arc<Shared>);

struct Shared {
    server: Server,
    clock: Virtual,
    state: Mutex<State>,
    killed: Notify,
}

impl Wire {
    /// With a server of its own.
    pub(super) fn new() -> Self {
        let (server, clock, state) = (Server::new(), Virtual::default(), Mutex::default());
        Self(Arc::new(Shared { server, clock, state, killed: Notify::new() }))
    }

    /// The SDK over this wire, with its own retries.
    pub(super) fn client(&self) -> Client {
        // One retry shows what more of them would.
        let retries = RetryConfig::standard().with_max_attempts(2);
        let retries = retries.with_initial_backoff(PAUSE).with_max_backoff(PAUSE);
        // Hundreds of failing cases share the client: they must not use up its retries.
        let bucket = RetryPartition::custom("faults").token_bucket(TokenBucket::unlimited()).build();
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(self.clone())
            .credentials_provider(Credentials::new("none", "none", None, None, "tests"))
            .region(Region::new("eu-west-1"))
            .endpoint_url("http://server.test")
            .retry_config(retries)
            .retry_partition(bucket)
            .sleep_impl(NoWaiting)
            .build();
        Client::from_conf(config)
    }

    pub(super) fn clock(&self) -> &Virtual {
        &self.0.clock
    }

    pub(super) fn server(&self) -> &Server {
        &self.0.server
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().expect("no panic")
    }

    /// Completes once the process was killed.
    pub(super) async fn killed(&self) {
        self.0.killed.notified().await;
    }

    /// Waits for what is under way, whoever waits for its answer.
    pub(super) async fn quiet(&self) {
        while self.state().in_flight > 0 {
            yield_now().await;
        }
    }

    /// Lets late requests land.
    pub(super) fn land(&self, when: Applied) {
        let due = self.state().late(when);
        // What a loser hears is of no interest; what it did to the row is looked at.
        due.iter().for_each(|message| drop(self.send(message)));
    }

    async fn answer(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let messages = Message::all(Request::of(&request));
        let plan = self.state().plan(&messages);
        match plan {
            Plan::Deliver => Ok(self.deliver(messages).await),
            Plan::Hit(Fault { applied, reply, .. }) => {
                self.apply(applied, messages).await;
                said(reply).await
            }
            Plan::HitSome(faults) => Ok(self.deliver_some(messages, &faults).await),
            Plan::Die(applied) => {
                self.apply(applied, messages).await;
                self.0.killed.notify_one();
                pending().await
            }
            Plan::Ignore => pending().await,
        }
    }

    async fn apply(&self, applied: Applied, messages: Vec<Message>) {
        match applied {
            Applied::Never => {}
            Applied::Now => drop(self.deliver(messages).await),
            late => messages.iter().for_each(|message| self.state().is_late(late, message)),
        }
    }

    /// Sends those that are not hit, and says of the others what hit them.
    async fn deliver_some(&self, messages: Vec<Message>, faults: &[Option<Fault>]) -> HttpResponse {
        let mut responses = Vec::new();
        for (message, fault) in messages.into_iter().zip(faults) {
            match fault {
                None => responses.push(self.deliver(vec![message]).await),
                Some(fault) => {
                    self.apply(fault.applied, vec![message]).await;
                    responses.push(said_of_one(fault.reply));
                }
            }
        }
        together(responses)
    }

    /// Sends them to the server. A task of its own: what is on the way arrives, also if nobody waits for it any more.
    async fn deliver(&self, messages: Vec<Message>) -> HttpResponse {
        let (tell, told) = oneshot::channel();
        self.state().in_flight += 1;
        let wire = self.clone();
        TokioSpawn.spawn(Box::pin(async move {
            let responses = messages.iter().map(|message| {
                let response = wire.send(message);
                let due = wire.state().late_behind(message);
                due.iter().for_each(|late| drop(wire.send(late)));
                response
            });
            let response = together(responses.collect());
            wire.state().in_flight -= 1;
            drop(tell.send(response));
        }));
        told.await.expect("an answer")
    }

    fn send(&self, message: &Message) -> HttpResponse {
        let response = self.0.server.serve(&message.request);
        self.state().ledger.note(message, &self.0.server, self.0.clock.now_ms());
        response
    }
}

/// The answer to all that travelled together; one that travelled alone has its own.
fn together(mut answers: Vec<HttpResponse>) -> HttpResponse {
    if answers.len() == 1 {
        return answers.swap_remove(0);
    }
    let answer = |response: &HttpResponse| {
        let body: Value = serde_json::from_slice(response.body().bytes().expect("in memory")).expect("JSON");
        body["Responses"][0].clone()
    };
    let answers: Vec<Value> = answers.iter().map(answer).collect();
    HttpResponse::new(200.try_into().expect("a status"), json!({"Responses": answers}).to_string().into())
}

/// What is said of one among others.
fn said_of_one(reply: Reply) -> HttpResponse {
    let code = if reply == Reply::ThrottledInCompany { "ThrottlingError" } else { "InternalServerError" };
    let body = json!({"Responses": [{"Error": {"Code": code, "Message": "by plan"}}]});
    HttpResponse::new(200.try_into().expect("a status"), body.to_string().into())
}

/// What the client hears instead of an answer.
async fn said(reply: Reply) -> Result<HttpResponse, ConnectorError> {
    let error = |status: u16, code: &str, more: &str| {
        let body = format!(r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{code}","message":"by plan"{more}}}"#);
        Ok(HttpResponse::new(status.try_into().expect("a status"), body.into()))
    };
    let cancelled = |first: &str, second: &str| {
        let reasons = format!(r#","CancellationReasons":[{{"Code":"{first}"}},{{"Code":"{second}"}}]"#);
        error(400, "TransactionCanceledException", &reasons)
    };
    match reply {
        Reply::Broken => Err(ConnectorError::io("the connection broke".into())),
        Reply::TimedOut => Err(ConnectorError::timeout("no answer in time".into())),
        Reply::Throttled => error(400, "ThrottlingException", ""),
        Reply::ServerError => error(500, "InternalServerError", ""),
        Reply::Never => pending().await,
        Reply::Conflict => cancelled("None", "TransactionConflict"),
        Reply::ThrottledInside => cancelled("ThrottlingError", "None"),
        Reply::InProgress => error(400, "TransactionInProgressException", ""),
        Reply::Mismatched => error(400, "IdempotentParameterMismatchException", ""),
        Reply::FailedInCompany | Reply::ThrottledInCompany => Ok(said_of_one(reply)),
    }
}

impl HttpClient for Wire {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().answer(request))
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

/// Pauses between attempts are over at once, and no time-out comes by itself: the plan says which do.
#[derive(Debug)]
struct NoWaiting;

impl AsyncSleep for NoWaiting {
    fn sleep(&self, duration: Duration) -> Sleep {
        let is_pause = duration <= PAUSE;
        Sleep::new(async move { if is_pause { yield_now().await } else { pending().await } })
    }
}
