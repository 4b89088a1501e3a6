//! A function as Lambda runs it: the process, and the Runtime API that it asks. No wait is without end.

use std::{process::ExitStatus, time::Duration};

use anyhow::bail;
use sqs_runtime::{Clock as _, SystemClock};

use super::{
    answer::Answer,
    child::Child,
    fake_runtime_api::{FakeRuntimeApi, Invocation},
};

/// Far longer than anything here takes, on the slowest of machines.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a process ended, and all that it wrote.
pub(super) type Ended = (ExitStatus, Vec<String>);

pub(super) struct Function {
    api: FakeRuntimeApi,
    child: Child,
}

impl Function {
    /// Starts the consumer with these settings beside those that Lambda makes.
    pub(super) async fn start(settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let api = FakeRuntimeApi::start().await?;
        let address = api.address();
        let mut environment = vec![
            ("AWS_LAMBDA_RUNTIME_API", address.as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", "orders"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
        ];
        environment.extend(settings);
        let child = Child::start(&environment)?;
        Ok(Self { api, child })
    }

    /// Queues an invocation and gives its request id.
    pub(super) fn send(&mut self, invocation: Invocation) -> String {
        self.api.send(invocation)
    }

    /// The next answer that comes.
    pub(super) async fn answer(&mut self) -> anyhow::Result<Answer> {
        let Self { api, child } = self;
        let missing = tokio::select! {
            biased;
            Some(answer) = api.answer() => return Ok(answer),
            ended = child.exit() => format!("the process ended: {ended:?}"),
            () = SystemClock::new().sleep(PATIENCE) => format!("no answer for {PATIENCE:?}"),
        };
        bail!("{missing}; it wrote:\n{}", child.so_far().join("\n"))
    }

    /// Queues an invocation and gives its answer.
    pub(super) async fn invoke(&mut self, invocation: Invocation) -> anyhow::Result<Answer> {
        let request_id = self.send(invocation);
        let answer = self.answer().await?;
        if answer.request_id != request_id {
            bail!("not the answer to {request_id}: {answer:?}");
        }
        Ok(answer)
    }

    /// What becomes of an invocation: its answer and the process, or how that ended and all that it wrote.
    pub(super) async fn survives(mut self, invocation: Invocation) -> anyhow::Result<Result<(Answer, Self), Ended>> {
        self.send(invocation);
        let Self { api, child } = &mut self;
        let answered = tokio::select! {
            Some(answer) = api.answer() => Some(answer),
            status = child.exit() => { status?; None }
            () = SystemClock::new().sleep(PATIENCE) => bail!("no answer for {PATIENCE:?}"),
        };
        match answered {
            Some(answer) => Ok(Ok((answer, self))),
            None => Ok(Err(self.exit().await?)),
        }
    }

    /// Waits until it has written a line with that text, however late after its answer.
    pub(super) async fn says(&mut self, text: &str) -> anyhow::Result<()> {
        let mut lines = Vec::new();
        let saying = async {
            while let Some(line) = self.child.line().await {
                if line.contains(text) {
                    return true;
                }
                lines.push(line);
            }
            false
        };
        let has_said = tokio::select! {
            has_said = saying => has_said,
            () = SystemClock::new().sleep(PATIENCE) => false,
        };
        match has_said {
            true => Ok(()),
            false => bail!("it never said {text:?}; it wrote:\n{}", lines.join("\n")),
        }
    }

    /// Ends the process and gives all that it wrote.
    pub(super) async fn stop(mut self) -> anyhow::Result<Vec<String>> {
        self.child.kill().await?;
        Ok(self.child.rest().await)
    }

    /// Waits until the process ends of its own, and gives all that it wrote.
    pub(super) async fn exit(mut self) -> anyhow::Result<Ended> {
        let ended = tokio::select! {
            ended = self.child.exit() => Some(ended?),
            () = SystemClock::new().sleep(PATIENCE) => None,
        };
        match ended {
            Some(status) => Ok((status, self.child.rest().await)),
            None => bail!("still there after {PATIENCE:?}; it wrote:\n{}", self.child.so_far().join("\n")),
        }
    }
}
