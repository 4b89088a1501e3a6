//! The program, as a user starts it.
#![allow(clippy::expect_used, reason = "a test says what is wrong by panicking")]

#[path = "../../../tests/shared/dynamodb.rs"]
mod dynamodb;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use dynoxide::{Database, server};
use sqs_runtime::run::{Spawn, TokioSpawn};
use thumbnails::Image;
use tokio::{net::TcpListener, process::Command};

const EVENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/thumbnails.json");
const IMAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/images");
const E_TAG: &str = "ceddfceddd61847b2893dbbe2486c512";

async fn run(arguments: &[&str], settings: &[(&str, &str)]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_thumbnails"));
    program.args(arguments).env_clear().env("RUST_BACKTRACE", "0").envs(settings.iter().copied()).kill_on_drop(true);
    program.output().await.expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A folder of this test's own, which is not there yet.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("our folder");
    }
    folder
}

#[tokio::test]
async fn it_replays_a_batch_over_folders() {
    let thumbnails = folder("thumbnails");
    let settings = [("IMAGES", IMAGES), ("THUMBNAILS", thumbnails.to_str().expect("text"))];
    let output = run(&["replay", EVENT, "--redeliver", "1"], &settings).await;
    let log = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{log}");
    assert!(log.contains("5 records: 3 done, 1 already done, 1 rejected"), "{log}");
    let thumbnail = thumbnails.join(format!("example-bucket/photos/sunrise.ppm.{E_TAG}.ppm"));
    let image = Image::from_ppm(&fs::read(thumbnail).expect("a thumbnail")).expect("an image");
    assert_eq!((image.width(), image.height()), (64, 48));
    fs::remove_dir_all(&thumbnails).expect("our folder");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_can_say_how_it_went() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let endpoint = format!("http://{}", listener.local_addr().expect("bound"));
    TokioSpawn.spawn(Box::pin(server::serve_on(listener, Database::memory().expect("a database"))));
    dynamodb::create_table(&dynamodb::client(&endpoint), "idempotency", &["id"]).await;
    let thumbnails = folder("status");
    let settings = [
        ("AWS_ENDPOINT_URL_DYNAMODB", endpoint.as_str()),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "none"),
        ("AWS_SECRET_ACCESS_KEY", "none"),
        ("IDEMPOTENCY_TABLE", "idempotency"),
        ("IMAGES", IMAGES),
        ("THUMBNAILS", thumbnails.to_str().expect("text")),
    ];
    let status = async || {
        text(&run(&["status", "example-bucket", "photos/sunrise.ppm", "0A1B2C3D4E5F678901"], &settings).await.stdout)
    };
    assert_eq!(status().await, "queued\n");
    let replayed = run(&["replay", EVENT], &settings).await;
    assert_eq!(replayed.status.code(), Some(0), "{}", text(&replayed.stderr));
    let done = status().await;
    assert!(done.starts_with("done at ") && done.ends_with(" GMT\n"), "{done}");
    fs::remove_dir_all(&thumbnails).expect("our folder");
}

#[tokio::test]
async fn what_is_missing_is_said_in_one_line() {
    let status = ["status", "b", "k", "e"];
    for (arguments, settings, says) in [
        (&["replay", EVENT][..], vec![], "IMAGES names no folder"),
        (&["replay", EVENT], vec![("IMAGES", IMAGES)], "THUMBNAILS names no folder"),
        (&status, vec![], "set IDEMPOTENCY_TABLE"),
        (&status, vec![("IDEMPOTENCY_TABLE", "memory")], "set IDEMPOTENCY_TABLE"),
        (&status[..3], vec![], "usage: thumbnails status BUCKET KEY SEQUENCER"),
    ] {
        let output = run(arguments, &settings).await;
        let said = text(&output.stderr);
        assert_eq!((output.status.code(), output.stdout.len(), said.lines().count()), (Some(1), 0, 1), "{said}");
        assert!(said.contains(says), "{said}");
    }
}
