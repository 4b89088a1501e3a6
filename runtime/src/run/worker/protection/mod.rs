//! ECS task scale-in protection: while messages are in hand, the task is not the one that a scale-in or a deployment ends.
//!
//! It is a wish. Where the agent refuses or gives no answer the work goes on as without: a task that is ended drains all the same.

mod agent;
mod pace;

use std::{convert::Infallible, future::pending, pin::pin, sync::Arc};

use futures_util::future::select;

pub(super) use self::agent::Agent;
use self::pace::{Pace, Step};
use super::Common;
use crate::{Error, error::Kind};

/// Which agent is asked.
#[derive(Clone, Debug, Default)]
pub(super) enum Protection {
    /// The one that `ECS_AGENT_URI` names, where it is set.
    #[default]
    FromEnv,
    At(Box<str>),
    Off,
}

impl Protection {
    /// The agent to ask, where there is one.
    pub(super) fn agent(&self) -> Result<Option<Agent>, Error> {
        match self {
            Self::Off => Ok(None),
            Self::At(uri) => {
                let mistake = "the ECS agent has to be named by an http:// URI, as ECS_AGENT_URI has it";
                Agent::at(uri).map(Some).ok_or_else(|| Kind::Settings(mistake.to_owned()).into())
            }
            Self::FromEnv => Ok(uri_from_env().and_then(|uri| {
                let agent = Agent::at(&uri);
                if agent.is_none() {
                    tracing::warn!("ECS_AGENT_URI is no http:// URI: the task is not protected from a scale-in");
                }
                agent
            })),
        }
    }
}

/// ECS sets this in every container of a task.
#[expect(clippy::disallowed_methods, reason = "ECS says so in the environment")]
fn uri_from_env() -> Option<String> {
    std::env::var("ECS_AGENT_URI").ok().filter(|uri| !uri.is_empty())
}

/// Protects the task for as long as it is polled, beside the worker.
pub(super) async fn run(common: Arc<Common>) -> Infallible {
    match &common.agent {
        Some(agent) => protect(agent, &common).await,
        None => pending().await,
    }
}

async fn protect(agent: &Agent, common: &Common) -> Infallible {
    let (clock, mut busy) = (&common.seams.clock, common.stats.busy());
    let (mut pace, mut is_warned) = (Pace::default(), false);
    loop {
        let (now, is_busy) = (clock.monotonic(), *busy.borrow_and_update());
        match pace.next(is_busy, now) {
            Step::Wait(None) => drop(busy.changed().await),
            Step::Wait(Some(until)) => drop(select(pin!(busy.changed()), clock.sleep(until.saturating_sub(now))).await),
            step => match agent.protect(step == Step::Ask, clock).await {
                Ok(()) if step == Step::Ask => pace.granted(now),
                Ok(()) => pace.given_up(),
                Err(why) => {
                    pace.failed(step, clock.monotonic());
                    if !std::mem::replace(&mut is_warned, true) {
                        tracing::warn!(why, "ECS does not protect the task from a scale-in; the work goes on");
                    }
                }
            },
        }
    }
}
