//! What fuzzing once found, and what it begins with of the recorded events: every such input goes through the checks of its target,
//! without libFuzzer.

use std::{fs, panic::catch_unwind, path::Path};

use serde_json::Value;

#[path = "../fuzz/src/lib.rs"]
#[allow(dead_code, unreachable_pub, reason = "a package of its own, with a program for each of its checks")]
mod fuzz;

use crate::support::root;

/// The files of a folder of `tests`, by their paths.
fn files(folder: &str) -> Vec<(String, Vec<u8>)> {
    let folder = root().join("tests").join(folder);
    let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let read = |path: &Path| (path.display().to_string(), fs::read(path).unwrap());
    files.map(|path| read(&path)).collect()
}

fn events() -> Vec<(String, Vec<u8>)> {
    ["fixtures", "fixtures/malformed", "fixtures/not-sqs"].iter().flat_map(|folder| files(folder)).collect()
}

fn bodies() -> Vec<(String, Vec<u8>)> {
    let body = |record: &Value| record["body"].as_str().map(|body| body.as_bytes().to_vec());
    let of_event = |(path, event): (String, Vec<u8>)| -> Vec<_> {
        let event: Value = serde_json::from_slice(&event).unwrap_or_default();
        let bodies = event["Records"].as_array().into_iter().flatten().filter_map(body);
        bodies.map(|body| (path.clone(), body)).collect()
    };
    events().into_iter().flat_map(of_event).collect()
}

/// Each check panics where a property does not hold.
fn replay(target: &str, begins_with: Vec<(String, Vec<u8>)>, check: fn(&[u8])) {
    let found = files(&format!("fuzz/corpus/{target}"));
    assert!(!found.is_empty(), "{target} has no corpus");
    for (path, data) in begins_with.into_iter().chain(found) {
        assert!(catch_unwind(|| check(&data)).is_ok(), "{target} does not hold for {path}");
    }
}

macro_rules! targets {
    ($($target:ident: $begins_with:expr;)*) => {
        $(#[test]
        fn $target() {
            replay(stringify!($target), $begins_with, fuzz::$target::check);
        })*

        const TARGETS: &[&str] = &[$(stringify!($target)),*];
    };
}

targets! {
    body: bodies();
    envelope: bodies();
    event: events();
    key: Vec::new();
    stored_hash: Vec::new();
    stored_item: Vec::new();
}

#[test]
fn every_folder_is_of_a_target() {
    let folders = fs::read_dir(root().join("tests/fuzz/corpus")).unwrap();
    let mut folders: Vec<_> = folders.map(|folder| folder.unwrap().file_name().into_string().unwrap()).collect();
    folders.sort();
    assert_eq!(folders, TARGETS);
}
