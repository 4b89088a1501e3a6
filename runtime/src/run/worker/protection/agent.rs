//! The ECS container agent, as far as it is asked here: one call over HTTP, to an address within the task's host.

use std::{pin::pin, time::Duration};

use futures_util::future::{Either, select};
use serde::Deserialize;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::pace::MINUTES;
use crate::clock::SharedClock;

/// How long a call may take. The agent asks ECS for it, and itself gives up after some seconds.
const LONGEST: Duration = Duration::from_secs(8);

/// An answer has some hundred bytes.
const MOST_BYTES: u64 = 64 * 1024;

/// Where the agent listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::run::worker) struct Agent {
    /// With its port.
    authority: Box<str>,
    path: Box<str>,
}

impl Agent {
    /// The agent at that URI, as `ECS_AGENT_URI` has it: plain HTTP. `None` where it is none.
    pub(super) fn at(uri: &str) -> Option<Self> {
        let rest = uri.strip_prefix("http://")?;
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let is_clean = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic() && !b"@?#".contains(&byte));
        if host.is_empty() || !is_clean(host) || !is_clean(path) {
            return None;
        }
        let has_port = host.rsplit(':').next().is_some_and(|port| host.contains(':') && port.parse::<u16>().is_ok());
        let authority = if has_port { host.into() } else { format!("{host}:80").into() };
        let path = path.trim_end_matches('/');
        let path = if path.is_empty() { "".into() } else { format!("/{path}").into() };
        Some(Self { authority, path })
    }

    /// Has the task protected, or no longer. What went wrong is for people.
    pub(super) async fn protect(&self, is_wanted: bool, clock: &SharedClock) -> Result<(), String> {
        match select(pin!(self.call(is_wanted)), clock.sleep(LONGEST)).await {
            Either::Left((Ok(answer), _)) => granted(&answer, is_wanted),
            Either::Left((Err(error), _)) => Err(error.to_string()),
            Either::Right(_) => Err("no answer in time".to_owned()),
        }
    }

    async fn call(&self, is_wanted: bool) -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(&*self.authority).await?;
        stream.write_all(self.request(is_wanted).as_bytes()).await?;
        let mut answer = Vec::new();
        stream.take(MOST_BYTES).read_to_end(&mut answer).await?;
        Ok(answer)
    }

    /// By HTTP/1.0 the answer is whole, not in chunks, and ends with the connection.
    fn request(&self, is_wanted: bool) -> String {
        let Self { authority, path } = self;
        let body = if is_wanted {
            format!(r#"{{"ProtectionEnabled":true,"ExpiresInMinutes":{MINUTES}}}"#)
        } else {
            r#"{"ProtectionEnabled":false}"#.to_owned()
        };
        let length = body.len();
        format!(
            "PUT {path}/task-protection/v1/state HTTP/1.0\r\nHost: {authority}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        )
    }
}

/// What the agent answers; a failure comes with status 200 too.
#[derive(Deserialize)]
struct Answer {
    protection: Option<Protection>,
    failure: Option<Failure>,
    error: Option<Failure>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Protection {
    protection_enabled: bool,
}

/// Its texts name the task with its account; its code does not.
#[derive(Deserialize)]
struct Failure {
    #[serde(alias = "Reason", alias = "Code")]
    code: Option<String>,
}

fn granted(answer: &[u8], is_wanted: bool) -> Result<(), String> {
    const NOT_UNDERSTOOD: &str = "the answer is not understood";
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").ok_or(NOT_UNDERSTOOD)?;
    let body = answer.get(end + 4..).unwrap_or_default();
    let answer: Answer = serde_json::from_slice(body).map_err(|_| NOT_UNDERSTOOD)?;
    match answer.failure.or(answer.error) {
        Some(failure) => Err(failure.code.unwrap_or_else(|| "refused".to_owned())),
        None if answer.protection.is_some_and(|now| now.protection_enabled == is_wanted) => Ok(()),
        None => Err("the task's protection did not change".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_is_taken_apart() {
        let agent = |authority: &str, path: &str| Some(Agent { authority: authority.into(), path: path.into() });
        assert_eq!(Agent::at("http://169.254.170.2/api/c0ffee"), agent("169.254.170.2:80", "/api/c0ffee"));
        assert_eq!(Agent::at("http://127.0.0.1:8080/"), agent("127.0.0.1:8080", ""));
        assert_eq!(Agent::at("http://[::1]:8080/a"), agent("[::1]:8080", "/a"));
        assert_eq!(Agent::at("http://[::1]/a"), agent("[::1]:80", "/a"));
        for none in
            ["", "https://x/", "http://", "http:///a", "169.254.170.2", "http://a b/", "http://x/\r\ny", "http://u@x/"]
        {
            assert_eq!(Agent::at(none), None, "{none:?}");
        }
    }

    #[test]
    fn a_request_has_the_length_of_its_body() {
        let request = Agent::at("http://a/b").unwrap().request(true);
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("PUT /b/task-protection/v1/state HTTP/1.0\r\nHost: a:80\r\n"), "{head}");
        assert!(head.ends_with(&format!("Content-Length: {}", body.len())), "{head}");
        assert_eq!(body, r#"{"ProtectionEnabled":true,"ExpiresInMinutes":30}"#);
    }

    /// The answers of AWS's developer guide, "Task scale-in protection endpoint".
    #[test]
    fn only_what_was_asked_for_is_a_grant() {
        let answer =
            |body: &str, is_wanted| granted(format!("HTTP/1.0 200 OK\r\nX: y\r\n\r\n{body}").as_bytes(), is_wanted);
        let protected =
            r#"{"protection":{"ExpirationDate":"2022-10-06T02:29:16Z","ProtectionEnabled":true,"TaskArn":"t"}}"#;
        assert_eq!(answer(protected, true), Ok(()));
        assert!(answer(protected, false).is_err());
        let open = r#"{"protection":{"ExpirationDate":null,"ProtectionEnabled":false,"TaskArn":"t"}}"#;
        assert_eq!(answer(open, false), Ok(()));
        let failure = r#"{"failure":{"Arn":"t","Detail":null,"Reason":"TASK_NOT_VALID"}}"#;
        assert_eq!(answer(failure, true), Err("TASK_NOT_VALID".to_owned()));
        let error = r#"{"requestID":"r","error":{"Arn":"t","Code":"AccessDeniedException","Message":"no"}}"#;
        assert_eq!(answer(error, true), Err("AccessDeniedException".to_owned()));
        for nothing in ["", "{}", "no JSON", "[]"] {
            assert!(answer(nothing, true).is_err(), "{nothing}");
        }
        assert!(granted(b"HTTP/1.0 200 OK", true).is_err());
    }
}
