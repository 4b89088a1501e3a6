//! The program, as a user starts it.

use std::process::{Command, Output};

use crate::receiver::Receiver;

fn start(smtp_url: Option<&str>) -> Output {
    let event = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/confirmations.json");
    let mut program = Command::new(env!("CARGO_BIN_EXE_confirmations"));
    program.args(["replay", event]).env_clear().env("RUST_BACKTRACE", "0");
    program.envs(smtp_url.map(|url| ("SMTP_URL", url))).output().expect("the program starts")
}

#[test]
fn without_a_mail_server_it_says_so_in_one_line_and_ends() {
    for (url, says) in [
        (None, "no mail server is named: set SMTP_URL, such as smtp://127.0.0.1:2525"),
        (Some(""), "no mail server is named: set SMTP_URL, such as smtp://127.0.0.1:2525"),
        (Some("smtps://user:secret@mail.shop.example"), "SMTP_URL is not smtp://HOST[:PORT]"),
    ] {
        let output = start(url);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), output.stdout.len(), said.lines().count()), (Some(1), 0, 1), "{said}");
        assert!(said.contains(says) && !said.contains("secret"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_one_it_replays_and_logs_neither_customer_nor_address() {
    let receiver = Receiver::start([]).await;
    let url = receiver.url();
    let output = tokio::task::spawn_blocking(move || start(Some(&url))).await.expect("no panic");
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{log}");
    assert_eq!(receiver.mails().len(), 2);
    assert_eq!(log.matches("confirmed orderId=A-100").count(), 2, "{log}");
    assert!(!log.contains("C-1") && !log.contains("customers.example") && !log.contains("elsewhere"), "{log}");
}
