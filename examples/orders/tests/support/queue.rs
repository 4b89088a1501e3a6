//! A queue that takes `SendMessageBatch` in SQS's JSON protocol, and refuses what it is told to.
//!
//! For the shop's producer and its relay, which send with the SDK. A consumer under test meets the kit's queues.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::{Value, json};
use sqs_runtime::run::{Spawn, TokioSpawn};
use tokio::net::TcpListener;

/// What the queue refuses.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Refuses {
    /// Every third entry, the first time that it comes: in turn as failed, and by leaving it out of the answer.
    SomeOnce,
    /// This order, always.
    Order(&'static str),
    /// Every request, as a queue that does not exist.
    Requests,
}

/// What came to the queue. Cheap to clone; clones share it.
#[derive(Clone)]
pub(crate) struct Queue {
    refuses: Refuses,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Clone, Default)]
pub(crate) struct Seen {
    /// Entries that were taken, in order.
    pub(crate) taken: Vec<Value>,
    /// Entries that were refused, in order.
    pub(crate) refused: Vec<Value>,
    /// How many entries each request had.
    pub(crate) batches: Vec<usize>,
}

impl Queue {
    /// Starts one, and hands out the endpoint too.
    pub(crate) async fn start(refuses: Refuses) -> (String, Self) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let endpoint = format!("http://{}", listener.local_addr().expect("bound"));
        let queue = Self { refuses, seen: Arc::default() };
        let router = Router::new().route("/", post(send_message_batch)).with_state(queue.clone());
        TokioSpawn.spawn(Box::pin(async move { axum::serve(listener, router).await.expect("serves") }));
        (endpoint, queue)
    }

    pub(crate) fn seen(&self) -> Seen {
        self.seen.lock().expect("no request panics").clone()
    }
}

async fn send_message_batch(State(queue): State<Queue>, headers: HeaderMap, body: Bytes) -> Response {
    assert_eq!(headers["x-amz-target"], "AmazonSQS.SendMessageBatch");
    if let Refuses::Requests = queue.refuses {
        let error = json!({"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "there is no such queue"});
        return (StatusCode::BAD_REQUEST, Json(error)).into_response();
    }
    let request: Value = serde_json::from_slice(&body).expect("JSON");
    let entries = request["Entries"].as_array().expect("entries");
    let ids: HashSet<&str> = entries.iter().filter_map(|entry| entry["Id"].as_str()).collect();
    assert!((1..=10).contains(&entries.len()) && ids.len() == entries.len(), "{request}");
    let mut seen = queue.seen.lock().expect("no request panics");
    seen.batches.push(entries.len());
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for entry in entries {
        let nth = seen.taken.len() + seen.refused.len();
        match refusal(queue.refuses, nth, entry, &seen) {
            None => {
                successful.push(taken(entry, nth));
                seen.taken.push(entry.clone());
            }
            Some(answer) => {
                failed.extend(answer);
                seen.refused.push(entry.clone());
            }
        }
    }
    Json(json!({"Successful": successful, "Failed": failed})).into_response()
}

/// Whether the entry is refused, and then what is said about it.
fn refusal(refuses: Refuses, nth: usize, entry: &Value, seen: &Seen) -> Option<Option<Value>> {
    let was_refused = || seen.refused.iter().any(|refused| refused["MessageBody"] == entry["MessageBody"]);
    let failed = json!({"Id": entry["Id"], "SenderFault": false, "Code": "InternalError", "Message": "not now"});
    match refuses {
        Refuses::SomeOnce if nth.is_multiple_of(3) && !was_refused() => Some((nth.is_multiple_of(2)).then_some(failed)),
        Refuses::Order(id) if entry["MessageBody"].as_str().is_some_and(|body| body.contains(id)) => Some(Some(failed)),
        _ => None,
    }
}

/// Without digests: the producer looks at none.
fn taken(entry: &Value, nth: usize) -> Value {
    json!({"Id": entry["Id"], "MessageId": format!("m-{nth}")})
}
