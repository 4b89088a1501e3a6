//! What is planned for three messages that are delivered with faults and then without.

use super::fault::{Fault, Kill, Operation, Point, Stage};

#[derive(Clone, Debug, Default)]
pub(super) struct Case {
    pub(super) faults: Vec<Point>,
    pub(super) kill: Option<Kill>,
    pub(super) turn: Turn,
}

/// How the messages end and come back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Turn {
    /// The third message panics whenever it is run; else it is rejected by the first delivery.
    pub(super) panics: bool,
    /// The second message succeeds too.
    pub(super) two_succeed: bool,
    /// One more delivery while leases live.
    pub(super) comes_back_at_once: bool,
    /// What fails or is rejected does so by a condition in its transaction.
    pub(super) by_condition: bool,
    /// The first delivery that is looked at is not the first one of the queue.
    pub(super) came_before: bool,
}

/// What a case came to.
pub(super) struct Came {
    pub(super) seen: Vec<Operation>,
    pub(super) requests: usize,
    pub(super) was_killed: bool,
}

/// How a handler ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Succeeds,
    Fails,
    IsRejected,
    Panics,
}

impl Turn {
    pub(super) fn back_at_once_or_not(self) -> [Self; 2] {
        [true, false].map(|comes_back_at_once| Self { comes_back_at_once, ..self })
    }

    /// The first message succeeds, the second fails once or succeeds, the third panics always or is rejected once.
    pub(super) fn end(self, record: usize, delivery: u32) -> End {
        match (record, delivery) {
            (2, _) if self.panics => End::Panics,
            (2, 1) => End::IsRejected,
            (1, 1) if !self.two_succeed => End::Fails,
            _ => End::Succeeds,
        }
    }
}

impl Case {
    /// The fault at this operation.
    pub(super) fn fault_at(&self, stage: Stage, record: usize) -> Option<Fault> {
        self.faults_at(stage, record).next()
    }

    pub(super) fn faults_at(&self, stage: Stage, record: usize) -> impl Iterator<Item = Fault> {
        self.faults.iter().filter(move |(at, _)| *at == Operation { stage, record }).map(|(_, fault)| *fault)
    }
}
