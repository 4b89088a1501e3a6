//! `orders create-tables`: the tables that the settings name.

use lexopt::prelude::*;

use super::{Stop, say};
use crate::tables::{Names, client, create};

const USAGE: &str = "\
Makes the tables that the environment names, billed on demand, with the attribute by which DynamoDB forgets rows.

usage: orders create-tables

  IDEMPOTENCY_TABLE  the runtime's rows
  ORDERS_TABLE       a row for each charged order
  STOCK_TABLE        pieces on the shelf
  OUTBOX_TABLE       what `orders relay` sends on

A table that is there already is left as it is. AWS_ENDPOINT_URL_DYNAMODB names another endpoint.
Standard output: {\"made\":[names]}.
";

pub(super) async fn main(mut command_line: lexopt::Parser) -> Result<(), Stop> {
    match command_line.next()? {
        None => {}
        Some(Long("help") | Short('h')) => return Err(Stop::Help(USAGE)),
        Some(other) => return Err(other.unexpected().into()),
    }
    let names = Names::from_env();
    if names == Names::default() {
        return Err(Stop::failed("no table is named: set IDEMPOTENCY_TABLE and ORDERS_TABLE"));
    }
    let made = create(&client().await, &names).await.map_err(Stop::failed)?;
    say(serde_json::json!({ "made": made }))
}
