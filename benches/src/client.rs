//! The client of DynamoDB.

use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
};

/// The table of claims.
pub const TABLE: &str = "idempotency";

/// A client of the server that the environment names; `None` where it names none, and nothing is to be claimed.
#[must_use]
pub fn store() -> Option<Client> {
    setting("AWS_ENDPOINT_URL_DYNAMODB").map(|endpoint| client(&endpoint))
}

fn client(endpoint: &str) -> Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .credentials_provider(Credentials::new("none", "none", None, None, "compare"))
        .region(Region::new("eu-central-1"))
        .endpoint_url(endpoint)
        .build();
    Client::from_conf(config)
}

#[expect(clippy::disallowed_methods, reason = "the bench says here what a side is to do")]
pub(crate) fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
