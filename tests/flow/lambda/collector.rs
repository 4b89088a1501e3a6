//! A collector of traces: receives what an OTLP exporter sends, over HTTP as protobuf.

use std::{
    collections::BTreeMap,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    trace::v1::Span,
};
use prost::Message as _;
use sqs_runtime::run::{Spawn as _, TokioSpawn};
use tokio::net::{TcpListener, TcpStream};

use super::http::{Connection, Response};

#[derive(Clone, Default)]
struct Received(Arc<Mutex<Vec<Seen>>>);

/// A span as it came.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) service: String,
    pub(super) span: Span,
    pub(super) attributes: BTreeMap<String, String>,
}

impl Seen {
    /// The ids of the traces that it links to.
    pub(super) fn linked(&self) -> Vec<String> {
        self.span.links.iter().map(|link| hexadecimal(&link.trace_id)).collect()
    }

    pub(super) fn trace(&self) -> String {
        hexadecimal(&self.span.trace_id)
    }

    pub(super) fn parent(&self) -> String {
        hexadecimal(&self.span.parent_span_id)
    }
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) struct Collector {
    address: SocketAddr,
    received: Received,
}

impl Collector {
    pub(super) async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let (address, received) = (listener.local_addr()?, Received::default());
        TokioSpawn.spawn(Box::pin(received.clone().listen(listener)));
        Ok(Self { address, received })
    }

    /// What `OTEL_EXPORTER_OTLP_ENDPOINT` says.
    pub(super) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The spans that came by now, by their names.
    pub(super) fn spans(&self) -> Vec<Seen> {
        let mut spans = self.received.0.lock().unwrap().clone();
        spans.sort_by(|one, other| one.span.name.cmp(&other.span.name));
        spans
    }
}

impl Received {
    async fn listen(self, listener: TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            let connection = self.clone().serve(stream);
            TokioSpawn.spawn(Box::pin(async { drop(connection.await) }));
        }
    }

    async fn serve(self, stream: TcpStream) -> io::Result<()> {
        let mut connection = Connection::new(stream);
        while let Some(request) = connection.read().await? {
            let is_one = (request.method.as_str(), request.path.as_str()) == ("POST", "/v1/traces");
            let export = ExportTraceServiceRequest::decode(&*request.body).ok().filter(|_| is_one);
            let status = if export.is_some() { "200 OK" } else { "400 Bad Request" };
            export.into_iter().for_each(|export| self.take(export));
            connection.write(Response::empty(status)).await?;
        }
        Ok(())
    }

    fn take(&self, export: ExportTraceServiceRequest) {
        for resource in export.resource_spans {
            let of_resource = texts(&resource.resource.unwrap_or_default().attributes);
            let service = of_resource.get("service.name").cloned().unwrap_or_default();
            for span in resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
                let attributes = texts(&span.attributes);
                self.0.lock().unwrap().push(Seen { service: service.clone(), span, attributes });
            }
        }
    }
}

fn texts(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |attribute: &KeyValue| {
        let value = match attribute.value.clone()?.value? {
            Value::StringValue(text) => text,
            Value::IntValue(number) => number.to_string(),
            other => format!("{other:?}"),
        };
        Some((attribute.key.clone(), value))
    };
    attributes.iter().filter_map(text).collect()
}
