//! As much of HTTP as a probe and a scraper speak: the head of a request in, a page out. Pure.
//!
//! Header fields mean nothing to what is answered here, so none is read; a request that has a body is answered without it.

/// A request whose head is longer is refused.
pub(super) const LONGEST_HEAD: usize = 8 * 1024;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Request<'a> {
    /// Without its query.
    pub(super) path: &'a str,
    /// The page is wanted without its text.
    pub(super) is_head: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Ok,
    BadRequest,
    NotFound,
    MethodNotAllowed,
    HeadTooLarge,
    Unavailable,
}

impl Status {
    fn line(self) -> &'static str {
        match self {
            Self::Ok => "200 OK",
            Self::BadRequest => "400 Bad Request",
            Self::NotFound => "404 Not Found",
            Self::MethodNotAllowed => "405 Method Not Allowed\r\nAllow: GET, HEAD",
            Self::HeadTooLarge => "431 Request Header Fields Too Large",
            Self::Unavailable => "503 Service Unavailable",
        }
    }
}

/// How many bytes of these are the head of a request; `None` while it is not all there.
pub(super) fn head_len(read: &[u8]) -> Option<usize> {
    const END: &[u8] = b"\r\n\r\n";
    read.windows(END.len()).position(|bytes| bytes == END).map(|at| at + END.len())
}

/// What the head of a request asks for, or how it is refused.
pub(super) fn parse(head: &[u8]) -> Result<Request<'_>, Status> {
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let line = std::str::from_utf8(line).map_err(|_| Status::BadRequest)?;
    let mut words = line.split(' ');
    let (Some(method), Some(target), Some(version), None) = (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(Status::BadRequest);
    };
    let is_method = !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase());
    let is_target = target.starts_with('/') && target.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_method || !is_target || !matches!(version, "HTTP/1.1" | "HTTP/1.0") {
        return Err(Status::BadRequest);
    }
    let path = target.split('?').next().unwrap_or_default();
    match method {
        "GET" => Ok(Request { path, is_head: false }),
        "HEAD" => Ok(Request { path, is_head: true }),
        _ => Err(Status::MethodNotAllowed),
    }
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) status: Status,
    kind: &'static str,
    pub(super) text: String,
}

impl Page {
    /// A line for people.
    pub(super) fn line(status: Status, text: &str) -> Self {
        Self { status, kind: "text/plain; charset=utf-8", text: format!("{text}\n") }
    }

    /// Metrics in Prometheus' text format.
    pub(super) fn metrics(text: String) -> Self {
        Self { status: Status::Ok, kind: "text/plain; version=0.0.4; charset=utf-8", text }
    }

    /// A refusal, which says what is wrong by its status.
    pub(super) fn refusal(status: Status) -> Self {
        Self { status, kind: "text/plain; charset=utf-8", text: String::new() }
    }

    /// As it is sent. Whoever wants one more page connects anew.
    pub(super) fn bytes(&self, is_head: bool) -> Vec<u8> {
        let (status, kind, length) = (self.status.line(), self.kind, self.text.len());
        let text = if is_head { "" } else { &self.text };
        format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{text}"
        )
        .into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_get_and_a_head_are_understood() {
        let get = parse(b"GET /healthz?verbose=1 HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_eq!(get, Ok(Request { path: "/healthz", is_head: false }));
        assert_eq!(parse(b"HEAD / HTTP/1.0\r\n\r\n"), Ok(Request { path: "/", is_head: true }));
    }

    #[test]
    fn everything_else_is_refused() {
        for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
            let head = format!("{method} / HTTP/1.1\r\n\r\n");
            assert_eq!(parse(head.as_bytes()), Err(Status::MethodNotAllowed), "{method}");
        }
        let bad: [&[u8]; 12] = [
            b"",
            b"\r\n\r\n",
            b"GET",
            b"GET /\r\n\r\n",
            b"GET / HTTP/2.0\r\n\r\n",
            b"GET  / HTTP/1.1\r\n\r\n",
            b"GET / HTTP/1.1 more\r\n\r\n",
            b"get / HTTP/1.1\r\n\r\n",
            b"GET http://x/ HTTP/1.1\r\n\r\n",
            b"GET /\n HTTP/1.1\r\n\r\n",
            b"GET /\xff HTTP/1.1\r\n\r\n",
            b"GET /\0 HTTP/1.1\r\n\r\n",
        ];
        for head in bad {
            assert_eq!(parse(head), Err(Status::BadRequest), "{:?}", String::from_utf8_lossy(head));
        }
    }

    #[test]
    fn a_head_ends_with_its_empty_line_wherever_it_is_cut() {
        let read = b"GET / HTTP/1.1\r\nHost: x\r\n\r\nbody\r\n\r\n";
        let end = read.len() - 8;
        for cut in 0..read.len() {
            let whole = (cut >= end).then_some(end);
            assert_eq!(head_len(&read[..cut]), whole, "{cut}");
        }
    }

    /// Every change of one byte, and every cut, of heads that are understood: no panic, and a path that is one.
    #[test]
    fn whatever_comes_is_answered() {
        let heads: [&[u8]; 2] = [b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", b"HEAD /a?b HTTP/1.0\r\n\r\n"];
        let mut understood = 0;
        for head in heads {
            for place in 0..head.len() {
                for byte in 0..=u8::MAX {
                    let mut changed = head.to_vec();
                    changed[place] = byte;
                    let requests = [parse(&changed), parse(&changed[..place])];
                    for Request { path, .. } in requests.into_iter().flatten() {
                        assert!(path.starts_with('/') && !path.contains(['?', ' ', '\r', '\n', '\0']), "{path:?}");
                        understood += 1;
                    }
                }
            }
        }
        assert!(understood > 0);
    }

    #[test]
    fn a_page_has_its_length_also_without_its_text() {
        let page = Page::line(Status::Ok, "live");
        let whole = String::from_utf8(page.bytes(false)).unwrap();
        let head = String::from_utf8(page.bytes(true)).unwrap();
        assert!(head.contains("\r\nContent-Length: 5\r\n") && head.ends_with("\r\n\r\n"), "{head}");
        assert_eq!(whole, format!("{head}live\n"));
    }
}
