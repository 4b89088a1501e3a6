//! From base64 of gzip to bytes, in one buffer that never grows.

use std::{borrow::Cow, io::Read};

use base64::{
    DecodeError, Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use flate2::bufread::MultiGzDecoder;

use super::GzipRejection;
use crate::extract::TooLarge;

/// How much a payload may be, however small it was when it was compressed: small texts of repetitions are no bombs.
const ALWAYS_ALLOWED: usize = 64 * 1024;

/// Base64 with and without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a payload may become.
#[derive(Clone, Copy)]
pub(super) struct Caps {
    pub(super) bytes: usize,
    pub(super) ratio: usize,
}

impl Caps {
    /// The whole of the compressed bytes is there before the first one is decoded, so the ratio is a length.
    fn limit(self, compressed: usize) -> usize {
        self.bytes.min(compressed.saturating_mul(self.ratio).max(ALWAYS_ALLOWED))
    }
}

pub(super) enum Uninflated {
    TooLarge(TooLarge),
    Broken(GzipRejection),
}

/// The bytes behind a payload that is gzip, or base64 of it. No byte of base64 is gzip's first.
pub(super) fn inflate(payload: &[u8], caps: Caps) -> Result<Vec<u8>, Uninflated> {
    let compressed = match payload {
        [0x1f, 0x8b, ..] => Cow::Borrowed(payload),
        text => Cow::Owned(BASE64.decode(text).map_err(|error| Uninflated::Broken(not_base64(text, &error)))?),
    };
    unzip(&compressed, caps.limit(compressed.len()))
}

/// Allocates once, what is allowed; given back but for what is there. Pages that were never written to cost nothing.
fn unzip(compressed: &[u8], limit: usize) -> Result<Vec<u8>, Uninflated> {
    let at_most = limit.saturating_add(1);
    let mut bytes = Vec::with_capacity(at_most);
    let mut decoder = MultiGzDecoder::new(compressed).take(u64::try_from(at_most).unwrap_or(u64::MAX));
    let read = decoder.read_to_end(&mut bytes);
    if bytes.len() > limit {
        return Err(Uninflated::TooLarge(TooLarge::new(limit)));
    }
    if read.is_err() {
        let left = decoder.get_ref().get_ref().len();
        return Err(Uninflated::Broken(GzipRejection::not_gzip(compressed.len() - left)));
    }
    bytes.shrink_to_fit();
    Ok(bytes)
}

fn not_base64(text: &[u8], error: &DecodeError) -> GzipRejection {
    let offset = match error {
        DecodeError::InvalidByte(offset, _) | DecodeError::InvalidLastSymbol(offset, _) => Some(*offset),
        DecodeError::InvalidLength(_) | DecodeError::InvalidPadding => None,
    };
    GzipRejection::not_base64(text, offset)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn is_too_large(result: Result<Vec<u8>, Uninflated>) -> bool {
        matches!(result, Err(Uninflated::TooLarge(_)))
    }

    #[test]
    fn the_cap_is_the_last_length_that_passes() {
        for length in [0, 1, 63, 64, 4096, ALWAYS_ALLOWED] {
            let zeros = vec![0; length];
            let compressed = gzip(&zeros);
            assert!(unzip(&compressed, length).is_ok_and(|bytes| bytes == zeros), "{length}");
            assert!(length == 0 || is_too_large(unzip(&compressed, length - 1)), "{length}");
        }
    }

    #[test]
    fn the_ratio_counts_beyond_what_is_always_allowed() {
        let caps = Caps { bytes: 1 << 20, ratio: 200 };
        assert_eq!(caps.limit(10), ALWAYS_ALLOWED);
        assert_eq!(caps.limit(1000), 200_000);
        assert_eq!(caps.limit(usize::MAX), 1 << 20);
        assert!(inflate(&gzip(&vec![0; ALWAYS_ALLOWED]), caps).is_ok());
        assert!(is_too_large(inflate(&gzip(&vec![0; 10 * ALWAYS_ALLOWED]), caps)));
    }

    #[test]
    fn several_members_are_one_payload() {
        let members = [gzip(b"one "), gzip(b"two")].concat();
        assert!(inflate(&members, Caps { bytes: 100, ratio: 1 }).is_ok_and(|bytes| bytes == b"one two"));
    }
}
