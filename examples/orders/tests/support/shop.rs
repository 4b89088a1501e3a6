//! The program, with its tables in a DynamoDB.
#![allow(dead_code, reason = "each test file uses some of it")]

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    process::Output,
};

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use dynoxide::{Database, server};
use sqs_runtime::run::{Spawn, TokioSpawn};
use tokio::{net::TcpListener, process::Command};

pub(crate) const BOTH: [(&str, &str); 2] = [("IDEMPOTENCY_TABLE", "idempotency"), ("ORDERS_TABLE", "orders")];
pub(crate) const ALL: [(&str, &str); 4] = [BOTH[0], BOTH[1], ("STOCK_TABLE", "stock"), ("OUTBOX_TABLE", "outbox")];

pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures").join(name)
}

/// The shop's tables in a DynamoDB in this process.
pub(crate) struct Shop {
    pub(crate) endpoint: String,
    pub(crate) client: Client,
    settings: Vec<(&'static str, &'static str)>,
}

impl Shop {
    /// With the tables that these settings name, made by the program itself.
    pub(crate) async fn new(settings: &[(&'static str, &'static str)]) -> Self {
        let shop = Self::without_tables(settings).await;
        let (code, out, log) = told(&shop.run(&["create-tables"]).await);
        assert_eq!(code, Some(0), "{out}{log}");
        shop
    }

    pub(crate) async fn without_tables(settings: &[(&'static str, &'static str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let endpoint = format!("http://{}", listener.local_addr().expect("bound"));
        TokioSpawn.spawn(Box::pin(server::serve_on(listener, Database::memory().expect("a database"))));
        Self::at(endpoint, settings)
    }

    /// With a DynamoDB that is there already.
    pub(crate) fn at(endpoint: String, settings: &[(&'static str, &'static str)]) -> Self {
        Self { client: crate::dynamodb::client(&endpoint), endpoint, settings: settings.to_vec() }
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orders"));
        command
            .args(arguments)
            .env_clear()
            .env("RUST_BACKTRACE", "0")
            .env("AWS_ENDPOINT_URL_DYNAMODB", &self.endpoint)
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_ACCESS_KEY_ID", "none")
            .env("AWS_SECRET_ACCESS_KEY", "none")
            .envs(self.settings.iter().copied())
            .kill_on_drop(true);
        command
    }

    pub(crate) async fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().await.expect("the program starts")
    }

    /// Replays the README's batch; gives its log.
    pub(crate) async fn replay(&self, options: &[&str]) -> String {
        let event = fixture("orders.json");
        let mut arguments = vec!["replay", event.to_str().expect("text")];
        arguments.extend(options);
        let (code, _, log) = told(&self.run(&arguments).await);
        assert_eq!(code, Some(0), "{log}");
        log
    }

    pub(crate) async fn status(&self, order: &str) -> String {
        let (code, out, log) = told(&self.run(&["status", order]).await);
        assert_eq!(code, Some(0), "{log}");
        out.trim_end().to_owned()
    }

    /// The rows of a table, by the value of their key.
    pub(crate) async fn rows(&self, table: &str, key: &str) -> BTreeMap<String, HashMap<String, AttributeValue>> {
        let rows = self.client.scan().table_name(table).send().await.expect("a table").items.unwrap_or_default();
        let key = |row: &HashMap<String, AttributeValue>| row[key].as_s().expect("a string").clone();
        rows.into_iter().map(|row| (key(&row), row)).collect()
    }

    pub(crate) async fn stock(&self, sku: &str, pieces: &str) {
        let put = self.client.put_item().table_name("stock").item("sku", AttributeValue::S(sku.into()));
        put.item("pieces", AttributeValue::N(pieces.into())).send().await.expect("a table");
    }
}

/// Code, standard output and standard error.
pub(crate) fn told(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

pub(crate) fn number(row: &HashMap<String, AttributeValue>, name: &str) -> String {
    row[name].as_n().expect("a number").clone()
}
