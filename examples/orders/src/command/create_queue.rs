//! `orders create-queue`: a queue with its dead-letter queue, for a try; a deployment takes them from its template.

use std::collections::HashMap;

use aws_config::BehaviorVersion;
use aws_sdk_sqs::{Client, error::DisplayErrorContext, types::QueueAttributeName};
use lexopt::prelude::*;
use serde_json::json;

use super::{Stop, say};

const USAGE: &str = "\
Makes a queue whose messages go to a dead-letter queue of their own after five receives.

usage: orders create-queue NAME

  NAME  of the queue; NAME-dead is its dead-letter queue

Credentials, region and endpoint as every AWS SDK finds them; AWS_ENDPOINT_URL_SQS names another endpoint.
Standard output: the queue's URL.
";

/// Twice what a worker needs to notice that another one died.
const VISIBILITY_TIMEOUT: &str = "60";

pub(super) async fn main(mut command_line: lexopt::Parser) -> Result<(), Stop> {
    let name = match command_line.next()? {
        Some(Value(name)) => name.string()?,
        Some(Long("help") | Short('h')) => return Err(Stop::Help(USAGE)),
        Some(other) => return Err(other.unexpected().into()),
        None => return Err(Stop::Usage("NAME is missing".to_owned())),
    };
    let client = Client::new(&aws_config::load_defaults(BehaviorVersion::v2026_01_12()).await);
    let dead = create(&client, &format!("{name}-dead"), HashMap::new()).await?;
    let policy = json!({"deadLetterTargetArn": arn(&client, &dead).await?, "maxReceiveCount": 5}).to_string();
    let attributes = [
        (QueueAttributeName::RedrivePolicy, policy),
        (QueueAttributeName::VisibilityTimeout, VISIBILITY_TIMEOUT.to_owned()),
    ];
    say(create(&client, &name, attributes.into()).await?)
}

/// The URL of a new queue.
async fn create(client: &Client, name: &str, attributes: HashMap<QueueAttributeName, String>) -> Result<String, Stop> {
    let request = client.create_queue().queue_name(name).set_attributes(Some(attributes));
    let output = request.send().await.map_err(|error| Stop::failed(DisplayErrorContext(error)))?;
    output.queue_url.ok_or_else(|| Stop::failed("SQS gave no URL for the queue"))
}

async fn arn(client: &Client, url: &str) -> Result<String, Stop> {
    let request = client.get_queue_attributes().queue_url(url).attribute_names(QueueAttributeName::QueueArn);
    let output = request.send().await.map_err(|error| Stop::failed(DisplayErrorContext(error)))?;
    let arn = output.attributes.and_then(|mut all| all.remove(&QueueAttributeName::QueueArn));
    arn.ok_or_else(|| Stop::failed("SQS gave no Amazon Resource Name for the queue"))
}
