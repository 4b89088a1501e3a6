//! A worker process.

use std::{
    fs::File,
    process::{ExitStatus, Stdio},
};

use anyhow::{Context as _, ensure};
use tokio::process::{Child, Command};

use super::Args;
use crate::aws::{KEY, REGION};

/// A worker that was started, and is killed if it is dropped.
pub(super) struct Process(Child);

impl Process {
    pub(super) fn start(args: &Args, nth: usize, settings: &[(&'static str, String)]) -> anyhow::Result<Self> {
        let log = args.logs.join(format!("worker-{nth}.log"));
        let log = File::options().create(true).append(true).open(log).context("a worker's log")?;
        let child = Command::new(&args.program)
            .args(["worker", "--concurrency", "40"])
            .env_clear()
            .envs(settings.iter().map(|(name, value)| (name, value)))
            .envs([("AWS_REGION", REGION), ("AWS_ACCESS_KEY_ID", KEY), ("AWS_SECRET_ACCESS_KEY", KEY)])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .context("a worker")?;
        Ok(Self(child))
    }

    pub(super) fn is_running(&mut self) -> anyhow::Result<bool> {
        Ok(self.0.try_wait()?.is_none())
    }

    /// SIGKILL.
    pub(super) async fn kill(&mut self) -> anyhow::Result<()> {
        ensure!(self.is_running()?, "a worker ended by itself before it was killed");
        Ok(self.0.kill().await?)
    }

    /// SIGTERM.
    pub(super) fn signal_termination(&self) -> anyhow::Result<()> {
        let pid = self.0.id().context("a worker that ended by itself")?;
        let status = std::process::Command::new("kill").args(["-TERM", &pid.to_string()]).status()?;
        ensure!(status.success(), "kill: {status}");
        Ok(())
    }

    /// Once it ended, as it should.
    pub(super) async fn ended(&mut self) -> anyhow::Result<()> {
        let status: ExitStatus = self.0.wait().await?;
        ensure!(status.success(), "a worker that was stopped ended with {status}");
        Ok(())
    }

    pub(super) async fn terminate(&mut self) -> anyhow::Result<()> {
        self.signal_termination()?;
        self.ended().await
    }
}
