//! Events that are kept by hand, in a folder that others write into as well.

use std::{
    fs::{self, File},
    path::Path,
    time::{Duration, SystemTime},
};

use sqs_runtime::run::Fixtures;

use crate::lambda::record::Folder;

const EVENT: &str = r#"{"Records":[{"messageId":"m-1","receiptHandle":"AQEB","body":"secret 1"}]}"#;

/// Half an hour after 2026 began.
fn at() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_227_400)
}

fn name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).expect("a name")
}

#[test]
fn a_function_of_ones_own_says_what_is_kept_of_a_body() {
    let folder = Folder::new("by-hand");
    let mut fixtures = Fixtures::new(folder.path()).record_bodies(|body| body.replace("secret", "order"));
    let kept = fixtures.keep(EVENT, at()).unwrap().expect("there is room");
    assert!(fs::read_to_string(kept).unwrap().contains(r#""body":"order 1""#));
}

#[test]
fn two_processes_never_take_each_others_names() {
    let folder = Folder::new("names");
    let [mut one, mut other] = [(); 2].map(|()| Fixtures::new(folder.path()));
    let mut kept: Vec<_> = (0..3)
        .flat_map(|_| [one.keep(EVENT, at()), other.keep(EVENT, at())])
        .map(|kept| kept.unwrap().unwrap())
        .collect();
    kept.sort();
    let names: Vec<_> = kept.iter().map(|path| name(path)).collect();
    assert_eq!(names, (1..=6).map(|n| format!("2026-01-01T00-30-00.000Z-{n:04}.json")).collect::<Vec<_>>());
    // A name that another process is about to have.
    File::create_new(Path::new(folder.path()).join(".2026-01-01T00-30-00.000Z-0007.json.part")).unwrap();
    let mut third = Fixtures::new(folder.path());
    assert_eq!(name(&third.keep(EVENT, at()).unwrap().unwrap()), "2026-01-01T00-30-00.000Z-0008.json");
}

#[test]
fn a_folder_gets_a_hundred_files_from_all_processes_together() {
    let folder = Folder::new("together");
    let [mut one, mut other] = [(); 2].map(|()| Fixtures::new(folder.path()));
    assert!(one.keep(EVENT, at()).unwrap().is_some());
    (0..98).for_each(|n| drop(File::create_new(Path::new(folder.path()).join(format!("{n}.json"))).unwrap()));
    assert!(other.keep(EVENT, at()).unwrap().is_some());
    assert!(one.keep(EVENT, at()).unwrap().is_none() && other.keep(EVENT, at()).unwrap().is_none());
}

#[test]
fn a_folder_gets_no_more_than_64_mib() {
    let folder = Folder::new("bytes");
    let large = File::create_new(Path::new(folder.path()).join("large.json")).unwrap();
    let mut fixtures = Fixtures::new(folder.path());
    let kept = fixtures.keep(EVENT, at()).unwrap().expect("there is room");
    let bytes = fs::metadata(kept).unwrap().len();
    for (left, is_kept) in [(bytes - 1, false), (bytes, true)] {
        large.set_len(64 * 1024 * 1024 - bytes - left).unwrap();
        assert_eq!(fixtures.keep(EVENT, at()).unwrap().is_some(), is_kept, "{left} bytes are left");
    }
}

#[test]
fn what_a_killed_process_left_behind_goes() {
    let folder = Folder::new("left-behind");
    let part = |name: &str, age| {
        let path = Path::new(folder.path()).join(name);
        File::create_new(&path).unwrap().set_modified(at() - Duration::from_secs(age)).unwrap();
        path
    };
    let (old, young, strange) = (part(".old.json.part", 61), part(".young.json.part", 59), part(".old.json", 61));
    Fixtures::new(folder.path()).keep(EVENT, at()).unwrap().expect("there is room");
    assert_eq!([old, young, strange].map(|path| path.exists()), [false, true, true]);
}
