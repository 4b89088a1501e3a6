//! Functions and their event source mappings, over Lambda's HTTP interface.

use std::path::Path;

use anyhow::Context as _;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Map, Value, json};

use super::{ACCOUNT, http::Http};
use crate::template::Numbers;

/// Lambda.
pub(crate) struct Lambda(Http);

impl Lambda {
    pub(crate) fn new(endpoint: &str) -> anyhow::Result<Self> {
        Ok(Self(Http::new(endpoint, "lambda")?))
    }

    /// Deploys a package under the alias `live`, with the role of its name.
    pub(crate) async fn deploy(
        &self,
        name: &str,
        package: &Path,
        settings: Vec<(&str, String)>,
        numbers: &Numbers,
    ) -> anyhow::Result<()> {
        let zip = std::fs::read(package).with_context(|| format!("{}", package.display()))?;
        let variables: Map<String, Value> =
            settings.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        let function = json!({
            "FunctionName": name,
            "Runtime": "provided.al2023",
            "Handler": "bootstrap",
            "Role": format!("arn:aws:iam::{ACCOUNT}:role/{name}"),
            "Architectures": ["x86_64"],
            "MemorySize": 256,
            "Timeout": numbers.function_timeout.as_secs(),
            "Publish": true,
            "Environment": {"Variables": variables},
            "Code": {"ZipFile": BASE64_STANDARD.encode(zip)},
        });
        let made = self.post("functions", &function).await.context("a function")?;
        let version = made.get("Version").context("no version was published")?;
        let alias = json!({"Name": "live", "FunctionVersion": version});
        self.post(&format!("functions/{name}/aliases"), &alias).await.context("an alias")?;
        Ok(())
    }

    /// Lets a queue invoke the alias, as in `template.yaml`.
    pub(crate) async fn map(&self, name: &str, queue_arn: &str, numbers: &Numbers) -> anyhow::Result<()> {
        let mapping = json!({
            "EventSourceArn": queue_arn,
            "FunctionName": format!("{name}:live"),
            "BatchSize": numbers.batch_size,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "ScalingConfig": {"MaximumConcurrency": numbers.maximum_concurrency},
        });
        self.post("event-source-mappings/", &mapping).await.context("a mapping")?;
        Ok(())
    }

    /// Invokes the alias and waits for its answer.
    pub(crate) async fn invoke(&self, name: &str, event: &Value) -> anyhow::Result<Value> {
        self.post(&format!("functions/{name}/invocations?Qualifier=live"), event).await.context("an invocation")
    }

    async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let answer = self
            .0
            .post(&format!("2015-03-31/{path}"), &[("content-type", "application/json")], body.to_string())
            .await?;
        Ok(serde_json::from_str(&answer)?)
    }
}
