//! One process of a side, invoked as Lambda does, with a store of its own where it claims.

mod patience;
mod process;
mod runtime_api;
mod store;

use std::{path::Path, process::Command, time::Duration};

use anyhow::{Context as _, bail, ensure};
use compare::event::event;
use serde::Deserialize;
use sqs_runtime::{Clock as _, SystemClock};

use self::{patience::Patience, process::Process, runtime_api::RuntimeApi, store::StoreProcess};
use crate::store::Account;

/// How long anything may take. The slowest, Powertools for Python with 1,000 claims in turn, takes some 20 seconds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// What a session is to be.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    /// Where its log is written.
    pub(crate) work: &'a Path,
    /// How late the store answers; `None` where nothing is claimed.
    pub(crate) store_delay: Option<Duration>,
    /// Further settings.
    pub(crate) environment: &'a [(&'static str, String)],
    /// How long anything may take.
    pub(crate) patience: Duration,
}

/// A process that waits for its next invocation.
pub(crate) struct Session {
    api: RuntimeApi,
    process: Process,
    store: Option<StoreProcess>,
    patience: Patience,
    messages: usize,
    /// From the start of the process until it asked for its first invocation.
    pub(crate) initialisation: Duration,
}

/// What became of one invocation.
pub(crate) struct Invocation {
    /// From when the event was handed out until the answer came.
    pub(crate) took: Duration,
    /// The ids that the answer names.
    pub(crate) failed: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    batch_item_failures: Vec<BatchItemFailure>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BatchItemFailure {
    item_identifier: String,
}

impl Session {
    pub(crate) async fn start(command: Command, wanted: Wanted<'_>) -> anyhow::Result<Self> {
        let clock = SystemClock::new();
        let patience = Patience::new(clock.clone(), wanted.patience);
        let store = match wanted.store_delay {
            Some(delay) => Some(StoreProcess::start(delay, patience.clone()).await?),
            None => None,
        };
        let api = RuntimeApi::start(clock.clone()).await?;
        let endpoint = store.as_ref().map(|store| store.endpoint.clone());
        let environment = endpoint.into_iter().map(|endpoint| ("AWS_ENDPOINT_URL_DYNAMODB", endpoint));
        let environment = environment.chain(wanted.environment.iter().cloned());
        let started = clock.monotonic();
        let process = Process::start(command, &api.address, environment, &wanted.work.join("log"))?;
        let mut session = Self { api, process, store, patience, messages: 0, initialisation: Duration::ZERO };
        let ready = session.await_ready().await?;
        session.initialisation = ready.saturating_sub(started);
        Ok(session)
    }

    /// Invokes it with so many messages that are new, all of them right, and fails where one failed.
    pub(crate) async fn invoke_new(&mut self, records: usize) -> anyhow::Result<Duration> {
        let numbers = self.messages..self.messages + records;
        self.messages += records;
        let invocation = self.invoke(event(numbers, |_| false)).await?;
        ensure!(invocation.failed.is_empty(), "failed: {:?}\n{}", invocation.failed, self.process.log());
        Ok(invocation.took)
    }

    pub(crate) async fn invoke(&mut self, event: String) -> anyhow::Result<Invocation> {
        let answer = heard(&mut self.process, &self.patience, self.api.invoke(event)).await?;
        self.await_ready().await?;
        let Ok(response) = serde_json::from_slice::<Response>(&answer.body) else {
            bail!("not a partial batch response: {}\n{}", String::from_utf8_lossy(&answer.body), self.process.log());
        };
        let failed = response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect();
        Ok(Invocation { took: answer.took, failed })
    }

    /// User and system time of the process up to now.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        self.process.cpu()
    }

    /// The most memory that the process ever had, in KiB.
    pub(crate) fn peak_kib(&self) -> anyhow::Result<u64> {
        self.process.peak_kib()
    }

    /// How many messages it got that were new.
    pub(crate) fn messages(&self) -> usize {
        self.messages
    }

    /// What the store was asked up to now; nothing where there is none.
    pub(crate) async fn account(&mut self) -> anyhow::Result<Account> {
        match &mut self.store {
            Some(store) => store.account().await,
            None => Ok(Account::default()),
        }
    }

    /// Ends the process, and the store, whose account this is.
    pub(crate) async fn end(mut self) -> anyhow::Result<Option<Account>> {
        self.process.end(&self.patience).await?;
        match self.store {
            Some(store) => store.end().await.map(Some),
            None => Ok(None),
        }
    }

    /// When it asked for its next invocation.
    async fn await_ready(&mut self) -> anyhow::Result<Duration> {
        heard(&mut self.process, &self.patience, self.api.ready()).await
    }
}

/// What the process says; an error where it ends instead, or stands still.
async fn heard<T>(
    process: &mut Process,
    patience: &Patience,
    said: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    let said = async {
        tokio::select! {
            biased;
            said = said => said,
            ended = process.exit() => bail!("the process ended: {ended:?}"),
        }
    };
    let said = patience.wait("the process", said).await;
    said.with_context(|| format!("the process wrote {:?}", process.log()))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn error(program: &str, arguments: &[&str], patience: Duration) -> String {
        let work = std::env::temp_dir().join(format!("compare-{}-{program}", std::process::id()));
        std::fs::create_dir_all(&work).unwrap();
        let mut command = Command::new(program);
        command.args(arguments);
        let wanted = Wanted { work: &work, store_delay: None, environment: &[], patience };
        let error = Session::start(command, wanted).await.err().unwrap();
        std::fs::remove_dir_all(&work).unwrap();
        format!("{error:#}")
    }

    #[tokio::test]
    async fn a_side_that_stands_still_or_ends_is_an_error_that_says_so() {
        let still = error("tail", &["-f", "/dev/null"], Duration::ZERO).await;
        assert!(still.contains("nothing from the process for 0ns"), "{still}");
        let ended = error("ls", &["/no/such/folder"], PATIENCE).await;
        assert!(ended.contains("the process ended") && ended.contains("/no/such/folder"), "{ended}");
    }
}
