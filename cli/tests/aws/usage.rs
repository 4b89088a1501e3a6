//! What cannot be asked is refused before anything is sent.

use crate::program::{bare, program, told};

/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:9";

#[test]
fn a_command_line_that_cannot_be_meant_is_2() {
    let missing = "fixtures/nothing.json";
    let dead = "arn:aws:sqs:eu-west-1:123456789012:dead";
    for (arguments, says) in [
        (&["peek", "orders"][..], "a queue's URL"),
        (&["peek", "https://queue.test/1/orders", "--max", "0"], "0 is not in"),
        (&["explain", "idempotency"], "<KEY>"),
        (&["explain", "idempotency", "m-1"], "--namespace"),
        (&["explain", "idempotency", "m-1", "--partition", "x"], "--sort-key"),
        (&["redrive", dead], "--to"),
        (&["redrive", dead, "--to", dead], "the same queue"),
        (&["redrive", dead, "--to", "arn:aws:sqs:eu-west-1:123456789012:orders", "--rate", "501"], "501 is not in"),
        (&["redrive", dead, "--cancel", "task", "--watch"], "cannot be used with"),
        (&["record", "https://queue.test/1/orders", "--into", missing], "no such folder"),
        (&["send", missing, "--to", "https://queue.test/1/orders"], "nothing.json: No such file"),
        (&["send", "--to", "https://queue.test/1/orders"], "<FILE>"),
        (&["doctor", "template.yaml", "--stack", "orders"], "cannot be used with"),
        #[cfg(not(feature = "live"))]
        (&["doctor", "--stack", "orders"], "cargo build -p sqs-runtime-cli --features live"),
    ] {
        let (code, out, errors) = told(&program(NOWHERE, arguments));
        assert_eq!((code, out.as_str()), (Some(2), ""), "{arguments:?}: {errors}");
        assert!(errors.contains(says), "{arguments:?}: {errors}");
    }
}

#[test]
fn order_is_not_given_up_by_accident() {
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/fifo-groups.json");
    let (code, out, errors) = told(&program(NOWHERE, &["send", fixture, "--to", "https://queue.test/1/orders"]));
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(
        errors.contains("record 1: it comes from a FIFO queue") && errors.contains("--allow-group-change"),
        "{errors}"
    );
}

#[test]
fn what_is_missing_in_the_environment_is_named() {
    let output = bare().args(["peek", "http://127.0.0.1:9/1/orders"]).output().expect("the program starts");
    let (code, out, errors) = told(&output);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(errors.contains("AWS_REGION"), "{errors}");
    let output = bare().env("AWS_REGION", "eu-west-1").args(["explain", "t", "m", "--namespace", "n"]).output();
    let (code, out, errors) = told(&output.expect("the program starts"));
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(errors.contains("no credentials") && errors.contains("AWS_PROFILE"), "{errors}");
}

#[test]
fn a_server_that_is_not_there_is_2_and_one_line() {
    let (code, out, errors) = told(&program(NOWHERE, &["peek", "http://127.0.0.1:9/1/orders"]));
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(errors.starts_with("orders: ") && errors.lines().count() == 1, "{errors}");
}
