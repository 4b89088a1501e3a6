//! Services of canned answers that keep what they were asked.

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
type Answer = (&'static str, u16, String);

#[derive(Clone, Debug, Default)]
pub(crate) struct Canned {
    asked: Arc<Mutex<Vec<(String, Value)>>>,
    answers: Arc<Mutex<Vec<Answer>>>,
}

impl Canned {
    /// The next answer to that operation.
    pub(crate) fn then(self, operation: &'static str, answer: Value) -> Self {
        self.then_say(operation, 200, answer.to_string())
    }

    /// The same, as that status and body.
    pub(crate) fn then_say(self, operation: &'static str, status: u16, body: impl Into<String>) -> Self {
        self.answers.lock().unwrap().push((operation, status, body.into()));
        self
    }

    /// The same, as a refusal.
    pub(crate) fn then_refuse(self, operation: &'static str, code: &str, text: &str) -> Self {
        let body = json!({ "__type": format!("com.amazonaws.sqs#{code}"), "message": text });
        self.then_say(operation, 400, body.to_string())
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
        let text = str::from_utf8(request.body().bytes().unwrap_or_default()).unwrap_or_default();
        let operation = operation(&request, text).to_owned();
        let body = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
        self.asked.lock().unwrap().push((operation.clone(), body));
        let mut answers = self.answers.lock().unwrap();
        let next = answers.iter().position(|(of, ..)| *of == operation);
        let (_, status, body) = answers.remove(next.unwrap_or_else(|| panic!("{operation} is not expected")));
        HttpConnectorFuture::ready(Ok(HttpResponse::new(StatusCode::try_from(status).unwrap(), body.into())))
    }
}

/// The operation as each protocol names it: in a header, in a form, or as the end of the path.
fn operation<'a>(request: &'a HttpRequest, body: &'a str) -> &'a str {
    let target = request.headers().get("x-amz-target").and_then(|target| target.rsplit('.').next());
    let action = body.strip_prefix("Action=").and_then(|form| form.split('&').next());
    let path = request.uri().split('?').next().and_then(|path| path.trim_end_matches('/').rsplit('/').next());
    target.or(action).or(path).unwrap_or_default()
}
