//! The events of a file.

use std::{
    fs,
    io::{self, Read},
    path::Path,
};

use serde_json::value::RawValue;

use crate::{
    Error,
    batch::{Batch, EventError},
    error::Kind,
};

/// The JSON values of a file, one behind the other; `-` is standard input. After the first that is no JSON nothing can be
/// told apart any more, so it is the last.
pub(super) fn read(path: &Path) -> Vec<Result<Box<str>, Error>> {
    let bytes = if path == Path::new("-") { standard_input() } else { fs::read(path) };
    match bytes {
        Ok(bytes) => split(&bytes),
        Err(error) => vec![Err(Kind::Read(error).into())],
    }
}

fn standard_input() -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
}

fn split(bytes: &[u8]) -> Vec<Result<Box<str>, Error>> {
    let values = serde_json::Deserializer::from_slice(bytes).into_iter::<Box<RawValue>>();
    let mut events: Vec<_> = values.map(|value| value.map(Box::<str>::from).map_err(no_json)).collect();
    if events.is_empty() {
        // No value at all: say what a batch says of an empty text.
        events.push(Batch::from_json("").map(|_| Box::default()).map_err(Error::from));
    }
    events
}

fn no_json(error: serde_json::Error) -> Error {
    EventError::from(error).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_may_follow_each_other() {
        let events = split(b"{\"a\":1}\n[2] {\"c\":3}");
        let texts: Vec<_> = events.into_iter().map(|event| event.unwrap_or_default()).collect();
        assert_eq!(texts, ["{\"a\":1}".into(), "[2]".into(), Box::<str>::from("{\"c\":3}")]);
    }

    #[test]
    fn an_empty_file_and_a_torn_one_are_errors() {
        assert!(split(b" ").pop().is_some_and(|event| event.is_err()));
        let torn = split(b"{} {\"a\":");
        assert_eq!((torn.len(), torn[0].is_ok(), torn[1].is_err()), (2, true, true));
    }
}
