//! How the mapping takes batches from a queue, and hands them on.

use std::time::Duration;

use super::{Event, World};
use crate::testkit::queue::Received;

impl World {
    /// Takes batches from a queue while there are messages and invocations to be had.
    pub(super) fn poll(&mut self, queue: usize, window_is_over: bool) {
        if !self.has_mappings() {
            return;
        }
        let now = self.timeline.now();
        if window_is_over {
            self.waiting.remove(&queue);
        }
        loop {
            let has_room = self.has_room(queue);
            let mut queues = self.queues.all();
            let Some(from) = queues.get_mut(queue) else { return };
            if !from.has_visible(now) || self.waiting.contains(&queue) {
                break;
            }
            if !has_room {
                drop(queues);
                self.hold_back(queue);
                break;
            }
            if !self.setup.mapping.window.is_zero() && !window_is_over {
                drop(queues);
                self.waiting.insert(queue);
                self.plan(now + self.setup.mapping.window, Event::Window(queue));
                break;
            }
            let (received, is_closed) =
                from.receive(self.setup.mapping.batch_size, self.setup.mapping.max_event_bytes, now);
            drop(queues);
            self.store.state().counts.closed_by_size += u64::from(is_closed);
            if received.is_empty() {
                break;
            }
            self.dispatch(queue, received);
        }
        self.poll_again(queue);
    }

    fn has_mappings(&self) -> bool {
        self.setup.mapping.maximum_concurrency > 0
    }

    /// Whether the mapping may have one more invocation now.
    fn has_room(&self, queue: usize) -> bool {
        let at_work = self.invocations.values().filter(|running| running.queue == queue).count();
        at_work < self.setup.mapping.concurrency_at(self.timeline.now())
    }

    /// Comes back when the mapping may have more invocations; until then only the end of one helps.
    fn hold_back(&mut self, queue: usize) {
        self.store.state().counts.held_back += 1;
        let now = self.timeline.now();
        if self.setup.mapping.concurrency_at(now) < self.setup.mapping.maximum_concurrency {
            self.plan_poll(queue, Duration::from_secs(60 * (now.as_secs() / 60 + 1)));
        }
    }

    /// Comes back when the next message becomes visible.
    pub(super) fn poll_again(&mut self, queue: usize) {
        let now = self.timeline.now();
        let next = self.queues.all().get(queue).and_then(|queue| queue.next_visible(now));
        if let Some(at) = next {
            self.plan_poll(queue, at);
        }
    }

    fn plan_poll(&mut self, queue: usize, at: Duration) {
        if !self.has_mappings() {
            return;
        }
        let is_planned = |event: &Event| matches!(event, Event::Poll(of) if *of == queue);
        if !self.events.range((at, 0)..=(at, u64::MAX)).any(|(_, event)| is_planned(event)) {
            self.plan(at, Event::Poll(queue));
        }
    }

    fn dispatch(&mut self, queue: usize, received: Vec<Received>) {
        let on = self.faults_are_on();
        if on && self.chance.happens(self.setup.faults.throttle) {
            self.store.state().counts.throttles += 1;
            self.burnt += received.len() as u64;
            self.tell(format_args!("queue {queue}: an invocation is throttled"));
            return;
        }
        let is_fifo = self.queues.all().get(queue).is_some_and(|queue| queue.settings.is_fifo());
        if on && !is_fifo && self.chance.happens(self.setup.faults.duplicate) {
            self.store.state().counts.duplicates += 1;
            let now = self.timeline.now();
            let numbers: Vec<u64> = received.iter().map(|received| received.number).collect();
            let mut queues = self.queues.all();
            let again = numbers.into_iter().filter_map(|number| queues.get_mut(queue)?.hand_out(number, now));
            let again: Vec<_> = again.collect();
            drop(queues);
            self.invoke(queue, again);
        }
        self.invoke(queue, received);
    }
}
