//! An SQS behind a port of its own, for the program itself: the same answer to an operation, however often it is asked.

use std::io;

use serde_json::Value;
use sqs_runtime::run::{Spawn as _, TokioSpawn};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

/// Operations and their answers.
pub(crate) type Answers = &'static [(&'static str, fn() -> Value)];

/// Starts one, and gives its endpoint.
pub(crate) async fn sqs(answers: Answers) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let endpoint = format!("http://{}", listener.local_addr().expect("bound"));
    TokioSpawn.spawn(Box::pin(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Whoever asked sees what goes wrong.
            let _ = answer(stream, answers).await;
        }
    }));
    endpoint
}

/// One request for each connection.
async fn answer(stream: TcpStream, answers: Answers) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let (mut operation, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let (name, value) = line.trim_end().split_once(": ").unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "x-amz-target" => operation = value.rsplit('.').next().unwrap_or_default().to_owned(),
            "content-length" => length = value.parse().map_err(io::Error::other)?,
            _ => {}
        }
        if line.trim_end().is_empty() {
            break;
        }
    }
    stream.read_exact(&mut vec![0; length]).await?;
    let known = answers.iter().find(|(of, _)| *of == operation);
    let body = known.map(|(_, body)| body().to_string()).unwrap_or_default();
    let status = if known.is_some() { "200 OK" } else { "404 Not Found" };
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    stream.write_all(format!("{head}{body}").as_bytes()).await?;
    stream.shutdown().await
}
