//! The store, from outside: this program once more, as a process of its own.

use std::{process::Stdio, time::Duration};

use anyhow::Context as _;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

use super::patience::Patience;
use crate::store::Account;

pub(super) struct StoreProcess {
    pub(super) endpoint: String,
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
    patience: Patience,
}

impl StoreProcess {
    pub(super) async fn start(delay: Duration, patience: Patience) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["store", "--delay-ms", &delay.as_millis().to_string()]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn()?;
        let lines = BufReader::new(process.stdout.take().context("standard output")?).lines();
        let mut store = Self { endpoint: String::new(), process, lines, patience };
        store.endpoint = store.line().await?;
        Ok(store)
    }

    /// What it was asked up to now.
    pub(super) async fn account(&mut self) -> anyhow::Result<Account> {
        self.process.stdin.as_mut().context("standard input")?.write_all(b"\n").await?;
        self.told().await
    }

    /// Ends it. What it was asked, and what stands in it.
    pub(super) async fn end(mut self) -> anyhow::Result<Account> {
        drop(self.process.stdin.take());
        let account = self.told().await?;
        self.patience.wait("the store that was to end", async { Ok(self.process.wait().await?) }).await?;
        Ok(account)
    }

    async fn told(&mut self) -> anyhow::Result<Account> {
        Ok(serde_json::from_str(&self.line().await?)?)
    }

    async fn line(&mut self) -> anyhow::Result<String> {
        let line = async { self.lines.next_line().await?.context("the store ended") };
        self.patience.wait("the store", line).await
    }
}
