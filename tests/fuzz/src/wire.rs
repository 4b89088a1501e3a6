//! DynamoDB's wire with a server that gives back what it was told to.

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use aws_sdk_dynamodb::{
    Client,
    config::{
        BehaviorVersion, Credentials, HttpClient, Region, RuntimeComponents,
        http::{HttpRequest, HttpResponse},
        retry::RetryConfig,
    },
};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};

/// The item that every answer shows, as JSON.
#[derive(Clone, Default)]
pub(crate) struct Wire(Arc<Mutex<Shown>>);

#[derive(Clone, Default)]
struct Shown {
    item: String,
    is_refused: bool,
}

impl Wire {
    /// From now on every answer shows this.
    pub(crate) fn shows(&self, item: String, is_refused: bool) {
        *self.0.lock().expect("no panic") = Shown { item, is_refused };
    }

    /// The SDK over this wire, without a second try.
    pub(crate) fn client(&self) -> Client {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(self.clone())
            .credentials_provider(Credentials::new("none", "none", None, None, "fuzz"))
            .region(Region::new("eu-west-1"))
            .endpoint_url("http://server.test")
            .retry_config(RetryConfig::disabled())
            .build();
        Client::from_conf(config)
    }

    fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let Shown { item, is_refused } = self.0.lock().expect("no panic").clone();
        let is_read = request.headers().get("x-amz-target").is_some_and(|target| target.ends_with("GetItem"));
        let refusal = r#""__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"""#;
        let (status, body) = match (is_read, is_refused) {
            (true, _) => (200, format!(r#"{{"Item":{item}}}"#)),
            (false, false) => (200, format!(r#"{{"Attributes":{item}}}"#)),
            (false, true) => (400, format!(r#"{{{refusal},"Item":{item}}}"#)),
        };
        HttpResponse::new(status.try_into().expect("a status"), body.into())
    }
}

impl HttpClient for Wire {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::ready(Ok(self.answer(&request)))
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}
