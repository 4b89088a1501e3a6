//! What `record` keeps is what `replay` and the test kit read.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use sqs_runtime::testkit::event::Event;
use sqs_runtime_cli::aws::{record::keep, sample::sample};

use crate::sample::{TEN, URL, queue};

/// An empty folder of this test.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

#[tokio::test(start_paused = true)]
async fn messages_become_events_of_ten_without_what_must_not_leave() {
    let (queue, _) = queue("orders", None, 12);
    let sampled =
        sample(&queue, URL, sqs_runtime_cli::aws::sample::Asked { most: 100, force: false }).await.expect("messages");
    let folder = folder("events-of-ten");
    let files = keep(&sampled, &folder, now()).expect("they are kept");
    let names: Vec<_> = files.iter().map(|file| file.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["2027-01-15T08-00-00.000Z-0001.json", "2027-01-15T08-00-00.000Z-0002.json"]);
    let events: Vec<_> = files.iter().map(|file| Event::from_file(file).expect("an event")).collect();
    assert_eq!(events.iter().map(|event| event.to_batch().len()).collect::<Vec<_>>(), [10, 2]);
    let record = events[1].to_batch().record(1).expect("a record");
    assert_eq!((record.message_id(), record.body()), (sampled.messages[11].message_id.as_str(), "{\"order\":0}"));
    assert_eq!(record.receipt_handle(), Some("handle-2"));
    fs::remove_dir_all(folder).expect("it is removed");
}

#[tokio::test(start_paused = true)]
async fn private_words_are_not_in_the_file() {
    let folder = folder("private");
    let files = keep(&crate::peek::sample(), &folder, now()).expect("they are kept");
    let text = fs::read_to_string(&files[0]).expect("a file");
    for private in ["secret-handle", "210987654321", "AIDA-SECRET", "private", "4111", "tenant"] {
        assert!(!text.contains(private), "{private} in {text}");
    }
    fs::remove_dir_all(folder).expect("it is removed");
}

#[tokio::test(start_paused = true)]
async fn a_full_folder_says_so() {
    let (queue, _) = queue("orders", None, 1);
    let sampled = sample(&queue, URL, TEN).await.expect("messages");
    let folder = folder("full");
    for number in 0..100 {
        fs::write(folder.join(format!("{number}.json")), "{}").expect("a file");
    }
    let error = keep(&sampled, &folder, now()).expect_err("it is full");
    assert!(error.to_string().contains("100 files"), "{error}");
    fs::remove_dir_all(folder).expect("it is removed");
}
