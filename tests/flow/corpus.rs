//! What fuzzing once found: every committed input goes through the checks of its target, without libFuzzer.

use std::{fs, panic::catch_unwind};

#[path = "../fuzz/src/lib.rs"]
#[allow(dead_code, unreachable_pub, reason = "a package of its own, with a program for each of its checks")]
mod fuzz;

use crate::support::root;

/// Each check panics where a property does not hold.
fn replay(target: &str, check: fn(&[u8])) {
    let folder = root().join("tests/fuzz/corpus").join(target);
    let inputs: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!inputs.is_empty(), "{} is empty", folder.display());
    for input in inputs {
        let data = fs::read(&input).unwrap();
        assert!(catch_unwind(|| check(&data)).is_ok(), "{} does not hold", input.display());
    }
}

macro_rules! targets {
    ($($target:ident),*) => {
        $(#[test]
        fn $target() {
            replay(stringify!($target), fuzz::$target::check);
        })*

        const TARGETS: &[&str] = &[$(stringify!($target)),*];
    };
}

targets! { body, envelope, event, key, stored_hash, stored_item }

#[test]
fn every_folder_is_of_a_target() {
    let folders = fs::read_dir(root().join("tests/fuzz/corpus")).unwrap();
    let mut folders: Vec<_> = folders.map(|folder| folder.unwrap().file_name().into_string().unwrap()).collect();
    folders.sort();
    assert_eq!(folders, TARGETS);
}
