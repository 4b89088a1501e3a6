//! Payloads over the SDK: what goes over the wire, and what becomes of what comes back.

use std::sync::{Arc, Mutex};

use aws_sdk_s3::{
    Client,
    config::{
        BehaviorVersion, Credentials, HttpClient, Region, RuntimeComponents,
        http::{HttpRequest, HttpResponse},
        retry::RetryConfig,
    },
    primitives::SdkBody,
};
use aws_smithy_runtime_api::{
    client::http::{HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
    http::StatusCode,
};
use sqs_runtime::extract::{PayloadError, PayloadStore, S3Payloads};

/// An S3 of one canned answer that keeps what it was asked.
#[derive(Clone, Debug)]
struct Canned {
    asked: Arc<Mutex<Vec<String>>>,
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: Vec<u8>,
}

impl Canned {
    fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { asked: Arc::default(), status, headers: &[], body: body.into() }
    }

    fn error(status: u16, code: &str) -> Self {
        Self::new(status, format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>no</Message></Error>"))
    }

    async fn get(&self, max_bytes: usize) -> Result<Vec<u8>, PayloadError> {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(self.clone())
            .retry_config(RetryConfig::disabled())
            .credentials_provider(Credentials::new("none", "none", None, None, "tests"))
            .region(Region::new("eu-west-1"))
            .build();
        S3Payloads::new(Client::from_conf(config)).get("order-payloads", "a/key 1", max_bytes).await
    }
}

impl HttpClient for Canned {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Canned {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        self.asked.lock().unwrap().push(format!("{} {}", request.method(), request.uri()));
        let status = StatusCode::try_from(self.status).unwrap();
        let mut response = HttpResponse::new(status, SdkBody::from(self.body.clone()));
        for (name, value) in self.headers {
            response.headers_mut().insert(*name, *value);
        }
        HttpConnectorFuture::ready(Ok(response))
    }
}

#[tokio::test]
async fn the_object_is_asked_for_by_bucket_and_key() {
    let canned = Canned::new(200, "a payload");
    assert_eq!(canned.get(100).await.expect("it is there"), b"a payload");
    let url = "https://order-payloads.s3.eu-west-1.amazonaws.com/a/key%201?x-id=GetObject";
    assert_eq!(*canned.asked.lock().unwrap(), [format!("GET {url}")]);
}

#[tokio::test]
async fn no_more_is_read_than_allowed() {
    let canned = Canned::new(200, "a payload");
    assert!(canned.get(9).await.is_ok());
    assert!(matches!(canned.get(8).await, Err(PayloadError::TooLarge)), "what was not announced is counted");
    let announced = Canned { headers: &[("content-length", "1000000000000")], ..Canned::new(200, "") };
    assert!(matches!(announced.get(8).await, Err(PayloadError::TooLarge)), "what was announced is not read");
}

#[tokio::test]
async fn only_an_object_that_is_not_there_is_missing() {
    assert!(matches!(Canned::error(404, "NoSuchKey").get(9).await, Err(PayloadError::Missing)));
    for (status, code) in [(403, "AccessDenied"), (404, "NoSuchBucket"), (403, "InvalidObjectState"), (503, "SlowDown")]
    {
        let got = Canned::error(status, code).get(9).await;
        assert!(matches!(got, Err(PayloadError::Unavailable(_))), "{code}: {got:?}");
    }
}

#[tokio::test]
async fn a_payload_that_is_not_what_was_put_there_is_asked_for_again() {
    // The CRC-32 of something else.
    let canned = Canned { headers: &[("x-amz-checksum-crc32", "AAAAAA==")], ..Canned::new(200, "a payload") };
    let got = canned.get(100).await;
    assert!(matches!(got, Err(PayloadError::Unavailable(_))), "{got:?}");
}
