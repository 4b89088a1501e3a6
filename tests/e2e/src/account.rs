//! What became of the messages, by what was found: pure.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use crate::{
    counter::Runs,
    plan::{End, Kind, Planned},
};

/// A message that was sent.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) planned: Planned,
    pub(crate) message_id: String,
}

/// What work has left in a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Effect {
    pub(crate) times: u64,
    pub(crate) what: String,
}

/// A message in the dead-letter queue.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    pub(crate) message_id: String,
    pub(crate) body: String,
    pub(crate) attributes: BTreeMap<String, String>,
}

/// What was found when all was over.
#[derive(Default)]
pub(crate) struct Facts {
    pub(crate) sent: Vec<Sent>,
    pub(crate) effects: BTreeMap<String, Effect>,
    pub(crate) letters: Vec<Letter>,
    pub(crate) runs: BTreeMap<String, Runs>,
    /// Messages that are still in the queue.
    pub(crate) left: u64,
}

/// What became of the messages.
#[derive(Debug, Default)]
pub(crate) struct Account {
    kinds: BTreeMap<Kind, Tally>,
    sent: usize,
    done: usize,
    dead: usize,
    lost: Vec<String>,
    doubled: Vec<String>,
    unexplained: Vec<String>,
}

/// How many messages of a kind there were, and how often handlers were seen to run for them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) messages: usize,
    pub(crate) runs: u64,
}

impl Letter {
    /// The message that it is, or is a copy of.
    fn original(&self) -> &str {
        self.attributes.get("OriginalMessageId").unwrap_or(&self.message_id)
    }

    /// What a copy has to say about that message, and does not.
    fn fault(&self, sent: &Sent, reason: &str, error: Option<&str>) -> Option<String> {
        let said = |name: &str| self.attributes.get(name).map(String::as_str);
        let number = |name: &str| said(name).and_then(|text| text.parse().ok()).filter(|number: &u64| *number > 0);
        if said("OriginalMessageId") != Some(&sent.message_id) || said("DeadLetterReason") != Some(reason) {
            return Some(format!("its reason is {:?} and not {reason:?}", said("DeadLetterReason")));
        }
        if error.is_some_and(|error| said("DeadLetterError") != Some(error)) {
            return Some(format!("its error is {:?} and not {error:?}", said("DeadLetterError")));
        }
        let counted = number("OriginalReceiveCount").and(number("OriginalSentTimestamp"));
        counted.is_none().then(|| format!("it lacks counts: {:?}", self.attributes))
    }
}

impl Account {
    /// Settles what was found.
    pub(crate) fn of(facts: &Facts) -> Self {
        let mut account = Self { sent: facts.sent.len(), ..Self::default() };
        facts.sent.iter().for_each(|sent| account.settle(facts, sent));
        account.runs(facts);
        account.strangers(facts);
        account.left(facts);
        account.order(facts);
        account
    }

    fn settle(&mut self, facts: &Facts, sent: &Sent) {
        self.kinds.entry(sent.planned.kind).or_default().messages += 1;
        let name = format!("{} {:?} {}", sent.message_id, sent.planned.kind, sent.planned.work);
        let letters: Vec<_> = facts.letters.iter().filter(|letter| letter.original() == sent.message_id).collect();
        let effect = facts.effects.get(&sent.planned.work);
        match (effect, letters.as_slice()) {
            (None, []) => self.lost.push(name),
            (Some(Effect { times: 2.., .. }), _) | (_, [_, _, ..]) | (Some(_), [_]) => {
                self.doubled.push(format!("{name}: {effect:?}, {} dead letters", letters.len()));
            }
            (Some(effect), []) if sent.planned.end == End::Done(effect.what.clone()) && effect.times == 1 => {
                self.done += 1;
            }
            (Some(effect), []) => {
                self.unexplained.push(format!("{name}: {effect:?} instead of {:?}", sent.planned.end));
            }
            (None, [letter]) => match is_not_due(letter, sent) {
                None => self.dead += 1,
                Some(why) => self.unexplained.push(format!("{name} is a dead letter: {why}")),
            },
        }
    }

    /// The runs of each piece of work are those that its messages explain.
    fn runs(&mut self, facts: &Facts) {
        let planned: BTreeMap<&str, &Planned> =
            facts.sent.iter().map(|sent| (sent.planned.work.as_str(), &sent.planned)).collect();
        for (work, Planned { kind, runs: expected, .. }) in planned {
            let runs = facts.runs.get(work).cloned().unwrap_or_default();
            self.kinds.entry(*kind).or_default().runs += runs.calls;
            if runs.calls != *expected {
                self.unexplained.push(format!("{work} ran {} times instead of {expected}", runs.calls));
            }
            if runs.keys.len() > 1 || runs.charges > 1 {
                self.doubled.push(format!("{work}: {} idempotency keys, {} charges", runs.keys.len(), runs.charges));
            }
        }
    }

    /// What nobody sent.
    fn strangers(&mut self, facts: &Facts) {
        let ids: BTreeSet<&str> = facts.sent.iter().map(|sent| sent.message_id.as_str()).collect();
        let works: BTreeSet<&str> = facts.sent.iter().map(|sent| sent.planned.work.as_str()).collect();
        let letters = facts.letters.iter().map(Letter::original).filter(|id| !ids.contains(id));
        let effects = facts.effects.keys().chain(facts.runs.keys()).map(String::as_str);
        let strangers = letters.chain(effects.filter(|work| !works.contains(work)));
        self.unexplained.extend(strangers.map(|stranger| format!("{stranger} was never sent")));
    }

    /// What nobody waited for.
    fn left(&mut self, facts: &Facts) {
        if facts.left > 0 {
            self.unexplained.push(format!("{} messages are still in the queue", facts.left));
        }
    }

    /// In a group, nothing runs again after something behind it has run.
    fn order(&mut self, facts: &Facts) {
        let mut last: BTreeMap<&str, usize> = BTreeMap::new();
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        for sent in &facts.sent {
            let Some(group) = sent.planned.group.as_deref() else { continue };
            let Some(runs) = facts.runs.get(&sent.planned.work).filter(|_| seen.insert(&sent.planned.work)) else {
                continue;
            };
            if last.insert(group, runs.last).is_some_and(|before| before > runs.last) {
                self.unexplained.push(format!("{} ran before one that stands before it in {group}", sent.planned.work));
            }
        }
    }

    /// By kind of message.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = (Kind, Tally)> {
        self.kinds.iter().map(|(kind, tally)| (*kind, *tally))
    }

    /// Both together, kinds apart.
    pub(crate) fn with(mut self, other: Self) -> Self {
        self.sent += other.sent;
        self.done += other.done;
        self.dead += other.dead;
        self.lost.extend(other.lost);
        self.doubled.extend(other.doubled);
        self.unexplained.extend(other.unexplained);
        self
    }

    pub(crate) fn is_clean(&self) -> bool {
        self.wrong().next().is_none() && self.done + self.dead == self.sent
    }

    /// What is wrong, a line for each.
    pub(crate) fn wrong(&self) -> impl Iterator<Item = String> {
        let lines = |what: &'static str, which: &[String]| {
            which.iter().map(|which| format!("{what}: {which}")).collect::<Vec<_>>()
        };
        let unexplained = lines("unexplained", &self.unexplained);
        lines("lost", &self.lost).into_iter().chain(lines("doubled", &self.doubled)).chain(unexplained)
    }
}

/// Why this message may not lie in the dead-letter queue, or not so.
fn is_not_due(letter: &Letter, sent: &Sent) -> Option<String> {
    if letter.body != sent.planned.body {
        return Some("its body is another one".into());
    }
    match &sent.planned.end {
        End::Done(_) => Some(format!("it was to be done: {:?}", letter.attributes)),
        End::Dead { reason, error } => letter.fault(sent, reason, *error),
        End::Moved if letter.message_id == sent.message_id => None,
        End::Moved => Some("it is a copy, and was to be moved".into()),
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sent, done, dead, lost, doubled, unexplained, .. } = self;
        let (lost, doubled, unexplained) = (lost.len(), doubled.len(), unexplained.len());
        write!(f, "sent={sent} done={done} dead={dead} lost={lost} doubled={doubled} unexplained={unexplained}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{entries, events, groups, shuffled};

    /// Everything as planned.
    fn facts(planned: Vec<Planned>) -> Facts {
        let sent = planned.into_iter().zip(0..).map(|(planned, n)| Sent { planned, message_id: format!("m-{n}") });
        let mut facts = Facts { sent: sent.collect(), ..Facts::default() };
        for (place, sent) in facts.sent.iter().enumerate() {
            let work = sent.planned.work.clone();
            let calls = sent.planned.runs;
            if calls > 0 && !facts.runs.contains_key(&work) {
                let charges = u64::from(matches!(sent.planned.end, End::Done(_)));
                let keys = BTreeSet::from([work.clone()]);
                facts.runs.insert(work.clone(), Runs { calls, keys, charges, last: place });
            }
            match &sent.planned.end {
                End::Done(what) => drop(facts.effects.insert(work, Effect { times: 1, what: what.clone() })),
                end => facts.letters.push(letter(sent, end)),
            }
        }
        facts
    }

    fn letter(sent: &Sent, end: &End) -> Letter {
        let (message_id, body) = (sent.message_id.clone(), sent.planned.body.clone());
        let End::Dead { reason, error } = end else { return Letter { message_id, body, attributes: BTreeMap::new() } };
        let attributes = [
            ("OriginalMessageId", sent.message_id.as_str()),
            ("DeadLetterReason", *reason),
            ("DeadLetterError", error.unwrap_or("because")),
            ("OriginalReceiveCount", "1"),
            ("OriginalSentTimestamp", "1800000000000"),
        ];
        let attributes = attributes.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Letter { message_id: format!("copy of {message_id}"), body, attributes }
    }

    /// How many are lost, doubled and unexplained once this was done to the facts of the shop.
    fn after(change: impl FnOnce(&mut Facts)) -> [usize; 3] {
        after_of(groups(1, 300), change)
    }

    fn after_of(planned: Vec<Planned>, change: impl FnOnce(&mut Facts)) -> [usize; 3] {
        let mut facts = facts(planned);
        change(&mut facts);
        let account = Account::of(&facts);
        assert!(!account.is_clean());
        [account.lost.len(), account.doubled.len(), account.unexplained.len()]
    }

    fn work(facts: &Facts, runs: u64) -> String {
        let of = |sent: &&Sent| sent.planned.runs == runs && sent.planned.kind != Kind::SentTwice;
        facts.sent.iter().find(of).expect("there is one").planned.work.clone()
    }

    #[test]
    fn what_went_as_planned_is_clean() {
        for planned in [groups(1, 300), shuffled(1, 300), entries(1, 300), events(1, 300)] {
            let account = Account::of(&facts(planned));
            assert!(account.is_clean(), "{:?}", account.wrong().collect::<Vec<_>>());
            assert_eq!((account.sent, account.done + account.dead), (300, 300));
        }
    }

    #[test]
    fn what_is_lost_is_named() {
        assert_eq!(after(|facts| drop(facts.letters.remove(3))), [1, 0, 0]);
        assert_eq!(after(|facts| drop(facts.effects.remove(&work(facts, 3)))), [1, 0, 0]);
    }

    #[test]
    fn what_happened_twice_is_named() {
        let twice = |facts: &mut Facts| {
            let work = work(facts, 3);
            facts.effects.get_mut(&work).expect("done").times = 2;
        };
        assert_eq!(after(twice), [0, 1, 0]);
        assert_eq!(after(|facts| facts.letters.push(facts.letters[0].clone())), [0, 1, 0]);
        let charged = |facts: &mut Facts| {
            let work = work(facts, 3);
            facts.runs.get_mut(&work).expect("it ran").charges = 2;
        };
        assert_eq!(after(charged), [0, 1, 0]);
    }

    fn of_kind(facts: &Facts, kind: Kind) -> String {
        facts.sent.iter().find(|sent| sent.planned.kind == kind).expect("there is one").planned.work.clone()
    }

    #[test]
    fn a_post_too_many_is_named() {
        let posted = |facts: &mut Facts, kind, calls| {
            let work = of_kind(facts, kind);
            facts.runs.entry(work).or_default().calls += calls;
        };
        // Refused once more than planned, or posted where nothing was to be.
        for kind in [Kind::AsksToWait, Kind::Rejected, Kind::ForStranger, Kind::Conflict] {
            assert_eq!(after_of(events(1, 300), |facts| posted(facts, kind, 1)), [0, 0, 1], "{kind:?}");
        }
        // Taken twice.
        let taken_again = |facts: &mut Facts| {
            posted(facts, Kind::SentTwice, 1);
            let work = of_kind(facts, Kind::SentTwice);
            facts.effects.get_mut(&work).expect("taken").times = 2;
        };
        // Both of its messages, and the run.
        assert_eq!(after_of(events(1, 300), taken_again), [0, 2, 1]);
        let taken_otherwise = |facts: &mut Facts| {
            let work = of_kind(facts, Kind::Good);
            facts.effects.get_mut(&work).expect("taken").what.push(' ');
        };
        assert_eq!(after_of(events(1, 300), taken_otherwise), [0, 0, 1]);
    }

    #[test]
    fn a_run_of_an_entry_too_many_or_too_few_is_named() {
        for (kind, calls) in
            [(Kind::Good, 2), (Kind::Good, 0), (Kind::SentTwice, 2), (Kind::Conflict, 1), (Kind::Undecodable, 1)]
        {
            let ran = |facts: &mut Facts| {
                let work = of_kind(facts, kind);
                let in_its_place = facts.sent.iter().position(|sent| sent.planned.work == work).expect("it was sent");
                facts.runs.entry(work).or_insert(Runs { last: in_its_place, ..Runs::default() }).calls = calls;
            };
            assert_eq!(after_of(entries(1, 300), ran), [0, 0, 1], "{kind:?} {calls}");
        }
    }

    #[test]
    fn what_the_plan_does_not_explain_is_named() {
        let ran_again = |facts: &mut Facts| {
            let work = work(facts, 3);
            facts.runs.get_mut(&work).expect("it ran").calls += 1;
        };
        assert_eq!(after(ran_again), [0, 0, 1]);
        let for_another_reason = |facts: &mut Facts| {
            let letter = facts.letters.iter_mut().find(|letter| !letter.attributes.is_empty()).expect("a copy");
            letter.attributes.insert("DeadLetterReason".into(), "none".into());
        };
        assert_eq!(after(for_another_reason), [0, 0, 1]);
        let from_elsewhere = |facts: &mut Facts| {
            facts.runs.insert("stranger".into(), Runs::default());
        };
        assert_eq!(after(from_elsewhere), [0, 0, 1]);
        let too_late = |facts: &mut Facts| {
            let work = work(facts, 1);
            facts.runs.get_mut(&work).expect("it ran").last = 1_000;
        };
        assert_eq!(after(too_late), [0, 0, 1]);
        assert_eq!(after(|facts| facts.left = 2), [0, 0, 1]);
        let otherwise = |facts: &mut Facts| {
            let work = work(facts, 3);
            facts.effects.get_mut(&work).expect("done").what = "1 of C-1".into();
        };
        assert_eq!(after(otherwise), [0, 0, 1]);
    }
}
