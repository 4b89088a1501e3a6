//! Hashes of the server, read as rows.

use std::{collections::HashMap, str::FromStr};

use crate::claim::{
    FencingToken, Owner, PayloadHash, StoredResult,
    protocol::{Found, Row, Status},
};

/// A hash as it is stored; what others wrote need not be text.
pub(super) type Fields = HashMap<Vec<u8>, Vec<u8>>;

/// The version of the schema that this crate writes.
pub(super) const SCHEMA: &str = "1";

/// The most digits that a number has: Lua compares numbers as doubles, exact up to 16 digits less a few.
const MAX_DIGITS: usize = 15;

/// The largest number that is written; as a moment, a day in the far future.
pub(super) const MAX_NUMBER: u64 = 999_999_999_999_999;

/// What a read or a refused write met. A hash that is not one of ours, by its schema or by a field, is corrupt.
pub(super) fn found(fields: &Fields) -> Found {
    if fields.is_empty() {
        return Found::Nothing;
    }
    row(fields).map_or(Found::Corrupt, Found::Row)
}

/// The hash as a row; `None` where it is not one of ours. `is_ours` of `lua/row.lua` says the same.
pub(super) fn row(fields: &Fields) -> Option<Row> {
    let reader = Reader(fields);
    if reader.text("v")? != SCHEMA {
        return None;
    }
    Some(Row {
        status: reader.status()?,
        owner: Owner::from_text(reader.text("owner")?)?,
        fence: FencingToken(reader.number("fence")?),
        since_ms: reader.number("since")?,
        attempts: reader.number("attempts")?,
        expires_at_s: reader.number("expiration")?,
        payload_hash: PayloadHash::from_text(reader.text("validation")?)?,
        version: reader.optional_text("version")?,
        result: reader.result()?,
        error: reader.optional_text("error")?,
    })
}

struct Reader<'a>(&'a Fields);

impl<'a> Reader<'a> {
    fn text(&self, name: &str) -> Option<&'a str> {
        str::from_utf8(self.0.get(name.as_bytes())?).ok()
    }

    /// Absent is fine, what is no text is not.
    fn optional_text(&self, name: &str) -> Option<Option<Box<str>>> {
        match self.0.get(name.as_bytes()) {
            None => Some(None),
            Some(_) => self.text(name).map(|text| Some(text.into())),
        }
    }

    fn number<N: FromStr>(&self, name: &str) -> Option<N> {
        let text = self.text(name)?;
        let is_ours = text.len() <= MAX_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|_| is_ours)
    }

    fn result(&self) -> Option<StoredResult> {
        match (self.optional_text("data")?, self.optional_text("omitted")?.as_deref()) {
            (None, None) => Some(StoredResult::Nothing),
            (Some(json), None) => Some(StoredResult::Kept(json)),
            (None, Some("1")) => Some(StoredResult::Omitted),
            _ => None,
        }
    }

    fn status(&self) -> Option<Status> {
        match self.text("status")? {
            "INPROGRESS" => Some(Status::InProgress { lease_expires_at_ms: self.number("in_progress_expiration")? }),
            "COMPLETED" => Some(Status::Completed),
            "RELEASED" => Some(Status::Released),
            "FAILED" => Some(Status::Failed),
            _ => None,
        }
    }
}
