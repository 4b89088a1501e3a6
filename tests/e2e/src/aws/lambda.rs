//! Functions and their event source mappings, over Lambda's HTTP interface.

use std::path::Path;

use anyhow::{Context as _, ensure};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

use super::REGION;

/// How long a deployed function may take, in seconds. The queue's visibility timeout follows from it.
const TIMEOUT: u32 = 30;

/// Lambda.
pub(crate) struct Lambda {
    client: Client,
    endpoint: String,
}

impl Lambda {
    pub(crate) fn new(endpoint: &str) -> anyhow::Result<Self> {
        let client = Client::builder().no_proxy().build()?;
        Ok(Self { client, endpoint: endpoint.to_owned() })
    }

    /// Deploys a package under the alias `live`.
    pub(crate) async fn deploy(&self, name: &str, package: &Path, settings: &[(&str, &str)]) -> anyhow::Result<()> {
        let zip = std::fs::read(package).with_context(|| format!("{}", package.display()))?;
        let variables: serde_json::Map<String, Value> =
            settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        let function = json!({
            "FunctionName": name,
            "Runtime": "provided.al2023",
            "Handler": "bootstrap",
            "Role": "arn:aws:iam::000000000000:role/e2e",
            "Architectures": ["x86_64"],
            "MemorySize": 256,
            "Timeout": TIMEOUT,
            "Publish": true,
            "Environment": {"Variables": variables},
            "Code": {"ZipFile": BASE64_STANDARD.encode(zip)},
        });
        let made = self.ask(self.post("2015-03-31/functions").json(&function)).await.context("a function")?;
        let version = made.get("Version").context("no version was published")?;
        let alias = json!({"Name": "live", "FunctionVersion": version});
        let path = format!("2015-03-31/functions/{name}/aliases");
        self.ask(self.post(&path).json(&alias)).await.context("an alias")?;
        Ok(())
    }

    /// Lets a queue invoke the alias, as in `template.yaml`.
    pub(crate) async fn map(&self, name: &str, queue_arn: &str) -> anyhow::Result<()> {
        let mapping = json!({
            "EventSourceArn": queue_arn,
            "FunctionName": format!("{name}:live"),
            "BatchSize": 10,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "ScalingConfig": {"MaximumConcurrency": 10},
        });
        self.ask(self.post("2015-03-31/event-source-mappings/").json(&mapping)).await.context("a mapping")?;
        Ok(())
    }

    /// Invokes the alias and waits for its answer.
    pub(crate) async fn invoke(&self, name: &str, event: &Value) -> anyhow::Result<Value> {
        let path = format!("2015-03-31/functions/{name}:live/invocations");
        self.ask(self.post(&path).json(event)).await.context("an invocation")
    }

    fn post(&self, path: &str) -> RequestBuilder {
        // The emulator takes the region from here, and looks at nothing else.
        let scope = format!("AWS4-HMAC-SHA256 Credential=none/20260101/{REGION}/lambda/aws4_request, Signature=none");
        self.client.post(format!("{}/{path}", self.endpoint)).header("authorization", scope)
    }

    async fn ask(&self, request: RequestBuilder) -> anyhow::Result<Value> {
        let response = request.send().await?;
        let (status, is_error) = (response.status(), response.headers().contains_key("x-amz-function-error"));
        let text = response.text().await?;
        ensure!(status.is_success() && !is_error, "{status}: {text}");
        Ok(serde_json::from_str(&text)?)
    }
}
