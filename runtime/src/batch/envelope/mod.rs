//! Event JSON -> entries. Tolerant record by record: syntax must hold for the whole event, everything else only for a record.
//!
//! The event is walked once, as if every record were an object with attributes of its own. Where one is not, it is walked
//! again with care: once to find its records, then each record once on its own. Either way nothing is copied, and a wrong
//! type, a null or a repeated key inside one record is that record's fault and nobody else's.

mod attributes;
mod record;

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use self::record::{InPlace, RecordVisitor};
use super::{
    entry::Entry,
    event_error::Kind,
    key::EventKey,
    malformed::{Field, Problem},
    source,
    text::{Spans, Text},
};

/// The entries of an event, and the strings that had to be unescaped.
type Walked = (Vec<Entry>, Box<str>);

/// Parses an event into its entries and the strings that had to be unescaped.
pub(super) fn parse(json: &str) -> Result<Walked, Kind> {
    if !Text::is_addressable(json.len()) {
        return Err(Kind::TooLong(json.len()));
    }
    // Whatever stops the quick walk, the careful one finds too, and knows what it is.
    walk(json, Pace::Quick).or_else(|_| walk(json, Pace::Careful))
}

fn walk(json: &str, pace: Pace) -> Result<Walked, Kind> {
    let mut envelope = Envelope::new(json, pace);
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let parsed = (&mut deserializer).deserialize_any(&mut envelope).and_then(|()| deserializer.end());
    if let Some(kind) = envelope.refusal.take() {
        return Err(kind);
    }
    parsed.map_err(Kind::NotJson)?;
    envelope.into_entries()
}

/// How records and their attributes are walked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pace {
    /// In place: the first thing inside a record that is not as it should be ends the walk of the whole event.
    Quick,
    /// Each cut out first: nothing inside one record can end the walk.
    Careful,
}

/// What has been found so far in one event.
struct Envelope<'t> {
    pace: Pace,
    spans: Spans<'t>,
    entries: Option<Vec<Entry>>,
    /// The source that a record or a top-level key names, where it is not SQS.
    foreign: Option<Box<str>>,
    refusal: Option<Kind>,
}

impl<'t> Envelope<'t> {
    fn new(json: &'t str, pace: Pace) -> Self {
        Self { pace, spans: Spans::new(json), entries: None, foreign: None, refusal: None }
    }

    fn into_entries(self) -> Result<Walked, Kind> {
        if let Some(found) = self.foreign {
            return Err(Kind::NotAnSqsEvent { found });
        }
        let mut entries = self.entries.ok_or(Kind::NoRecords("missing"))?;
        entries.shrink_to_fit();
        Ok((entries, self.spans.into_unescaped()))
    }

    fn refuse<T, E: serde::de::Error>(&mut self, kind: Kind) -> Result<T, E> {
        self.refusal = Some(kind);
        Err(E::custom("refused"))
    }

    fn foreign(&mut self, found: &str) {
        self.foreign.get_or_insert_with(|| source::shortened(found));
    }

    fn record(&mut self, raw: &'t RawValue) -> Entry {
        let mut entry = Entry::EMPTY;
        let mut record = RecordVisitor::new(self, &mut entry);
        let parsed = serde_json::Deserializer::from_str(raw.get()).deserialize_map(&mut record);
        if parsed.is_err() {
            entry.fault(Field::Record, Problem::NotAnObject);
        }
        Self::complete(entry)
    }

    fn complete(mut entry: Entry) -> Entry {
        if entry.message_id.is_none() {
            entry.fault(Field::MessageId, Problem::Missing);
        }
        if entry.body.is_none() {
            entry.fault(Field::Body, Problem::Missing);
        }
        entry
    }
}

/// Everything that is not what was expected, named for the error message.
macro_rules! refuse_scalars {
    ($kind:path) => {
        fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
            self.refuse($kind("null"))
        }
        fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<(), E> {
            self.refuse($kind("a boolean"))
        }
        fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<(), E> {
            self.refuse($kind("a number"))
        }
        fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<(), E> {
            self.refuse($kind("a number"))
        }
        fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<(), E> {
            self.refuse($kind("a number"))
        }
        fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<(), E> {
            self.refuse($kind("a string"))
        }
    };
}

impl<'t> Visitor<'t> for &mut Envelope<'t> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an SQS event")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<EventKey>()? {
            match key {
                EventKey::Records if self.entries.is_some() => return self.refuse(Kind::RepeatedRecords),
                EventKey::Records => map.next_value_seed(Records(self))?,
                EventKey::Foreign(source) => {
                    self.foreign(source);
                    map.next_value::<IgnoredAny>()?;
                }
                EventKey::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'t>>(self, _: A) -> Result<(), A::Error> {
        self.refuse(Kind::NotAnObject("a list"))
    }

    refuse_scalars!(Kind::NotAnObject);
}

/// The value under `Records`.
struct Records<'e, 't>(&'e mut Envelope<'t>);

impl Records<'_, '_> {
    fn refuse<T, E: serde::de::Error>(self, kind: Kind) -> Result<T, E> {
        self.0.refuse(kind)
    }
}

impl<'t> DeserializeSeed<'t> for Records<'_, 't> {
    type Value = ();

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'t> Visitor<'t> for Records<'_, 't> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'t>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut entries = Vec::new();
        match self.0.pace {
            Pace::Quick => {
                while let Some(entry) = seq.next_element_seed(InPlace(&mut *self.0))? {
                    entries.push(entry);
                }
            }
            Pace::Careful => {
                while let Some(raw) = seq.next_element::<&RawValue>()? {
                    entries.push(self.0.record(raw));
                }
            }
        }
        self.0.entries = Some(entries);
        Ok(())
    }

    fn visit_map<A: MapAccess<'t>>(self, _: A) -> Result<(), A::Error> {
        self.refuse(Kind::NoRecords("an object"))
    }

    refuse_scalars!(Kind::NoRecords);
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &str = r#"{"messageId":"m\u0031","receiptHandle":"r","body":"{\"a\":1}","attributes":{"SenderId":"s\/t",
        "SentTimestamp":null},"messageAttributes":{},"md5OfBody":null,"eventSource":"aws:sqs","eventSourceARN":"a"}"#;

    fn both(records: &str) -> (Result<Walked, Kind>, Walked) {
        let event = format!(r#"{{"Records":[{records}]}}"#);
        (walk(&event, Pace::Quick), walk(&event, Pace::Careful).unwrap())
    }

    #[test]
    fn the_quick_walk_finds_what_the_careful_one_does() {
        let (quick, careful) = both(&format!("{RECORD} , {RECORD}"));
        assert!(quick.unwrap() == careful);
    }

    /// Events with bytes of them changed, dropped or repeated: where the quick walk comes to an end, it is the careful one's.
    #[test]
    fn the_two_walks_agree_on_damaged_events() {
        let event = format!(r#"{{"Records":[{RECORD},{RECORD}]}}"#);
        let mut state = 1_u64;
        let mut draw = |limit: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap() % limit
        };
        let mut agreed = 0;
        for _ in 0..20_000 {
            let mut bytes = event.clone().into_bytes();
            for _ in 0..=draw(3) {
                let at = draw(bytes.len());
                match draw(3) {
                    0 => bytes[at] = b"\"\\{}[]:,0nu5x"[draw(13)],
                    1 => drop(bytes.remove(at)),
                    _ => bytes.insert(at, bytes[at]),
                }
            }
            let Ok(damaged) = String::from_utf8(bytes) else { continue };
            if let Ok(quick) = walk(&damaged, Pace::Quick) {
                assert!(walk(&damaged, Pace::Careful).is_ok_and(|careful| careful == quick), "{damaged}");
                agreed += 1;
            }
        }
        assert!(agreed > 100, "only {agreed} events were left whole enough");
    }

    #[test]
    fn the_quick_walk_gives_up_where_a_record_is_odd() {
        let odd = [
            "7",
            "1e999",
            r#""\ud800""#,
            r#"{"\ud800":1}"#,
            r#"{"messageId":""}"#,
            r#"{"messageId":"\ud800"}"#,
            r#"{"receiptHandle":7}"#,
            r#"{"attributes":[]}"#,
            r#"{"attributes":{"SenderId":7}}"#,
            r#"{"attributes":{"SenderId":"a","SenderId":"b"}}"#,
        ];
        for odd in odd {
            let (quick, (careful, _)) = both(&format!("{odd},{RECORD}"));
            assert!(quick.is_err(), "{odd}");
            assert!(careful.len() == 2 && careful[0].fault.is_some() && careful[1].fault.is_none(), "{odd}");
        }
    }
}
