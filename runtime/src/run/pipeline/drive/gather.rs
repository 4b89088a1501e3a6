//! Successes that wait for company: while one request records some, those that end meanwhile go with the next, where the store says that
//! this is worth it. Nobody waits for company that may never come: a success that finds no request under way goes at once.

use std::time::Duration;

use futures_util::future::BoxFuture;

use super::Drive;
use crate::{
    claim::{CompleteRequest, MarkRequest},
    run::pipeline::deadline::Phase,
};

/// The longest that a success waits for the request before it: until it is recorded, a crash repeats its work.
const PATIENCE: Duration = Duration::from_millis(20);

/// What waits, with the places of the records.
#[derive(Default)]
pub(super) struct Gathered {
    completions: Vec<(usize, CompleteRequest)>,
    marks: Vec<(usize, MarkRequest)>,
    /// Requests under way that record successes.
    under_way: usize,
    /// When what waits goes, whatever is under way.
    pub(super) alarm: Option<BoxFuture<'static, ()>>,
}

impl Drive {
    /// Records successes, now or with the next request.
    pub(super) fn record(&mut self, completions: Vec<(usize, CompleteRequest)>, marks: Vec<(usize, MarkRequest)>) {
        if completions.is_empty() && marks.is_empty() {
            return;
        }
        let cut = self.commit_unknown(None);
        let places = completions.iter().map(|(index, _)| *index).chain(marks.iter().map(|(index, _)| *index));
        for index in places.collect::<Vec<_>>() {
            self.settling(index, cut.clone());
        }
        self.gathered.completions.extend(completions);
        self.gathered.marks.extend(marks);
        let is_worth_it =
            self.shared.idempotency.as_ref().is_some_and(|idempotency| idempotency.store().travels_together());
        if self.gathered.under_way == 0 || !is_worth_it || self.phase != Phase::Open {
            self.send_gathered();
        } else if self.gathered.alarm.is_none() {
            self.gathered.alarm = Some(self.shared.seams.clock.sleep(PATIENCE));
        }
    }

    /// Sends what waits.
    pub(super) fn send_gathered(&mut self) {
        self.gathered.alarm = None;
        let completions = std::mem::take(&mut self.gathered.completions);
        let marks = std::mem::take(&mut self.gathered.marks);
        self.complete(completions);
        self.mark(marks);
    }

    /// Notes that a request is under way which records successes.
    pub(super) fn note_under_way(&mut self) {
        self.gathered.under_way += 1;
    }

    /// Such a request was answered.
    pub(super) fn note_recorded(&mut self) {
        self.gathered.under_way = self.gathered.under_way.saturating_sub(1);
        if self.gathered.under_way == 0 {
            self.send_gathered();
        }
    }
}
