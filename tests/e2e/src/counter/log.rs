//! The runs that a function's log tells of.

use std::collections::BTreeMap;

use super::{Book, Runs};
use crate::{account::Sent, aws::Line};

/// A run for each line, by the work of its message. A message that nobody sent is work of its own.
pub(crate) fn runs(sent: &[Sent], mut lines: Vec<Line>) -> BTreeMap<String, Runs> {
    let works: BTreeMap<&str, &str> =
        sent.iter().map(|sent| (sent.message_id.as_str(), sent.planned.work.as_str())).collect();
    // Processes write beside each other: only their clock, which is one, says what came first.
    lines.sort_by(|one, other| one.timestamp.cmp(&other.timestamp));
    let mut book = Book::default();
    for Line { message_id, .. } in &lines {
        book.called(works.get(message_id.as_str()).unwrap_or(&message_id.as_str()));
    }
    book.runs().clone()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::entries;

    #[test]
    fn each_line_is_a_run_of_its_messages_work_in_the_order_of_time() {
        let sent = |(nth, planned)| Sent { planned, message_id: format!("m-{nth}") };
        let sent: Vec<_> = entries(1, 2).into_iter().enumerate().map(sent).collect();
        let line =
            |message_id: &str, timestamp: &str| Line { message_id: message_id.into(), timestamp: timestamp.into() };
        let lines = vec![line("m-1", "12:03"), line("m-0", "12:02"), line("m-1", "12:01"), line("stranger", "12:04")];
        let runs = runs(&sent, lines);
        let of = |work: &str| runs.get(work).map(|runs| (runs.calls, runs.last));
        assert_eq!(of(&sent[0].planned.work), Some((1, 2)));
        assert_eq!(of(&sent[1].planned.work), Some((2, 3)));
        assert_eq!(of("stranger"), Some((1, 4)));
    }
}
