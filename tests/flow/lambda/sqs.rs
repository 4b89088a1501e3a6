//! SQS on loopback, as far as a function tells it of failures.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use sqs_runtime::run::{Spawn as _, TokioSpawn};
use tokio::net::{TcpListener, TcpStream};

use super::http::{Connection, Response};

/// What a role may do.
#[derive(Clone, Copy)]
pub(super) enum Role {
    MayAll,
    MayNothing,
}

pub(super) struct Sqs {
    address: SocketAddr,
    server: Server,
}

#[derive(Clone)]
struct Server {
    role: Role,
    asked: Arc<Mutex<Vec<Value>>>,
}

impl Sqs {
    pub(super) async fn start(role: Role) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let (address, server) = (listener.local_addr()?, Server { role, asked: Arc::default() });
        TokioSpawn.spawn(Box::pin(server.clone().listen(listener)));
        Ok(Self { address, server })
    }

    /// What `AWS_ENDPOINT_URL_SQS` says.
    pub(super) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The bodies of all requests so far.
    pub(super) fn asked(&self) -> Vec<Value> {
        self.server.asked.lock().unwrap().clone()
    }
}

impl Server {
    async fn listen(self, listener: TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            let connection = self.clone().serve(stream);
            TokioSpawn.spawn(Box::pin(async { drop(connection.await) }));
        }
    }

    async fn serve(self, stream: TcpStream) -> io::Result<()> {
        let mut connection = Connection::new(stream);
        while let Some(request) = connection.read().await? {
            let asked: Value = serde_json::from_slice(&request.body)?;
            let (status, answer) = self.answer(&asked);
            self.asked.lock().unwrap().push(asked);
            let headers = vec![("content-type", "application/x-amz-json-1.0".to_owned())];
            connection.write(Response { status, headers, body: answer.to_string() }).await?;
        }
        Ok(())
    }

    /// By what is asked for: `GetQueueUrl` names a queue, a batch call has entries.
    fn answer(&self, asked: &Value) -> (&'static str, Value) {
        let ids = asked["Entries"].as_array().into_iter().flatten().map(|entry| json!({ "Id": entry["Id"] }));
        match self.role {
            Role::MayNothing => ("403 Forbidden", json!({"__type": "com.amazonaws.sqs#AccessDeniedException"})),
            Role::MayAll if asked.get("QueueName").is_some() => ("200 OK", json!({"QueueUrl": "http://queue/orders"})),
            Role::MayAll => ("200 OK", json!({"Successful": ids.collect::<Vec<_>>(), "Failed": []})),
        }
    }
}
