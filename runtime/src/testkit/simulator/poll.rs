//! How the mapping takes batches from a queue, and hands them on.

use std::time::Duration;

use super::{Event, World, mapping};
use crate::testkit::queue::Received;

/// A batch that is being filled.
pub(super) struct Gathering {
    received: Vec<Received>,
    bytes: usize,
    since: Duration,
    /// Nothing is waited for any more.
    is_closed: bool,
}

impl World {
    /// Takes batches from a queue while there are messages and invocations to be had.
    pub(super) fn poll(&mut self, queue: usize) {
        if !self.has_mappings() {
            return;
        }
        while self.has_work(queue) {
            if !self.has_room(queue) {
                self.hold_back(queue);
                break;
            }
            if let Some(numbers) = self.doubled.get_mut(&queue).and_then(Vec::pop) {
                self.double(queue, &numbers);
                continue;
            }
            self.gather(queue);
            let Some(batch) = self.gathering.get(&queue).filter(|batch| batch.is_closed) else { break };
            let is_empty = batch.received.is_empty();
            let received = self.gathering.remove(&queue).map(|batch| batch.received).unwrap_or_default();
            if is_empty {
                break;
            }
            self.dispatch(queue, received);
        }
        self.poll_again(queue);
    }

    /// The time that a batch may take to fill is over.
    pub(super) fn close_window(&mut self, queue: usize) {
        let (now, window) = (self.timeline.now(), self.setup.mapping.window);
        if let Some(batch) = self.gathering.get_mut(&queue) {
            // This may be another batch than the one whose window it was.
            batch.is_closed |= now >= batch.since + window;
        }
        self.poll(queue);
    }

    fn has_mappings(&self) -> bool {
        self.setup.mapping.maximum_concurrency > 0
    }

    /// Whether there is something to receive, or to hand on.
    fn has_work(&self, queue: usize) -> bool {
        let now = self.timeline.now();
        let is_closed = self.gathering.get(&queue).is_some_and(|batch| batch.is_closed);
        let mut queues = self.queues.all();
        let has_visible = queues.get_mut(queue).is_some_and(|queue| {
            queue.expire(now);
            queue.has_visible(now)
        });
        is_closed || has_visible || self.doubled.get(&queue).is_some_and(|doubled| !doubled.is_empty())
    }

    /// Receives into the queue's batch, and closes it where it is full, or waits for nothing.
    fn gather(&mut self, queue: usize) {
        let (now, mapping) = (self.timeline.now(), &self.setup.mapping);
        let mut queues = self.queues.all();
        let Some(from) = queues.get_mut(queue) else { return };
        let window = if from.settings.is_fifo() { Duration::ZERO } else { mapping.window };
        let new = || Gathering { received: Vec::new(), bytes: 0, since: now, is_closed: false };
        let mut batch = self.gathering.remove(&queue).unwrap_or_else(new);
        let (is_new, mut bytes) = (batch.received.is_empty(), batch.bytes);
        let has_room = |received: &Received| {
            let is_first = bytes == 0;
            bytes += mapping::record_bytes(received);
            is_first || bytes <= mapping.max_event_bytes
        };
        let (received, is_closed_by_size) = from.receive(mapping.batch_size - batch.received.len(), has_room, now);
        drop(queues);
        self.causes.hand_out(queue, &received);
        self.store.state().circumstances.closed_by_size += u64::from(is_closed_by_size);
        batch.bytes = bytes;
        batch.received.extend(received);
        let (is_empty, is_full) = (batch.received.is_empty(), batch.received.len() >= mapping.batch_size);
        batch.is_closed |= is_empty || is_full || is_closed_by_size || window.is_zero();
        let waits = !batch.is_closed;
        self.gathering.insert(queue, batch);
        if waits && is_new {
            self.store.state().circumstances.windows += 1;
            self.plan(now + window, Event::Window(queue));
        }
    }

    /// Whether the mapping may have one more invocation now.
    fn has_room(&self, queue: usize) -> bool {
        self.at_work(queue) < self.concurrency(queue)
    }

    pub(super) fn at_work(&self, queue: usize) -> usize {
        self.invocations.values().filter(|running| running.queue == queue).count()
    }

    /// How many invocations it may have at a time: as many as it has reached, less for those that failed.
    fn concurrency(&self, queue: usize) -> usize {
        let reached = self.setup.mapping.concurrency_at(self.timeline.now());
        reached.saturating_sub(self.slowed.get(&queue).copied().unwrap_or(0)).max(1)
    }

    /// An invocation came to an answer, or to an error: the mapping slows down with each error, and recovers with each answer. AWS says
    /// of it that it does so gradually.
    pub(super) fn learns(&mut self, queue: usize, is_error: bool) {
        let slowed = self.slowed.entry(queue).or_default();
        *slowed = if is_error { *slowed + 1 } else { slowed.saturating_sub(1) };
        *slowed = (*slowed).min(self.setup.mapping.maximum_concurrency);
    }

    /// Comes back when the mapping may have more invocations; until then only the end of one helps.
    fn hold_back(&mut self, queue: usize) {
        self.store.state().circumstances.held_back += 1;
        let now = self.timeline.now();
        if self.setup.mapping.concurrency_at(now) < self.setup.mapping.maximum_concurrency {
            self.plan_poll(queue, Duration::from_secs(60 * (now.as_secs() / 60 + 1)));
        }
    }

    /// Comes back when the next message becomes visible, or expires.
    pub(super) fn poll_again(&mut self, queue: usize) {
        if !self.has_mappings() {
            return;
        }
        let now = self.timeline.now();
        let next = self.queues.all().get(queue).and_then(|queue| queue.next_change(now));
        if let Some(at) = next {
            self.plan_poll(queue, at);
        }
    }

    fn plan_poll(&mut self, queue: usize, at: Duration) {
        let is_planned = |event: &Event| matches!(event, Event::Poll(of) if *of == queue);
        if !self.events.range((at, 0)..=(at, u64::MAX)).any(|(_, event)| is_planned(event)) {
            self.plan(at, Event::Poll(queue));
        }
    }

    fn dispatch(&mut self, queue: usize, received: Vec<Received>) {
        let on = self.faults_are_on();
        if on && self.chance.happens(self.setup.faults.throttle) {
            self.store.state().counts.throttles += 1;
            self.burn(queue, &received);
            self.learns(queue, true);
            self.tell(format_args!("queue {queue}: an invocation is throttled"));
            return;
        }
        let is_fifo = self.queues.all().get(queue).is_some_and(|queue| queue.settings.is_fifo());
        if on && !is_fifo && self.chance.happens(self.setup.faults.duplicate) {
            let numbers = received.iter().map(|received| received.number).collect();
            self.doubled.entry(queue).or_default().push(numbers);
        }
        self.invoke(queue, received);
    }

    /// Hands a batch out a second time, while the first invocation with it may still run.
    fn double(&mut self, queue: usize, numbers: &[u64]) {
        let now = self.timeline.now();
        let mut queues = self.queues.all();
        let again = numbers.iter().filter_map(|number| queues.get_mut(queue)?.hand_out(*number, now));
        let again: Vec<_> = again.collect();
        drop(queues);
        // It may be gone meanwhile.
        if !again.is_empty() {
            self.store.state().counts.duplicates += 1;
            self.causes.hand_out(queue, &again);
            self.invoke(queue, again);
        }
    }

    /// Receives that come to no report.
    pub(super) fn burn(&mut self, queue: usize, received: &[Received]) {
        self.burnt += received.len() as u64;
        received.iter().for_each(|received| self.causes.comes_to_something(queue, received.receipt));
    }
}
