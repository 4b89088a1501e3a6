//! Clients with credentials, region and endpoint as every AWS SDK finds them.

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig, timeout::TimeoutConfig};
use aws_sdk_sqs::config::ProvideCredentials as _;
use sqs_runtime::queue::QueueName;

/// A person waits: an attempt that takes longer will not be answered any more.
const ATTEMPT: Duration = Duration::from_secs(10);
const OPERATION: Duration = Duration::from_secs(30);

/// A client of SQS, in the region that the queue's URL or ARN says.
pub(super) async fn sqs(queue: &str) -> Result<aws_sdk_sqs::Client, String> {
    config(region_of(queue)).await.map(|config| aws_sdk_sqs::Client::new(&config))
}

/// A client of DynamoDB.
pub(super) async fn dynamodb() -> Result<aws_sdk_dynamodb::Client, String> {
    config(None).await.map(|config| aws_sdk_dynamodb::Client::new(&config))
}

/// Clients of all services that say how a stack is set.
#[cfg(feature = "live")]
pub(super) async fn of_a_stack() -> Result<crate::doctor::live::Clients, String> {
    let config = config(None).await?;
    Ok(crate::doctor::live::Clients {
        cloudformation: aws_sdk_cloudformation::Client::new(&config),
        cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
        dynamodb: aws_sdk_dynamodb::Client::new(&config),
        iam: aws_sdk_iam::Client::new(&config),
        lambda: aws_sdk_lambda::Client::new(&config),
        sqs: aws_sdk_sqs::Client::new(&config),
    })
}

async fn config(region: Option<Region>) -> Result<SdkConfig, String> {
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT).operation_timeout(OPERATION).build();
    let loader = aws_config::defaults(BehaviorVersion::v2026_01_12()).timeout_config(timeouts);
    let loader = match region {
        Some(region) => loader.region(region),
        None => loader,
    };
    let config = loader.load().await;
    if config.region().is_none() {
        return Err("no region: set AWS_REGION, or AWS_PROFILE to a profile that has one".to_owned());
    }
    let provider =
        config.credentials_provider().ok_or("no credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and the others")?;
    match provider.provide_credentials().await {
        Ok(_) => Ok(config),
        Err(error) => Err(format!(
            "no credentials ({error}): set AWS_PROFILE, sign in with `aws login` or `aws sso login`, or set AWS_ACCESS_KEY_ID and the others"
        )),
    }
}

/// The region that stands in an ARN, or in a URL as SQS gives it: `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`.
fn region_of(queue: &str) -> Option<Region> {
    let region = match QueueName::of(queue) {
        QueueName::Arn(arn) => arn.region()?,
        QueueName::Url(url) => {
            let host = url.split_once("://")?.1.split('/').next()?;
            host.strip_prefix("sqs.").filter(|rest| rest.contains(".amazonaws.com"))?.split('.').next()?
        }
    };
    Some(Region::new(region.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_says_its_region() {
        for (queue, region) in [
            ("https://sqs.eu-west-1.amazonaws.com/123456789012/orders", Some("eu-west-1")),
            ("https://sqs.cn-north-1.amazonaws.com.cn/123456789012/orders", Some("cn-north-1")),
            ("arn:aws:sqs:us-east-2:123456789012:orders", Some("us-east-2")),
            ("http://127.0.0.1:4566/000000000000/orders", None),
            ("https://sqs.example.com/orders", None),
        ] {
            assert_eq!(region_of(queue), region.map(Region::new), "{queue}");
        }
    }
}
