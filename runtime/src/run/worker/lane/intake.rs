//! What becomes of messages that were received.

use std::{sync::Arc, time::Duration};

use tokio::sync::mpsc;

use super::Polled;
use crate::{
    batch::Batch,
    queue::{ReceivedMessage, event_of},
    run::{
        pipeline::{Hold, InFlight, Kept, Permits},
        worker::{
            keeper::{Fate, Taken},
            stop::Stage,
        },
    },
};

/// Hands messages on: to a batch that runs them; back to the queue where the worker stops; out of the queue where they are done.
pub(super) fn take(
    queue: &Arc<Polled>,
    messages: Vec<ReceivedMessage>,
    permits: Permits,
    asked_at: Duration,
    arriving: InFlight,
) {
    let common = &queue.common;
    common.something_came();
    common.stats.received(messages.len());
    if let Some(recorder) = common.recorder.as_ref().filter(|recorder| recorder.has_room()) {
        recorder.record(&event_of(queue.arn(), &messages));
    }
    let (done, open): (Vec<_>, Vec<_>) =
        messages.into_iter().partition(|message| common.done.contains(&message.message_id));
    if let Some(batch) = batch(queue, &done) {
        common.keep(Taken::new(common.next_receive(), batch, asked_at, queue.visibility_timeout, Fate::Done));
    }
    let Some(batch) = batch(queue, &open) else { return };
    if common.stop.stage() == Stage::Running {
        run(queue, batch, permits, asked_at, arriving);
    } else {
        common.stats.given_back(batch.len());
        common.keep(Taken::new(common.next_receive(), batch, asked_at, queue.visibility_timeout, Fate::GivenBack));
    }
}

fn batch(queue: &Polled, messages: &[ReceivedMessage]) -> Option<Batch> {
    if messages.is_empty() {
        return None;
    }
    match Batch::from_json(event_of(queue.arn(), messages)) {
        Ok(batch) => Some(batch),
        Err(error) => {
            tracing::error!(%error, "received messages make no batch; they come back");
            None
        }
    }
}

fn run(queue: &Arc<Polled>, batch: Batch, mut permits: Permits, asked_at: Duration, arriving: InFlight) {
    let common = &queue.common;
    permits.keep(batch.len());
    let hidden_until = asked_at + queue.visibility_timeout;
    let holds: Arc<[Hold]> = (0..batch.len()).map(|_| Hold::until(hidden_until)).collect();
    let (orders, ordered) = mpsc::unbounded_channel();
    let taken = Taken::new(
        common.next_receive(),
        batch.clone(),
        asked_at,
        queue.visibility_timeout,
        Fate::Run { orders, holds: Arc::clone(&holds) },
    );
    let kept = Kept {
        receive: taken.receive,
        received: asked_at,
        permits,
        holds,
        arriving: Some(arriving),
        told: common.told.clone(),
        orders: ordered,
    };
    // The keeper knows of them before they run.
    common.keep(taken);
    common.seams.spawner.spawn(common.pipeline.keep(batch, kept));
}
