//! The handler.

use std::{error::Error, fmt, sync::Arc, time::Duration};

use reqwest::{
    Client,
    header::{CONTENT_TYPE, HeaderName},
    redirect,
};
use sqs_runtime::{
    Clock, Failure, SystemClock,
    claim::IdempotencyKey,
    extract::{Json, State},
};

use crate::{
    Event, Subscribers,
    answer::{judge, unanswered},
};

/// How long one post may take. A time limit of its own: without one, a subscriber that never answers holds its message until the
/// invocation's deadline, and with it everything that waits for a permit.
const TIMEOUT: Duration = Duration::from_secs(5);

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// What the handler needs.
#[derive(Clone)]
pub struct Courier {
    client: Client,
    subscribers: Subscribers,
    /// By which dates are told from now.
    clock: Arc<dyn Clock>,
}

impl Courier {
    /// Posts to these subscribers.
    ///
    /// # Errors
    ///
    /// If no HTTP client can be made.
    pub fn new(subscribers: Subscribers) -> Result<Self, NoClient> {
        // A post goes where it was sent: through no proxy of the environment, and along no redirect.
        let client = Client::builder().timeout(TIMEOUT).no_proxy().redirect(redirect::Policy::none()).build();
        Ok(Self { client: client.map_err(NoClient)?, subscribers, clock: Arc::new(SystemClock::new()) })
    }

    /// The same by another clock; for tests.
    #[must_use]
    pub fn clock(self, clock: impl Clock) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }
}

impl fmt::Debug for Courier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Courier").field("subscribers", &self.subscribers).finish_non_exhaustive()
    }
}

/// Posts one event to its subscriber.
///
/// # Errors
///
/// Rejects an event for a subscriber whom nobody knows, and one that its subscriber will never take. Asks for a retry in all
/// other cases, also where nobody knows whether it was taken: better twice than never.
pub async fn post(
    State(courier): State<Courier>,
    key: IdempotencyKey,
    Json(event): Json<Event>,
) -> Result<(), Failure> {
    let url = courier.subscribers.url(&event.subscriber).ok_or_else(unknown)?;
    // The hash alone: the namespace is nobody else's business.
    let post = courier.client.post(url.clone()).header(IDEMPOTENCY_KEY, key.hash());
    let post = post.header(CONTENT_TYPE, "application/json").body(event.payload.get().to_owned());
    let response = post.send().await.map_err(unanswered)?;
    judge(response.status(), response.headers(), courier.clock.wall())
}

/// For now: it may be added, and the message moved back.
fn unknown() -> Failure {
    Failure::reject("nobody knows the subscriber").for_now()
}

/// No HTTP client can be made.
#[derive(Debug)]
pub struct NoClient(reqwest::Error);

impl fmt::Display for NoClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no HTTP client can be made: {}", self.0)
    }
}

impl Error for NoClient {}
