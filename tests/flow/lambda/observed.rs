//! What a function says of itself: its log and its metrics.

use anyhow::{Context as _, bail};

use super::{
    events::{FAIL, SUCCEED, batch},
    fake_runtime_api::Invocation,
    function::Function,
};
use crate::metrics::emf::extract;

#[tokio::test]
async fn every_line_about_a_batch_names_its_invocation() -> anyhow::Result<()> {
    let mut function = Function::start(&[]).await?;
    let answer = function.invoke(Invocation::new(batch(&[("fails", FAIL)]))).await?;
    let lines = function.stop().await?;
    for message in ["a message did not succeed", "a batch ended"] {
        let line = lines.iter().find(|line| line.contains(message)).context(message)?;
        let line: serde_json::Value = serde_json::from_str(line)?;
        assert_eq!(line["requestId"], answer.request_id, "{line}");
        assert!(line.get("span").is_none() && line.get("xrayTraceId").is_none(), "{line}");
    }
    Ok(())
}

#[tokio::test]
async fn a_function_whose_log_is_text_writes_text() -> anyhow::Result<()> {
    let mut function = Function::start(&[("AWS_LAMBDA_LOG_FORMAT", "Text"), ("AWS_LAMBDA_LOG_LEVEL", "WARN")]).await?;
    function.invoke(Invocation::new(batch(&[("fails", FAIL)]))).await?;
    let lines = function.stop().await?;
    let line = lines.iter().find(|line| line.contains("a message did not succeed")).context("a line")?;
    assert!(line.contains("messageId=\"fails\"") && !line.starts_with('{') && !line.contains('\u{1b}'), "{line}");
    Ok(())
}

#[tokio::test]
async fn a_namespace_in_the_environment_makes_a_line_of_metrics_for_each_invocation() -> anyhow::Result<()> {
    let mut function = Function::start(&[("SQS_RUNTIME_METRICS_NAMESPACE", "Shop/Orders")]).await?;
    for _ in 0..2 {
        function.invoke(Invocation::new(batch(&[("succeeds", SUCCEED), ("fails", FAIL)]))).await?;
    }
    let lines = function.stop().await?;
    let metrics: Vec<_> = lines.iter().filter(|line| line.contains("\"_aws\"")).collect();
    let [first, second] = metrics[..] else { bail!("{metrics:#?}") };
    let [first, second] = [first, second].map(|line| extract(line));
    let (first, second) = (first.map_err(anyhow::Error::msg)?, second.map_err(anyhow::Error::msg)?);
    assert_eq!((first.namespace.as_str(), first.dimensions["service"].as_str()), ("Shop/Orders", "orders"));
    assert_eq!((&first.metrics["ColdStart"].0, &second.metrics["ColdStart"].0), (&vec![1.0], &vec![0.0]));
    assert_eq!(second.metrics["MessagesAlreadyDone"].0, [1.0]);
    assert!(first.metrics.contains_key("RemainingTime"));
    Ok(())
}

#[tokio::test]
async fn a_namespace_that_cloudwatch_refuses_stops_the_start() -> anyhow::Result<()> {
    let function = Function::start(&[("SQS_RUNTIME_METRICS_NAMESPACE", "AWS/SQS")]).await?;
    let (status, output) = function.exit().await?;
    assert!(!status.success());
    let says = "SQS_RUNTIME_METRICS_NAMESPACE has to be a namespace of CloudWatch";
    assert_eq!(output.iter().filter(|line| line.contains(says)).count(), 1, "{output:?}");
    Ok(())
}
