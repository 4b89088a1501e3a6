//! `sqs-runtime explain TABLE KEY`.

use std::time::SystemTime;

use clap::Args;
use sqs_runtime::{Clock as _, SystemClock};

use super::{Ended, Format, table::Row};
use crate::aws::explain::{report, row};

/// Says what the idempotency table remembers of a message, and what comes of its next delivery.
///
/// Ends with 0 where there is a row, with 1 where there is none, and with 2 where it cannot be read.
#[derive(Args)]
pub(in crate::command) struct Arguments {
    #[command(flatten)]
    row: Row,
    /// How the row is told.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(super) async fn main(arguments: &Arguments) -> Result<Ended, String> {
    let key = arguments.row.key()?;
    let store = arguments.row.store().await?;
    let found = row(&store, &key).await.map_err(|error| arguments.row.told(&error))?;
    let now = now_ms();
    let told = match arguments.format {
        Format::Text => report::text(&key, found.as_ref(), now),
        Format::Json => report::json(&key, found.as_ref(), now).map_err(|error| error.to_string())?,
    };
    Ok(if found.is_some() { Ended::Well(told) } else { Ended::Found(told) })
}

pub(super) fn now_ms() -> u64 {
    let since = SystemClock::new().wall().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
