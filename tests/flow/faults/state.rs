//! What is planned and what happened in one case.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    fault::{Applied, Fault, Kill, Operation, Point},
    ledger::Ledger,
    message::{Kind, Message},
    row::Row,
    way::Way,
};

#[derive(Default)]
pub(super) struct State {
    way: Way,
    pub(super) keys: Vec<String>,
    faults: Vec<Point>,
    kill: Option<Kill>,
    /// Counted from 1; faults are those of the first.
    pub(super) delivery: u32,
    pub(super) ledger: Ledger,
    /// The operations of the first delivery.
    pub(super) seen: BTreeSet<Operation>,
    /// Who claimed or marked in this delivery.
    pub(super) owners: BTreeSet<String>,
    requests: usize,
    attempts: BTreeMap<Operation, u32>,
    late: Vec<(Applied, Message)>,
    is_dead: bool,
    pub(super) in_flight: usize,
}

/// What happens to one request.
pub(super) enum Plan {
    Deliver,
    Hit(Fault),
    Die(Applied),
    /// The process is gone already.
    Ignore,
}

impl State {
    pub(super) fn new(way: Way, keys: Vec<String>, faults: Vec<Point>, kill: Option<Kill>) -> Self {
        Self { way, keys, faults, kill, ledger: Ledger::new(way), ..Self::default() }
    }

    pub(super) fn begin_delivery(&mut self) {
        self.delivery += 1;
        (self.requests, self.is_dead) = (0, false);
        self.attempts.clear();
        self.owners.clear();
    }

    pub(super) fn row(&self, record: usize) -> Row {
        self.ledger.row(&self.keys[record])
    }

    /// Notes what the client sends, and says what becomes of it.
    pub(super) fn plan(&mut self, message: &Message) -> Plan {
        if self.is_dead {
            return Plan::Ignore;
        }
        self.ledger.sent(message);
        if message.kind.grants() {
            self.owners.insert(message.owner.clone());
        }
        let plan = self.planned(message);
        match plan {
            Plan::Hit(fault) => self.ledger.answered(message, fault.reply.leaves_doubt()),
            Plan::Deliver => self.ledger.decided(message),
            Plan::Die(_) | Plan::Ignore => {}
        }
        plan
    }

    fn planned(&mut self, message: &Message) -> Plan {
        self.requests += 1;
        if self.delivery > 1 {
            return Plan::Deliver;
        }
        let record = self.keys.iter().position(|key| *key == message.key).expect("a key of this case");
        let was = |stage| self.attempts.contains_key(&Operation { stage, record });
        let operation = Operation { stage: message.stage(was), record };
        self.seen.insert(operation);
        let attempts = self.attempts.entry(operation).or_default();
        *attempts += 1;
        let attempt = *attempts;
        if let Some(kill) = self.kill.filter(|kill| kill.at == self.requests) {
            self.is_dead = true;
            return Plan::Die(kill.applied);
        }
        let fault = self.faults.iter().find(|(at, fault)| *at == operation && fault.scope.hits(attempt));
        fault.map_or(Plan::Deliver, |(_, fault)| Plan::Hit(*fault))
    }

    pub(super) fn is_late(&mut self, when: Applied, message: &Message) {
        self.late.push((when, message.late()));
    }

    /// Copies of the requests that land at that time.
    pub(super) fn late(&self, when: Applied) -> Vec<Message> {
        self.late.iter().filter(|(at, _)| *at == when).map(|(_, message)| message.clone()).collect()
    }

    /// Copies of what lands behind this request: of an earlier delivery, behind the claim of the next one, or behind its
    /// read where nothing is claimed.
    pub(super) fn late_behind(&self, message: &Message) -> Vec<Message> {
        let is_behind = message.kind == if self.way.claims() { Kind::Claim } else { Kind::Read };
        if !is_behind || self.delivery == 1 {
            return Vec::new();
        }
        let mut late = self.late(Applied::InTheNextDelivery);
        late.retain(|late| late.key == message.key && late.owner != message.owner);
        late
    }
}
