//! As much of HTTP/1.1 as `lambda_runtime` speaks with the Runtime API.

use std::io;

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};

pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) body: Vec<u8>,
}

pub(super) struct Response {
    pub(super) status: &'static str,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
}

impl Response {
    pub(super) fn empty(status: &'static str) -> Self {
        Self { status, headers: Vec::new(), body: String::new() }
    }
}

/// A connection that is kept from one request to the next.
pub(super) struct Connection(BufReader<TcpStream>);

impl Connection {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self(BufReader::new(stream))
    }

    /// The next request; `None` once the other side has closed the connection.
    pub(super) async fn read(&mut self) -> io::Result<Option<Request>> {
        let line = self.line().await?;
        let mut words = line.split(' ');
        let (Some(method), Some(path)) = (words.next(), words.next()) else { return Ok(None) };
        let length = self.content_length().await?;
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await?;
        Ok(Some(Request { method: method.into(), path: path.into(), body }))
    }

    /// Reads the headers; only the length of the body is wanted.
    async fn content_length(&mut self) -> io::Result<usize> {
        let mut length = 0;
        loop {
            let line = self.line().await?;
            if line.is_empty() {
                return Ok(length);
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
        }
    }

    async fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.0.read_line(&mut line).await?;
        Ok(line.trim_end().to_owned())
    }

    pub(super) async fn write(&mut self, response: Response) -> io::Result<()> {
        let Response { status, headers, body } = response;
        let mut text = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in headers {
            text += &format!("{name}: {value}\r\n");
        }
        text += &format!("\r\n{body}");
        self.0.get_mut().write_all(text.as_bytes()).await
    }
}
