//! Queues on a server of the test's own.

use aws_sdk_sqs::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
    types::QueueAttributeName,
};
use serde_json::json;

use crate::server::Server;

pub(crate) struct Queues {
    pub(crate) server: Server,
    client: Client,
}

impl Queues {
    pub(crate) async fn new() -> Self {
        let server = Server::ministack();
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .credentials_provider(Credentials::new("none", "none", None, None, "tests"))
            .region(Region::new("eu-west-1"))
            .endpoint_url(&server.endpoint)
            .build();
        let client = Client::from_conf(config);
        server.ready(|| client.list_queues().send()).await;
        Self { server, client }
    }

    /// A queue of that name, with a dead-letter queue for messages that were received so often; gives its URL.
    pub(crate) async fn make(&self, name: &str, max_receive_count: Option<u32>) -> String {
        let mut request = self.client.create_queue().queue_name(name);
        if name.ends_with(".fifo") {
            request = request.attributes(QueueAttributeName::FifoQueue, "true");
        }
        if let Some(count) = max_receive_count {
            let dead = self.client.create_queue().queue_name("dead").send().await.expect("a queue");
            let dead = self.attribute(dead.queue_url().expect("its URL"), QueueAttributeName::QueueArn).await;
            let policy = json!({ "deadLetterTargetArn": dead, "maxReceiveCount": count }).to_string();
            request = request.attributes(QueueAttributeName::RedrivePolicy, policy);
        }
        request.send().await.expect("a queue").queue_url().expect("its URL").to_owned()
    }

    pub(crate) async fn send(&self, url: &str, body: &str, group: Option<&str>) {
        let request = self.client.send_message().queue_url(url).message_body(body);
        let request = request.set_message_group_id(group.map(Into::into));
        request.set_message_deduplication_id(group.map(|_| body.into())).send().await.expect("it is sent");
    }

    /// How many messages are visible.
    pub(crate) async fn count(&self, url: &str) -> u32 {
        let count = self.attribute(url, QueueAttributeName::ApproximateNumberOfMessages).await;
        count.parse().expect("a number")
    }

    async fn attribute(&self, url: &str, name: QueueAttributeName) -> String {
        let request = self.client.get_queue_attributes().queue_url(url).attribute_names(name.clone());
        let answer = request.send().await.expect("attributes");
        answer.attributes().and_then(|all| all.get(&name)).expect("it is set").clone()
    }
}
