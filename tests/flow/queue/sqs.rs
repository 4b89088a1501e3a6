//! The client over the SDK: what goes over the wire, and what becomes of what comes back.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_sdk_sqs::{
    Client,
    config::{
        BehaviorVersion, Credentials, HttpClient, Region, RuntimeComponents,
        http::{HttpRequest, HttpResponse},
    },
};
use aws_smithy_runtime_api::{
    client::http::{HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
    http::StatusCode,
};
use serde_json::{Value, json};
use sqs_runtime::{
    batch::{QueueArn, Record},
    outcome::{Reason, ReasonClass},
    queue::{
        DeadLetter, EntryAnswer, QueueClient, QueueName, QueueSource, ReceiveRequest, RedrivePolicy, SqsClient,
        VisibilityChange,
    },
    testkit::event::{Event, Message},
};

const URL: &str = "https://queue.test/123456789012/orders";

/// An SQS of canned answers that keeps what it was asked.
#[derive(Clone, Debug, Default)]
struct Canned {
    asked: Arc<Mutex<Vec<(String, Value)>>>,
    answers: Arc<Mutex<Vec<Answer>>>,
}

/// An operation, and the status and body that it is answered with.
type Answer = (&'static str, u16, Value);

impl Canned {
    fn with(self, operation: &'static str, status: u16, body: Value) -> Self {
        self.answers.lock().unwrap().insert(0, (operation, status, body));
        self
    }

    fn client(&self) -> SqsClient {
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(self.clone())
            .credentials_provider(Credentials::new("none", "none", None, None, "tests"))
            .region(Region::new("eu-west-1"))
            .build();
        SqsClient::new(Client::from_conf(config))
    }

    /// What was asked of that operation.
    fn asked(&self, operation: &str) -> Vec<Value> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|(of, _)| of == operation).map(|(_, body)| body.clone()).collect()
    }
}

impl HttpClient for Canned {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Canned {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let body: Value = serde_json::from_slice(request.body().bytes().unwrap_or_default()).unwrap_or_default();
        let entries = body["Entries"].as_array().cloned().unwrap_or_default();
        self.asked.lock().unwrap().push((operation.clone(), body));
        let answers = self.answers.lock().unwrap();
        let canned = answers.iter().find(|(of, ..)| *of == operation);
        let (status, body) = match canned {
            Some((_, status, body)) => (*status, body.clone()),
            None if operation == "GetQueueUrl" => (200, json!({ "QueueUrl": URL })),
            None => (200, json!({ "Failed": [] })),
        };
        let body = with_the_others(body, &entries);
        let mut response = HttpResponse::new(StatusCode::try_from(status).unwrap(), body.to_string().into());
        if let Some(code) = body["__type"].as_str() {
            response.headers_mut().insert("x-amzn-query-error", format!("{code};Sender"));
        }
        HttpConnectorFuture::ready(Ok(response))
    }
}

fn records(n: usize) -> Vec<Record> {
    let messages = (0..n).map(|n| Message::text(format!("body {n}")).id("same"));
    let batch = Event::standard("orders").messages(messages).to_batch();
    (0..n).map(|index| batch.record(index).unwrap()).collect()
}

fn arn(records: &[Record]) -> QueueArn<'_> {
    records[0].queue_arn().unwrap()
}

fn failed(place: usize, code: &str) -> Value {
    json!({ "Failed": [{ "Id": place.to_string(), "Code": code, "SenderFault": true, "Message": "" }] })
}

/// Names the entries that did not fail, as SQS does, where the answer does not say itself which those are.
fn with_the_others(mut answer: Value, entries: &[Value]) -> Value {
    let failed = answer["Failed"].as_array().filter(|_| answer["Successful"].is_null());
    let Some(failed) = failed else { return answer };
    let others = entries.iter().filter(|entry| failed.iter().all(|failed| failed["Id"] != entry["Id"]));
    let others = others.map(|entry| json!({ "Id": entry["Id"], "MessageId": "copy", "MD5OfMessageBody": "" }));
    answer["Successful"] = others.collect();
    answer
}

async fn hide(canned: &Canned, records: &[Record]) -> Vec<EntryAnswer> {
    let hidden = |record: &Record| VisibilityChange { record: record.clone(), timeout: Duration::from_secs(77) };
    let changes: Vec<_> = records.iter().map(hidden).collect();
    canned.client().change_visibility(arn(records), &changes, None).await
}

#[tokio::test]
async fn entries_are_named_by_their_places_and_failures_read_one_by_one() {
    let canned = Canned::default().with("ChangeMessageVisibilityBatch", 200, failed(1, "ReceiptHandleIsInvalid"));
    let records = records(3);
    let answers = hide(&canned, &records).await;
    assert!(answers[0].is_ok() && answers[2].is_ok() && answers[1].as_ref().unwrap_err().is_lost());
    let asked = &canned.asked("ChangeMessageVisibilityBatch")[0];
    assert_eq!(asked["QueueUrl"], URL);
    let entries = asked["Entries"].as_array().unwrap();
    for (place, (entry, record)) in entries.iter().zip(&records).enumerate() {
        let handle = record.receipt_handle().unwrap();
        assert_eq!(*entry, json!({ "Id": place.to_string(), "ReceiptHandle": handle, "VisibilityTimeout": 77 }));
    }
    assert_eq!(
        canned.asked("GetQueueUrl")[0],
        json!({ "QueueName": "orders", "QueueOwnerAWSAccountId": "123456789012" })
    );
}

/// A message is deleted for a copy that is confirmed. Saying nothing of an entry, or something that cannot be read, confirms none.
#[tokio::test]
async fn what_an_answer_does_not_name_is_not_done() {
    let unreadable = json!({ "Id": "one", "Code": "InternalError", "SenderFault": false });
    for (answer, expected) in [
        (json!({}), [false, false]),
        (json!({ "Successful": [], "Failed": [] }), [false, false]),
        (json!({ "Successful": [{ "Id": "1" }], "Failed": [] }), [false, true]),
        (json!({ "Successful": [{ "Id": "one" }, { "Id": "7" }], "Failed": [] }), [false, false]),
        (json!({ "Successful": [{ "Id": "0" }, { "Id": "1" }], "Failed": [unreadable] }), [false, false]),
    ] {
        let operations = ["DeleteMessageBatch", "ChangeMessageVisibilityBatch", "SendMessageBatch"];
        let canned = operations.iter().fold(Canned::default(), |canned, of| canned.with(of, 200, answer.clone()));
        let (client, records) = (canned.client(), records(2));
        let reason = Reason::new(ReasonClass::Handler);
        let letters: Vec<_> = records.iter().filter_map(|record| DeadLetter::new(record, &reason, false)).collect();
        let answers = [
            client.delete(arn(&records), &records, None).await,
            hide(&canned, &records).await,
            client.send(QueueName::Url(URL), &letters, None).await,
        ];
        for answers in answers {
            assert_eq!(answers.iter().map(Result::is_ok).collect::<Vec<_>>(), expected, "{answer}: {answers:?}");
        }
    }
}

#[tokio::test]
async fn the_url_is_asked_for_once_and_not_where_it_was_given() {
    let (canned, records) = (Canned::default(), records(1));
    let client = canned.client();
    for _ in 0..3 {
        assert!(client.delete(arn(&records), &records, None).await[0].is_ok());
    }
    assert_eq!((canned.asked("GetQueueUrl").len(), canned.asked("DeleteMessageBatch").len()), (1, 3));
    let canned = Canned::default();
    let client = canned.client().url(arn(&records).as_str(), "https://other.test/q");
    assert!(client.delete(arn(&records), &records, None).await[0].is_ok());
    assert!(canned.asked("GetQueueUrl").is_empty());
    assert_eq!(canned.asked("DeleteMessageBatch")[0]["QueueUrl"], "https://other.test/q");
}

#[tokio::test]
async fn a_role_that_may_not_is_told_apart_from_a_bad_moment() {
    for (code, is_denied) in [("AccessDeniedException", true), ("QueueDoesNotExist", true), ("RequestThrottled", false)]
    {
        let body = json!({ "__type": code, "message": "no" });
        let canned = Canned::default().with("ChangeMessageVisibilityBatch", 400, body);
        let answers = hide(&canned, &records(2)).await;
        assert_eq!(answers.len(), 2);
        assert!(
            answers.iter().all(|answer| answer.as_ref().unwrap_err().is_denied() == is_denied),
            "{code}: {answers:?}"
        );
    }
}

#[tokio::test]
async fn a_letter_goes_with_everything_that_its_message_had() {
    let canned = Canned::default().with("SendMessageBatch", 200, failed(1, "InternalError"));
    let message = |id: &str| Message::text("b").id(id).group("g").attribute("tenant", "t9").trace_header("Root=1");
    let batch = Event::fifo("ledger").message(message("m1")).message(message("m2")).to_batch();
    let reason = Reason::new(ReasonClass::Handler);
    let letter = |index| DeadLetter::new(&batch.record(index).unwrap(), &reason, true).unwrap();
    let to = QueueName::of("arn:aws:sqs:eu-west-1:123456789012:dead.fifo");
    let answers = canned.client().send(to, &[letter(0), letter(1)], None).await;
    assert!(answers[0].is_ok() && answers[1].is_err(), "{answers:?}");
    let entry = &canned.asked("SendMessageBatch")[0]["Entries"][0];
    assert_eq!((&entry["MessageBody"], &entry["MessageGroupId"]), (&json!("b"), &json!("g")));
    assert_eq!(entry["MessageDeduplicationId"], "m1");
    assert_eq!(entry["MessageAttributes"]["tenant"], json!({ "DataType": "String", "StringValue": "t9" }));
    assert_eq!(entry["MessageAttributes"]["OriginalMessageId"]["StringValue"], "m1");
    assert_eq!(entry["MessageSystemAttributes"]["AWSTraceHeader"]["StringValue"], "Root=1");
}

#[tokio::test]
async fn the_redrive_policy_is_read_from_the_queues_attributes() {
    let dead = "arn:aws:sqs:eu-west-1:123456789012:dead";
    let policy = json!({ "deadLetterTargetArn": dead, "maxReceiveCount": 5 }).to_string();
    let body = json!({ "Attributes": { "VisibilityTimeout": "180", "RedrivePolicy": policy } });
    let canned = Canned::default().with("GetQueueAttributes", 200, body);
    let attributes = canned.client().attributes(arn(&records(1)), None).await.expect("an answer");
    assert_eq!(attributes.visibility_timeout, Some(Duration::from_secs(180)));
    assert_eq!(attributes.redrive_policy, Some(RedrivePolicy::new(dead, 5)));
}

#[tokio::test]
async fn a_worker_asks_for_all_that_a_mapping_would_send() {
    let message = json!({
        "MessageId": "m-1", "ReceiptHandle": "h-1", "Body": "{}", "MD5OfBody": "99914b932bd37a50b983c5e7c90ae93b",
        "Attributes": { "ApproximateReceiveCount": "2", "MessageGroupId": "g" },
        "MessageAttributes": {
            "kind": { "DataType": "String", "StringValue": "new" },
            "size": { "DataType": "Number.int", "StringValue": "3" },
            "bytes": { "DataType": "Binary", "BinaryValue": "AP8=" },
        },
    });
    let queue = QueueArn::new("arn:aws:sqs:eu-west-1:123456789012:orders.fifo");
    let attributes = json!({ "Attributes": { "QueueArn": queue.as_str(), "VisibilityTimeout": "90" } });
    let canned = Canned::default().with("GetQueueAttributes", 200, attributes).with(
        "ReceiveMessage",
        200,
        json!({ "Messages": [message] }),
    );
    let client = canned.client();
    let open = client.open(QueueName::Url(URL)).await.unwrap();
    assert_eq!((&*open.arn, open.attributes.visibility_timeout), (queue.as_str(), Some(Duration::from_secs(90))));

    let mut request = ReceiveRequest::new(7, Duration::from_secs(20), Duration::from_secs(90));
    request.attempt = Some("attempt-1");
    let received = client.receive(queue, request).await.unwrap();
    // By its URL, which it was called by.
    assert!(canned.asked("GetQueueUrl").is_empty());
    let [asked] = &*canned.asked("ReceiveMessage") else { panic!("one receive") };
    assert_eq!(
        (&asked["QueueUrl"], &asked["MaxNumberOfMessages"], &asked["WaitTimeSeconds"], &asked["VisibilityTimeout"]),
        (&json!(URL), &json!(7), &json!(20), &json!(90))
    );
    assert_eq!(asked["MessageSystemAttributeNames"], json!(["All"]));
    assert_eq!(
        (&asked["MessageAttributeNames"], &asked["ReceiveRequestAttemptId"]),
        (&json!(["All"]), &json!("attempt-1"))
    );

    let [message] = &*received else { panic!("one message") };
    assert_eq!((&*message.message_id, &*message.receipt_handle, &*message.body), ("m-1", "h-1", "{}"));
    let count = message.attributes.iter().find(|(name, _)| name == "ApproximateReceiveCount");
    assert_eq!(count.map(|(_, value)| value.as_str()), Some("2"));
    let mut attributes: Vec<(&str, &str)> =
        message.message_attributes.iter().map(|(name, attribute)| (name.as_str(), attribute.data_type())).collect();
    attributes.sort_unstable();
    assert_eq!(attributes, [("bytes", "Binary"), ("kind", "String"), ("size", "Number.int")]);
}

/// Whoever asks again in silence would leave what the first answer brought hidden, and nobody would know why.
#[tokio::test(start_paused = true)]
async fn a_receive_that_fails_is_told_and_not_asked_again() {
    let canned = Canned::default().with("ReceiveMessage", 500, json!({"__type": "InternalError"}));
    let queue = QueueArn::new("arn:aws:sqs:eu-west-1:123456789012:orders");
    let client = canned.client().url(queue.as_str(), URL);
    let request = ReceiveRequest::new(10, Duration::from_secs(20), Duration::from_secs(60));
    assert!(!client.receive(queue, request).await.unwrap_err().is_denied());
    assert_eq!(canned.asked("ReceiveMessage").len(), 1);
}

#[tokio::test]
async fn an_empty_receive_is_no_error_and_a_refused_one_is_told_apart() {
    let queue = QueueArn::new("arn:aws:sqs:eu-west-1:123456789012:orders");
    let request = ReceiveRequest::new(10, Duration::ZERO, Duration::from_secs(30));
    let canned = Canned::default().with("ReceiveMessage", 200, json!({}));
    assert!(canned.client().receive(queue, request).await.unwrap().is_empty());
    let denied = json!({ "__type": "AccessDeniedException", "message": "no" });
    let canned = Canned::default().with("ReceiveMessage", 403, denied);
    assert!(canned.client().receive(queue, request).await.unwrap_err().is_denied());
    let gone = json!({ "__type": "AWS.SimpleQueueService.NonExistentQueue", "message": "no" });
    let canned = Canned::default().with("GetQueueUrl", 400, gone);
    assert!(canned.client().open(QueueName::Arn(queue)).await.unwrap_err().is_denied());
}
