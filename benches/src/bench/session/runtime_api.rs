//! Lambda's Runtime API: hands out one invocation at a time, and hears the answer.

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use anyhow::{Context as _, bail};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
    serve::ListenerExt as _,
};
use sqs_runtime::{
    Clock as _, SystemClock,
    run::{Spawn as _, TokioSpawn},
};
use tokio::{
    net::TcpListener,
    sync::{Mutex, mpsc, oneshot},
};

/// Until an invocation's deadline.
const TIME: Duration = Duration::from_secs(900);

pub(super) struct RuntimeApi {
    /// What `AWS_LAMBDA_RUNTIME_API` says.
    pub(super) address: String,
    events: mpsc::UnboundedSender<String>,
    heard: mpsc::UnboundedReceiver<Heard>,
    /// The server ends with it.
    _open: oneshot::Sender<()>,
}

/// What came from the process, and when.
enum Heard {
    /// It asks for an invocation.
    Ready(Duration),
    /// It got one.
    Handed(Duration),
    Answered(Duration, Bytes),
    Failed(Bytes),
}

/// What was said about an invocation.
pub(super) struct Answer {
    pub(super) took: Duration,
    pub(super) body: Bytes,
}

struct Server {
    clock: SystemClock,
    events: Mutex<mpsc::UnboundedReceiver<String>>,
    told: mpsc::UnboundedSender<Heard>,
}

impl RuntimeApi {
    pub(super) async fn start(clock: SystemClock) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?.to_string();
        let (events, to_hand_out) = mpsc::unbounded_channel();
        let (told, heard) = mpsc::unbounded_channel();
        let (open, closed) = oneshot::channel::<()>();
        let server = Arc::new(Server { clock, events: Mutex::new(to_hand_out), told });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(answered))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(failed))
            .route("/2018-06-01/runtime/init/error", post(failed))
            .with_state(server);
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        let serving = axum::serve(listener, router).with_graceful_shutdown(async { drop(closed.await) });
        TokioSpawn.spawn(Box::pin(async { drop(serving.await) }));
        Ok(Self { address, events, heard, _open: open })
    }

    /// When the process asked for an invocation.
    pub(super) async fn ready(&mut self) -> anyhow::Result<Duration> {
        match self.hear().await? {
            Heard::Ready(at) => Ok(at),
            _ => bail!("the process said something before it asked for an invocation"),
        }
    }

    /// Hands out an event; the process has asked for one.
    pub(super) async fn invoke(&mut self, event: String) -> anyhow::Result<Answer> {
        self.events.send(event).context("the server is gone")?;
        match (self.hear().await?, self.hear().await?) {
            (Heard::Handed(at), Heard::Answered(then, body)) => Ok(Answer { took: then.saturating_sub(at), body }),
            _ => bail!("the process did not answer its invocation"),
        }
    }

    async fn hear(&mut self) -> anyhow::Result<Heard> {
        match self.heard.recv().await.context("the server is gone")? {
            Heard::Failed(body) => bail!("an error was posted: {}", String::from_utf8_lossy(&body)),
            heard => Ok(heard),
        }
    }
}

impl Server {
    /// Nobody listens any more once the session is over.
    fn tell(&self, heard: Heard) {
        let _ = self.told.send(heard);
    }
}

async fn next(State(server): State<Arc<Server>>) -> Response {
    server.tell(Heard::Ready(server.clock.monotonic()));
    let Some(event) = server.events.lock().await.recv().await else { return StatusCode::GONE.into_response() };
    let deadline = server.clock.wall() + TIME;
    let deadline = deadline.duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned()),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-central-1:123456789012:function:orders".to_owned()),
        ("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0".to_owned()),
    ];
    server.tell(Heard::Handed(server.clock.monotonic()));
    (headers, event).into_response()
}

async fn answered(State(server): State<Arc<Server>>, body: Bytes) -> StatusCode {
    server.tell(Heard::Answered(server.clock.monotonic(), body));
    StatusCode::ACCEPTED
}

async fn failed(State(server): State<Arc<Server>>, body: Bytes) -> StatusCode {
    server.tell(Heard::Failed(body));
    StatusCode::ACCEPTED
}
