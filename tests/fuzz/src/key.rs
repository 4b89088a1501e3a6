//! Idempotency keys: two messages that differ in what names them never share one.
//!
//! The input's parts stand between bytes `ff`, which no JSON holds: two values as raw JSON, and the names on the way to them. The two
//! bodies are objects in objects with those names, and one of the values inside.

use serde_json::{Value, value::RawValue};
use sqs_runtime::claim::{IdempotencyKey, Key, PayloadHash};

use super::captured::identity;

/// The names on the way to a value: what is left of the input is more than needed.
const MAX_NAMES: usize = 3;

/// Any parts.
pub fn check(data: &[u8]) {
    let parts: Vec<&[u8]> = data.split(|byte| *byte == 0xff).collect();
    derived(&parts, data.len());
    let Ok(texts) = parts.iter().map(|part| std::str::from_utf8(part)).collect::<Result<Vec<_>, _>>() else { return };
    let [one, other, names @ ..] = texts.as_slice() else { return };
    let names = names.get(..MAX_NAMES).unwrap_or(names);
    let pointer: String = names.iter().map(|name| format!("/{}", name.replace('~', "~0").replace('/', "~1"))).collect();
    pointed_at(one, other, names, &pointer);
    anywhere(one, names.first().copied().unwrap_or_default());
}

/// Keys of other parts are other keys, whatever their borders and whatever stands in them.
fn derived(parts: &[&[u8]], seed: usize) {
    let (one, other) = parts.split_at(seed % (parts.len() + 1));
    let glued = [parts.concat()];
    let glued: Vec<&[u8]> = glued.iter().map(Vec::as_slice).collect();
    let namespace = String::from_utf8_lossy(parts.first().copied().unwrap_or_default());
    let mut lists = vec![one, other, parts, &glued, &[]];
    lists.sort();
    lists.dedup();
    let mut keys = Vec::new();
    for parts in &lists {
        keys.push(IdempotencyKey::derive("orders", parts));
        keys.push(IdempotencyKey::derive_with_secret("orders", b"secret", parts));
        if namespace != "orders" {
            keys.push(IdempotencyKey::derive(&namespace, parts));
        }
        keys.push(IdempotencyKey::derive("orders", parts).step(&namespace));
    }
    for key in &keys {
        let (namespace, hash) = key.as_str().rsplit_once('#').expect("a namespace");
        assert_eq!((hash, hash.len()), (key.hash(), 43));
        assert!(key.step("a").as_str().starts_with(namespace));
    }
    let all = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), all, "two lists of parts share a key");
}

/// A body with that value at the end of that way. Beside it stand others under names that are almost its own.
fn body(raw: &str, names: &[&str]) -> String {
    names.iter().rev().fold(raw.to_owned(), |inner, name| {
        let quoted = |name: &str| serde_json::to_string(name).expect("a text");
        let (before, behind) = (quoted(&format!("{name}x")), quoted(&format!("x{name}")));
        format!("{{ {before}:1,{}:{inner} ,{behind}:[{{}}]}}", quoted(name))
    })
}

/// Of two bodies that differ in the value that is pointed at, each has a key of its own, and a payload hash of its own. Of two with
/// the same value, the same.
fn pointed_at(one: &str, other: &str, names: &[&str], pointer: &str) {
    let (Ok(raw), Ok(other_raw)) = (serde_json::from_str::<&RawValue>(one), serde_json::from_str::<&RawValue>(other))
    else {
        return;
    };
    let key = || Key::pointer(pointer).key_alone();
    let fields = || Key::by(|_| Some("k".into())).same_fields([pointer]);
    let (body, other_body) = (body(one, names), body(other, names));
    let keys = [&body, &other_body].map(|body| identity(key(), body).map(|(key, _)| key));
    let hashes = [&body, &other_body].map(|body| identity(fields(), body).map(|(_, hash)| hash));
    assert_eq!(keys[0].is_some(), names_exactly(raw), "{body} at {pointer}");
    if let ([Some(key), Some(other_key)], Some(is_same)) = (&keys, same(raw, other_raw)) {
        assert_eq!(key == other_key, is_same, "{raw} and {other_raw}");
    }
    if let ([Some(hash), Some(other_hash)], Some(is_same)) = (&hashes, same(raw, other_raw)) {
        assert_eq!(hash == other_hash, is_same, "{raw} and {other_raw}");
    }
    // Absent is another value than any that is there.
    let absent = identity(fields(), "{}").map(|(_, hash)| hash);
    assert!(names.is_empty() || hashes[0].is_none() || hashes[0] != absent, "{raw} passes for nothing");
}

/// Whether a value is one that may be a key: a text, a whole number or a truth value, and not the empty text.
fn names_exactly(raw: &RawValue) -> bool {
    let text = raw.get();
    match text.as_bytes().first() {
        Some(b'"') => serde_json::from_str::<String>(text).is_ok_and(|text| !text.is_empty()),
        Some(b't' | b'f') => true,
        Some(b'n' | b'[' | b'{') | None => false,
        Some(_) => !text.contains(['.', 'e', 'E']),
    }
}

/// Whether two values are the same; `None` where serde_json's way of reading them loses what tells.
fn same(one: &RawValue, other: &RawValue) -> Option<bool> {
    let (one, other) = (one.get(), other.get());
    let is_text = |text: &str| text.starts_with('"');
    let is_flat = |text: &str| !text.starts_with(['{', '[']);
    match (is_text(one), is_text(other)) {
        (true, true) => Some(serde_json::from_str::<String>(one).ok()? == serde_json::from_str::<String>(other).ok()?),
        // Everything else without an inside is what is written, digit by digit.
        _ if is_flat(one) || is_flat(other) => Some(one == other),
        // Numbers as they are written, with no room between anything: a list or an object in the same order.
        _ => {
            let values = [one, other].map(|text| serde_json::from_str::<Value>(text).ok());
            let has_number = |text: &str| text.contains(|c: char| c.is_ascii_digit());
            match values {
                [Some(one_value), Some(other_value)] if one_value != other_value => Some(false),
                [Some(_), Some(_)] if !has_number(one) && !has_number(other) => Some(true),
                _ => None,
            }
        }
    }
}

/// A pointer of any form into any text: never a key of something that serde_json does not find there.
fn anywhere(body: &str, pointer: &str) {
    let key = identity(Key::pointer(pointer).same_body(), body);
    let Some((key, hash)) = key else { return };
    assert_eq!(hash, PayloadHash::of(body.as_bytes()));
    assert_eq!(key.as_str().len(), "sqs#".len() + 43);
    if let Ok(value) = serde_json::from_str::<Value>(body) {
        let found = value.pointer(pointer);
        assert!(
            found.is_some_and(|found| !found.is_null() && !found.is_array()),
            "{pointer:?} finds {found:?} in {body}"
        );
    }
}
