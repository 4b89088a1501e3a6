//! Why a body is not base64 of gzip.

use std::{error::Error as StdError, fmt};

use crate::extract::offloaded::is_pointer;

/// The body is not base64 of gzip, or breaks off.
#[derive(Debug)]
pub struct GzipRejection {
    is_base64: bool,
    is_s3_pointer: bool,
    offset: Option<usize>,
}

impl GzipRejection {
    pub(super) fn not_base64(text: &[u8], offset: Option<usize>) -> Self {
        Self { is_base64: false, is_s3_pointer: is_pointer(text), offset }
    }

    pub(super) fn not_gzip(offset: usize) -> Self {
        Self { is_base64: true, is_s3_pointer: false, offset: Some(offset) }
    }

    /// Whether the body is base64 at least, and breaks later: it is not gzip, was cut off, or does not match its checksum.
    #[must_use]
    pub fn is_base64(&self) -> bool {
        self.is_base64
    }

    /// Whether the body is a pointer to a payload in S3, left by the extended client library.
    #[must_use]
    pub fn is_s3_pointer(&self) -> bool {
        self.is_s3_pointer
    }

    /// Where it stops making sense: a byte of the body where that is not base64, else the compressed byte by which the decoder
    /// knew. `None` where base64's length or its end is wrong.
    #[must_use]
    pub fn offset(&self) -> Option<usize> {
        self.offset
    }
}

impl fmt::Display for GzipRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_s3_pointer {
            return f
                .write_str("the payload is in S3 (extended client library): `extract::Offloaded<Gzip<..>>` reads it");
        }
        match (self.is_base64, self.offset) {
            (false, None) => f.write_str("the body is not base64: it has a wrong length or end"),
            (false, Some(offset)) => write!(f, "the body is not base64 (byte {offset})"),
            (true, offset) => write!(f, "the body is not whole gzip (byte {} of it)", offset.unwrap_or_default()),
        }
    }
}

impl StdError for GzipRejection {}
