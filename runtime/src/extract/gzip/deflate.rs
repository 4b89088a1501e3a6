//! From a text to base64 of gzip: for what is to be read again.

use std::io::Read;

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::{Compression, bufread::GzEncoder};

/// The text as a body that [`Gzip`](super::Gzip) reads.
pub(crate) fn deflate(payload: &str) -> String {
    let mut compressed = Vec::new();
    // Reading from memory into memory cannot fail.
    let _ = GzEncoder::new(payload.as_bytes(), Compression::default()).read_to_end(&mut compressed);
    STANDARD.encode(compressed)
}
