//! Whether a handler survives redelivery: it is killed wherever it can die, and the messages come again.
//!
//! One clean run says what should happen. Then a process is killed at its first kill point, another one at the second, and so on
//! to the last; each time the messages are delivered again until all are done, and what happened in the end must be what happened
//! in the clean run. Kill points are
//!
//! - each wait of a handler;
//! - at each call on the world's [`Effects`] two: before it happened, and after;
//! - inside each call to the consumer's store (the claim, the completion, the transaction, a step's claim) two: before it is sent,
//!   and after it has landed and before its answer is read.
//!
//! ```
//! use sqs_runtime::{Consumer, Failure, claim::IdempotencyKey, extract::{MessageId, State}};
//! use sqs_runtime::testkit::{event::{Event, Message}, redelivery::{Effects, World, redelivery_check}};
//!
//! /// The provider remembers keys, so a charge that is repeated charges nothing.
//! async fn place(State(card): State<Effects>, key: IdempotencyKey, MessageId(id): MessageId) {
//!     card.happen_once(key.as_str(), format!("charged {id}")).await;
//! }
//! /// This one does not.
//! async fn careless(State(card): State<Effects>, MessageId(id): MessageId) {
//!     card.happen(format!("charged {id}")).await;
//! }
//!
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! let event = Event::standard("orders").message(Message::text("x").id("m-1"));
//! let careful = |world: &World| Consumer::new(place).state(world.effects()).idempotency(world.idempotency());
//! let survived = redelivery_check(careful, &event).await.unwrap();
//! assert_eq!(survived.len(), 6); // in the claim, at the charge and in the completion, two each
//!
//! let careless = |world: &World| Consumer::new(careless).state(world.effects()).idempotency(world.idempotency());
//! let difference = redelivery_check(careless, &event).await.unwrap_err();
//! assert_eq!(difference.effects(), ["charged m-1", "charged m-1"]);
//! // Before its success was recorded.
//! assert_eq!(difference.killed_at().unwrap().to_string(), "at the effect `charged m-1`, after it happened");
//! # });
//! ```
//!
//! A process that is killed does nothing more: its destructors do not run while its world lives, so that what they would have freed
//! stays taken. What it started outside of it goes on: of a task that a handler spawned into the test's runtime, calls on the `Effects`
//! and to the store are kill points and end with the process, and all else is done as if it had lived. Let the consumer's handlers wait
//! for what they start, or send what such a task does through the `Effects`.
//!
//! What a handler leaves in tables is compared by [`redelivery_check_in`]; [the page on testing](crate::guide::testing) does so with
//! a [`Transaction`](crate::extract::Transaction).

mod check;
mod difference;
mod effects;
mod handler;
mod kill;
mod point;
mod store;
mod wait;
mod world;

use self::check::Check;
pub use self::{difference::Difference, effects::Effects, point::KillPoint, world::World};
use super::event::Event;
use crate::Consumer;

/// Kills a process at each of its kill points, redelivers, and compares what happened with a clean run. Gives the points that were
/// tried, in order.
///
/// The function makes the consumer of a new process; what it shares with others is in the [`World`], and what happened is what the
/// world's [`Effects`] noted.
///
/// # Errors
///
/// If something else happened than in the clean run: done twice, or not at all. If the clean run is nothing to compare with: a message
/// does not succeed in it, or nothing happens. If nothing of a handler could be tried: it neither waits nor has an effect, and leaves no
/// writes to a transaction. If there are more than 10,000 kill points.
pub async fn redelivery_check(
    consumer: impl Fn(&World) -> Consumer,
    event: &Event,
) -> Result<Vec<KillPoint>, Difference> {
    redelivery_check_in(async |world| world, consumer, async |world: &World| world.effects().all(), event).await
}

/// The same in a world of one's own: with tables, say, where what happened is the rows that are there in the end.
///
/// The first function makes such a world, once for each kill point; the [`World`] that it is given is to be a part of it, at least
/// its clock. The second makes the consumer of a new process there. The third says in the end what happened: a line for each effect,
/// in any order, the same lines if the same things happened.
///
/// Where nothing is to happen, say so by a line: none at all is an error.
///
/// A store of its own must outlive the process and read the [world's clock](World::clock).
///
/// # Errors
///
/// As [`redelivery_check`].
pub async fn redelivery_check_in<W>(
    world: impl AsyncFn(World) -> W,
    consumer: impl Fn(&W) -> Consumer,
    effects: impl AsyncFn(&W) -> Vec<String>,
    event: &Event,
) -> Result<Vec<KillPoint>, Difference> {
    Check { open: world, consumer, effects, event }.run().await
}
