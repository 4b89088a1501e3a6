//! What the program prints: each line is a promise of its mode.
#![allow(clippy::expect_used, reason = "a test says what is wrong by panicking")]

use std::process::Command;

#[test]
fn each_mode_does_what_it_promises() {
    let output = Command::new(env!("CARGO_BIN_EXE_modes")).output().expect("the program starts");
    let text = String::from_utf8(output.stdout).expect("text");
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    let expected = [
        "Lease in turn 1 runs done already done claim, complete, read",
        "Lease together 1 runs done in progress elsewhere claim, claim, complete",
        "CommitOnly in turn 1 runs done already done mark, read",
        "CommitOnly together 2 runs already done done mark, mark",
        "MarkAfter in turn 1 runs done already done mark, read",
        "MarkAfter together 2 runs already done done mark, mark",
    ];
    assert_eq!(lines, expected.map(|line| line.split(' ').collect::<Vec<_>>()));
}
