//! A payment provider to charge at, in this process or as one of its own, and what it wrote down.
#![allow(dead_code, reason = "each test file uses some of it")]

use std::{
    io::{self, Write},
    process::Stdio,
    sync::{Arc, Mutex},
};

use orders::provider::{Faults, Provider};
use serde_json::Value;
use sqs_runtime::run::{Spawn, TokioSpawn};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    net::TcpListener,
    process::{Child, ChildStdout, Command},
};

/// Keeps what is written.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no writer panics").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// The calls so far, each as "charged reply".
    pub(crate) fn calls(&self) -> Vec<String> {
        calls(&self.0.lock().expect("no writer panics")).iter().map(short).collect()
    }
}

/// The lines of a log.
pub(crate) fn calls(log: &[u8]) -> Vec<Value> {
    log.split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).expect("a line of JSON"))
        .collect()
}

pub(crate) fn text<'a>(call: &'a Value, field: &str) -> &'a str {
    call[field].as_str().unwrap_or_default()
}

fn short(call: &Value) -> String {
    format!("{} {}", text(call, "charged"), text(call, "reply"))
}

/// A provider in this process.
pub(crate) async fn in_process(faults: Faults) -> (String, Log) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let log = Log::default();
    let provider = Provider::new(faults, Box::new(log.clone()));
    TokioSpawn.spawn(Box::pin(async move { provider.serve(listener).await.expect("serves") }));
    (url, log)
}

/// A provider in a process of its own. Dropped, it is killed.
pub(crate) struct Process {
    child: Child,
    out: BufReader<ChildStdout>,
    pub(crate) url: String,
}

impl Process {
    pub(crate) async fn start(options: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_orders"))
            .args(["provider", "--port", "0"])
            .args(options)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program starts");
        let mut out = BufReader::new(child.stdout.take().expect("piped"));
        let mut first = String::new();
        out.read_line(&mut first).await.expect("readable");
        let url = first.trim_end().strip_prefix("listening on ").expect("it says where it listens");
        assert!(url.starts_with("http://127.0.0.1:"), "{url}");
        Self { child, out, url: url.to_owned() }
    }

    /// Ends it, and hands out its log.
    pub(crate) async fn end(mut self) -> Vec<u8> {
        self.child.kill().await.expect("it was running until now");
        let mut log = Vec::new();
        self.out.read_to_end(&mut log).await.expect("readable");
        log
    }
}
