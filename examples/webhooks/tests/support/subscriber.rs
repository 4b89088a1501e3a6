//! A subscriber in this process that answers as it is told.
#![allow(dead_code, reason = "each test file uses some of it")]

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, header::HeaderName},
    response::{IntoResponse, Response},
    routing::post,
};
use sqs_runtime::run::{Spawn, TokioSpawn};
use tokio::net::TcpListener;

/// A status, and perhaps a header.
pub(crate) type Answer = (u16, Option<(&'static str, &'static str)>);

/// What was posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Post {
    pub(crate) key: String,
    pub(crate) content_type: String,
    pub(crate) body: String,
}

/// Gives its answers in order, and then 200. Clones are the same subscriber.
#[derive(Clone)]
pub(crate) struct Subscriber {
    url: String,
    answers: Arc<Mutex<VecDeque<Answer>>>,
    posts: Arc<Mutex<Vec<Post>>>,
}

impl Subscriber {
    pub(crate) async fn start(answers: impl IntoIterator<Item = Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/hooks", listener.local_addr().expect("bound"));
        let answers = Arc::new(Mutex::new(answers.into_iter().collect()));
        let subscriber = Self { url, answers, posts: Arc::default() };
        let router = Router::new().route("/hooks", post(take)).with_state(subscriber.clone());
        TokioSpawn.spawn(Box::pin(async move { axum::serve(listener, router).await.expect("serves") }));
        subscriber
    }

    /// As the program's setting names it.
    pub(crate) fn setting(&self) -> String {
        format!("crm={}", self.url)
    }

    pub(crate) fn posts(&self) -> Vec<Post> {
        self.posts.lock().expect("no request panics").clone()
    }
}

async fn take(State(subscriber): State<Subscriber>, headers: HeaderMap, body: String) -> Response {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("none").to_owned();
    let taken = Post { key: header("idempotency-key"), content_type: header("content-type"), body };
    subscriber.posts.lock().expect("no request panics").push(taken);
    let (status, header) = subscriber.answers.lock().expect("no request panics").pop_front().unwrap_or((200, None));
    let mut response = StatusCode::from_u16(status).expect("a status").into_response();
    if let Some((name, value)) = header {
        response.headers_mut().insert(HeaderName::from_static(name), value.parse().expect("a header"));
    }
    response
}
