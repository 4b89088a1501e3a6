//! The real SDK against a DynamoDB on loopback.

use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Credentials, HttpClient, Region, retry::RetryConfig},
    types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType},
};

/// A client of the server at this address; its credentials are nobody's.
pub(crate) fn client(endpoint: &str) -> Client {
    client_over(aws_smithy_http_client::Builder::new().build_http(), endpoint)
}

/// The same over another HTTP client.
pub(crate) fn client_over(http: impl HttpClient + 'static, endpoint: &str) -> Client {
    // As often as ever, but nobody waits in between.
    let millisecond = std::time::Duration::from_millis(1);
    let retries = RetryConfig::standard().with_initial_backoff(millisecond).with_max_backoff(millisecond);
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .http_client(http)
        .credentials_provider(Credentials::new("none", "none", None, None, "tests"))
        .region(Region::new("eu-west-1"))
        .endpoint_url(endpoint)
        .retry_config(retries)
        .build();
    Client::from_conf(config)
}

/// Makes a table with these key attributes, all strings; the first is the partition key.
pub(crate) async fn create_table(client: &Client, name: &str, keys: &[&str]) {
    let mut request = client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    for (key, key_type) in keys.iter().zip([KeyType::Hash, KeyType::Range]) {
        let schema = KeySchemaElement::builder().attribute_name(*key).key_type(key_type).build();
        let attribute =
            AttributeDefinition::builder().attribute_name(*key).attribute_type(ScalarAttributeType::S).build();
        request = request.key_schema(schema.expect("whole")).attribute_definitions(attribute.expect("whole"));
    }
    request.send().await.expect("a table");
}
