//! Payloads over the AWS SDK for S3.

use std::{fmt, time::Duration};

use aws_sdk_s3::{
    Client,
    config::{Builder, timeout::TimeoutConfig},
    operation::get_object::GetObjectOutput,
    primitives::ByteStream,
};
use futures_util::future::BoxFuture;

use super::{PayloadError, PayloadStore};

/// A [`PayloadStore`] over the AWS SDK.
///
/// Takes a client that is ready: which TLS, credentials and region it has is yours to choose. The role needs `s3:GetObject` on the
/// objects, and `s3:ListBucket` on the bucket: without the latter S3 does not say that an object is missing, it denies access, and
/// the message comes back until the redrive policy ends it.
///
/// ```
/// use sqs_runtime::extract::{Payloads, S3Payloads};
///
/// fn payloads(client: aws_sdk_s3::Client) -> Payloads {
///     Payloads::new(S3Payloads::new(client), ["order-payloads"])
/// }
/// ```
#[derive(Clone)]
pub struct S3Payloads {
    client: Client,
}

impl S3Payloads {
    /// Fetches through this client.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    async fn fetch(&self, bucket: &str, key: &str, max_bytes: usize) -> Result<Vec<u8>, PayloadError> {
        let request = self.client.get_object().bucket(bucket).key(key);
        let answer = request.customize().config_override(in_time()).send().await;
        let object = answer.map_err(|error| match error.as_service_error() {
            Some(service) if service.is_no_such_key() => PayloadError::Missing,
            _ => unavailable(error),
        })?;
        let length = announced(&object);
        if length > max_bytes {
            return Err(PayloadError::TooLarge);
        }
        read(object.body, Vec::with_capacity(length), max_bytes).await
    }
}

/// How long S3 says that the object is; 0 where it does not say.
fn announced(object: &GetObjectOutput) -> usize {
    object.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or_default()
}

/// Reads chunk by chunk, and no further than allowed: what was announced need not be what comes.
async fn read(mut body: ByteStream, mut bytes: Vec<u8>, max_bytes: usize) -> Result<Vec<u8>, PayloadError> {
    while let Some(chunk) = body.try_next().await.map_err(unavailable)? {
        if chunk.len() > max_bytes - bytes.len() {
            return Err(PayloadError::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn unavailable(error: impl std::error::Error + Send + Sync + 'static) -> PayloadError {
    PayloadError::Unavailable(error.into())
}

/// The SDK has no time-out of its own until an answer begins: without one a dead connection would hold the message until its
/// deadline. A body that stalls is the SDK's own to notice.
fn in_time() -> Builder {
    const ATTEMPT: Duration = Duration::from_secs(5);
    const OPERATION: Duration = Duration::from_secs(15);
    let timeouts = TimeoutConfig::builder().operation_timeout(OPERATION).operation_attempt_timeout(ATTEMPT);
    Builder::default().timeout_config(timeouts.build())
}

impl PayloadStore for S3Payloads {
    fn get<'a>(
        &'a self,
        bucket: &'a str,
        key: &'a str,
        max_bytes: usize,
    ) -> BoxFuture<'a, Result<Vec<u8>, PayloadError>> {
        Box::pin(self.fetch(bucket, key, max_bytes))
    }
}

impl fmt::Debug for S3Payloads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Payloads").finish_non_exhaustive()
    }
}
