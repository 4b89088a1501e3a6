//! Events of a deployment as files: what is in them, what is not, and that no invocation notices.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use lambda_runtime::{Context, LambdaEvent};
use serde_json::{Value, json, value::RawValue};
use sqs_runtime::{
    Clock as _, Consumer, SystemClock,
    batch::Batch,
    extract::{EventBridge, Gzip, Json, S3Notification, Sns},
    run::{LambdaConfig, LambdaService, Pipeline},
    testkit::{
        event::{Event, Message},
        harness::Harness,
    },
};
use tower::Service as _;

use super::{
    events::{FAIL, SUCCEED, batch},
    fake_runtime_api::Invocation,
    function::Function,
};
use crate::support::{fixture, outcomes, reasons, root, run};

const NOT_RECORDED: &str = "an event was not recorded";

/// How long a test waits for a file.
const PATIENCE: Duration = Duration::from_secs(20);

/// A folder for one test, gone at its end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("record-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub(crate) fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }

    /// What is there, in the order of the names; half written files included.
    fn files(&self) -> Vec<PathBuf> {
        let files: BTreeSet<_> = fs::read_dir(&self.0).unwrap().map(|file| file.unwrap().path()).collect();
        files.into_iter().collect()
    }

    /// The one event that is there, once it is: an answer does not wait for long.
    pub(crate) async fn event(&self) -> String {
        let (clock, is_there) =
            (SystemClock::new(), |file: &PathBuf| file.extension().is_some_and(|end| end == "json"));
        while !self.files().iter().any(is_there) && clock.monotonic() < PATIENCE {
            clock.sleep(Duration::from_millis(5)).await;
        }
        let files = self.files();
        let [file] = &files[..] else { panic!("{files:?}") };
        fs::read_to_string(file).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn service(config: LambdaConfig) -> LambdaService {
    let pipeline = Pipeline::for_tests(Consumer::new(|| async {}).without_idempotency());
    LambdaService::with_config(pipeline, config)
}

/// Invokes the service as `lambda_runtime` does; gives the ids that come back.
async fn invoke(service: &LambdaService, event: &str) -> Result<usize, String> {
    let payload = RawValue::from_string(event.to_owned()).unwrap();
    let answer = service.clone().call(LambdaEvent::new(payload, Context::default())).await;
    answer.map(|response| response.item_identifiers().len()).map_err(|error| error.error_type)
}

/// Records one event and gives what was written.
async fn recorded(event: &str, name: &str, config: LambdaConfig) -> String {
    let folder = Folder::new(name);
    let service = service(config.record_events(folder.path()));
    let _ = invoke(&service, event).await;
    folder.event().await
}

#[tokio::test]
async fn the_environment_has_events_recorded_and_they_can_be_delivered_again() -> anyhow::Result<()> {
    let folder = Folder::new("environment");
    let mut function = Function::start(&[("SQS_RUNTIME_RECORD", folder.path())]).await?;
    let event = batch(&[("m-1", FAIL), ("m-2", SUCCEED)]);
    let answer = function.invoke(Invocation::new(event)).await?;
    assert_eq!(answer.failed_ids()?, ["m-1"]);

    let written = folder.event().await;
    assert!(written.ends_with('\n') && !written.contains("AQEB") && !written.contains("succeed"), "{written}");
    let name = folder.files()[0].file_name().unwrap().to_str().unwrap().to_owned();
    assert!(name.starts_with("20") && name.ends_with("Z-0001.json"), "{name}");
    async fn text(Json(text): Json<String>) {
        assert_eq!(text, "string");
    }
    let event = Event::from_file(&folder.files()[0])?;
    Harness::new(Consumer::new(text)).deliver(&event).await.assert_done("m-1").assert_done("m-2");
    Ok(())
}

#[tokio::test]
async fn what_must_not_leave_a_deployment_is_not_in_the_file() {
    let event = fixture("message-attributes.json").replace("123456789012", "998877665544");
    let written = recorded(&event, "redacted", LambdaConfig::new()).await;
    let secrets = [
        "998877665544",
        "AQEB",
        "AROA",
        "A-2301",
        "tok_visa",
        "mug-blue",
        "web shop",
        "6d0f7d0e",
        "AP8Q",
        "Root=1",
        "iVBOR",
    ];
    for secret in secrets {
        assert!(event.contains(secret) && !written.contains(secret), "{secret}: {written}");
    }
    let record = &serde_json::from_str::<Value>(&written).unwrap()["Records"][0];
    let body = r#"{"customerId":"string","items":[{"quantity":0,"sku":"string","unitPriceCents":0}],"orderId":"string","paymentToken":"string"}"#;
    assert_eq!(record["body"], body);
    assert_eq!(record["eventSourceARN"], "arn:aws:sqs:eu-west-1:123456789012:orders");
    assert_eq!(record["messageId"], "73d935b3-bedd-4547-a7da-5aa590c39d99");
    assert_eq!((&record["receiptHandle"], &record["md5OfBody"]), (&json!("handle-1"), &Value::Null));
    assert_eq!(record["attributes"]["SentTimestamp"], "1793610921459");
    assert_eq!(
        record["messageAttributes"]["priority"],
        json!({"stringValue": "0", "stringListValues": [], "binaryListValues": [], "dataType": "Number.int"})
    );
    assert_eq!(record["messageAttributes"]["digest"]["binaryValue"], "AA==");
}

#[tokio::test]
async fn what_a_redactor_leaves_is_what_is_in_the_file() {
    let event =
        Event::standard("orders").message(Message::text("secret: 1").attribute("tenant", "secret: t")).to_json();
    let redact = |text: &str| text.replace("secret", "***");
    let written = recorded(&event, "redactor", LambdaConfig::new().record_bodies(redact)).await;
    let batch = Batch::from_json(written).unwrap();
    let record = batch.record(0).unwrap();
    let tenant = record.message_attribute("tenant").and_then(|tenant| tenant.as_str());
    assert_eq!((record.body(), tenant), ("***: 1", Some("***: t")));
}

/// A redactor keeps what it thinks is the payload's, and may forget what stands around it. Twelve digits of an order stay.
#[tokio::test]
async fn what_a_redactor_leaves_names_no_account() {
    let fixtures = [("sns-wrapped.json", "TopicArn"), ("eventbridge-wrapped.json", "account")];
    for (nth, (name, field)) in fixtures.into_iter().enumerate() {
        let event = fixture(name).replace("123456789012", "998877665544").replace("C-", "100020003000-");
        let redact = LambdaConfig::new().record_bodies(str::to_owned);
        let written = recorded(&event, &format!("accounts-{nth}"), redact).await;
        assert!(written.contains(field) && !written.contains("998877665544"), "{written}");
        assert!(written.contains("100020003000-"), "{written}");
    }
}

/// A file is there to be delivered: the handler that wants an envelope is given one, and nothing of what was in it.
#[tokio::test]
async fn envelopes_stay_envelopes() {
    async fn sns(Sns { message, .. }: Sns<Value>) {
        assert_eq!((&message["orderId"], &message["items"][0]["quantity"]), (&json!("string"), &json!(0)));
    }
    async fn event_bridge(event: EventBridge<Value>) {
        assert_eq!((event.detail_type.as_str(), &event.detail["orderId"]), ("OrderPlaced", &json!("string")));
    }
    async fn s3(S3Notification { records, .. }: S3Notification) {
        assert_eq!((records[0].event_name.as_str(), records[0].key.as_str()), ("ObjectCreated:Put", "string"));
    }
    let (sns, event_bridge) = (Consumer::new(sns), Consumer::new(event_bridge));
    let (s3, s3_test, none) = (Consumer::new(s3), Consumer::new(s3), Consumer::new(|_: Json<Value>| async {}));
    for (name, consumer, outcome, secrets) in [
        ("sns-wrapped.json", sns, "done", ["A-2401", "orders-placed", "EXAMPLE"]),
        ("eventbridge-wrapped.json", event_bridge, "done", ["A-2501", "C-71", "tok_visa"]),
        ("s3-notification.json", s3, "done", ["example-bucket", "incoming", "192.0.2.17"]),
        ("s3-test-event.json", s3_test, "done", ["example-bucket", "Amazon S3", "EXAMPLE123"]),
        ("s3-pointer.json", none, "rejected", ["example-bucket", "0b5d2c1e", "307200"]),
    ] {
        let written = recorded(&fixture(name), name, LambdaConfig::new()).await;
        let report = run(consumer, &written).await;
        assert!(
            outcomes(&report).iter().all(|of| *of == outcome),
            "{name}: {report:?} {:?} {written}",
            reasons(&report)
        );
        for secret in secrets {
            assert!(!written.contains(secret), "{secret}: {written}");
        }
    }
}

/// The same of what is compressed, up to what a body may have: no file costs more for it.
#[tokio::test]
async fn what_is_compressed_stays_compressed_without_its_words() {
    async fn place(Gzip(Json(order)): Gzip<Json<Value>>) {
        assert_eq!((&order["orderId"], &order["cents"]), (&json!("string"), &json!(0)));
    }
    let order = |id: String| Message::json(&json!({"orderId": id, "cents": 900})).unwrap().in_gzip();
    let noise: String = (0..200_000_u64).map(|n| format!("{:x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
    let event = Event::standard("orders")
        .message(order("A-1".into()).id("small"))
        .message(order(noise).id("large"))
        .message(Message::text("in_gzip").id("plain"));
    let written = recorded(&event.to_json(), "gzip", LambdaConfig::new()).await;
    let bodies: Vec<_> = Batch::from_json(&*written).unwrap().records().map(|r| r.unwrap().body().to_owned()).collect();
    let small = Gzip::<String>::read(&bodies[0]).unwrap();
    assert_eq!(small.0, r#"{"cents":0,"orderId":"string"}"#);
    assert!(bodies[1].starts_with("text of ") && bodies[2] == "text of 7 bytes", "{:?}", &bodies[1..]);
    assert_eq!(outcomes(&run(Consumer::new(place), &written).await), ["done", "rejected", "rejected"]);
}

#[tokio::test]
async fn groups_keep_their_members_and_lose_their_names() {
    let written = recorded(&fixture("fifo-groups.json"), "groups", LambdaConfig::new()).await;
    let batch = Batch::from_json(written).unwrap();
    let groups: Vec<_> =
        (0..batch.len()).map(|n| batch.record(n).unwrap().message_group_id().unwrap().to_owned()).collect();
    assert_eq!(groups, ["group-1", "group-2", "group-1", "group-3", "group-2", "group-1"]);
    assert!(batch.queue_arn(0).unwrap().is_fifo());
}

#[tokio::test]
async fn what_nobody_knows_is_kept_by_its_shape_only() {
    let mut event: Value = serde_json::from_str(&fixture("redelivered.json")).unwrap();
    let record = &mut event["Records"][0];
    record["attributes"]["DeadLetterQueueSourceArn"] = json!("arn:aws-cn:sqs:cn-north-1:998877665544:orders");
    record["attributes"]["Secret"] = json!("secret");
    record["secrets"] = json!({"secret": ["secret", 7, true, null]});
    record["messageId"] = json!("m".repeat(1_000));
    record["body"] = json!("no JSON, secret");
    let written = recorded(&event.to_string(), "unknown", LambdaConfig::new()).await;
    let record = &serde_json::from_str::<Value>(&written).unwrap()["Records"][0];
    assert_eq!(record["attributes"]["DeadLetterQueueSourceArn"], "arn:aws-cn:sqs:cn-north-1:123456789012:orders");
    assert_eq!(record["attributes"]["Secret"], "string");
    assert_eq!(record["secrets"], json!({"secret": ["string", 0, false, null]}));
    assert_eq!((&record["messageId"], &record["body"]), (&json!("string"), &json!("text of 15 bytes")));
}

/// A file stands for its event in a test: as many records, the same ids, and wrong where it was wrong.
#[tokio::test]
async fn every_fixture_is_recorded_as_it_is_wrong() {
    let folder = root().join("tests/fixtures");
    let files = ["", "malformed", "not-sqs"].map(|name| fs::read_dir(folder.join(name)).unwrap());
    let mut seen = 0;
    for (n, path) in files.into_iter().flatten().map(|file| file.unwrap().path()).enumerate() {
        let Ok(event) = fs::read_to_string(&path) else { continue };
        if serde_json::from_str::<&RawValue>(&event).is_err() {
            continue;
        }
        let written = recorded(&event, &format!("fixture-{n}"), LambdaConfig::new()).await;
        let (before, after) = (Batch::from_json(&*event), Batch::from_json(&*written));
        let error = |batch: &Result<Batch, _>| batch.as_ref().err().map(ToString::to_string);
        assert_eq!(error(&after), error(&before), "{}: {written}", path.display());
        let (Ok(before), Ok(after)) = (before, after) else { continue };
        let records = |batch: &Batch| -> Vec<_> {
            let wrong = |n| batch.record(n).err().map(|error| (error.field(), error.is_missing_body()));
            (0..batch.len()).map(|n| (batch.message_id(n).map(String::from), wrong(n))).collect()
        };
        assert_eq!(records(&after), records(&before), "{}: {written}", path.display());
        seen += 1;
    }
    assert!(seen > 25, "{seen} events");
}

#[tokio::test]
async fn an_event_of_another_source_is_recorded_by_its_shape() {
    let service_error = {
        let folder = Folder::new("foreign");
        let service = service(LambdaConfig::new().record_events(folder.path()));
        let error = invoke(&service, r#"{"version":"0","detail-type":"Placed","detail":{"name":"Ada"}}"#).await;
        assert_eq!(
            folder.event().await,
            "{\"version\":\"string\",\"detail-type\":\"string\",\"detail\":{\"name\":\"string\"}}\n"
        );
        error
    };
    assert!(service_error.is_err());
}

#[tokio::test]
async fn a_folder_gets_a_hundred_files_and_the_function_goes_on() -> anyhow::Result<()> {
    let folder = Folder::new("hundred");
    let mut function = Function::start(&[("SQS_RUNTIME_RECORD", folder.path())]).await?;
    let mut behind = 0;
    // On a busy machine an event now and then finds no room.
    for n in 0..400 {
        let answer = function.invoke(Invocation::new(batch(&[(&format!("m-{n}"), FAIL)]))).await?;
        assert_eq!(answer.failed_ids()?.len(), 1);
        behind += usize::from(folder.files().len() >= 100);
        if behind == 5 {
            break;
        }
    }
    assert_eq!(folder.files().len(), 100);
    let log = function.stop().await?;
    assert_eq!(log.iter().filter(|line| line.contains("the folder has all the events")).count(), 1, "{log:?}");

    // Also for the next process.
    let mut next = Function::start(&[("SQS_RUNTIME_RECORD", folder.path())]).await?;
    assert_eq!(next.invoke(Invocation::new(batch(&[("m", FAIL)]))).await?.failed_ids()?, ["m"]);
    assert_eq!(folder.files().len(), 100);
    Ok(())
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_one_warning() -> anyhow::Result<()> {
    let folder = Folder::new("missing");
    let missing = folder.0.join("not-there");
    let mut function = Function::start(&[("SQS_RUNTIME_RECORD", missing.to_str().unwrap())]).await?;
    for _ in 0..3 {
        let answer = function.invoke(Invocation::new(batch(&[("fails", FAIL), ("succeeds", SUCCEED)]))).await?;
        assert_eq!(answer.failed_ids()?, ["fails"]);
    }
    let log = function.stop().await?;
    assert_eq!(log.iter().filter(|line| line.contains(NOT_RECORDED)).count(), 1, "{log:?}");
    assert!(!missing.exists() && folder.files().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_redactor_that_panics_or_blows_up_costs_the_file_and_nothing_else() {
    let event = Event::standard("orders").message(Message::text("x")).to_json();
    let folder = Folder::new("panics");
    let redactors: [fn(&str) -> String; 2] = [|_| panic!("told to"), |_| "x".repeat(7_000_000)];
    for redact in redactors {
        let service = service(LambdaConfig::new().record_events(folder.path()).record_bodies(redact));
        assert_eq!(invoke(&service, &event).await, Ok(0));
        assert_eq!(invoke(&service, &event).await, Ok(0));
        assert!(folder.files().is_empty());
    }
}

/// A redactor that takes for ever: the answers leave all the same, by tokio's time within 50 ms.
#[tokio::test(start_paused = true)]
async fn a_slow_file_holds_no_answer_up() {
    let (open, gate) = std::sync::mpsc::channel::<()>();
    let gate = std::sync::Mutex::new(gate);
    let redact = move |_: &str| {
        let _ = gate.lock().map(|gate| gate.recv());
        String::new()
    };
    let folder = Folder::new("slow");
    let service = service(LambdaConfig::new().record_events(folder.path()).record_bodies(redact));
    let event = Event::standard("orders").message(Message::text("x")).to_json();
    let clock = SystemClock::new();
    for _ in 0..6 {
        assert_eq!(invoke(&service, &event).await, Ok(0));
    }
    // The first is at the redactor, two wait, the others found no room.
    let took = clock.monotonic();
    assert!(took <= Duration::from_millis(3 * 60), "{took:?}");
    assert!(folder.files().is_empty());
    drop(open);
}
