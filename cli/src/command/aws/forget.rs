//! `sqs-runtime forget TABLE KEY --yes`.

use clap::Args;
use sqs_runtime::claim::RowState;

use super::{Ended, explain::now_ms, table::Row};
use crate::aws::{
    explain::report,
    forget::{Forgotten, forget, why_not},
};

/// Takes back a rejection that is remembered, so that the next delivery of the message runs.
///
/// Nothing but a rejection: a success is never undone, and a claim belongs to its owner. Ends with 0 where the rejection is taken back,
/// with 1 where nothing was written, and with 2 where the row cannot be read or written.
#[derive(Args)]
pub(in crate::command) struct Arguments {
    #[command(flatten)]
    row: Row,
    /// Does it. Without this the row is shown, and nothing is written.
    #[arg(long)]
    yes: bool,
}

pub(super) async fn main(arguments: &Arguments) -> Result<Ended, String> {
    let key = arguments.row.key()?;
    let store = arguments.row.store().await?;
    let shown = |row: &RowState| report::text(&key, Some(row), now_ms());
    Ok(match forget(&store, &key, arguments.yes).await.map_err(|error| arguments.row.told(&error))? {
        Forgotten::Yes => Ended::Well("forgotten: the next delivery runs".to_owned()),
        Forgotten::Would(row) => {
            Ended::Found(format!("{}nothing was written: --yes takes the rejection back", shown(&row)))
        }
        Forgotten::NoRejection(row) => {
            Ended::Found(format!("{}nothing was written: {}", shown(&row), why_not(&row.status)))
        }
        Forgotten::NoRow => {
            Ended::Found("there is no row, and so nothing to forget: the next delivery runs".to_owned())
        }
        Forgotten::Changed => Ended::Found("the row was changed meanwhile, nothing was written: look again".to_owned()),
    })
}
