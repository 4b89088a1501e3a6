//! How many receives are worth having under way at a time: pure.

/// Grows while receives come back full, and is one as soon as one comes back empty: an idle queue costs one long poll.
#[derive(Clone, Copy, Debug)]
pub(super) struct Appetite {
    most: usize,
    lanes: usize,
    is_busy: bool,
}

impl Appetite {
    /// At most so many.
    pub(super) fn new(most: usize) -> Self {
        Self { most: most.max(1), lanes: 1, is_busy: false }
    }

    pub(super) fn lanes(&self) -> usize {
        self.lanes
    }

    /// So many messages came of so many that were asked for.
    pub(super) fn got(&mut self, asked: usize, received: usize) {
        if received == 0 {
            self.failed();
        } else if received >= asked {
            self.is_busy = true;
            self.lanes = (self.lanes * 2).min(self.most);
        }
    }

    /// SQS refused, or gave no answer.
    pub(super) fn failed(&mut self) {
        (self.lanes, self.is_busy) = (1, false);
    }

    /// Whether there was more than was asked for, and no receive in vain since.
    pub(super) fn is_busy(&self) -> bool {
        self.is_busy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_with_full_receives_and_ends_with_an_empty_one() {
        let mut appetite = Appetite::new(10);
        assert_eq!(appetite.lanes(), 1);
        let grown = [(10, 10), (10, 10), (10, 7), (3, 3), (10, 10)].map(|(asked, received)| {
            appetite.got(asked, received);
            appetite.lanes()
        });
        assert_eq!(grown, [2, 4, 4, 8, 10]);
        assert!(appetite.is_busy());
        appetite.got(10, 0);
        assert_eq!((appetite.lanes(), appetite.is_busy()), (1, false));
        appetite.got(1, 1);
        appetite.failed();
        assert_eq!(appetite.lanes(), 1);
    }
}
