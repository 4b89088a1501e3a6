//! The consumer as a process of its own, and what it writes.

use std::{
    io,
    process::{ExitStatus, Stdio},
};

use sqs_runtime::run::{Spawn as _, TokioSpawn};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, BufReader},
    process::{self, Command},
    sync::mpsc,
};

/// The process; it ends when this is dropped.
pub(super) struct Child {
    process: process::Child,
    written: mpsc::UnboundedReceiver<String>,
}

impl Child {
    /// Starts the consumer with nothing in its environment but this.
    pub(super) fn start(environment: &[(&str, &str)]) -> io::Result<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_consumer"));
        command.env_clear().envs(environment.iter().copied()).kill_on_drop(true);
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let (lines, written) = mpsc::unbounded_channel();
        // Read all the time, so that the process never waits for a full pipe.
        read_lines(process.stdout.take(), lines.clone());
        read_lines(process.stderr.take(), lines);
        Ok(Self { process, written })
    }

    /// Waits until the process ends of its own.
    pub(super) async fn exit(&mut self) -> io::Result<ExitStatus> {
        self.process.wait().await
    }

    /// Ends the process.
    pub(super) async fn kill(&mut self) -> io::Result<()> {
        self.process.kill().await
    }

    /// All lines of both outputs that were not taken before, once the process has ended.
    pub(super) async fn rest(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some(line) = self.line().await {
            lines.push(line);
        }
        lines
    }

    /// The next line that was not taken before; `None` once the process has ended.
    pub(super) async fn line(&mut self) -> Option<String> {
        self.written.recv().await
    }

    /// The lines that came up to now.
    pub(super) fn so_far(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.written.try_recv().ok()).collect()
    }
}

fn read_lines(output: Option<impl AsyncRead + Send + Unpin + 'static>, told: mpsc::UnboundedSender<String>) {
    let Some(output) = output else { return };
    TokioSpawn.spawn(Box::pin(async move {
        let mut lines = BufReader::new(output).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let _ = told.send(line);
        }
    }));
}
