//! The check that kills a process wherever it can die.

use std::{
    cell::Cell,
    collections::BTreeSet,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
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

/// The points of one call of the double.
fn around_effect(what: &str) -> [String; 2] {
    ["before", "after"].map(|when| format!("at the effect `{what}`, {when} it happened"))
}

fn killed_at(difference: &Difference) -> String {
    difference.killed_at().expect("it was killed").to_string()
}

/// The same after every life; no line at all would be a mistake.
fn nothing_to_see() -> Vec<String> {
    vec!["as ever".to_owned()]
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
async fn the_effect_that_a_process_died_behind_is_named() {
    let consumer = |world: &World| Consumer::new(two_effects).state(world.effects()).idempotency(world.idempotency());
    let difference = redelivery_check(consumer, &one_message()).await.expect_err("a second mail");
    assert_eq!(killed_at(&difference), "at the effect `mailed m-1`, after it happened");
    assert_eq!(difference.effects(), ["charged m-1", "mailed m-1", "mailed m-1"], "the provider remembers its keys");
    let text = "killed at the effect `mailed m-1`, after it happened, and redelivered: something else happened
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
    let run = |id: &str| around_effect(&format!("charged {id}"));
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
    let of = |id: &str| points.iter().filter(|point| around_effect(&format!("charged {id}")).contains(point)).count();
    assert_eq!((of("m-1"), of("m-2"), points.len()), (2, 2, 8), "{points:?}");
}

/// A world of one's own: a shelf, from which a handler takes as the last thing that it does.
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
        let take = async |State(shelf): State<Self>, MessageId(id): MessageId| {
            tokio::task::yield_now().await;
            shelf.taken().push(id);
        };
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
async fn what_comes_behind_the_last_wait_is_repeated_by_a_death_before_the_completion() {
    let difference = redelivery_check_in(Shelf::open, Shelf::consumer, Shelf::all, &event()).await;
    let difference = difference.expect_err("taken again");
    assert_eq!(killed_at(&difference), "inside the completion, before it was sent");
    assert_eq!(difference.expected(), ["m-1", "m-2"], "in whatever order it is told");
    assert_eq!(difference.effects(), ["m-1", "m-1", "m-2", "m-2"]);
}

#[tokio::test]
async fn a_world_of_ones_own_says_what_counts() {
    let points = redelivery_check_in(Shelf::open, Shelf::consumer, Shelf::without_repetitions, &event()).await;
    assert_eq!(points.expect("nothing else is taken").len(), 6);
}

/// What landed is found by the next process, which runs nothing.
#[tokio::test]
async fn a_completion_that_landed_before_the_death_is_a_completion() {
    let seen = Mutex::new(Vec::new());
    let open = async |world: World| RecordingStore::new(world.store());
    let consumer =
        |store: &RecordingStore<_>| Consumer::new(tokio::task::yield_now).idempotency(Idempotency::new(store.clone()));
    let note = async |store: &RecordingStore<_>| {
        let calls = store.take_calls().iter().map(|call| call.operation).collect::<Vec<_>>();
        seen.lock().expect("no panic").push(calls.join(", "));
        nothing_to_see()
    };
    redelivery_check_in(open, consumer, note, &one_message()).await.expect("nothing happens");
    let expected = [
        "claim, complete",              // the clean run
        "read, claim, complete",        // the claim was not sent
        "claim, read, claim, complete", // the claim landed, and its lease ran out
        "claim, read, claim, complete", // the handler waited
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
    assert_eq!((count("the claim"), count("the completion"), count("the effect")), (4, 4, 2), "{points:#?}");
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
    let checked =
        redelivery_check_in(async |world| world, consumer, async |_: &_| nothing_to_see(), &one_message()).await;
    let points = told(&checked.expect("nothing else happens"));
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
    let points = redelivery_check_in(open, consumer, async |_: &_| nothing_to_see(), &one_message()).await;
    let expected = [1, 2, 3].map(|wait| format!("in the handler of m-1, at its wait {wait}"));
    assert_eq!(told(&points.expect("nothing happens")).get(2..5), Some(&expected[..]));
}

/// The claim and the completion would be tried, and the handler would not.
#[tokio::test]
async fn a_handler_that_cannot_be_killed_is_no_pass() {
    let says = "nothing of a handler could be tried: none waits, and none calls the world's `Effects` or writes in a transaction";
    let idle = |world: &World| Consumer::new(async || {}).idempotency(world.idempotency());
    let difference = redelivery_check(idle, &event()).await.expect_err("nothing was tried");
    assert_eq!(difference.to_string(), says);
    let idle = |_: &World| Consumer::new(async || {}).without_idempotency();
    let difference = redelivery_check(idle, &event()).await.expect_err("nothing was tried");
    assert_eq!(difference.to_string(), says);
}

/// Nothing and nothing are the same.
#[tokio::test]
async fn effects_that_went_past_the_double_are_no_pass() {
    let elsewhere = Effects::new();
    let consumer = |world: &World| Consumer::new(charge).state(elsewhere.clone()).idempotency(world.idempotency());
    let difference = redelivery_check(consumer, &one_message()).await.expect_err("nothing was seen");
    let text = difference.to_string();
    assert!(
        text.starts_with("nothing happened in the clean run: what handlers do outside has to go through"),
        "{text}"
    );
    assert_eq!(elsewhere.all(), ["charged m-1"]);
}

/// The second thing would never happen, in no run: both sides are the same, and wrong.
#[tokio::test]
async fn two_effects_under_one_key_are_told_apart() {
    async fn place(State(effects): State<Effects>, key: IdempotencyKey) {
        effects.happen_once(key.as_str(), "charged").await;
        effects.happen_once(key.as_str(), "mailed").await;
    }
    let consumer = |world: &World| Consumer::new(place).state(world.effects()).idempotency(world.idempotency());
    let event = Event::standard("orders").message(Message::text("x").id("m-1"));
    let difference = redelivery_check(consumer, &event).await.unwrap_err();
    let text = difference.to_string();
    assert!(text.contains("`mailed` never happened: it was asked for with the key of `charged`"), "{text}");
}

/// Nobody named a store: its claims die with the process, and are points all the same.
#[tokio::test]
async fn a_consumer_that_names_no_store_is_tried_too() {
    let unsaid = |world: &World| Consumer::new(charge_once).state(world.effects());
    assert_eq!(redelivery_check(unsaid, &one_message()).await.expect("once").len(), 6);
    let unsaid = |world: &World| Consumer::new(charge).state(world.effects());
    let difference = redelivery_check(unsaid, &one_message()).await.expect_err("a second charge");
    assert_eq!(difference.effects(), ["charged m-1"; 2]);
}

/// The file of a lock, say: it is there until somebody takes it away.
#[derive(Clone, Default)]
struct Lock(Arc<AtomicBool>);

struct Locked(Lock);

impl Lock {
    fn take(&self) -> Option<Locked> {
        (!self.0.swap(true, SeqCst)).then(|| Locked(self.clone()))
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        self.0.0.store(false, SeqCst);
    }
}

/// Nobody runs a destructor for a process that died.
#[tokio::test]
async fn what_a_destructor_would_have_freed_stays_taken() {
    let handler = async |State((lock, effects)): State<(Lock, Effects)>| {
        let _locked = lock.take().ok_or_else(|| Failure::retry("locked"))?;
        effects.happen_once("charge", "charged").await;
        Ok::<_, Failure>(())
    };
    let open = async |world: World| (world, Lock::default());
    let consumer = |(world, lock): &(World, Lock)| {
        Consumer::new(handler).state((lock.clone(), world.effects())).idempotency(world.idempotency())
    };
    let effects = async |(world, _): &(World, Lock)| world.effects().all();
    let difference = redelivery_check_in(open, consumer, effects, &one_message()).await.expect_err("locked for ever");
    assert_eq!(killed_at(&difference), "at the effect `charged`, before it happened");
    let text = difference.to_string();
    assert!(text.contains("its messages are never done") && text.contains("locked"), "{text}");
}

/// What the second process waits for, the first one would have said.
#[tokio::test(start_paused = true)]
#[expect(clippy::disallowed_methods, reason = "the time is tokio's, and paused: none passes but where all wait")]
async fn a_check_that_waits_for_what_never_comes_can_be_ended_from_outside() {
    let handler = async |State((lock, effects)): State<(Lock, Effects)>| {
        let Some(_locked) = lock.take() else { return std::future::pending().await };
        effects.happen_once("charge", "charged").await;
    };
    let open = async |world: World| (world, Lock::default());
    let consumer = |(world, lock): &(World, Lock)| {
        Consumer::new(handler).state((lock.clone(), world.effects())).idempotency(world.idempotency())
    };
    let effects = async |(world, _): &(World, Lock)| world.effects().all();
    let event = one_message();
    let check = redelivery_check_in(open, consumer, effects, &event);
    assert!(tokio::time::timeout(Duration::from_secs(60), check).await.is_err());
}

/// Each call is tried by itself, also where the handler waits for both at once.
#[tokio::test]
async fn effects_that_are_under_way_together_are_told_apart() {
    let handler = async |State(effects): State<Effects>| {
        tokio::join!(effects.happen_once("card", "charged"), effects.happen_once("mail", "mailed"));
    };
    let seen = Mutex::new(BTreeSet::new());
    let consumer = |world: &World| {
        // What the processes before this one have left.
        seen.lock().expect("no panic").insert(world.effects().all());
        Consumer::new(handler).state(world.effects()).idempotency(world.idempotency())
    };
    let points = told(&redelivery_check(consumer, &one_message()).await.expect("once each"));
    for point in ["charged", "mailed"].iter().flat_map(|what| around_effect(what)) {
        assert!(points.contains(&point), "{point}: {points:#?}");
    }
    let seen = seen.into_inner().expect("no panic");
    assert!(seen.iter().any(|left| left.len() == 1), "nothing died between the two: {seen:?}");
}

/// It is in no handler's waits: whoever spawned it does not wait for it.
#[tokio::test]
async fn an_effect_in_a_task_that_nobody_waits_for_is_a_point() {
    let handler = async |State(effects): State<Effects>| {
        TokioSpawn.spawn(Box::pin(async move { effects.happen("mailed").await }));
        // Until it is done.
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    };
    let consumer = |world: &World| Consumer::new(handler).state(world.effects()).idempotency(world.idempotency());
    let difference = redelivery_check(consumer, &one_message()).await.expect_err("a second mail");
    assert_eq!(killed_at(&difference), "at the effect `mailed`, after it happened");
    assert_eq!(difference.effects(), ["mailed"; 2]);
}

/// Redelivered once the consumer's own lease is over, however long or short that is.
#[tokio::test]
async fn leases_are_waited_for_as_long_as_they_last_and_no_longer() {
    const MINUTE: Duration = Duration::from_secs(60);
    for (lease, retention) in [(MINUTE * 15, MINUTE * 60), (MINUTE, MINUTE * 3 / 2)] {
        let consumer = |world: &World| {
            let idempotency = world.idempotency().lease_duration(lease).retention(retention);
            Consumer::new(charge_once).state(world.effects()).idempotency(idempotency)
        };
        redelivery_check(consumer, &one_message()).await.unwrap_or_else(|difference| panic!("{lease:?}: {difference}"));
        // What is remembered is not done again.
        let consumer = |world: &World| {
            let idempotency = world.idempotency().lease_duration(lease).retention(retention);
            let handler = async |State(world): State<World>| {
                tokio::task::yield_now().await;
                world.effects().happen("charged").await;
            };
            Consumer::new(handler).state(world.clone()).idempotency(idempotency)
        };
        let difference = redelivery_check(consumer, &one_message()).await.expect_err("a second charge");
        assert_eq!(killed_at(&difference), "at the effect `charged`, after it happened");
    }
}

#[tokio::test]
async fn more_points_than_can_be_tried_are_no_pass() {
    let handler = async |State(effects): State<Effects>| {
        effects.happen_once("charge", "charged").await;
        for _ in 0..10_000 {
            tokio::task::yield_now().await;
        }
    };
    let consumer = |world: &World| Consumer::new(handler).state(world.effects()).idempotency(world.idempotency());
    let difference = redelivery_check(consumer, &one_message()).await.expect_err("too many");
    assert_eq!(difference.to_string(), "there are more than 10,000 kill points: check a part of the handler by itself");
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
