//! A granted claim.

use std::fmt;

use super::{IdempotencyKey, PayloadHash, store::ClaimRequest};
use crate::random::{NoRandomness, Random};

/// Who holds a claim: 128 random bits, made anew for every claim and never changed by what follows.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Owner([u8; 16]);

impl Owner {
    pub(crate) fn draw(random: &dyn Random) -> Result<Self, NoRandomness> {
        let mut bits = [0; 16];
        random.fill(&mut bits)?;
        Ok(Self(bits))
    }

    /// The owner with these bits.
    #[must_use]
    pub fn from_bits(bits: u128) -> Self {
        Self(bits.to_be_bytes())
    }

    /// The owner that [`to_text`](Self::to_text) wrote.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let is_ours = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        u128::from_str_radix(text, 16).ok().filter(|_| is_ours).map(Self::from_bits)
    }

    /// One of its random bytes, for what has to differ between attempts.
    #[cfg(feature = "dynamodb")]
    pub(crate) fn byte(self, place: usize) -> u8 {
        self.0.get(place % self.0.len()).copied().unwrap_or_default()
    }

    /// In hexadecimal, 32 characters, as it is stored.
    #[must_use]
    pub fn to_text(self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Owner({})", self.to_text())
    }
}

/// A number that grows with every grant of a key, for handlers that guard their own resources: they refuse a number lower
/// than one that they have seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FencingToken(pub u64);

/// A claim that was granted: whose, how often granted before, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    pub(crate) key: IdempotencyKey,
    pub(crate) owner: Owner,
    pub(crate) fence: FencingToken,
    pub(crate) expires_at_ms: u64,
    pub(crate) attempts: u32,
    pub(crate) payload_hash: PayloadHash,
}

impl Lease {
    /// What a store hands out for a claim: the row's fence and its attempts, this one included, and the end of the lease in
    /// milliseconds since 1970.
    #[must_use]
    pub fn granted(request: &ClaimRequest, fence: FencingToken, attempts: u32, expires_at_ms: u64) -> Self {
        let (key, owner, payload_hash) = (request.key.clone(), request.owner, request.payload_hash);
        Self { key, owner, fence, expires_at_ms, attempts, payload_hash }
    }

    /// The key that was claimed.
    #[must_use]
    pub fn key(&self) -> &IdempotencyKey {
        &self.key
    }

    /// Who holds it.
    #[must_use]
    pub fn owner(&self) -> Owner {
        self.owner
    }

    /// The fencing token of this grant.
    #[must_use]
    pub fn fencing_token(&self) -> FencingToken {
        self.fence
    }

    /// How many grants in a row, this one included, ended neither in a release nor in a completion: above 1, an earlier attempt
    /// may have crashed. A hint, no verdict.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The payload that was claimed.
    #[must_use]
    pub fn payload_hash(&self) -> PayloadHash {
        self.payload_hash
    }

    /// When another attempt may take over, milliseconds since 1970.
    #[must_use]
    pub fn expires_at_ms(&self) -> u64 {
        self.expires_at_ms
    }
}
