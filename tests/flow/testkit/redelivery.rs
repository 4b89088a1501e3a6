//! The check that kills a process wherever it can die.

use std::{
    cell::Cell,
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard},
};

use sqs_runtime::{
    Consumer, Failure, Idempotency,
    claim::{IdempotencyKey, Mode},
    extract::{MessageId, State, Transaction},
    run::{Spawn, TokioSpawn},
    testkit::{
        RecordingStore,
        event::{Event, Message},
        redelivery::{Difference, Effects, KillPoint, World, redelivery_check, redelivery_check_in},
    },
};

fn event() -> Event {
    Event::standard("orders").messages(["m-1", "m-2"].map(|id| Message::text("x").id(id)))
}

fn one_message() -> Event {
    Event::standard("orders").message(Message::text("x").id("m-1"))
}

fn told(points: &[KillPoint]) -> Vec<String> {
    points.iter().map(ToString::to_string).collect()
}

fn killed_at(difference: &Difference) -> String {
    difference.killed_at().expect("it was killed").to_string()
}

async fn charge_once(State(effects): State<Effects>, MessageId(id): MessageId) {
    effects.happen_once(id.clone(), format!("charged {id}")).await;
}

async fn charge(State(effects): State<Effects>, MessageId(id): MessageId) {
    effects.happen(format!("charged {id}")).await;
}

async fn two_effects(State(effects): State<Effects>, MessageId(id): MessageId) {
    effects.happen_once(format!("{id}/charge"), format!("charged {id}")).await;
    effects.happen(format!("mailed {id}")).await;
}

#[tokio::test]
async fn the_wait_behind_the_effect_is_named() {
    let consumer = |world: &World| Consumer::new(two_effects).state(world.effects()).idempotency(world.idempotency());
    let difference = redelivery_check(consumer, &one_message()).await.expect_err("a second mail");
    assert_eq!(killed_at(&difference), "in the handler of m-1, at its wait 4");
    assert_eq!(difference.effects(), ["charged m-1", "mailed m-1", "mailed m-1"], "the provider remembers its keys");
    let text = "killed in the handler of m-1, at its wait 4, and redelivered: something else happened
  expected:
    charged m-1
    mailed m-1
  happened:
    charged m-1
    mailed m-1
    mailed m-1";
    assert_eq!(difference.to_string(), text);
}

#[tokio::test]
async fn in_each_mode_every_point_is_tried_in_order() {
    let around =
        |call: &str| [format!("inside the {call}, before it was sent"), format!("inside the {call}, after it landed")];
    let run = |id: &str| [1, 2].map(|wait| format!("in the handler of {id}, at its wait {wait}"));
    for (mode, before, after) in
        [(Mode::Lease, Some("claim"), "completion"), (Mode::CommitOnly, None, "mark"), (Mode::MarkAfter, None, "mark")]
    {
        let consumer = |world: &World| {
            Consumer::new(charge_once).state(world.effects()).idempotency(world.idempotency().mode(mode))
        };
        let points = redelivery_check(consumer, &one_message()).await.expect("once");
        let before = before.into_iter().flat_map(around);
        let expected: Vec<_> = before.chain(run("m-1")).chain(around(after)).collect();
        assert_eq!(told(&points), expected, "{mode:?}");
    }
}

/// Both messages are claimed and recorded in one call each.
#[tokio::test]
async fn the_handlers_of_a_batch_are_told_apart() {
    let consumer = |world: &World| Consumer::new(charge_once).state(world.effects()).idempotency(world.idempotency());
    let points = told(&redelivery_check(consumer, &event()).await.expect("once"));
    let of = |id: &str| points.iter().filter(|point| point.contains(&format!("the handler of {id}, "))).count();
    assert_eq!((of("m-1"), of("m-2"), points.len()), (2, 2, 8), "{points:?}");
}

/// A world of one's own: a shelf, from which a handler takes without a wait.
#[derive(Clone)]
struct Shelf {
    world: World,
    taken: Arc<Mutex<Vec<String>>>,
}

impl Shelf {
    async fn open(world: World) -> Self {
        Self { world, taken: Arc::default() }
    }

    fn consumer(&self) -> Consumer {
        let take = async |State(shelf): State<Self>, MessageId(id): MessageId| shelf.taken().push(id);
        Consumer::new(take).state(self.clone()).idempotency(self.world.idempotency())
    }

    fn taken(&self) -> MutexGuard<'_, Vec<String>> {
        self.taken.lock().expect("no panic")
    }

    async fn all(&self) -> Vec<String> {
        self.taken().iter().rev().cloned().collect()
    }

    async fn without_repetitions(&self) -> Vec<String> {
        self.taken().iter().collect::<BTreeSet<_>>().into_iter().cloned().collect()
    }
}

#[tokio::test]
async fn a_handler_that_never_waits_is_repeated_by_a_death_before_its_completion() {
    let difference = redelivery_check_in(Shelf::open, Shelf::consumer, Shelf::all, &event()).await;
    let difference = difference.expect_err("taken again");
    assert_eq!(killed_at(&difference), "inside the completion, before it was sent");
    assert_eq!(difference.expected(), ["m-1", "m-2"], "in whatever order it is told");
    assert_eq!(difference.effects(), ["m-1", "m-1", "m-2", "m-2"]);
}

#[tokio::test]
async fn a_world_of_ones_own_says_what_counts() {
    let points = redelivery_check_in(Shelf::open, Shelf::consumer, Shelf::without_repetitions, &event()).await;
    assert_eq!(points.expect("nothing else is taken").len(), 4);
}

/// What landed is found by the next process, which runs nothing.
#[tokio::test]
async fn a_completion_that_landed_before_the_death_is_a_completion() {
    let seen = Mutex::new(Vec::new());
    let open = async |world: World| RecordingStore::new(world.store());
    let consumer = |store: &RecordingStore<_>| Consumer::new(async || {}).idempotency(Idempotency::new(store.clone()));
    let note = async |store: &RecordingStore<_>| {
        let calls = store.take_calls().iter().map(|call| call.operation).collect::<Vec<_>>();
        seen.lock().expect("no panic").push(calls.join(", "));
        Vec::new()
    };
    redelivery_check_in(open, consumer, note, &one_message()).await.expect("nothing happens");
    let expected = [
        "claim, complete",              // the clean run
        "read, claim, complete",        // the claim was not sent
        "claim, read, claim, complete", // the claim landed, and its lease ran out
        "claim, read, claim, complete", // the completion was not sent
        "claim, complete, read",        // the completion landed
        "claim, complete",              // behind the last point
    ];
    assert_eq!(*seen.lock().expect("no panic"), expected);
}

/// A step waits inside the store, and nowhere twice.
#[tokio::test]
async fn the_calls_of_a_step_are_points_of_their_own() {
    let consumer = |world: &World| {
        let handler = async |State(effects): State<Effects>, key: IdempotencyKey, idempotency: Idempotency| {
            let mail = async {
                effects.happen_once("mail", "mailed").await;
                Ok::<_, Failure>(())
            };
            idempotency.once(&key.step("mail"), mail).await.map(drop)
        };
        Consumer::new(handler).state(world.effects()).idempotency(world.idempotency())
    };
    let points = told(&redelivery_check(consumer, &one_message()).await.expect("once"));
    let count = |what: &str| points.iter().filter(|point| point.contains(what)).count();
    assert_eq!((count("the claim"), count("the completion"), count("the handler")), (4, 4, 2), "{points:#?}");
    assert_eq!(points.len(), 10, "{points:#?}");
}

/// The process dies in a task of the handler's own, and whoever waits for it hears of that.
#[tokio::test]
async fn a_death_in_a_task_of_the_handlers_ends_the_process() {
    let consumer = |world: &World| {
        let handler = async |key: IdempotencyKey, idempotency: Idempotency| {
            let (tell, told) = tokio::sync::oneshot::channel();
            TokioSpawn.spawn(Box::pin(async move {
                let step = idempotency.once(&key.step("mail"), async { Ok::<_, Failure>(()) }).await;
                let _ = tell.send(step.is_ok());
            }));
            told.await.map_err(Failure::retry).map(drop)
        };
        Consumer::new(handler).idempotency(world.idempotency())
    };
    let points = told(&redelivery_check(consumer, &one_message()).await.expect("nothing happens"));
    assert_eq!(points.iter().filter(|point| point.contains("the claim")).count(), 4, "{points:#?}");
}

/// As over a network, where an answer takes as long as it likes.
#[tokio::test]
async fn a_process_with_more_waits_than_the_clean_one_is_killed_at_them_too() {
    let worlds = Cell::new(0);
    let open = async |world: World| {
        worlds.set(worlds.get() + 1);
        (world, if worlds.get() == 1 { 1 } else { 3 })
    };
    let consumer = |(world, waits): &(World, usize)| {
        let wait = async |State(waits): State<usize>| {
            for _ in 0..waits {
                tokio::task::yield_now().await;
            }
        };
        Consumer::new(wait).state(*waits).idempotency(world.idempotency())
    };
    let points = redelivery_check_in(open, consumer, async |_: &_| Vec::new(), &one_message()).await;
    let expected = [1, 2, 3].map(|wait| format!("in the handler of m-1, at its wait {wait}"));
    assert_eq!(told(&points.expect("nothing happens")).get(2..5), Some(&expected[..]));
}

#[tokio::test]
async fn what_cannot_be_tried_is_no_pass() {
    let idle = |_: &World| Consumer::new(async || {}).without_idempotency();
    let difference = redelivery_check(idle, &event()).await.expect_err("nothing was tried");
    assert_eq!(difference.to_string(), "nothing could be tried: the handlers never wait, and no store is asked");

    // Nobody named a store: its claims die with the process, and are points all the same.
    let unsaid = |world: &World| Consumer::new(charge_once).state(world.effects());
    assert_eq!(redelivery_check(unsaid, &one_message()).await.expect("once").len(), 6);
    let unsaid = |world: &World| Consumer::new(charge).state(world.effects());
    let difference = redelivery_check(unsaid, &one_message()).await.expect_err("a second charge");
    assert_eq!(difference.effects(), ["charged m-1"; 2]);
}

#[tokio::test]
async fn what_does_not_succeed_by_itself_says_why() {
    let failing =
        |world: &World| Consumer::new(async || Err::<(), _>(Failure::retry("no"))).idempotency(world.idempotency());
    let difference = redelivery_check(failing, &event()).await.expect_err("no clean run").to_string();
    assert!(difference.starts_with("without any kill the event's messages are not all done\n"), "{difference}");
    assert!(difference.contains("m-2") && difference.contains("retry"), "{difference}");

    let transacting = |world: &World| Consumer::new(async |_: Transaction| {}).idempotency(world.idempotency());
    let difference = redelivery_check(transacting, &event()).await.expect_err("no store that transacts").to_string();
    assert!(difference.contains("there is no transaction"), "{difference}");
}
