//! `sqs-runtime peek QUEUE-URL`.

use clap::Args;
use sqs_runtime::{Clock as _, SystemClock, queue::SqsClient};

use super::{Ended, Format, Notes, client, name_of, note, url};
use crate::{
    aws::{
        peek::{report, seen},
        sample::{Asked, End, HIDDEN, Refused, Sample, limit, sample},
    },
    terminal::{count, without_accounts},
};

/// Shows what lies in a queue: ids, receive counts, ages, groups, sizes and the shapes of bodies.
///
/// Messages are received and made visible again at once. That counts as a receive: beside a redrive policy it takes each of them nearer
/// to the dead-letter queue. It ends where one has a single receive left.
///
/// Ends with 0; with 1 where it ended so, or a message stays hidden for a moment; with 2 where nothing could be received.
#[derive(Args)]
pub(in crate::command) struct Arguments {
    #[command(flatten)]
    sampled: Sampled,
    /// Shows the bodies themselves, and what errors said.
    #[arg(long)]
    bodies: bool,
    /// How messages are told.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Which messages are received: for `record` too.
#[derive(Args)]
pub(super) struct Sampled {
    /// The queue's URL.
    #[arg(value_parser = url)]
    pub(super) queue_url: String,
    /// At most so many messages.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=100))]
    max: u16,
    /// Goes on where the redrive policy allows a message one receive more, or none.
    #[arg(long)]
    force: bool,
}

pub(super) async fn main(arguments: &Arguments, notes: Notes<'_>) -> Result<Ended, String> {
    let sample = arguments.sampled.take("peek").await?;
    let is_well = arguments.sampled.tell(&sample, notes);
    let seen = seen(&sample, arguments.bodies, SystemClock::new().wall());
    let queue = name_of(&arguments.sampled.queue_url);
    let told = match arguments.format {
        Format::Text => report::text(queue, &seen),
        Format::Json => report::json(queue, &seen).map_err(|error| error.to_string())?,
    };
    Ok(if is_well { Ended::Well(told) } else { Ended::Found(told) })
}

impl Sampled {
    pub(super) async fn take(&self, command: &str) -> Result<Sample, String> {
        let client = SqsClient::new(client::sqs(&self.queue_url).await?);
        let asked = Asked { most: self.max.into(), force: self.force };
        sample(&client, &self.queue_url, asked).await.map_err(|refused| self.why(command, &refused))
    }

    fn why(&self, command: &str, refused: &Refused) -> String {
        let needs = if refused.is_denied() {
            format!(
                "; {command} needs sqs:GetQueueAttributes, sqs:ReceiveMessage and sqs:ChangeMessageVisibility on the queue, and kms:Decrypt on its key"
            )
        } else {
            String::new()
        };
        format!("{}: {}{needs}", name_of(&self.queue_url), without_accounts(&refused.to_string()))
    }

    /// What there is to be said of a sample beside its messages. Whether all is well.
    pub(super) fn tell(&self, sample: &Sample, notes: Notes<'_>) -> bool {
        if !sample.messages.is_empty() {
            note(notes, &self.price(sample));
        }
        match &sample.end {
            End::Enough | End::NothingMore => {}
            End::FewReceivesLeft => note(
                notes,
                "a message has one receive left, or none: its consumer comes too late then; ended here, --force goes on",
            ),
            End::Failed(error) => note(notes, &format!("ended early: {}", without_accounts(&error.to_string()))),
        }
        for kept in &sample.kept {
            let seconds = HIDDEN.as_secs();
            note(
                notes,
                &format!("{} stays hidden for up to {seconds} s: {}", kept.message_id, without_accounts(&kept.why)),
            );
        }
        matches!(sample.end, End::Enough | End::NothingMore) && sample.kept.is_empty()
    }

    fn price(&self, sample: &Sample) -> String {
        let spent = format!(
            "{} received and given back: that counts as a receive of each",
            count(sample.messages.len(), "message")
        );
        let moved = limit(&sample.queue)
            .map(|limit| format!("; after {limit} the redrive policy moves a message to the dead-letter queue"));
        let locked = name_of(&self.queue_url)
            .ends_with(".fifo")
            .then_some("; their groups gave nothing to anybody else meanwhile");
        format!("{spent}{}{}", moved.unwrap_or_default(), locked.unwrap_or_default())
    }
}
