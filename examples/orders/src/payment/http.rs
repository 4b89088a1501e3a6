//! A provider behind HTTP.

use std::{borrow::Cow, fmt, pin::Pin, time::Duration};

use reqwest::{Client, Response, StatusCode, Url, redirect};
use sqs_runtime::claim::IdempotencyKey;

use super::{
    Charged, PaymentError, PaymentProvider,
    wire::{ChargeAnswer, ChargeRequest, KEY_HEADER},
};
use crate::causes::causes;

/// How long one charge may take. A time limit of its own: without one, a provider that never answers holds its message
/// until the invocation's deadline, and with it everything that waits for a permit.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Nobody needs more to say what was charged.
const MAX_ANSWER_BYTES: usize = 4096;

/// A provider elsewhere, which remembers keys for longer than this process lives.
#[derive(Clone, Debug)]
pub struct HttpProvider {
    client: Client,
    charges: Url,
}

impl HttpProvider {
    /// The provider at this URL. Nothing is sent before the first charge.
    ///
    /// # Errors
    ///
    /// If it is no `http://` URL: this example is built without TLS.
    pub fn new(url: &str) -> Result<Self, PaymentUrlError> {
        let charges = Url::parse(&format!("{}/charges", url.trim_end_matches('/')));
        let charges = charges.map_err(|error| PaymentUrlError(error.to_string()))?;
        if charges.scheme() != "http" {
            return Err(PaymentUrlError("it must begin with http://, this program is built without TLS".into()));
        }
        // A charge goes where it was sent: through no proxy of the environment, and along no redirect.
        let client = Client::builder().timeout(TIMEOUT).no_proxy().redirect(redirect::Policy::none()).build();
        Ok(Self { client: client.map_err(|error| PaymentUrlError(error.to_string()))?, charges })
    }

    async fn post(&self, key: &IdempotencyKey, payment_token: &str, cents: u64) -> Result<Charged, PaymentError> {
        let request = ChargeRequest { payment_token: Cow::Borrowed(payment_token), total_cents: cents };
        let post = self.client.post(self.charges.clone()).header(KEY_HEADER, key.as_str()).json(&request);
        let response = post.send().await.map_err(|error| unavailable(causes(&error)))?;
        match response.status() {
            StatusCode::OK => charged(response).await,
            StatusCode::PAYMENT_REQUIRED => Err(PaymentError::Declined),
            StatusCode::UNPROCESSABLE_ENTITY => Err(PaymentError::KeyReused),
            // Also 4xx that nobody expects, such as 404 of a wrong URL: orders should outlive a wrong setting.
            status => Err(unavailable(status)),
        }
    }
}

/// What a 200 says. One that is not understood may have charged; the key makes it safe to ask again.
async fn charged(mut response: Response) -> Result<Charged, PaymentError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unavailable(causes(&error)))? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_ANSWER_BYTES {
            return Err(unavailable("the answer is too long"));
        }
    }
    let answer: ChargeAnswer = serde_json::from_slice(&body).map_err(unavailable)?;
    Ok(answer.charged)
}

/// The failure says only what the shop does about it; the log says why.
fn unavailable(why: impl fmt::Display) -> PaymentError {
    tracing::warn!("no answer from the payment provider: {why}");
    PaymentError::Unavailable
}

impl PaymentProvider for HttpProvider {
    fn charge<'a>(
        &'a self,
        key: &'a IdempotencyKey,
        payment_token: &'a str,
        cents: u64,
    ) -> Pin<Box<dyn Future<Output = Result<Charged, PaymentError>> + Send + 'a>> {
        Box::pin(self.post(key, payment_token, cents))
    }
}

/// Why a provider cannot be reached under a URL.
#[derive(Clone, PartialEq, Eq)]
pub struct PaymentUrlError(String);

impl fmt::Debug for PaymentUrlError {
    /// What `main` prints when it returns an error.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for PaymentUrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the payment provider's URL cannot be used: {}", self.0)
    }
}

impl std::error::Error for PaymentUrlError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_http_urls_are_taken() {
        for url in ["http://127.0.0.1:9000", "http://127.0.0.1:9000/"] {
            assert_eq!(HttpProvider::new(url).expect("a URL").charges.as_str(), "http://127.0.0.1:9000/charges");
        }
        for url in ["https://pay.example", "127.0.0.1:9000", "", "file:///charges"] {
            let error = HttpProvider::new(url).expect_err("not a URL for charges").to_string();
            assert!(error.starts_with("the payment provider's URL cannot be used: "), "{error}");
        }
    }
}
