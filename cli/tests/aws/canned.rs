//! An SQS of canned answers that keeps what it was asked.

use std::sync::{Arc, Mutex};

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

/// An operation, and the status and body that it is answered with once.
type Answer = (&'static str, u16, Value);

#[derive(Clone, Debug, Default)]
pub(crate) struct Canned {
    asked: Arc<Mutex<Vec<(String, Value)>>>,
    answers: Arc<Mutex<Vec<Answer>>>,
}

impl Canned {
    /// The next answer to that operation.
    pub(crate) fn then(self, operation: &'static str, answer: Value) -> Self {
        self.answers.lock().unwrap().push((operation, 200, answer));
        self
    }

    /// The same, as a refusal.
    pub(crate) fn then_refuse(self, operation: &'static str, code: &str, text: &str) -> Self {
        let body = json!({ "__type": format!("com.amazonaws.sqs#{code}"), "message": text });
        self.answers.lock().unwrap().push((operation, 400, body));
        self
    }

    pub(crate) fn client(&self) -> Client {
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(self.clone())
            .credentials_provider(Credentials::new("none", "none", None, None, "tests"))
            .region(Region::new("eu-west-1"))
            .build();
        Client::from_conf(config)
    }

    /// All that was asked, in order: the operation and its parameters.
    pub(crate) fn asked(&self) -> Vec<(String, Value)> {
        self.asked.lock().unwrap().clone()
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
        let body = serde_json::from_slice(request.body().bytes().unwrap_or_default()).unwrap_or_default();
        self.asked.lock().unwrap().push((operation.clone(), body));
        let mut answers = self.answers.lock().unwrap();
        let next = answers.iter().position(|(of, ..)| *of == operation);
        let (_, status, body) = answers.remove(next.unwrap_or_else(|| panic!("{operation} is not expected")));
        HttpConnectorFuture::ready(Ok(HttpResponse::new(
            StatusCode::try_from(status).unwrap(),
            body.to_string().into(),
        )))
    }
}
