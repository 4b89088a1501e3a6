//! Why a pointer is not followed.

use std::{error::Error as StdError, fmt};

/// The body is a pointer of the extended client library that leads nowhere.
#[derive(Debug)]
pub struct PointerRejection(pub(super) Kind);

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Broken,
    OtherBucket,
    Missing,
}

impl PointerRejection {
    /// Whether it does not name a bucket and a key.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.0 == Kind::Broken
    }

    /// Whether it leads to a bucket that is not among those of [`Payloads`](super::Payloads). Nothing was fetched.
    #[must_use]
    pub fn is_other_bucket(&self) -> bool {
        self.0 == Kind::OtherBucket
    }

    /// Whether there is no such object, any more or yet. It may be put back by hand, so this rejection is not remembered.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.0 == Kind::Missing
    }
}

impl fmt::Display for PointerRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Broken => "the pointer to a payload in S3 names no bucket and key",
            Kind::OtherBucket => "the pointer leads to a bucket that payloads are not read from",
            Kind::Missing => "the pointer leads to an object that is not there",
        })
    }
}

impl StdError for PointerRejection {}
