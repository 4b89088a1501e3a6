//! What lies between the SDK and its server: an HTTP client that loses, delays and fails requests by plan.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    future::pending,
    sync::{Arc, Mutex, MutexGuard, OnceLock},
    time::{Duration, UNIX_EPOCH},
};

use aws_sdk_dynamodb::{
    Client,
    config::{
        AsyncSleep, BehaviorVersion, Credentials, HttpClient, Region, RuntimeComponents, SharedHttpClient, Sleep,
        http::{HttpRequest, HttpResponse},
        retry::{RetryConfig, RetryPartition, TokenBucket},
    },
    error::ConnectorError,
};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use dynoxide::{Database, server};
use sqs_runtime::{
    Clock,
    run::{Spawn, TokioSpawn},
    testkit::ManualClock,
};
use tokio::{
    net::TcpListener,
    sync::{Notify, oneshot},
    task::yield_now,
};

use super::{
    fault::{Applied, Fault, Kill, Operation, Point, Reply, Scope, Stage},
    ledger::{Kind, Ledger, Message, Row, TABLE},
};

/// The time of every invocation.
pub(super) const TIME: Duration = Duration::from_secs(30);

#[derive(Clone)]
pub(super) struct Wire(Arc<Shared>);

struct Shared {
    real: SharedHttpClient,
    connector: OnceLock<SharedHttpConnector>,
    endpoint: String,
    database: Database,
    clock: ManualClock,
    state: Mutex<State>,
    killed: Notify,
}

/// What is planned and what happened in one case.
#[derive(Default)]
pub(super) struct State {
    pub(super) keys: Vec<String>,
    faults: Vec<Point>,
    kill: Option<Kill>,
    /// Counted from 1; faults are those of the first.
    pub(super) delivery: u32,
    pub(super) ledger: Ledger,
    /// The operations of the first delivery.
    pub(super) seen: BTreeSet<Operation>,
    /// Who claimed in this delivery.
    pub(super) owners: BTreeSet<String>,
    requests: usize,
    attempts: BTreeMap<Operation, u32>,
    late: Vec<(Applied, Message, HttpRequest)>,
    is_dead: bool,
    in_flight: usize,
}

/// What happens to one request.
enum Plan {
    Deliver,
    Hit(Fault),
    Die(Applied),
    /// The process is gone already.
    Ignore,
}

impl State {
    pub(super) fn new(keys: Vec<String>, faults: Vec<Point>, kill: Option<Kill>) -> Self {
        Self { keys, faults, kill, ..Self::default() }
    }

    pub(super) fn begin_delivery(&mut self) {
        self.delivery += 1;
        (self.requests, self.is_dead) = (0, false);
        self.attempts.clear();
        self.owners.clear();
    }

    pub(super) fn row(&self, record: usize) -> Row {
        self.ledger.row(&self.keys[record])
    }

    fn plan(&mut self, message: &Message) -> Plan {
        if self.is_dead {
            return Plan::Ignore;
        }
        self.requests += 1;
        if self.delivery > 1 {
            return Plan::Deliver;
        }
        let record = self.keys.iter().position(|key| *key == message.key).expect("a key of this case");
        let settle = Operation { stage: Stage::Settle, record };
        let operation = Operation { stage: message.stage(self.attempts.contains_key(&settle)), record };
        self.seen.insert(operation);
        let attempts = self.attempts.entry(operation).or_default();
        *attempts += 1;
        let is_first = *attempts == 1;
        if let Some(kill) = self.kill.filter(|kill| kill.at == self.requests) {
            self.is_dead = true;
            return Plan::Die(kill.applied);
        }
        let fault = self.faults.iter().find(|(at, _)| *at == operation).map(|(_, fault)| *fault);
        fault.filter(|fault| is_first || fault.scope == Scope::EveryAttempt).map_or(Plan::Deliver, Plan::Hit)
    }

    /// Copies of the requests that land now.
    fn late(&mut self, is_due: impl Fn(&Applied, &Message) -> bool) -> Vec<(Message, HttpRequest)> {
        let due = self.late.iter().filter(|(when, message, _)| is_due(when, message));
        due.map(|(_, message, request)| (message.clone(), copy(request))).collect()
    }
}

fn copy(request: &HttpRequest) -> HttpRequest {
    request.try_clone().expect("a body in memory")
}

impl Wire {
    /// A server of its own, and a table in it.
    pub(super) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let endpoint = format!("http://{}", listener.local_addr().expect("bound"));
        let database = Database::memory().expect("a database");
        TokioSpawn.spawn(Box::pin(server::serve_on(listener, database.clone())));
        crate::dynamodb_client::create_table(&crate::dynamodb_client::client(&endpoint), TABLE, &["id"]).await;
        let real = aws_smithy_http_client::Builder::new().build_http();
        let (clock, state, killed) = (ManualClock::new(), Mutex::default(), Notify::new());
        let connector = OnceLock::new();
        Self(Arc::new(Shared { real, connector, endpoint, database, clock, state, killed }))
    }

    /// The SDK over this wire, with its own retries.
    pub(super) fn client(&self) -> Client {
        let millisecond = Duration::from_millis(1);
        // One retry shows what more of them would.
        let retries = RetryConfig::standard().with_max_attempts(2);
        let retries = retries.with_initial_backoff(millisecond).with_max_backoff(millisecond);
        // Hundreds of failing cases share the client: they must not use up its retries.
        let bucket = RetryPartition::custom("faults").token_bucket(TokenBucket::unlimited()).build();
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(self.clone())
            .credentials_provider(Credentials::new("none", "none", None, None, "tests"))
            .region(Region::new("eu-west-1"))
            .endpoint_url(&self.0.endpoint)
            .retry_config(retries)
            .retry_partition(bucket)
            .sleep_impl(NoWaiting)
            .build();
        Client::from_conf(config)
    }

    pub(super) fn clock(&self) -> &ManualClock {
        &self.0.clock
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
    pub(super) async fn land(&self, when: Applied) {
        let due = self.state().late(|at, _| *at == when);
        for (message, request) in due {
            // What a loser hears is of no interest; what it did to the row is looked at.
            drop(self.deliver(message, request).await);
        }
    }

    async fn answer(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let message = Message::of(request.body().bytes().expect("a body in memory"));
        let plan = {
            let mut state = self.state();
            if message.kind == Kind::Claim {
                state.owners.insert(message.owner().to_owned());
            }
            state.plan(&message)
        };
        match plan {
            Plan::Deliver => self.deliver(message, request).await,
            Plan::Hit(Fault { applied, reply, .. }) => {
                self.apply(applied, message, request).await;
                self.reply(reply).await
            }
            Plan::Die(applied) => {
                self.apply(applied, message, request).await;
                self.0.killed.notify_one();
                pending().await
            }
            Plan::Ignore => pending().await,
        }
    }

    async fn apply(&self, applied: Applied, message: Message, request: HttpRequest) {
        match applied {
            Applied::Never => {}
            Applied::Now => drop(self.deliver(message, request).await),
            late => self.state().late.push((late, message, request)),
        }
    }

    async fn reply(&self, reply: Reply) -> Result<HttpResponse, ConnectorError> {
        let error = |status: u16, code: &str| {
            let body = format!(r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{code}","message":"by plan"}}"#);
            Ok(HttpResponse::new(status.try_into().expect("a status"), body.into()))
        };
        match reply {
            Reply::Broken => Err(ConnectorError::io("the connection broke".into())),
            Reply::TimedOut => Err(ConnectorError::timeout("no answer in time".into())),
            Reply::Throttled => error(400, "ThrottlingException"),
            Reply::ServerError => error(500, "InternalServerError"),
            Reply::Never => {
                self.quiet().await;
                self.0.clock.advance(TIME);
                pending().await
            }
        }
    }

    /// Sends it to the server. A task of its own: what is on the way arrives, also if nobody waits for it any more.
    async fn deliver(&self, message: Message, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let (tell, told) = oneshot::channel();
        self.state().in_flight += 1;
        let wire = self.clone();
        TokioSpawn.spawn(Box::pin(async move {
            let response = wire.send(&message, request).await;
            if message.kind == Kind::Claim {
                let is_due = |at: &Applied, late: &Message| {
                    *at == Applied::InTheNextDelivery && late.key == message.key && late.owner() != message.owner()
                };
                let due = wire.state().late(is_due);
                for (message, request) in due {
                    drop(wire.send(&message, request).await);
                }
            }
            wire.state().in_flight -= 1;
            drop(tell.send(response));
        }));
        told.await.expect("an answer")
    }

    async fn send(&self, message: &Message, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let response = self.0.connector.get().expect("the client is in use").call(request).await;
        let now = self.0.clock.wall().duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
        let now = u64::try_from(now).expect("fits");
        self.state().ledger.note(message, &self.0.database, now);
        response
    }
}

impl HttpClient for Wire {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        self.0.connector.get_or_init(|| self.0.real.http_connector(settings, components));
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
        let is_pause = duration < Duration::from_millis(100);
        Sleep::new(async move { if is_pause { yield_now().await } else { pending().await } })
    }
}
