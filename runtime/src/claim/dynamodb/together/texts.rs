//! The texts of statements. Which attributes are written is all that they differ by, so that those of every message are written once.

use std::fmt::Write as _;

use super::super::table::{Name, Table};

const GRANTED: [Name; 10] = [
    Name::Status,
    Name::Owner,
    Name::Fence,
    Name::Since,
    Name::Attempts,
    Name::InProgressExpiration,
    Name::Expiration,
    Name::Validation,
    Name::Schema,
    Name::Version,
];
const COMPLETED: [Name; 5] = [Name::Status, Name::Since, Name::Attempts, Name::Expiration, Name::Data];
const FAILED: [Name; 5] = [Name::Status, Name::Since, Name::Attempts, Name::Version, Name::Error];

/// What holds a lease.
pub(super) const HELD: [Name; 3] = [Name::Status, Name::Owner, Name::Fence];

/// Those of one table.
#[derive(Debug)]
pub(in crate::claim::dynamodb) struct Texts {
    inserts: Vec<(&'static [Name], String)>,
    settlements: Vec<(&'static [Name], String)>,
}

impl Texts {
    pub(in crate::claim::dynamodb) fn of(table: &Table) -> Self {
        // A version, a result: what may be absent stands last.
        let inserts = [&GRANTED[..], &GRANTED[..9]];
        let settlements = [&COMPLETED[..4], &COMPLETED, &COMPLETED[..3], &FAILED];
        Self {
            inserts: inserts.map(|names| (names, insert(table, names))).into(),
            settlements: settlements.map(|names| (names, settle(table, names))).into(),
        }
    }

    /// Writes a row where there is none: the values of its key, then those of its attributes.
    pub(super) fn insert(&self, table: &Table, names: &[Name]) -> String {
        known(&self.inserts, names).unwrap_or_else(|| insert(table, names))
    }

    /// Sets attributes and ends the lease, where the lease still holds the row: the values of the attributes, those of the key, and of what
    /// is held.
    pub(super) fn settle(&self, table: &Table, names: &[Name]) -> String {
        known(&self.settlements, names).unwrap_or_else(|| settle(table, names))
    }
}

fn known(texts: &[(&[Name], String)], names: &[Name]) -> Option<String> {
    texts.iter().find(|(of, _)| *of == names).map(|(_, text)| text.clone())
}

fn insert(table: &Table, names: &[Name]) -> String {
    let names = table.key_attributes().chain(names.iter().map(|name| table.attribute_name(*name)));
    let members: Vec<_> = names.map(|name| format!("'{}': ?", name.replace('\'', "''"))).collect();
    format!("INSERT INTO {} VALUE {{{}}}", quoted(table.name()), members.join(", "))
}

fn settle(table: &Table, names: &[Name]) -> String {
    let mut text = format!("UPDATE {}", quoted(table.name()));
    for name in names {
        let _ = write!(text, " SET {} = ?", quoted(table.attribute_name(*name)));
    }
    let _ = write!(text, " REMOVE {}", quoted(table.attribute_name(Name::InProgressExpiration)));
    let held = HELD.iter().map(|name| table.attribute_name(*name));
    for (place, name) in table.key_attributes().chain(held).enumerate() {
        let word = if place == 0 { "WHERE" } else { "AND" };
        let _ = write!(text, " {word} {} = ?", quoted(name));
    }
    text
}

/// A name, whatever is in it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_in_the_order_of_their_values() {
        let table = Table::new("o'dd \"table");
        let texts = Texts::of(&table);
        assert_eq!(
            texts.insert(&table, &[Name::Status, Name::Owner]),
            r#"INSERT INTO "o'dd ""table" VALUE {'id': ?, 'status': ?, 'owner': ?}"#
        );
        assert_eq!(
            texts.settle(&table, &[Name::Status, Name::Since]),
            r#"UPDATE "o'dd ""table" SET "status" = ? SET "since" = ? REMOVE "in_progress_expiration" WHERE "id" = ? AND "status" = ? AND "owner" = ? AND "fence" = ?"#
        );
    }

    #[test]
    fn what_is_known_is_what_would_be_written() {
        let table = Table::new("idempotency");
        let texts = Texts::of(&table);
        assert!(texts.inserts.iter().all(|(names, text)| *text == insert(&table, names)));
        assert!(texts.settlements.iter().all(|(names, text)| *text == settle(&table, names)));
    }
}
