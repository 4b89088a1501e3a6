//! Which records of a batch wait for which: pure.
//!
//! Three reasons to wait, and each record has at most one predecessor of a kind, always an earlier one, so that no wait can
//! close a ring:
//! - a **copy** has the message id and the body of an earlier record: one run, and both share its outcome;
//! - a **group** member follows the record before it in its FIFO group, and is not started once that one failed;
//! - a **key** sibling has the idempotency key, or only the id, of an earlier record: the later claims once the earlier is
//!   settled.

use std::{collections::HashMap, hash::Hash};

use crate::batch::Batch;

/// No record.
const NONE: u32 = u32::MAX;

/// The predecessors of one record, and who comes next by the same reason.
#[derive(Clone, Copy, Debug)]
pub(super) struct Links {
    previous: Neighbours,
    next: Neighbours,
}

/// One record, or none, for each reason to wait.
#[derive(Clone, Copy, Debug)]
struct Neighbours {
    copy: u32,
    group: u32,
    key: u32,
}

/// Why a record waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    Copy,
    Group,
    Key,
}

impl Wait {
    pub(super) const ALL: [Self; 3] = [Self::Copy, Self::Group, Self::Key];
}

impl Neighbours {
    const NOBODY: Self = Self { copy: NONE, group: NONE, key: NONE };

    fn get(&self, wait: Wait) -> Option<usize> {
        let raw = match wait {
            Wait::Copy => self.copy,
            Wait::Group => self.group,
            Wait::Key => self.key,
        };
        (raw != NONE).then_some(raw as usize)
    }

    fn slot(&mut self, wait: Wait) -> &mut u32 {
        match wait {
            Wait::Copy => &mut self.copy,
            Wait::Group => &mut self.group,
            Wait::Key => &mut self.key,
        }
    }
}

impl Links {
    const FREE: Self = Self { previous: Neighbours::NOBODY, next: Neighbours::NOBODY };

    pub(super) fn previous(&self, wait: Wait) -> Option<usize> {
        self.previous.get(wait)
    }

    pub(super) fn next(&self, wait: Wait) -> Option<usize> {
        self.next.get(wait)
    }

    /// How many records this one waits for.
    pub(super) fn waits(&self) -> u8 {
        Wait::ALL.into_iter().map(|wait| u8::from(self.previous(wait).is_some())).sum()
    }
}

/// The waits of a batch. `group` gives what keeps its order, `key` what two records share if they are the same work under different message ids; `None`
/// for records without a key, and everywhere if keys are message ids.
///
/// `is_guarded` says whether messages are claimed. Then two records with one id and different bodies are no copies: the later
/// one must meet the claim, which tells a repetition from a conflict.
pub(super) fn plan<G: Hash + Eq, K: Hash + Eq>(
    batch: &Batch,
    is_guarded: bool,
    group: impl Fn(usize) -> Option<G>,
    key: impl Fn(usize) -> Option<K>,
) -> Vec<Links> {
    let mut links = vec![Links::FREE; batch.len()];
    // The last record of each id, group and key so far. Looked up by name only: no order is taken from these maps.
    let mut ids = HashMap::with_capacity(batch.len());
    let mut groups = HashMap::new();
    let mut keys = HashMap::new();
    for later in 0..batch.len() {
        // A malformed record is nobody's copy: its own failure must show, and it never runs. One that shows its damage only when it is
        // decoded is one still: it is the same message, and its first record says what becomes of that.
        let id = batch.message_id(later).filter(|_| !batch.is_malformed(later));
        let same_id = id.and_then(|id| ids.insert(id, later));
        let copied = same_id.filter(|earlier| !is_guarded || batch.have_same_body(*earlier, later));
        let before = group(later).and_then(|group| groups.insert(group, later));
        link(&mut links, Wait::Copy, copied, later);
        link(&mut links, Wait::Group, before, later);
        if copied.is_none() {
            let sibling = key(later).and_then(|key| keys.insert(key, later));
            link(&mut links, Wait::Key, sibling.or(same_id), later);
        }
    }
    links
}

fn link(links: &mut [Links], wait: Wait, earlier: Option<usize>, later: usize) {
    let Some(earlier) = earlier else { return };
    // Spans limit an event to 2 GiB, so that a place always fits.
    let (Ok(earlier_raw), Ok(later_raw)) = (u32::try_from(earlier), u32::try_from(later)) else { return };
    if let Some(links) = links.get_mut(later) {
        *links.previous.slot(wait) = earlier_raw;
    }
    if let Some(links) = links.get_mut(earlier) {
        *links.next.slot(wait) = later_raw;
    }
}
