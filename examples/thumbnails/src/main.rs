//! The program: on Lambda a function, elsewhere a command line.

use std::{
    env,
    error::Error,
    io::{self, Write},
    sync::Arc,
};

use sqs_runtime::Idempotency;
use thumbnails::{Folders, Question, asked, consumer, status};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // On Lambda there are no arguments.
    match asked(lexopt::Parser::from_env())? {
        Question::Status(_) if !has_table() => Err("no table is named: set IDEMPOTENCY_TABLE".into()),
        Question::Status(upload) => {
            let line = status(&Idempotency::from_env().await?, &upload).await?;
            Ok(writeln!(io::stdout(), "{line}")?)
        }
        Question::Other => {
            let images = Folders::from_env()?;
            // The table that IDEMPOTENCY_TABLE names; memory for `replay` where it names none.
            Ok(sqs_runtime::run(consumer(Idempotency::from_env().await?, Arc::new(images))).await?)
        }
    }
}

/// What another process did is known by a table alone.
#[expect(clippy::disallowed_methods, reason = "the program's settings stand in its environment")]
fn has_table() -> bool {
    env::var_os("IDEMPOTENCY_TABLE").is_some_and(|table| !table.is_empty() && table != "memory")
}
