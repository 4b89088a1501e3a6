//! What became of the messages that workers had, by what was found: pure.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use crate::{
    account::{Effect, Letter, Sent},
    plan::End,
};

/// What was found when all was over.
pub(crate) struct Facts {
    pub(crate) sent: Vec<Sent>,
    /// Orders in the table, by work.
    pub(crate) effects: BTreeMap<String, Effect>,
    pub(crate) letters: Vec<Letter>,
    /// How often money was taken, by work.
    pub(crate) charges: BTreeMap<String, u64>,
    /// Messages that are still in the queue.
    pub(crate) left: u64,
    pub(crate) invisible_after_stop: u64,
}

/// What became of the messages.
#[derive(Debug, Default)]
pub(crate) struct WorkerAccount {
    sent: usize,
    done: usize,
    dead: usize,
    lost: Vec<String>,
    doubled: Vec<String>,
    invisible_after_stop: u64,
}

impl WorkerAccount {
    pub(crate) fn of(facts: &Facts) -> Self {
        let invisible_after_stop = facts.invisible_after_stop;
        let mut account = Self { sent: facts.sent.len(), invisible_after_stop, ..Self::default() };
        let dead: BTreeSet<&str> = facts.letters.iter().map(original).collect();
        for sent in &facts.sent {
            account.settle(sent, facts, &dead);
        }
        account.lost.extend((facts.left > 0).then(|| format!("{} messages never left the queue", facts.left)));
        account
    }

    fn settle(&mut self, sent: &Sent, facts: &Facts, dead: &BTreeSet<&str>) {
        let (planned, id) = (&sent.planned, &sent.message_id);
        let effect = facts.effects.get(&planned.work);
        let charges = facts.charges.get(&planned.work).copied().unwrap_or_default();
        let is_dead = dead.contains(id.as_str());
        let said = || {
            format!("{id} ({:?}, {}): effect {effect:?}, {charges} charges, dead {is_dead}", planned.kind, planned.work)
        };
        match &planned.end {
            End::Done(what) => match effect {
                Some(effect) if effect.times == 1 && effect.what == *what && charges == 1 && !is_dead => self.done += 1,
                None => self.lost.push(said()),
                Some(_) => self.doubled.push(said()),
            },
            End::Dead { .. } | End::Moved if is_dead && effect.is_none() => self.dead += 1,
            End::Dead { .. } | End::Moved if is_dead => self.doubled.push(said()),
            End::Dead { .. } | End::Moved => self.lost.push(said()),
        }
    }

    pub(crate) fn is_clean(&self) -> bool {
        self.lost.is_empty() && self.doubled.is_empty() && self.invisible_after_stop == 0
    }

    /// A line for each message that is wrong.
    pub(crate) fn wrong(&self) -> impl Iterator<Item = String> {
        let lost = self.lost.iter().map(|lost| format!("lost: {lost}"));
        lost.chain(self.doubled.iter().map(|doubled| format!("doubled: {doubled}")))
    }
}

/// A copy may be there twice, where a worker was killed behind it; both name the message.
fn original(letter: &Letter) -> &str {
    letter.attributes.get("OriginalMessageId").unwrap_or(&letter.message_id)
}

impl fmt::Display for WorkerAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sent, done, dead, lost, doubled, invisible_after_stop } = self;
        let (lost, doubled) = (lost.len(), doubled.len());
        write!(
            f,
            "sent={sent} done={done} dead={dead} lost={lost} doubled={doubled} invisible_after_stop={invisible_after_stop}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Kind, shuffled};

    /// What is found where all went well.
    fn facts() -> Facts {
        let sent: Vec<Sent> = shuffled(1, 60)
            .into_iter()
            .enumerate()
            .map(|(nth, planned)| Sent { planned, message_id: format!("m-{nth}") })
            .collect();
        let done = |sent: &Sent| match &sent.planned.end {
            End::Done(what) => Some((sent.planned.work.clone(), what.clone())),
            _ => None,
        };
        let done: Vec<_> = sent.iter().filter_map(done).collect();
        let effects = done.iter().map(|(work, what)| (work.clone(), Effect { times: 1, what: what.clone() })).collect();
        let charges = done.into_iter().map(|(work, _)| (work, 1)).collect();
        let dead = sent.iter().filter(|sent| !matches!(sent.planned.end, End::Done(_)));
        let letters = dead.map(|sent| letter("copy", &sent.message_id)).collect();
        Facts { sent, effects, letters, charges, left: 0, invisible_after_stop: 0 }
    }

    fn letter(message_id: &str, original: &str) -> Letter {
        let attributes = [("OriginalMessageId".to_owned(), original.to_owned())].into();
        Letter { message_id: message_id.to_owned(), body: String::new(), attributes }
    }

    #[test]
    fn what_went_well_is_clean_and_a_second_copy_of_a_letter_is_no_second_message() {
        let mut facts = facts();
        facts.letters.push(facts.letters[0].clone());
        let account = WorkerAccount::of(&facts);
        assert!(account.is_clean(), "{account:?}");
        assert_eq!(account.done + account.dead, 60);
    }

    #[test]
    fn what_is_missing_doubled_or_hidden_shows() {
        let work =
            |facts: &Facts| facts.sent.iter().find(|s| s.planned.kind == Kind::Good).unwrap().planned.work.clone();
        let wrong: [fn(&mut Facts, &str); 6] = [
            |facts, work| drop(facts.effects.remove(work)),
            |facts, work| facts.effects.get_mut(work).unwrap().times = 2,
            |facts, work| {
                facts.charges.insert(work.to_owned(), 2);
            },
            |facts, _| drop(facts.letters.pop()),
            |facts, _| facts.left = 1,
            |facts, _| facts.invisible_after_stop = 1,
        ];
        for (nth, spoil) in wrong.into_iter().enumerate() {
            let mut facts = facts();
            let work = work(&facts);
            spoil(&mut facts, &work);
            assert!(!WorkerAccount::of(&facts).is_clean(), "{nth}");
        }
    }
}
