//! Which messages are sent, in which order.

use std::collections::VecDeque;

use super::{Plan, Summary, make};
use crate::{
    Order,
    chance::Chance,
    queue::{Fifo, Message},
};

/// A second message of an order comes after so many other orders: now and then in the same batch of the consumer, mostly not.
const DISTANCE: u64 = 15;

/// The messages of a plan. Few are in memory at a time.
pub(super) struct Messages {
    plan: Plan,
    /// Tells this run's messages from those of another run with the same seed: SQS would take those of the second run for
    /// repetitions and drop them. `None` where the queue is no FIFO queue.
    fifo_run: Option<u64>,
    next_order: u64,
    /// Orders that are sent again, each with the number of the order before which it is due.
    again: VecDeque<(u64, Order)>,
    summary: Summary,
}

impl Messages {
    pub(super) fn of(plan: &Plan, is_fifo: bool) -> Result<Self, getrandom::Error> {
        let fifo_run = is_fifo.then(getrandom::u64).transpose()?;
        Ok(Self { plan: *plan, fifo_run, next_order: 1, again: VecDeque::new(), summary: Summary::default() })
    }

    /// What was handed out so far.
    pub(super) fn summary(&self) -> Summary {
        self.summary
    }

    fn next_order(&mut self) -> Option<Order> {
        let has_more = self.next_order <= self.plan.count;
        let is_due = |(due, _): &(u64, Order)| !has_more || *due <= self.next_order;
        if self.again.front().is_some_and(is_due) {
            self.summary.twice += 1;
            return self.again.pop_front().map(|(_, order)| order);
        }
        has_more.then(|| self.make_order())
    }

    fn make_order(&mut self) -> Order {
        let nth = self.next_order;
        let order = make::order(self.plan.seed, nth, self.plan.customers);
        if Chance::new(self.plan.seed).happens("twice", nth, self.plan.twice) {
            self.again.push_back((nth.saturating_add(DISTANCE), order.clone()));
        }
        self.next_order += 1;
        self.summary.orders += 1;
        order
    }

    fn message(&mut self, order: &Order) -> Option<Message> {
        self.summary.sent += 1;
        let deduplication = |run: u64| format!("{run:016x}-{}", self.summary.sent);
        let fifo =
            self.fifo_run.map(|run| Fifo { group: order.customer_id.clone(), deduplication: deduplication(run) });
        // An order is text and numbers: it always has a JSON form.
        let body = serde_json::to_string(order).ok()?;
        Some(Message { order_id: order.order_id.clone(), body, fifo, tries: 0 })
    }
}

impl Iterator for Messages {
    type Item = Message;

    fn next(&mut self) -> Option<Message> {
        let order = self.next_order()?;
        self.message(&order)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;

    fn messages(count: u64, twice: f64, is_fifo: bool) -> (Vec<Message>, Summary) {
        let plan = Plan { count, rate: 1.0, twice, seed: 3, customers: 4 };
        let mut messages = Messages::of(&plan, is_fifo).expect("random numbers");
        let all = messages.by_ref().collect();
        (all, messages.summary())
    }

    #[test]
    fn every_order_comes_once_and_some_a_second_time_with_the_same_body() {
        let (sent, summary) = messages(1_000, 0.2, false);
        let mut times = HashMap::<&str, u64>::new();
        sent.iter().for_each(|message| *times.entry(&message.body).or_default() += 1);
        let twice = times.values().filter(|times| **times == 2).count() as u64;
        assert_eq!(summary, Summary { sent: sent.len() as u64, orders: 1_000, twice });
        assert!((150..250).contains(&twice) && times.len() == 1_000, "{twice} of {}", times.len());
        assert!(sent.iter().all(|message| message.fifo.is_none()));
    }

    #[test]
    fn all_or_none_may_be_sent_twice() {
        assert_eq!(messages(20, 1.0, false).1, Summary { sent: 40, orders: 20, twice: 20 });
        assert_eq!(messages(20, 0.0, false).1, Summary { sent: 20, orders: 20, twice: 0 });
    }

    #[test]
    fn a_fifo_queue_drops_no_second_message_of_an_order() {
        let (sent, _) = messages(50, 1.0, true);
        let fifo: Vec<&Fifo> = sent.iter().filter_map(|message| message.fifo.as_ref()).collect();
        assert_eq!(fifo.iter().map(|fifo| &fifo.deduplication).collect::<HashSet<_>>().len(), 100);
        assert_eq!(fifo.iter().map(|fifo| &fifo.group).collect::<HashSet<_>>().len(), 4);
    }
}
