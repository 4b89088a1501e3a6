//! Many entries in calls of at most ten, some calls at a time, each answer at its entry's place.

use futures_util::{
    FutureExt, StreamExt,
    future::{BoxFuture, ready},
    stream,
};

use super::{DeadLetter, EntryAnswer, MAX_ENTRIES, QueueError, VisibilityChange};
use crate::batch::{QueueArn, Record};

/// How many calls are under way at a time.
const AT_A_TIME: usize = 8;

/// What one entry of a call is about.
pub(crate) trait Entry {
    fn record(&self) -> &Record;

    /// Whether it may still join those before it, which are of its queue.
    fn fits(&self, _before: &[Self]) -> bool
    where
        Self: Sized,
    {
        true
    }
}

impl Entry for Record {
    fn record(&self) -> &Record {
        self
    }
}

impl Entry for VisibilityChange {
    fn record(&self) -> &Record {
        &self.record
    }
}

impl Entry for DeadLetter {
    fn record(&self) -> &Record {
        self.record()
    }

    /// Together they may be no larger than one alone.
    fn fits(&self, before: &[Self]) -> bool {
        before.iter().map(Self::bytes).sum::<usize>() + self.bytes() <= Self::MAX_BYTES
    }
}

/// Makes the calls for these entries, each for one queue, and gives the answers in the order of the entries.
pub(crate) fn in_calls<'a, T: Entry + Sync>(
    entries: &'a [T],
    call: impl Fn(QueueArn<'a>, &'a [T]) -> Answers<'a>,
) -> Answers<'a> {
    let calls: Vec<Answers<'a>> = chunks(entries, goes_with).into_iter().map(|chunk| one_call(chunk, &call)).collect();
    Box::pin(stream::iter(calls).buffered(AT_A_TIME).flat_map(stream::iter).collect())
}

type Answers<'a> = BoxFuture<'a, Vec<EntryAnswer>>;

fn goes_with<T: Entry>(before: &[T], next: &T) -> bool {
    let is_of_one_queue = |first: &T| first.record().queue_arn() == next.record().queue_arn();
    before.first().is_some_and(is_of_one_queue) && next.fits(before)
}

fn one_call<'a, T: Entry + Sync>(chunk: &'a [T], call: &impl Fn(QueueArn<'a>, &'a [T]) -> Answers<'a>) -> Answers<'a> {
    let arn = chunk.first().and_then(|entry| entry.record().queue_arn());
    match arn.map(|arn| call(arn, chunk)) {
        Some(answers) => Box::pin(answers.map(|answers| one_for_each(chunk.len(), answers))),
        None => Box::pin(ready(one_for_each(chunk.len(), Vec::new()))),
    }
}

/// Runs of entries that go together.
fn chunks<T>(entries: &[T], fits: impl Fn(&[T], &T) -> bool) -> Vec<&[T]> {
    let (mut chunks, mut rest) = (Vec::new(), entries);
    while !rest.is_empty() {
        let mut len = 1;
        while len < MAX_ENTRIES {
            let (Some(before), Some(next)) = (rest.get(..len), rest.get(len)) else { break };
            if !fits(before, next) {
                break;
            }
            len += 1;
        }
        let (chunk, others) = rest.split_at(len);
        chunks.push(chunk);
        rest = others;
    }
    chunks
}

/// A client that forgot an answer has not confirmed that entry.
fn one_for_each(entries: usize, answers: Vec<EntryAnswer>) -> Vec<EntryAnswer> {
    let missing = || Err(QueueError::new("the client gave no answer for this entry"));
    answers.into_iter().chain(std::iter::repeat_with(missing)).take(entries).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_go_in_tens_and_by_what_fits() {
        let entries: Vec<usize> = (0..25).collect();
        let lens = |chunks: Vec<&[usize]>| chunks.into_iter().map(<[usize]>::len).collect::<Vec<_>>();
        assert_eq!(lens(chunks(&entries, |_, _| true)), [10, 10, 5]);
        assert_eq!(lens(chunks(&entries, |before, _| before.len() < 4)), [4, 4, 4, 4, 4, 4, 1]);
        assert_eq!(lens(chunks(&[], |_, _| true)), [0_usize; 0]);
    }

    #[test]
    fn every_entry_has_one_answer() {
        let answers = one_for_each(3, vec![Ok(()), Ok(()), Ok(()), Ok(())]);
        assert_eq!(answers.len(), 3);
        let answers = one_for_each(2, vec![Ok(())]);
        assert!(matches!(answers.as_slice(), [Ok(()), Err(error)] if !error.is_denied()));
    }
}
