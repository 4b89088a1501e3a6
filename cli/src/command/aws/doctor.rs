//! `sqs-runtime doctor --stack NAME`: the half of `doctor` that speaks to AWS.

use super::{Notes, client, ended, note};
use crate::{
    command::{Ended, doctor::Format},
    doctor::live::examine,
    terminal::without_accounts,
};

pub(in crate::command) fn main(stack: &str, format: Format, notes: Notes<'_>) -> Ended {
    ended(told(stack, format, notes))
}

async fn told(stack: &str, format: Format, notes: Notes<'_>) -> Result<Ended, String> {
    let clients = client::of_a_stack().await?;
    let examined = examine(&clients, stack).await.map_err(|refused| refused.to_string())?;
    examined.unread.iter().for_each(|unread| note(&mut *notes, &unread.to_string()));
    let told = format.tell(&without_accounts(stack), &examined.findings)?;
    // What was not read may be wrong.
    let is_well = examined.findings.is_empty() && examined.unread.is_empty();
    Ok(if is_well { Ended::Well(told) } else { Ended::Found(told) })
}
