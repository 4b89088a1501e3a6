//! The program `simulate`: what scripts read of it.

use std::process::Command;

use crate::support::root;

/// Its exit code, and the lines of its standard output.
fn simulate(arguments: &[&str]) -> (Option<i32>, Vec<String>) {
    let output = Command::new(env!("CARGO_BIN_EXE_simulate")).args(arguments).current_dir(root()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.code(), text.lines().map(str::to_owned).collect())
}

/// The values of a line of `name=value`, in order, if those are its names.
fn values(line: &str, names: &[&str]) -> Vec<u64> {
    let pairs: Vec<_> = line.split(' ').map(|pair| pair.split_once('=').unwrap()).collect();
    assert_eq!(pairs.iter().map(|(name, _)| *name).collect::<Vec<_>>(), names, "{line}");
    pairs.into_iter().map(|(_, value)| value.parse().unwrap()).collect()
}

#[test]
fn it_ends_with_what_it_ran() {
    let (code, lines) = simulate(&["--seeds", "3", "--from", "11"]);
    let of = values(lines.last().unwrap(), &["seeds", "invocations", "starts", "faults", "violations"]);
    assert_eq!((code, of[0], of[4]), (Some(0), 3, 0));
    assert!(of[1..4].iter().all(|count| *count > 0), "{of:?}");
    assert_eq!(simulate(&["--seeds", "3", "--from", "11"]).1, lines, "the same seeds come to the same");
}

#[test]
fn a_planted_bug_ends_it_where_it_is_caught() {
    let (code, lines) = simulate(&["--seeds", "1000", "--plant", "response-misses-a-failure"]);
    let (plant, seed) = lines.last().unwrap().split_once(' ').unwrap();
    assert_eq!((code, plant), (Some(1), "plant=response-misses-a-failure"));
    let seed: u64 = seed.strip_prefix("caught_at_seed=").unwrap().parse().unwrap();
    let again = simulate(&["--seeds", "1", "--from", &seed.to_string(), "--plant", "response-misses-a-failure"]);
    assert_eq!(again.1.last(), lines.last(), "the seed plays it again");
}

#[test]
fn the_list_names_every_plant() {
    let (code, lines) = simulate(&["--plant", "list"]);
    let names = sqs_runtime::testkit::simulator::Plant::ALL.iter().map(|plant| plant.name());
    assert_eq!((code, lines), (Some(0), names.map(str::to_owned).collect()));
}

#[test]
fn what_it_cannot_do_is_said() {
    for arguments in [&["--seeds", "0"][..], &[], &["--seeds", "1", "--plant", "none"], &["--sedes", "1"]] {
        assert_eq!(simulate(arguments), (Some(2), Vec::new()), "{arguments:?}");
    }
}
