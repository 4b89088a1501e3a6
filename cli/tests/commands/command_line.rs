//! The program itself: what it prints, where, and how it ends.

use std::{
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

use crate::support::{fixtures, root};

fn run(arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_sqs-runtime");
    Command::new(program).args(arguments).output().expect("the program starts")
}

fn doctor(file: &Path, options: &[&str]) -> Output {
    let file = file.to_str().expect("a path in UTF-8");
    run(&[&["doctor", file], options].concat())
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn findings_are_an_array_and_the_exit_code_is_1() {
    let output = doctor(&fixtures().join("SQS201.yaml"), &["--format", "json"]);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(1), ""));
    let findings: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let findings = findings.as_array().expect("an array");
    assert_eq!(findings.len(), 2);
    for finding in findings {
        let names: Vec<_> = finding.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(names, ["code", "finding", "fix", "line", "resource", "risk"]);
        let is_empty = |value: &Value| value.as_str().is_some_and(str::is_empty);
        assert!(!finding.as_object().expect("an object").values().any(is_empty), "{finding}");
    }
    assert_eq!(findings[0]["code"], "SQS201");
    assert_eq!(findings[0]["resource"], "Orders");
    assert_eq!(findings[0]["line"], 11);
    assert_eq!(findings[0]["finding"], "VisibilityTimeout is 64 s; Consumer needs 6 x 10 s + 5 s = 65 s");
}

#[test]
fn nothing_found_is_an_empty_array_and_0() {
    let output = doctor(&root().join("template.yaml"), &["--format", "json"]);
    assert_eq!((output.status.code(), text(&output.stdout), text(&output.stderr)), (Some(0), "[]\n", ""));
}

#[test]
fn what_is_no_template_is_told_on_standard_error_with_its_line_and_2() {
    for (name, says) in [
        ("trailing-comma.json", "trailing-comma.json: line 7: not JSON"),
        ("kubernetes.yaml", "kubernetes.yaml: line 1: not a template"),
        ("latin-1.yaml", "latin-1.yaml: line 4: not UTF-8"),
        ("missing.yaml", "missing.yaml: No such file"),
    ] {
        let output = doctor(&fixtures().join("foreign").join(name), &["--format", "json"]);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""), "{name}");
        assert!(text(&output.stderr).contains(says), "{}", text(&output.stderr));
        assert_eq!(text(&output.stderr).lines().count(), 1);
    }
}

#[test]
fn people_see_what_may_lose_messages_first() {
    let output = doctor(&fixtures().join("public/no-dead-letter-queue.yaml"), &[]);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stdout);
    let place = |word: &str| told.find(word).unwrap_or_else(|| panic!("{word} is not in\n{told}"));
    let order = ["may lose or repeat messages:", "SQS301", "SQS201", "SQS101", "advice:", "SQS505", "4 findings"];
    assert!(order.windows(2).all(|pair| place(pair[0]) < place(pair[1])), "{told}");
    assert!(told.contains("no-dead-letter-queue.yaml:12 TaskQueue: the queue has no dead-letter queue"), "{told}");

    let output = doctor(&root().join("template.yaml"), &[]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).ends_with("template.yaml: nothing found\n"), "{}", text(&output.stdout));
}

#[test]
fn a_command_line_that_is_not_understood_is_2_and_help_is_0() {
    for arguments in [&[][..], &["doctor"], &["doctor", "template.yaml", "--format", "xml"], &["heal"]] {
        let output = run(arguments);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
    let output = run(&["doctor", "--help"]);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
    assert!(text(&output.stdout).contains("Usage: sqs-runtime doctor"), "{}", text(&output.stdout));
}
