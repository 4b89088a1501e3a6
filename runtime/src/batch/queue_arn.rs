//! Which queue a record comes from.

/// The Amazon Resource Name of a queue: `arn:PARTITION:sqs:REGION:ACCOUNT:NAME`.
///
/// Shown in full by `Display`; `Debug` leaves the account id out.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct QueueArn<'a>(&'a str);

impl<'a> QueueArn<'a> {
    /// Takes the text as it is: nothing about a queue that AWS named needs to be refused here.
    #[must_use]
    pub fn new(arn: &'a str) -> Self {
        Self(arn)
    }

    /// The whole text.
    #[must_use]
    pub fn as_str(self) -> &'a str {
        self.0
    }

    /// The partition (`aws`, `aws-cn`, `aws-us-gov`): it decides the DNS suffix of the queue's URL.
    #[must_use]
    pub fn partition(self) -> Option<&'a str> {
        self.part(1)
    }

    /// The region, such as `eu-west-1`.
    #[must_use]
    pub fn region(self) -> Option<&'a str> {
        self.part(3)
    }

    /// The account that owns the queue, 12 digits.
    #[must_use]
    pub fn account(self) -> Option<&'a str> {
        self.part(4)
    }

    /// The queue's name, with `.fifo` where it is FIFO.
    #[must_use]
    pub fn name(self) -> Option<&'a str> {
        self.part(5)
    }

    /// Whether the queue is FIFO: its name ends in `.fifo`. A message group id says nothing about that, since fair
    /// queues put one on standard queues too.
    #[must_use]
    pub fn is_fifo(self) -> bool {
        self.0.ends_with(".fifo")
    }

    fn part(self, index: usize) -> Option<&'a str> {
        self.0.splitn(6, ':').nth(index).filter(|part| !part.is_empty())
    }
}

impl std::fmt::Display for QueueArn<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::fmt::Debug for QueueArn<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "QueueArn({}, {})", self.region().unwrap_or("?"), self.name().unwrap_or("?"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_an_arn() {
        let arn = QueueArn::new("arn:aws-cn:sqs:cn-north-1:123456789012:ledger.fifo");
        assert_eq!(arn.as_str(), "arn:aws-cn:sqs:cn-north-1:123456789012:ledger.fifo");
        assert_eq!(arn.partition(), Some("aws-cn"));
        assert_eq!(arn.region(), Some("cn-north-1"));
        assert_eq!(arn.account(), Some("123456789012"));
        assert_eq!(arn.name(), Some("ledger.fifo"));
        assert!(arn.is_fifo());
    }

    #[test]
    fn a_text_that_is_no_arn_has_no_parts() {
        let arn = QueueArn::new("orders");
        assert_eq!((arn.region(), arn.name()), (None, None));
        assert!(!arn.is_fifo());
        assert_eq!(QueueArn::new("arn:aws:sqs:::orders").account(), None, "an empty part is none");
    }

    #[test]
    fn debug_leaves_the_account_out() {
        let arn = QueueArn::new("arn:aws:sqs:eu-west-1:123456789012:orders");
        assert_eq!(format!("{arn:?}"), "QueueArn(eu-west-1, orders)");
        assert_eq!(arn.to_string(), arn.as_str());
    }
}
