//! Signed requests without an SDK.

use std::time::SystemTime;

use anyhow::ensure;
use aws_sdk_sqs::config::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4::SigningParams,
};
use reqwest::Client;
use sqs_runtime::{Clock as _, SystemClock};

use super::{KEY, REGION};

/// Speaks to one service of the emulator.
pub(crate) struct Http {
    client: Client,
    endpoint: String,
    service: &'static str,
}

impl Http {
    pub(crate) fn new(endpoint: &str, service: &'static str) -> anyhow::Result<Self> {
        let client = Client::builder().no_proxy().build()?;
        Ok(Self { client, endpoint: endpoint.to_owned(), service })
    }

    /// Posts a body and gives the answer, if it is a good one.
    pub(crate) async fn post(&self, path: &str, headers: &[(&str, &str)], body: String) -> anyhow::Result<String> {
        let url = format!("{}/{path}", self.endpoint);
        let mut request = self.client.post(&url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        for (name, value) in self.signature(&url, headers, &body, SystemClock::new().wall())? {
            request = request.header(name, value);
        }
        let response = request.body(body).send().await?;
        let (status, is_error) = (response.status(), response.headers().contains_key("x-amz-function-error"));
        let text = response.text().await?;
        ensure!(status.is_success() && !is_error, "{status}: {text}");
        Ok(text)
    }

    /// The headers by which the emulator knows its owner.
    fn signature(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: &str,
        now: SystemTime,
    ) -> anyhow::Result<Vec<(String, String)>> {
        let identity = Credentials::new(KEY, KEY, None, None, "e2e").into();
        let params = SigningParams::builder().identity(&identity).region(REGION).name(self.service).time(now);
        let params = params.settings(SigningSettings::default()).build()?.into();
        let request = SignableRequest::new("POST", url, headers.iter().copied(), SignableBody::Bytes(body.as_bytes()))?;
        let (instructions, _) = sign(request, &params)?.into_parts();
        Ok(instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}
