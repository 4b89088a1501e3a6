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
    /// How many requests the first delivery sent.
    pub(super) requests: usize,
    attempts: BTreeMap<Operation, u32>,
    late: Vec<(Applied, Message)>,
    is_dead: bool,
    pub(super) in_flight: usize,
}

/// What happens to one request.
pub(super) enum Plan {
    Deliver,
    Hit(Fault),
    /// Of what travels together these are hit, each by itself.
    HitSome(Vec<Option<Fault>>),
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
        self.is_dead = false;
        self.attempts.clear();
        self.owners.clear();
    }

    pub(super) fn row(&self, record: usize) -> Row {
        self.ledger.row(&self.keys[record])
    }

    /// Notes what the client sends in one request, and says what becomes of it.
    pub(super) fn plan(&mut self, messages: &[Message]) -> Plan {
        if self.is_dead {
            return Plan::Ignore;
        }
        for message in messages {
            self.ledger.sent(message);
            if message.kind.grants() {
                self.owners.insert(message.owner.clone());
            }
        }
        let plan = self.planned(messages);
        for (place, message) in messages.iter().enumerate() {
            let fault = match &plan {
                Plan::Hit(fault) => Some(*fault),
                Plan::HitSome(faults) => faults[place],
                Plan::Deliver => None,
                Plan::Die(_) | Plan::Ignore => continue,
            };
            match fault {
                Some(fault) => self.ledger.answered(message, fault.reply.leaves_doubt()),
                None => self.ledger.decided(message),
            }
        }
        plan
    }

    fn planned(&mut self, messages: &[Message]) -> Plan {
        if self.delivery > 1 {
            return Plan::Deliver;
        }
        self.requests += 1;
        let faults: Vec<_> = messages.iter().map(|message| self.fault_of(message)).collect();
        if let Some(kill) = self.kill.filter(|kill| kill.at == self.requests) {
            self.is_dead = true;
            return Plan::Die(kill.applied);
        }
        if let Some(fault) = faults.iter().flatten().find(|fault| !fault.reply.is_of_one()) {
            return Plan::Hit(*fault);
        }
        if faults.iter().all(Option::is_none) { Plan::Deliver } else { Plan::HitSome(faults) }
    }

    /// Counts this attempt, and says what hits it.
    fn fault_of(&mut self, message: &Message) -> Option<Fault> {
        let record = self.keys.iter().position(|key| *key == message.key).expect("a key of this case");
        let was = |stage| self.attempts.contains_key(&Operation { stage, record });
        let operation = Operation { stage: message.stage(was), record };
        self.seen.insert(operation);
        let attempts = self.attempts.entry(operation).or_default();
        *attempts += 1;
        let attempt = *attempts;
        let fault = self.faults.iter().find(|(at, fault)| *at == operation && fault.scope.hits(attempt));
        fault.map(|(_, fault)| *fault)
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
