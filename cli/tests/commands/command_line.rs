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
fn a_plan_is_numbers_and_0() {
    let load = ["plan", "--rate", "50", "--burst", "100000", "--message-ms", "200"];
    let output = run(&[&load[..], &["--format", "json"]].concat());
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
    let plan: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let number = |path: &str| plan.pointer(path).and_then(Value::as_f64).unwrap_or_else(|| panic!("{path} in {plan}"));
    assert_eq!(["/batch_size", "/maximum_concurrency", "/visibility_timeout_seconds"].map(number), [10.0, 4.0, 60.0]);
    assert_eq!(["/max_receive_count", "/drain_seconds", "/worker/in_hand"].map(number), [9.0, 758.621, 36.0]);
    assert_eq!(["/cost_per_million/total", "/cost_per_million/total_of_single_messages"].map(number), [1.423, 2.983]);

    let parameters = run(&[&load[..], &["--format", "parameters", "--concurrency", "7"]].concat());
    assert_eq!(parameters.status.code(), Some(0));
    assert!(text(&parameters.stdout).contains("\nMaximumConcurrency=7\n"), "{}", text(&parameters.stdout));
}

#[test]
fn a_plan_draws_its_curve_where_it_is_told_to() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (file, nowhere) = (folder.join("backlog.svg"), folder.join("no such folder/backlog.svg"));
    let draw = |file: &Path| {
        run(&["plan", "--rate", "5", "--burst", "9000", "--message-ms", "900", "--svg", file.to_str().expect("UTF-8")])
    };
    assert_eq!(draw(&file).status.code(), Some(0));
    let drawn = std::fs::read_to_string(&file).expect("a drawing");
    assert!(drawn.contains("Backlog of a burst of 9000 messages"), "{drawn}");
    let refused = draw(&nowhere);
    assert_eq!((refused.status.code(), text(&refused.stdout)), (Some(2), ""));
    assert!(text(&refused.stderr).contains("no such folder"), "{}", text(&refused.stderr));
}

#[test]
fn what_nothing_bears_is_2_with_the_reason() {
    for (options, says) in [
        (&["--rate", "100000", "--message-ms", "200"][..], "1000 invocations at a time"),
        (&["--rate", "1", "--message-ms", "400000"], "a function may run for 900 s"),
        (&["--rate=-1", "--message-ms", "200"], "a number from 0"),
        (&["--rate", "NaN", "--message-ms", "200"], "a number from 0"),
        (&["--rate", "1", "--message-ms", "0"], "0 is not in"),
        (&["--rate", "1"], "--message-ms"),
        (&["--rate", "1", "--message-ms", "9", "--concurrency", "3", "--drain-seconds", "9"], "cannot be used with"),
    ] {
        let output = run(&[&["plan"], options].concat());
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""), "{options:?}");
        assert!(text(&output.stderr).contains(says), "{}", text(&output.stderr));
    }
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
