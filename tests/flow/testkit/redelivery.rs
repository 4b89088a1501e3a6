//! The check that kills a handler wherever it waits.

use sqs_runtime::{
    Consumer, Failure,
    claim::Mode,
    extract::{MessageId, State},
    testkit::{
        event::{Event, Message},
        redelivery::{Effects, World, redelivery_check},
    },
};

fn event() -> Event {
    Event::standard("orders").messages(["m-1", "m-2"].map(|id| Message::text("x").id(id)))
}

async fn two_effects(State(effects): State<Effects>, MessageId(id): MessageId) {
    effects.happen_once(format!("{id}/charge"), format!("charged {id}")).await;
    effects.happen(format!("mailed {id}")).await;
}

#[tokio::test]
async fn the_wait_behind_the_effect_is_named() {
    let consumer = |world: &World| Consumer::new(two_effects).state(world.effects()).idempotency(world.idempotency());
    let difference = redelivery_check(consumer, &event()).await.expect_err("a second mail");
    let mails = difference.effects().iter().filter(|effect| effect.starts_with("mailed")).count();
    assert_eq!(mails, 3, "{difference}");
    assert!(difference.to_string().starts_with("killed at wait "), "{difference}");
    let charges = difference.effects().iter().filter(|effect| effect.starts_with("charged")).count();
    assert_eq!(charges, 2, "the provider remembers its keys");
}

#[tokio::test]
async fn every_wait_is_tried_and_none_is_no_pass() {
    let waiting = |mode| {
        move |world: &World| {
            let handler = async |State(effects): State<Effects>, MessageId(id): MessageId| {
                effects.happen_once(id.clone(), id).await;
            };
            Consumer::new(handler).state(world.effects()).idempotency(world.idempotency().mode(mode))
        }
    };
    for mode in [Mode::Lease, Mode::CommitOnly, Mode::MarkAfter] {
        // Two messages, each before and behind its effect.
        assert_eq!(redelivery_check(waiting(mode), &event()).await.expect("once"), 4, "{mode:?}");
    }
    let idle = |world: &World| Consumer::new(async || {}).idempotency(world.idempotency());
    let difference = redelivery_check(idle, &event()).await.expect_err("nothing was tried");
    assert_eq!(difference.to_string(), "the handlers never wait, so that nothing could be tried");
    let failing =
        |world: &World| Consumer::new(async || Err::<(), _>(Failure::retry("no"))).idempotency(world.idempotency());
    let difference = redelivery_check(failing, &event()).await.expect_err("no clean run");
    assert_eq!(difference.to_string(), "without any kill the event's messages are not all done");
}
