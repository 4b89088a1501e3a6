//! The program with tables: what one process did, the next one knows, and what an order leaves behind is there once.
//!
//! The program is a process here, and its DynamoDB and its SQS are servers: tests of a consumer need none of that, and are in `stock` and
//! `redelivery`.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test says what is wrong by panicking")]

#[path = "../../../tests/shared/dynamodb.rs"]
#[allow(dead_code, reason = "the program makes its tables itself")]
mod dynamodb;
#[path = "support/queue.rs"]
#[allow(dead_code, reason = "the producer's tests use more of it")]
mod queue;
#[path = "support/shop.rs"]
mod shop;

use std::{collections::BTreeMap, process::Stdio};

use aws_sdk_dynamodb::types::AttributeValue;
use queue::{Queue, Refuses};
use shop::{ALL, BOTH, Shop, fixture, number, told};

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_charges_nothing_again() {
    let shop = Shop::new(&BOTH[..1]).await;
    let charges = async || {
        let log = shop.replay(&[]).await;
        (log.matches("charged orderId=").count(), log.matches("already done").count())
    };
    // Four rows and the word in the line that counts them.
    assert_eq!(charges().await, (3, 0));
    assert_eq!(charges().await, (0, 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_charged_order_has_one_row_however_often_it_comes() {
    let shop = Shop::new(&BOTH).await;
    shop.replay(&["--redeliver", "2"]).await;
    shop.replay(&[]).await;
    let rows = shop.rows("orders", "orderId").await;
    let seen: Vec<_> =
        rows.iter().map(|(order, row)| (order.as_str(), number(row, "totalCents"), number(row, "charges"))).collect();
    let one = |order, total: &str| (order, total.to_owned(), "1".to_owned());
    assert_eq!(seen, [one("A-1001", "4999"), one("A-1002", "2697"), one("A-1009", "499975000000")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_takes_its_stock_and_leaves_word_in_the_outbox_or_neither() {
    let shop = Shop::new(&ALL).await;
    let log = shop.replay(&[]).await;
    assert!(log.contains("beans-1kg is out of stock") && log.ends_with("9 records: 9 rejected\n"), "{log}");
    assert!(shop.rows("orders", "orderId").await.is_empty() && shop.rows("outbox", "orderId").await.is_empty());

    // Enough for each article of the batch: then what was rejected is placed by its next delivery.
    let event: serde_json::Value =
        serde_json::from_slice(&std::fs::read(fixture("orders.json")).expect("a fixture")).expect("JSON");
    let bodies = event["Records"].as_array().expect("records").iter().filter_map(|record| record["body"].as_str());
    let orders: Vec<orders::Order> = bodies.filter_map(|body| serde_json::from_str(body).ok()).collect();
    for item in orders.iter().flat_map(|order| &order.items) {
        shop.stock(&item.sku, "1000000000").await;
    }
    shop.replay(&["--redeliver", "1"]).await;
    assert_eq!(shop.rows("orders", "orderId").await.len(), 3);
    let outbox = shop.rows("outbox", "orderId").await;
    assert_eq!((outbox.len(), number(&outbox["A-1001"], "totalCents").as_str()), (3, "4999"));
    let placed = |order: &&orders::Order| ["A-1001", "A-1002", "A-1009"].contains(&order.order_id.as_str());
    let mut taken: BTreeMap<&str, u64> = BTreeMap::new();
    let mut counted = std::collections::BTreeSet::new();
    for order in orders.iter().filter(placed).filter(|order| counted.insert(&order.order_id)) {
        for item in &order.items {
            *taken.entry(&item.sku).or_default() += item.quantity;
        }
    }
    let stock = shop.rows("stock", "sku").await;
    for (sku, quantity) in taken {
        assert_eq!(number(&stock[sku], "pieces"), (1_000_000_000 - quantity).to_string(), "{sku}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn status_tells_where_an_order_stands() {
    let shop = Shop::new(&BOTH).await;
    assert_eq!(shop.status("A-1001").await, "queued");
    shop.replay(&[]).await;
    let done = shop.status("A-1001").await;
    assert!(done.starts_with("done at 20") && done.ends_with('Z'), "{done}");
    // Its provider was down; without a handler version a rejection is not remembered.
    for failed in ["A-1005", "A-1007"] {
        let waiting = shop.status(failed).await;
        assert!(waiting.starts_with("waiting since 20"), "{failed}: {waiting}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_made_once() {
    let shop = Shop::without_tables(&ALL).await;
    let (_, out, log) = told(&shop.run(&["create-tables"]).await);
    assert_eq!(out.trim_end(), r#"{"made":["idempotency","orders","stock","outbox"]}"#, "{log}");
    let (code, out, _) = told(&shop.run(&["create-tables"]).await);
    assert_eq!((code, out.trim_end()), (Some(0), r#"{"made":[]}"#));
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_do_not_go_together_are_found_at_the_start() {
    for (settings, says) in [
        (vec![("ORDERS_TABLE", "orders")], "IDEMPOTENCY_TABLE must name a table too"),
        (vec![("ORDERS_TABLE", "orders"), ("IDEMPOTENCY_TABLE", "memory")], "IDEMPOTENCY_TABLE must name a table too"),
        (vec![("IDEMPOTENCY_TABLE", "idempotency"), ("OUTBOX_TABLE", "outbox")], "ORDERS_TABLE, which is not set"),
    ] {
        let shop = Shop::without_tables(&settings).await;
        let (code, out, log) = told(&shop.run(&["replay", fixture("orders.json").to_str().expect("text")]).await);
        assert!((code, out.as_str()) == (Some(1), "") && log.contains(says), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_not_there_is_found_at_the_start() {
    let shop = Shop::without_tables(&[("IDEMPOTENCY_TABLE", "another")]).await;
    let (code, out, log) = told(&shop.run(&["replay", fixture("orders.json").to_str().expect("text")]).await);
    assert_eq!((code, out.as_str()), (Some(1), ""), "{log}");
    assert!(log.contains("there is no such table in this account and region"), "{log}");
}

/// Killed at any moment, the relay sends every row at least once, and a row that is marked is not sent again.
#[tokio::test(flavor = "multi_thread")]
async fn the_relay_loses_nothing_when_it_is_killed() {
    const ROWS: usize = 60;
    let shop = Shop::new(&ALL).await;
    for n in 0..ROWS {
        let put = shop.client.put_item().table_name("outbox").item("orderId", AttributeValue::S(format!("A-{n}")));
        let put = put.item("customerId", AttributeValue::S("C-1".into()));
        put.item("totalCents", AttributeValue::N("100".into())).send().await.expect("a table");
    }
    let (endpoint, queue) = Queue::start(Refuses::SomeOnce).await;
    let url = format!("{endpoint}/123456789012/confirmations");
    let relay = || {
        let mut command = shop.command(&["relay", "--once", "--queue-url", &url]);
        command.env("AWS_ENDPOINT_URL_SQS", &endpoint).stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    // Each is killed a little later than the one before: somewhere between a batch that was sent and its marks.
    for requests in 1..=3 {
        let (before, mut child) = (queue.seen().batches.len(), relay().spawn().expect("the program starts"));
        while queue.seen().batches.len() < before + requests && child.try_wait().expect("a child").is_none() {
            tokio::task::yield_now().await;
        }
        child.kill().await.expect("killed");
    }
    assert!(relay().status().await.expect("the program starts").success());

    let sent = queue.seen().taken;
    let order = |entry: &serde_json::Value| {
        let body: serde_json::Value =
            serde_json::from_str(entry["MessageBody"].as_str().expect("a body")).expect("JSON");
        assert_eq!((body["customerId"].as_str(), body["totalCents"].as_u64()), (Some("C-1"), Some(100)), "{body}");
        body["orderId"].as_str().expect("an order").to_owned()
    };
    let orders: std::collections::BTreeSet<_> = sent.iter().map(order).collect();
    assert_eq!(orders.len(), ROWS, "every row is sent");
    assert!(sent.len() > ROWS, "a relay that was killed behind a batch sends it again");
    assert!(shop.rows("outbox", "orderId").await.values().all(|row| row.contains_key("sentAt")), "and marked");
    let before = queue.seen().taken.len();
    assert!(relay().status().await.expect("the program starts").success());
    assert_eq!(queue.seen().taken.len(), before, "what is marked is not sent again");
}
