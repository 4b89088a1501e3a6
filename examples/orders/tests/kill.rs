//! The program killed at random moments, two hundred times, under redelivery: every order is there once.
//!
//! Needs DynamoDB Local (`.ci/tools servers`), so it runs by name: `cargo test -p orders --test kill`.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test says what is wrong by panicking"
)]

#[path = "../../../tests/shared/dynamodb.rs"]
#[allow(dead_code, reason = "the program makes its tables itself")]
mod dynamodb;
#[path = "../../../tests/servers/server.rs"]
#[allow(dead_code, reason = "one of its servers is enough")]
mod server;
#[path = "support/shop.rs"]
mod shop;

use std::{
    collections::BTreeMap,
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use orders::{Item, Order};
use serde_json::Value;
use server::Server;
use shop::{BOTH, Shop, number, told};
use sqs_runtime::{
    Clock, Random, SystemClock,
    testkit::{
        Seeded,
        event::{Event, Message},
    },
};
use tokio::process::{Child, Command};

const ROUNDS: usize = 200;
const ORDERS: usize = 3;

/// A short deadline makes short leases: 5 s longer than it.
const DEADLINE_MS: &str = "2000";

/// How often what is in progress elsewhere is asked for again, a second apart: leases end after 7 s and the skew.
const LAST_DELIVERIES: u32 = 60;

/// A provider that outlives the consumers, loses a fifth of its answers and is down for a tenth of its calls.
struct Provider {
    url: String,
    log: PathBuf,
    _process: Child,
}

impl Provider {
    async fn start(folder: &Path) -> Self {
        let log = folder.join("provider.log");
        let process = Command::new(env!("CARGO_BIN_EXE_orders"))
            .args(["provider", "--port", "0", "--lose-replies", "0.2", "--unavailable", "0.1", "--seed", "7"])
            .stdout(File::create(&log).expect("a file"))
            .kill_on_drop(true)
            .spawn()
            .expect("the program starts");
        let clock = SystemClock::new();
        loop {
            let text = std::fs::read_to_string(&log).expect("a file");
            if let Some((first, _)) = text.split_once('\n') {
                let url = first.strip_prefix("listening on ").expect("it says where it listens").to_owned();
                return Self { url, log, _process: process };
            }
            clock.sleep(Duration::from_millis(10)).await;
        }
    }

    /// How often each key was charged, and how often it was asked for.
    fn charges(&self) -> BTreeMap<String, (usize, usize)> {
        let text = std::fs::read_to_string(&self.log).expect("a file");
        let mut charges = BTreeMap::new();
        for line in text.lines().skip(1) {
            let call: Value = serde_json::from_str(line).expect("a line of JSON");
            let (charged, calls): &mut (usize, usize) =
                charges.entry(call["key"].as_str().expect("a key").to_owned()).or_default();
            *charged += usize::from(call["charged"] == "now");
            *calls += 1;
        }
        charges
    }
}

/// The batch of one round, as a file.
fn write_event(folder: &Path, round: usize) -> PathBuf {
    let message = |n: usize| {
        let items = vec![Item { sku: "mug".into(), quantity: 1, unit_price_cents: 900 + n as u64 }];
        let order_id = format!("A-{round}-{n}");
        let order = Order { order_id, customer_id: "C-1".into(), payment_token: "tok_visa".into(), items };
        let id = format!("00000000-0000-4000-8000-{round:06}{n:06}");
        Message::json(&order).expect("an order is JSON").id(id)
    };
    let event = Event::standard("orders").messages((0..ORDERS).map(message));
    let path = folder.join(format!("{round}.json"));
    File::create(&path).and_then(|mut file| file.write_all(event.to_json().as_bytes())).expect("a file");
    path
}

/// A consumer that delivers these events twice.
fn consumer(shop: &Shop, provider: &Provider, events: &[PathBuf]) -> Command {
    let mut command = shop.command(&["replay", "--redeliver", "1", "--deadline-ms", DEADLINE_MS]);
    command.args(events).env("PAYMENT_URL", &provider.url);
    command
}

/// Starts a consumer and kills it after that time. Whether it was still at it.
async fn killed(mut command: Command, after: Duration) -> bool {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
    SystemClock::new().sleep(after).await;
    let was_running = child.try_wait().expect("a child").is_none();
    child.kill().await.expect("SIGKILL");
    was_running
}

/// Delivers what is not answered yet until everything is. Gives what was never answered.
async fn deliver_the_rest(shop: &Shop, provider: &Provider, mut events: Vec<PathBuf>) -> Vec<PathBuf> {
    let clock = SystemClock::new();
    for _ in 0..LAST_DELIVERIES {
        let (code, out, log) = told(&consumer(shop, provider, &events).output().await.expect("the program starts"));
        assert_eq!(code, Some(0), "{log}");
        let answers: Vec<&str> = out.lines().collect();
        assert_eq!(answers.len(), events.len() * 2, "two deliveries of each: {log}");
        let is_done = |place: usize| answers[place * 2 + 1] == r#"{"batchItemFailures":[]}"#;
        events = events.into_iter().enumerate().filter(|(place, _)| !is_done(*place)).map(|(_, event)| event).collect();
        if events.is_empty() {
            break;
        }
        clock.sleep(Duration::from_secs(1)).await;
    }
    events
}

/// When kills come: within a time that grows with every consumer that is caught at work and shrinks with every one that was
/// not, so that most are caught, on a fast machine and on a slow one.
struct Aim {
    chance: Seeded,
    longest: Duration,
    caught: usize,
}

impl Aim {
    fn time(&self) -> Duration {
        let mut bytes = [0; 4];
        self.chance.fill(&mut bytes).expect("seeded");
        self.longest.mul_f64(f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX))
    }

    fn learn(&mut self, was_caught: bool) {
        self.caught += usize::from(was_caught);
        self.longest = self.longest.mul_f64(if was_caught { 1.02 } else { 0.94 });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_kills_leave_every_order_once() {
    let server = Server::dynamodb_local();
    let shop = Shop::at(server.endpoint.clone(), &BOTH);
    server.ready(|| shop.client.list_tables().send()).await;
    assert!(shop.run(&["create-tables"]).await.status.success());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("kill-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let provider = Provider::start(&folder).await;
    let mut aim = Aim { chance: Seeded::new(42), longest: Duration::from_millis(200), caught: 0 };
    let events: Vec<_> = (0..ROUNDS).map(|round| write_event(&folder, round)).collect();

    for event in &events {
        let one = || consumer(&shop, &provider, std::slice::from_ref(event));
        // Another one takes the same messages at the same time, as SQS may hand them out twice, and is killed too.
        let (first, second) = tokio::join!(killed(one(), aim.time()), killed(one(), aim.time()));
        aim.learn(first);
        aim.learn(second);
    }
    let kills = aim.caught;
    let placed = shop.rows("orders", "orderId").await.len();
    println!(
        "{kills} of {} consumers were killed at work; {placed} of {} orders were placed by then",
        ROUNDS * 2,
        ROUNDS * ORDERS
    );
    assert!(kills >= ROUNDS, "the kills come too late: {kills}");
    assert!((1..ROUNDS * ORDERS).contains(&placed), "the kills come too early or too late: {placed} orders");

    let unanswered = deliver_the_rest(&shop, &provider, events).await;
    assert!(unanswered.is_empty(), "never answered: {unanswered:?}");

    let rows = shop.rows("orders", "orderId").await;
    assert_eq!(rows.len(), ROUNDS * ORDERS);
    for (order, row) in &rows {
        assert_eq!(number(row, "charges"), "1", "{order} was committed more than once");
    }
    let charges = provider.charges();
    assert_eq!(charges.len(), ROUNDS * ORDERS);
    let repeated = charges.values().filter(|(_, calls)| *calls > 1).count();
    for (key, (charged, _)) in &charges {
        assert_eq!(*charged, 1, "{key} was charged {charged} times");
    }
    println!(
        "{} orders, one row and one charge each; the provider was asked more than once for {repeated}",
        rows.len()
    );
    assert!(repeated > 0, "no charge was ever repeated: nothing was tried");
    std::fs::remove_dir_all(&folder).expect("our folder");
}
