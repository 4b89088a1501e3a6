//! The end: where every message is, and what was broken.

use super::{World, account::Account};
use crate::testkit::queue::{Queue, message_id};

impl World {
    /// Which messages are lost: deleted although they were not done, by the mapping's answer to a function that failed.
    fn settle_losses(&self, queues: &mut [Queue]) {
        for (index, queue) in queues.iter_mut().enumerate() {
            let mut state = self.store.state();
            queue.keep_losses(|number| state.ledger.is_done(&message_id(index, number)) != Some(true));
            for id in queue.losses().map(|number| message_id(index, number)).filter(|_| !self.setup.may_lose_messages) {
                state
                    .ledger
                    .violation(format!("{id} is lost: it failed, and its mapping has no ReportBatchItemFailures"));
            }
        }
    }

    pub(super) fn into_account(self) -> Account {
        let mut queues = std::mem::take(&mut *self.queues.all());
        self.settle_losses(&mut queues);
        let count = |of: fn(&Queue) -> usize| queues.iter().map(|queue| of(queue) as u64).sum();
        let dead_of = |(index, queue): (usize, &Queue)| -> Vec<String> {
            queue.dead_lettered().map(|number| message_id(index, number)).collect()
        };
        let dead_letters: Vec<String> = queues.iter().enumerate().flat_map(dead_of).collect();
        let starts = std::mem::take(&mut *self.starts.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        let mut account = Account {
            seed: self.setup.seed,
            sent: queues.iter().map(Queue::sent).sum(),
            done: count(Queue::done),
            in_queue: count(Queue::len),
            dead_lettered: dead_letters.len() as u64,
            dead_letters,
            lost: count(|queue| queue.losses().count()),
            expired: count(|queue| queue.expired.len()),
            starts,
            invocations: self.next_invocation,
            deliveries: queues.iter().map(Queue::receives).sum(),
            burnt: self.burnt,
            most_at_once: self.most_at_once,
            most_in_a_process: self.most_in_a_process,
            outcomes: self.outcomes,
            trace: self.trace,
            ..Account::default()
        };
        let mut state = self.store.state();
        account.commits = state.ledger.commits();
        account.faults = state.counts;
        account.circumstances = state.circumstances;
        account.circumstances.deduplicated = queues.iter().map(|queue| queue.deduplicated).sum();
        account.rows = std::mem::take(&mut state.rows);
        account.violations = std::mem::take(&mut state.ledger.violations);
        account.burnt += state.deliveries.explain(&mut account.outcomes);
        account.violations.append(&mut state.deliveries.violations);
        account.violations.extend(self.causes.violations());
        if !account.balances() {
            account.violations.push(format!("a message is nowhere: {account}"));
        }
        let explained: u64 = account.outcomes.values().sum::<u64>() + account.burnt;
        if account.deliveries != explained {
            let deliveries = account.deliveries;
            account
                .violations
                .push(format!("I29: {deliveries} deliveries, of which {explained} have a cause: {account}"));
        }
        if self.setup.fifo_messages_start {
            let never = queues.iter().enumerate().flat_map(|(index, queue)| queue.fifo_dead(index));
            // One whose work another message did is done without a start, and moved only if its deletions were lost.
            let never = never.filter(|id| !self.undeleted.contains(id));
            let never = never.filter(|id| !account.starts.iter().any(|start| start.message_id == *id));
            let told: Vec<_> = never.map(|id| format!("I29: {id} is dead-lettered and never started")).collect();
            account.violations.extend(told);
        }
        if account.in_queue > 0 {
            account.violations.push(format!("I28: faults are over, and messages never came to their end: {account}"));
        }
        account
    }
}
