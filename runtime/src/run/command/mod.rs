//! The command line of a consumer that was started outside Lambda.

mod args;

use std::io::{self, Write};

use self::args::Command;
pub(super) use self::args::number;
use super::{Hosts, replay};
use crate::{Consumer, Error};

/// All that was asked for was done.
const DONE: i32 = 0;
/// The command line was not understood.
const NOT_UNDERSTOOD: i32 = 2;

/// Does what the arguments say; gives the exit code.
pub(super) async fn main(consumer: Consumer, hosts: Hosts) -> Result<i32, Error> {
    match args::from_command_line() {
        Ok(Command::Help) => {
            tell(args::USAGE);
            Ok(DONE)
        }
        Ok(Command::Replay(args)) => Ok(replay::main(consumer, &args).await),
        #[cfg(all(feature = "worker", feature = "sqs", feature = "env"))]
        Ok(Command::Worker(args)) => super::worker::main(consumer, hosts.worker, args).await.map(|()| DONE),
        #[cfg(not(all(feature = "worker", feature = "sqs", feature = "env")))]
        Ok(Command::Worker) => {
            let _ = hosts;
            let features = "built without the features `worker`, `sqs` and `env`, of which `worker` needs each";
            Err(crate::error::Kind::Usage(features.to_owned()).into())
        }
        Err(error) => {
            tell(&format!("{error}\n\n{}", args::USAGE));
            Ok(NOT_UNDERSTOOD)
        }
    }
}

/// Text for people. Nobody reads it where standard error is closed.
pub(super) fn tell(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}
