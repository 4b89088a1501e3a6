//! The traces of a function, as a collector receives them.

use opentelemetry_proto::tonic::trace::v1::{span::SpanKind, status::StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpSocket;

use super::{
    collector::{Collector, Seen, hexadecimal},
    events::{FAIL, SUCCEED, batch},
    fake_runtime_api::Invocation,
    function::Function,
};

/// What Lambda says with active tracing.
const SAMPLED: &str = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1";
const TRACE: &str = "5bef4de7ad49b0e87f6ef6c87fc2e700";

/// Two messages with what their senders put on them: X-Ray's header on the one that succeeds, `traceparent` on the one that fails.
fn event() -> String {
    let mut event: Value = serde_json::from_str(&batch(&[("succeeds", SUCCEED), ("fails", FAIL)])).unwrap();
    event["Records"][0]["attributes"]["AWSTraceHeader"] =
        json!("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1");
    event["Records"][1]["messageAttributes"]["traceparent"] = json!({
        "stringValue": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "dataType": "String",
    });
    event.to_string()
}

fn of_message<'a>(spans: &'a [Seen], id: &str) -> &'a Seen {
    let is_of = |seen: &&Seen| seen.attributes.get("messaging.message.id").is_some_and(|other| other == id);
    spans.iter().find(is_of).unwrap_or_else(|| panic!("no span of {id} in {spans:#?}"))
}

#[tokio::test]
async fn the_spans_of_an_invocation_are_with_the_collector_before_its_answer() -> anyhow::Result<()> {
    let collector = Collector::start().await?;
    let mut function = Function::start(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint())]).await?;
    let answer = function.invoke(Invocation::new(event()).traced(SAMPLED)).await?;

    let spans = collector.spans();
    let [invocation, _, _, _] = &spans[..] else { panic!("{spans:#?}") };
    assert_eq!((invocation.span.name.as_str(), invocation.span.kind()), ("invocation", SpanKind::Server));
    assert_eq!((invocation.trace(), invocation.parent()), (TRACE.to_owned(), "9a9197af755a6419".to_owned()));
    assert_eq!(invocation.service, "orders");
    assert_eq!(invocation.attributes["faas.invocation_id"], answer.request_id);
    assert_eq!(invocation.attributes["faas.trigger"], "pubsub");

    let batch = spans.iter().find(|seen| seen.attributes.contains_key("messaging.batch.message_count")).unwrap();
    assert_eq!((batch.span.name.as_str(), batch.span.kind()), ("process orders", SpanKind::Consumer));
    assert_eq!(batch.parent(), hexadecimal(&invocation.span.span_id));
    let senders = ["5759e988bd862e3fe1be46a994272793", "0af7651916cd43dd8448eb211c80319c"];
    assert_eq!(
        (&*batch.attributes["messaging.batch.message_count"], batch.linked()),
        ("2", senders.map(String::from).into())
    );

    for (id, sender) in [("succeeds", senders[0]), ("fails", senders[1])] {
        let message = of_message(&spans, id);
        assert_eq!((message.span.name.as_str(), message.span.kind()), ("process orders", SpanKind::Consumer));
        assert_eq!((message.trace(), message.parent()), (TRACE.to_owned(), hexadecimal(&batch.span.span_id)));
        assert_eq!(message.linked(), [sender], "a link, and no parent");
        for (name, value) in [
            ("messaging.system", "aws_sqs"),
            ("messaging.destination.name", "orders"),
            ("messaging.operation.name", "process"),
            ("messaging.operation.type", "process"),
        ] {
            assert_eq!(message.attributes[name], value, "{name}");
        }
        assert!(message.span.start_time_unix_nano >= batch.span.start_time_unix_nano);
    }
    let (succeeds, fails) = (of_message(&spans, "succeeds"), of_message(&spans, "fails"));
    assert_eq!(
        (&*succeeds.attributes["sqs_runtime.outcome"], &succeeds.span.status),
        ("done", &Some(Default::default()))
    );
    assert_eq!((&*fails.attributes["error.type"], &*fails.attributes["sqs_runtime.outcome"]), ("Handler", "retry"));
    assert_eq!(fails.span.status.as_ref().unwrap().code(), StatusCode::Error);
    let is_body = |text: &String| text.contains(FAIL) || text.contains("AQEB");
    assert!(!spans.iter().any(|seen| seen.attributes.values().any(is_body)), "neither bodies nor receipt handles");
    Ok(())
}

/// Without active tracing Lambda says "not sampled": that is nobody's parent, and the trace is one of its own.
#[tokio::test]
async fn an_invocation_that_lambda_does_not_sample_begins_a_trace() -> anyhow::Result<()> {
    let collector = Collector::start().await?;
    let mut function = Function::start(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint())]).await?;
    for _ in 0..2 {
        function.invoke(Invocation::new(batch(&[("succeeds", SUCCEED)]))).await?;
    }
    let spans = collector.spans();
    let invocations: Vec<_> = spans.iter().filter(|seen| seen.span.name == "invocation").collect();
    let [first, second] = invocations[..] else { panic!("{spans:#?}") };
    assert!(first.trace() != TRACE && first.trace() != second.trace());
    assert_eq!(first.parent(), "");
    Ok(())
}

/// Whoever consumes does not depend on who collects.
#[tokio::test]
async fn a_collector_that_is_away_fails_no_message() -> anyhow::Result<()> {
    // Bound and not listening: nobody else gets the port, and whoever connects is refused.
    let nobody = TcpSocket::new_v4()?;
    nobody.bind((std::net::Ipv4Addr::LOCALHOST, 0).into())?;
    let endpoint = format!("http://{}", nobody.local_addr()?);
    let mut function = Function::start(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]).await?;
    let answer = function.invoke(Invocation::new(event())).await?;
    assert_eq!(answer.failed_ids()?, ["fails"]);
    // On a slow machine behind the answer, which waits for the export for a moment only.
    function.says("traces could not be exported").await
}
