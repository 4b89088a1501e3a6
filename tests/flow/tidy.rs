//! What the tree promises about itself: absences, module docs, and one text in one place.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::support::root;

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of the project") {
        let path = entry.expect("readable").path();
        match path.extension() {
            _ if path.is_dir() => files.extend(rust_files(&path)),
            Some(extension) if extension == "rs" => files.push(path),
            _ => {}
        }
    }
    files
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The code of a file without comments and without its tests.
fn code(path: &Path) -> String {
    let text = read(path);
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The architecture's absences: what these rooms must not name.
#[test]
fn the_pure_rooms_name_no_runtime_no_clock_and_no_io() {
    let source = root().join("runtime/src");
    let pure = ["batch", "claim/protocol", "outcome", "response"].map(|room| rust_files(&source.join(room)));
    let files_of_others = ["queue/advice.rs", "queue/backoff.rs", "run/pipeline/plan.rs", "run/pipeline/schedule.rs"];
    let files = pure.concat().into_iter().chain(files_of_others.map(|file| source.join(file)));
    // The tests of a room may do what the room must not.
    let is_test =
        |file: &PathBuf| file.ends_with("tests.rs") || file.components().any(|part| part.as_os_str() == "model");
    let files = files.filter(|file| !is_test(file));
    for file in files {
        let code = code(&file);
        for word in ["tokio", "clock", "std::fs", "std::io", "std::env", "std::net", "async ", "random"] {
            assert!(!code.contains(word), "{} names `{word}`", file.display());
        }
    }
}

#[test]
fn each_sdk_is_named_in_one_room() {
    let source = root().join("runtime/src");
    let rooms: [(_, &[_]); 3] = [
        ("aws_sdk_dynamodb", &["claim/dynamodb", "claim/env.rs"]),
        ("aws_sdk_s3", &["extract/offloaded/s3"]),
        ("aws_sdk_sqs", &["queue/sqs", "queue/env.rs"]),
    ];
    for file in rust_files(&source) {
        let code = code(&file);
        let named: Vec<_> = rooms.iter().filter(|(sdk, _)| code.contains(sdk)).collect();
        assert!(!named.is_empty() || !code.contains("aws_sdk"), "{} names another SDK", file.display());
        for (sdk, rooms) in named {
            let is_its_room = rooms.iter().any(|room| file.starts_with(source.join(room)));
            assert!(is_its_room, "{} names {sdk}", file.display());
        }
    }
}

#[test]
fn only_the_claim_in_redis_names_its_client() {
    let (mut room, source) = (0, root().join("runtime/src"));
    for file in rust_files(&source) {
        let is_its_room = file.starts_with(source.join("claim/redis"));
        let names = code(&file).lines().any(|line| line.contains("use redis::") || line.contains("::redis::"));
        room += usize::from(is_its_room && names);
        assert!(is_its_room || !names, "{} names the client", file.display());
    }
    assert!(room > 0, "the room itself names it");
}

#[test]
fn every_file_says_what_it_is() {
    for folder in ["runtime/src", "cli", "examples", "tests"] {
        for file in rust_files(&root().join(folder)) {
            let first = read(&file).lines().next().unwrap_or_default().to_owned();
            let is_documented = first.starts_with("//!") || first.starts_with("#![doc = include_str!");
            assert!(is_documented, "{} starts with {first:?}", file.display());
        }
    }
}

#[test]
fn files_stay_small() {
    const MAX_LINES: usize = 600;
    for file in ["runtime/src", "cli"].iter().flat_map(|folder| rust_files(&root().join(folder))) {
        let lines = read(&file).lines().count();
        assert!(lines <= MAX_LINES, "{} has {lines} lines", file.display());
    }
}

/// The first block of Rust of a text.
fn first_example(text: &str) -> &str {
    let start = text.find("```rust").expect("an example") + "```rust".len();
    let block = text.get(start..).unwrap_or_default();
    let block = block.split_once('\n').map_or("", |(_, block)| block);
    block.split("```").next().unwrap_or_default()
}

#[test]
fn the_readme_and_the_crate_page_show_the_same_example() {
    let (readme, page) = (read(&root().join("README.md")), read(&root().join("runtime/docs/crate.md")));
    assert_eq!(first_example(&readme), first_example(&page));
    assert!(first_example(&readme).lines().count() <= 30);
}

/// The settings that are the crate's own.
const OURS: [&str; 2] = ["SQS_RUNTIME_", "IDEMPOTENCY_"];

/// How the names of other settings begin.
const OTHERS: [&str; 5] = ["AWS_", "ECS_", "OTEL_", "RUST_", "_X_"];

/// The settings that begin so among a text's words between quotes of that kind.
fn settings(text: &str, quote: char, begins: &[&str]) -> BTreeSet<String> {
    let words = text.split(quote).filter(|word| {
        let is_one = begins.iter().any(|begin| word.starts_with(begin));
        is_one && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
    });
    words.map(str::to_owned).collect()
}

#[test]
fn every_setting_stands_in_the_table() {
    let page = read(&root().join("runtime/docs/deploying.md"));
    let section = page.split("\n# ").find(|section| section.starts_with("Settings by environment")).expect("a section");
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let variables: Vec<_> = rows.filter_map(|row| row.split(" | ").next()).collect();
    let source: Vec<_> = rust_files(&root().join("runtime/src")).iter().map(|file| code(file)).collect();
    let both = |begins: &[&str]| -> [BTreeSet<String>; 2] {
        let read = source.iter().flat_map(|code| settings(code, '"', begins)).collect();
        [read, variables.iter().flat_map(|names| settings(names, '`', begins)).collect()]
    };
    let [read, table] = both(&OURS);
    assert!(read.len() >= 6, "{read:?}");
    assert_eq!(read, table);
    // Of these others read some for us.
    let [read, table] = both(&OTHERS);
    assert!(read.contains("AWS_LAMBDA_FUNCTION_NAME") && read.len() >= 8, "{read:?}");
    assert_eq!(read.difference(&table).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn the_minimum_rust_version_stands_once() {
    let version = read(&root().join("Cargo.toml"));
    assert_eq!(version.matches("rust-version = ").count(), 1);
    let examples = fs::read_dir(root().join("examples")).expect("a folder of the project");
    // `examples/local` is a script.
    let examples =
        examples.map(|entry| entry.expect("readable").path()).filter(|path| path.join("Cargo.toml").is_file());
    let members: Vec<_> = examples.chain(["cli", "runtime", "tests"].map(|member| root().join(member))).collect();
    assert!(members.len() >= 5, "{members:?}");
    for member in members {
        let manifest = read(&member.join("Cargo.toml"));
        assert!(manifest.contains("rust-version.workspace = true"), "{}", member.display());
    }
}

/// The crates that ours is built from with these features alone, each with its own features.
fn crates(features: &str) -> BTreeSet<String> {
    // By the lock file, and from what is here: a build has fetched it.
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--package", "sqs-runtime", "--edges", "normal,build"])
        .args(["--prefix", "none", "--no-dedupe", "--format", "{p} {f}"])
        .args(["--no-default-features", "--features", features])
        .current_dir(root())
        .output()
        .expect("cargo starts");
    let crates = String::from_utf8_lossy(&tree.stdout);
    let crates: BTreeSet<_> =
        crates.lines().filter(|line| !line.starts_with("sqs-runtime ")).map(str::to_owned).collect();
    assert!(tree.status.success() && !crates.is_empty(), "{}", String::from_utf8_lossy(&tree.stderr));
    crates
}

/// The page on testing says so: what a consumer is tested with changes nothing of what it is built from.
#[test]
fn the_test_kit_brings_no_crate_and_no_feature_of_one() {
    for [without, with] in [["", "testkit"], ["default", "default,testkit"]] {
        assert_eq!(crates(without), crates(with), "{with}");
    }
    // Whoever adds a feature that brings one is seen.
    assert_ne!(crates("testkit"), crates("testkit,worker"));
}

/// A release build through `cargo lambda` aborts on panic unless the root manifest says otherwise.
#[test]
fn a_release_unwinds() {
    let manifest = read(&root().join("Cargo.toml"));
    let release = manifest.split("[profile.release]").nth(1).expect("a release profile");
    assert!(release.split("\n[").next().is_some_and(|profile| profile.contains("panic = \"unwind\"")));
}
