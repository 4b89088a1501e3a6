//! The Runtime API of Lambda, played by the test: hands out invocations, hears the answers.

use std::{
    collections::BTreeMap,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::{Duration, SystemTime},
};

use sqs_runtime::{
    Clock as _, SystemClock,
    run::{Spawn as _, TokioSpawn},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Mutex, mpsc},
};

use super::{
    answer::{Answer, Kind},
    http::{Connection, Request, Response},
};

/// An event on its way to the process.
pub(super) struct Invocation {
    event: String,
    deadline: Deadline,
    trace: String,
}

enum Deadline {
    /// That long after the process took the invocation.
    In(Duration),
    /// Milliseconds since 1970.
    At(u64),
}

impl Invocation {
    /// An invocation with more time than any test takes.
    pub(super) fn new(event: impl Into<String>) -> Self {
        let trace = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0".to_owned();
        Self { event: event.into(), deadline: Deadline::In(Duration::from_secs(600)), trace }
    }

    /// The same with that header of X-Ray.
    pub(super) fn traced(self, header: &str) -> Self {
        Self { trace: header.to_owned(), ..self }
    }

    /// The same with so much time from when the process takes it.
    pub(super) fn deadline_in(self, time: Duration) -> Self {
        Self { deadline: Deadline::In(time), ..self }
    }

    /// The same with a deadline in milliseconds since 1970.
    pub(super) fn deadline_at(self, epoch_ms: u64) -> Self {
        Self { deadline: Deadline::At(epoch_ms), ..self }
    }
}

/// The side of the test.
pub(super) struct FakeRuntimeApi {
    address: SocketAddr,
    sent: usize,
    queue: mpsc::UnboundedSender<(String, Invocation)>,
    answers: mpsc::UnboundedReceiver<Answer>,
}

/// The side of the process.
struct Server {
    clock: SystemClock,
    /// Who waits for an invocation waits here, and with an empty queue for as long as it takes.
    queue: Mutex<mpsc::UnboundedReceiver<(String, Invocation)>>,
    /// Deadlines of what was handed out and is not answered, by request id.
    pending: Mutex<BTreeMap<String, SystemTime>>,
    answers: mpsc::UnboundedSender<Answer>,
}

impl FakeRuntimeApi {
    pub(super) async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (queue, queued) = mpsc::unbounded_channel();
        let (answered, answers) = mpsc::unbounded_channel();
        let server = Server {
            clock: SystemClock::new(),
            queue: Mutex::new(queued),
            pending: Mutex::default(),
            answers: answered,
        };
        TokioSpawn.spawn(Box::pin(Arc::new(server).listen(listener)));
        Ok(Self { address, sent: 0, queue, answers })
    }

    /// What `AWS_LAMBDA_RUNTIME_API` says.
    pub(super) fn address(&self) -> String {
        self.address.to_string()
    }

    /// Puts an invocation into the queue and gives its request id.
    pub(super) fn send(&mut self, invocation: Invocation) -> String {
        self.sent += 1;
        let request_id = format!("invocation-{}", self.sent);
        // Without a server there is no answer either, and that fails the test.
        let _ = self.queue.send((request_id.clone(), invocation));
        request_id
    }

    /// The next answer, in the order in which they come.
    pub(super) async fn answer(&mut self) -> Option<Answer> {
        self.answers.recv().await
    }
}

impl Server {
    async fn listen(self: Arc<Self>, listener: TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            let connection = Arc::clone(&self).serve(stream);
            // A connection that breaks off belongs to a process that was ended.
            TokioSpawn.spawn(Box::pin(async { drop(connection.await) }));
        }
    }

    async fn serve(self: Arc<Self>, stream: TcpStream) -> io::Result<()> {
        let mut connection = Connection::new(stream);
        while let Some(request) = connection.read().await? {
            connection.write(self.respond(request).await).await?;
        }
        Ok(())
    }

    async fn respond(&self, request: Request) -> Response {
        let Some(path) = request.path.strip_prefix("/2018-06-01/runtime/invocation/") else { return not_found() };
        match (request.method.as_str(), path.split_once('/')) {
            ("GET", None) if path == "next" => self.next().await,
            ("POST", Some((id, "response"))) => self.answered(id, Kind::Response, &request.body).await,
            ("POST", Some((id, "error"))) => self.answered(id, Kind::Error, &request.body).await,
            _ => not_found(),
        }
    }

    async fn next(&self) -> Response {
        let Some((request_id, invocation)) = self.queue.lock().await.recv().await else { return not_found() };
        let deadline = match invocation.deadline {
            Deadline::In(time) => self.clock.wall() + time,
            Deadline::At(epoch_ms) => SystemTime::UNIX_EPOCH + Duration::from_millis(epoch_ms),
        };
        let deadline_ms = deadline.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
        self.pending.lock().await.insert(request_id.clone(), deadline);
        let headers = vec![
            ("content-type", "application/json".into()),
            ("lambda-runtime-aws-request-id", request_id),
            ("lambda-runtime-deadline-ms", deadline_ms.to_string()),
            ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-west-1:123456789012:function:orders".into()),
            ("lambda-runtime-trace-id", invocation.trace),
        ];
        Response { status: "200 OK", headers, body: invocation.event }
    }

    async fn answered(&self, request_id: &str, kind: Kind, body: &[u8]) -> Response {
        let now = self.clock.wall();
        let mut pending = self.pending.lock().await;
        let ids = pending.keys().cloned().collect();
        let Some(deadline) = pending.remove(request_id) else { return Response::empty("400 Bad Request") };
        let answer = Answer::new(request_id.to_owned(), kind, body, deadline.duration_since(now).ok(), ids);
        // Nobody listens any more once the test is over.
        let _ = self.answers.send(answer);
        Response::empty("202 Accepted")
    }
}

fn not_found() -> Response {
    Response::empty("404 Not Found")
}
