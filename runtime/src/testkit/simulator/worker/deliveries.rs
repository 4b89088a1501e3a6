//! Everything that workers were handed, and the rules for what they do about it.

use std::collections::BTreeMap;

use super::delivery::{Cause, Delivery, Proof};
use crate::{
    claim::Owner,
    outcome::Outcome,
    testkit::{
        queue::{Received, message_id},
        simulator::{
            answer::waits_for_its_group,
            client::{Receive, Request},
            executor::ProcessId,
        },
    },
};

/// By queue and receipt: all receives of workers.
#[derive(Default)]
pub(in crate::testkit::simulator) struct Deliveries {
    handed: BTreeMap<(usize, u64), Delivery>,
    /// Worker processes that run, and whether they were told to stop.
    workers: BTreeMap<ProcessId, bool>,
    /// By answer and FIFO group: the first message that failed.
    failed: BTreeMap<(u64, String), u64>,
    next_answer: u64,
    pub(in crate::testkit::simulator) violations: Vec<String>,
}

impl Deliveries {
    pub(super) fn begins(&mut self, process: ProcessId) {
        self.workers.insert(process, false);
    }

    pub(super) fn stops(&mut self, process: ProcessId) {
        self.workers.insert(process, true);
    }

    pub(super) fn is_stopping(&self, process: ProcessId) -> bool {
        self.workers.get(&process) == Some(&true)
    }

    /// A process is about to receive.
    pub(super) fn asks(&mut self, process: ProcessId) {
        if self.is_stopping(process) {
            self.violations.push(format!("I26: process {process} receives although it was told to stop"));
        }
    }

    /// A queue hands messages out; nobody has heard of it yet.
    pub(super) fn are_handed_out(&mut self, queue: usize, received: &[Received]) {
        self.next_answer += 1;
        for received in received {
            let (id, group) = (message_id(queue, received.number), received.sent.group.clone());
            self.handed.insert((queue, received.receipt), Delivery::new(id, group, self.next_answer));
        }
    }

    /// The answer to a receive reached its process, which has a permit for each.
    pub(super) fn arrive(&mut self, process: ProcessId, queue: usize, received: &[Received], limit: Option<usize>) {
        for received in received {
            let id = message_id(queue, received.number);
            let is_known = self.of(process).any(|delivery| delivery.message_id == id && delivery.is_done());
            if let Some(delivery) = self.handed.get_mut(&(queue, received.receipt)) {
                (delivery.holder, delivery.is_known) = (Some(process), is_known);
            }
        }
        let in_hand = self.of(process).filter(|delivery| delivery.is_in_hand()).count();
        if limit.is_some_and(|limit| in_hand > limit) {
            self.violations.push(format!("I24: process {process} has {in_hand} messages in hand"));
        }
    }

    fn of(&self, process: ProcessId) -> impl Iterator<Item = &Delivery> {
        self.handed.values().filter(move |delivery| delivery.holder == Some(process))
    }

    /// A worker says something about a receive. The row of that; `None` where it is no worker.
    pub(in crate::testkit::simulator) fn says(
        &mut self,
        process: ProcessId,
        receive: Receive,
        request: Request,
        proof: Proof,
    ) -> Option<&'static str> {
        if !self.workers.contains_key(&process) || matches!(request, Request::Copy) {
            return None;
        }
        let delivery = self.handed.get_mut(&receive.handle()).filter(|delivery| delivery.holder == Some(process));
        let Some(delivery) = delivery else {
            self.violations.push(format!("I25: process {process} says something about what another received"));
            return None;
        };
        match delivery.says(request, proof) {
            Ok(row) => Some(row),
            Err(rule) => {
                let (id, cause) = (&delivery.message_id, &delivery.cause);
                self.violations.push(format!("{rule}: {id} in process {process}, which came to {cause:?}"));
                None
            }
        }
    }

    /// And nobody waits for the answer any more.
    pub(in crate::testkit::simulator) fn is_over(&mut self, receive: Receive) {
        if let Some(delivery) = self.handed.get_mut(&receive.handle()) {
            delivery.under_way = delivery.under_way.saturating_sub(1);
        }
    }

    /// The answer is that it is somebody else's.
    pub(in crate::testkit::simulator) fn is_lost(&mut self, receive: Receive) {
        if let Some(delivery) = self.handed.get_mut(&receive.handle()) {
            delivery.is_lost = true;
        }
    }

    /// A renewal was refused.
    pub(in crate::testkit::simulator) fn lease_is_lost(&mut self, owner: Owner) {
        let lost = self.handed.values_mut().filter(|delivery| delivery.owner == Some(owner));
        lost.for_each(|delivery| delivery.is_lease_lost = true);
    }

    /// A handler starts. Whether that is a worker's.
    pub(in crate::testkit::simulator) fn starts(&mut self, receive: Receive, owner: Option<Owner>) -> bool {
        let Some(delivery) = self.handed.get_mut(&receive.handle()) else { return false };
        (delivery.is_started, delivery.owner) = (true, owner);
        if let Some(cause) = &delivery.cause {
            self.violations.push(format!("I29: {} starts although it came to {cause:?}", delivery.message_id));
        }
        true
    }

    /// A worker heard what became of a receive.
    pub(super) fn comes_to(&mut self, receive: Receive, outcome: &Outcome) {
        let Some(delivery) = self.handed.get_mut(&receive.handle()) else {
            return self.violations.push(format!("I29: what nobody was handed came to {outcome:?}"));
        };
        if let Some(before) = delivery.cause.replace(Cause::Outcome(outcome.clone())) {
            self.violations.push(format!("I29: {} came to {before:?} and {outcome:?}", delivery.message_id));
        }
        if !receive.is_fifo && waits_for_its_group(outcome) {
            let id = &delivery.message_id;
            self.violations.push(format!("I16: {id} of a standard queue is held back by its group"));
        }
        let Some(group) = delivery.group.clone().filter(|_| receive.is_fifo) else { return };
        let first = self.failed.entry((delivery.answer, group)).or_insert(u64::MAX);
        if outcome.is_failure() {
            *first = receive.number.min(*first);
        } else if *first < receive.number {
            self.violations.push(format!("I15: {} succeeds behind a failure of its group", delivery.message_id));
        }
    }

    /// What its holder said of it was confirmed.
    pub(in crate::testkit::simulator) fn is_sure(&mut self, receive: Receive) {
        if let Some(delivery) = self.handed.get_mut(&receive.handle()) {
            delivery.is_unsure = false;
        }
    }

    /// A process is gone, with what it had in hand.
    pub(super) fn dies(&mut self, process: ProcessId) {
        self.workers.remove(&process);
        for delivery in self.handed.values_mut().filter(|delivery| delivery.holder == Some(process)) {
            delivery.cause.get_or_insert(Cause::Crash);
        }
    }

    /// A worker that was on time stopped: nothing is left in its hands.
    pub(super) fn returns(&mut self, process: ProcessId, is_hidden: impl Fn(&Delivery, (usize, u64)) -> bool) {
        let mut told = Vec::new();
        for (receipt, delivery) in self.handed.iter().filter(|(_, delivery)| delivery.holder == Some(process)) {
            let id = &delivery.message_id;
            if delivery.cause.is_none() {
                told.push(format!("I29: process {process} ended, and {id} came to nothing"));
            }
            let is_said = delivery.last_words > 0 || delivery.is_lost || delivery.is_lease_lost || delivery.is_unsure;
            if delivery.is_due_back() && !is_said && is_hidden(delivery, *receipt) {
                told.push(format!("I26: process {process} ended, and {id}, which never started, was not given back"));
            }
        }
        self.violations.extend(told);
        self.dies(process);
    }

    /// What every receive came to, by name; and how many were burnt.
    pub(in crate::testkit::simulator) fn explain(&mut self, outcomes: &mut BTreeMap<&'static str, u64>) -> u64 {
        let mut burnt = 0;
        for ((queue, receipt), delivery) in &self.handed {
            match &delivery.cause {
                None if delivery.holder.is_some() => {
                    let (id, holder) = (&delivery.message_id, delivery.holder);
                    let what =
                        format!("I29: receive {receipt} of queue {queue}, {id} in process {holder:?}, has no cause");
                    self.violations.push(what);
                }
                None => burnt += 1,
                Some(cause) => match cause.name() {
                    Some(name) => *outcomes.entry(name).or_default() += 1,
                    None => burnt += 1,
                },
            }
        }
        burnt
    }
}
