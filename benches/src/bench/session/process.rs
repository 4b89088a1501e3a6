//! The process of a side: its start, its end, and what the system says about it.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use tokio::process::{Child, Command};

use super::patience::Patience;

/// One of the ticks in which the system tells a process's time.
const TICK: Duration = Duration::from_millis(10);

pub(super) struct Process {
    child: Child,
    id: u32,
    log: PathBuf,
}

impl Process {
    /// Starts it with what Lambda says in the environment, and this. It ends when this is dropped.
    pub(super) fn start(
        command: std::process::Command,
        runtime_api: &str,
        environment: impl Iterator<Item = (&'static str, String)>,
        log: &Path,
    ) -> anyhow::Result<Self> {
        let written = File::create(log)?;
        let mut command = Command::from(command);
        command.envs([
            ("AWS_LAMBDA_RUNTIME_API", runtime_api),
            ("AWS_LAMBDA_FUNCTION_NAME", "orders"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1024"),
            ("AWS_REGION", "eu-central-1"),
            ("AWS_DEFAULT_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "none"),
            ("AWS_SECRET_ACCESS_KEY", "none"),
            // Keeps Python from writing beside the sources.
            ("PYTHONDONTWRITEBYTECODE", "1"),
        ]);
        command.envs(environment).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(written.try_clone()?).stderr(written);
        let child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
        let id = child.id().context("the process ended at once")?;
        Ok(Self { child, id, log: log.to_owned() })
    }

    pub(super) async fn exit(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Ends it as Lambda does, so that whoever watches it can say what it saw.
    pub(super) async fn end(&mut self, patience: &Patience) -> anyhow::Result<()> {
        let killed = Command::new("kill").arg(self.id.to_string()).status().await?;
        ensure!(killed.success(), "the process is gone\n{}", self.log());
        patience.wait("the process that was to end", async { Ok(self.child.wait().await?) }).await?;
        Ok(())
    }

    /// What it wrote.
    pub(super) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// User and system time. The threads' own clocks count nanoseconds, but die with their threads; the process's clock counts those as well,
    /// but is told in whole ticks. Neither says too much, so the larger is right.
    pub(super) fn cpu(&self) -> anyhow::Result<Duration> {
        Ok(self.cpu_of_threads()?.max(self.cpu_in_ticks()?))
    }

    fn cpu_of_threads(&self) -> anyhow::Result<Duration> {
        let mut nanoseconds = 0;
        for thread in fs::read_dir(format!("/proc/{}/task", self.id))? {
            // It may have ended by now.
            let Ok(text) = fs::read_to_string(thread?.path().join("schedstat")) else { continue };
            nanoseconds += text.split(' ').next().unwrap_or_default().parse::<u64>()?;
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    fn cpu_in_ticks(&self) -> anyhow::Result<Duration> {
        let text = fs::read_to_string(format!("/proc/{}/stat", self.id))?;
        // The name, in parentheses, may have blanks in it. After it user and system time are the fields 12 and 13.
        let (_, fields) = text.rsplit_once(") ").context("no name")?;
        let ticks: u32 = fields.split(' ').skip(11).take(2).map(str::parse::<u32>).sum::<Result<_, _>>()?;
        Ok(TICK * ticks)
    }

    /// The most memory that it ever had, in KiB.
    pub(super) fn peak_kib(&self) -> anyhow::Result<u64> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.id))?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }
}
