//! ECS task protection, asked for over real sockets from an agent in this process.
//!
//! Time is virtual and stands, but where a test moves it: sockets take as long as they take.

use std::{
    sync::{Arc, mpsc},
    time::Duration,
};

use serde_json::{Value, json};
use sqs_runtime::{
    run::{Worker, WorkerConfig, WorkerHandle},
    testkit::QueueSettings,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    task::JoinHandle,
};

use super::{Site, once, seconds};

/// Keeps virtual time from passing by itself.
struct Still(#[expect(dead_code, reason = "its end is told by its drop")] mpsc::Sender<()>);

fn still() -> Still {
    let (sender, receiver) = mpsc::channel::<()>();
    // Time does not pass by itself while a blocking task runs.
    tokio::task::spawn_blocking(move || {
        let _ = receiver.recv();
    });
    Still(sender)
}

/// The agent's side of the calls.
struct Agent {
    uri: String,
    calls: UnboundedReceiver<Value>,
}

impl Agent {
    /// Answers each call so; `None` is no answer at all.
    async fn start(answer: impl Fn(bool) -> Option<Value> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}/api/c0ffee", listener.local_addr().unwrap());
        let (tell, calls) = unbounded_channel();
        tokio::spawn(async move {
            let mut unanswered = Vec::new();
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let call = read_call(&mut stream).await;
                match answer(call["ProtectionEnabled"] == true) {
                    Some(answer) => reply(&mut stream, &answer).await,
                    None => unanswered.push(stream),
                }
                if tell.send(call).is_err() {
                    return;
                }
            }
        });
        Self { uri, calls }
    }

    async fn granting() -> Self {
        Self::start(|enabled| Some(json!({"protection": {"ProtectionEnabled": enabled, "TaskArn": "t"}}))).await
    }

    /// The next call, once it is over.
    async fn next(&mut self) -> Value {
        self.calls.recv().await.unwrap()
    }

    /// How many calls came that nobody looked at.
    fn more(&self) -> usize {
        self.calls.len()
    }
}

async fn read_call(stream: &mut TcpStream) -> Value {
    let mut read = Vec::new();
    loop {
        assert!(stream.read_buf(&mut read).await.unwrap() > 0, "a whole request");
        let text = String::from_utf8(read.clone()).unwrap();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        assert!(head.starts_with("PUT /api/c0ffee/task-protection/v1/state HTTP/1.0\r\n"), "{head}");
        let length: usize = head.rsplit_once("Content-Length: ").unwrap().1.lines().next().unwrap().parse().unwrap();
        if body.len() == length {
            return serde_json::from_str(body).unwrap();
        }
    }
}

/// Comes back when the other side has read the answer, and closed.
async fn reply(stream: &mut TcpStream, answer: &Value) {
    let answer = format!("HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{answer}");
    stream.write_all(answer.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    while stream.read(&mut [0; 64]).await.is_ok_and(|read| read > 0) {}
}

/// A queue that hides its messages for half a day, so that no beat comes in between.
fn site() -> Site {
    let mut settings = QueueSettings::new("orders");
    settings.visibility_timeout = seconds(12 * 3_600 - 120);
    Site::new(settings)
}

fn start(site: &Site, agent: &Agent) -> (WorkerHandle, JoinHandle<()>) {
    site.start(site.consumer().idempotency(once()), WorkerConfig::new().task_protection(agent.uri.as_str()))
}

/// Lets time pass, and what follows from that happen.
async fn pass(time: Duration) {
    tokio::time::advance(time).await;
    settle().await;
}

async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

fn on() -> Value {
    json!({"ProtectionEnabled": true, "ExpiresInMinutes": 30})
}

fn off() -> Value {
    json!({"ProtectionEnabled": false})
}

#[tokio::test(start_paused = true)]
async fn a_task_is_protected_while_it_has_messages_and_not_long_after() {
    let (_still, site, mut agent) = (still(), site(), Agent::granting().await);
    site.send(["2000"]);
    let (handle, running) = start(&site, &agent);
    assert_eq!(agent.next().await, on());
    pass(seconds(899)).await;
    assert_eq!(agent.more(), 0);
    pass(seconds(1)).await;
    assert_eq!(agent.next().await, on());
    pass(seconds(900)).await;
    assert_eq!(agent.next().await, on());
    pass(seconds(200)).await;
    assert_eq!((site.ran.finished(), agent.more()), (1, 0));
    pass(seconds(59)).await;
    assert_eq!(agent.more(), 0);
    pass(seconds(1)).await;
    assert_eq!(agent.next().await, off());
    pass(seconds(3_600)).await;
    assert_eq!(agent.more(), 0, "an idle task asks for nothing");
    handle.stop();
    tokio::time::advance(seconds(20)).await;
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn messages_that_follow_each_other_cost_one_call() {
    let (_still, site, mut agent) = (still(), site(), Agent::granting().await);
    site.send(["1"]);
    let (handle, running) = start(&site, &agent);
    assert_eq!(agent.next().await, on());
    for n in 0..30 {
        pass(seconds(2)).await;
        assert_eq!((site.ran.finished(), agent.more()), (n + 1, 0));
        site.send([format!("1 {n}")]);
        settle().await;
    }
    handle.end();
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_refusal_stops_no_work_and_is_asked_about_again_after_a_minute() {
    let refused = || Some(json!({"failure": {"Arn": "t", "Detail": null, "Reason": "TASK_NOT_VALID"}}));
    let (_still, site, mut agent) = (still(), site(), Agent::start(move |_| refused()).await);
    site.send(["10", "100"]);
    let (handle, running) = start(&site, &agent);
    assert_eq!(agent.next().await, on());
    pass(seconds(59)).await;
    assert_eq!((site.ran.finished(), agent.more()), (1, 0));
    pass(seconds(1)).await;
    assert_eq!(agent.next().await, on());
    pass(seconds(40)).await;
    assert_eq!((site.ran.finished(), handle.stats().done), (2, 2));
    handle.end();
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_does_not_answer_stops_no_work() {
    let (_still, site, mut agent) = (still(), site(), Agent::start(|_| None).await);
    site.send(["10"]);
    let (handle, running) = start(&site, &agent);
    assert_eq!(agent.next().await, on());
    pass(seconds(8)).await;
    pass(seconds(2)).await;
    assert_eq!((site.ran.finished(), agent.more()), (1, 0));
    // What was asked for may have come true all the same.
    pass(seconds(60)).await;
    assert_eq!(agent.next().await, off());
    handle.end();
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_is_not_there_stops_no_work() {
    let site = Site::standard();
    site.send(["10"]);
    // Bound and not listening: a port that was given back another test might take.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let nobody = socket.local_addr().unwrap();
    let config = WorkerConfig::new().task_protection(format!("http://{nobody}/api"));
    let (handle, running) = site.start(site.consumer().idempotency(once()), config);
    site.pass(seconds(11)).await;
    assert_eq!((site.ran.finished(), handle.stats().deleted), (1, 1));
    handle.stop();
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_is_named_wrongly_is_a_mistake_of_the_settings() {
    let site = site();
    let config = WorkerConfig::new().queue(site.queue.arn()).task_protection("https://169.254.170.2/api");
    let worker = Worker::new(site.consumer().idempotency(once()), Arc::clone(&site.queue), config);
    assert!(worker.unwrap_err().is_settings());
}
