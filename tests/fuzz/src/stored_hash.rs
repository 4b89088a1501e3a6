//! A stored hash of Redis, as the store reads it: garbage is never a grant and never a success.
//!
//! The input is one field a line, `name=value`; values may be any bytes but a line feed.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use redis::{Cmd, Pipeline, RedisFuture, Value, aio::ConnectionLike};
use sqs_runtime::claim::redis::RedisStore;

use super::row::{Reply, Said, ask, clock};

/// A server that gives the same answer to every script.
#[derive(Clone)]
struct Connection(Arc<Mutex<Value>>);

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, _: &'a Cmd) -> RedisFuture<'a, Value> {
        let value = self.0.lock().expect("no panic").clone();
        Box::pin(async move { Ok(value) })
    }
    fn req_packed_commands<'a>(&'a mut self, _: &'a Pipeline, _: usize, _: usize) -> RedisFuture<'a, Vec<Value>> {
        Box::pin(async { unreachable!("one script at a time") })
    }
    fn get_db(&self) -> i64 {
        0
    }
}

/// Any bytes as a hash.
pub fn check(data: &[u8]) {
    let pair = |line: &[u8]| {
        let at = line.iter().position(|byte| *byte == b'=')?;
        Some((line[..at].to_vec(), line[at + 1..].to_vec()))
    };
    let fields: BTreeMap<_, _> = data.split(|byte| *byte == b'\n').filter_map(pair).collect();
    let said = said(&fields);
    let flat = fields.into_iter().flat_map(|(name, value)| [Value::BulkString(name), Value::BulkString(value)]);
    let flat = Value::Array(flat.collect());
    let connection = Connection(Arc::new(Mutex::new(Value::Nil)));
    let store = RedisStore::new(connection.clone()).clock(clock());
    for reply in [Reply::Refused, Reply::Written] {
        let written = Value::Int((reply == Reply::Written).into());
        *connection.0.lock().expect("no panic") = Value::Array(vec![written, flat.clone()]);
        ask(&store, reply, said.as_ref());
    }
}

/// What the hash says; `None` where it is no row.
fn said(fields: &BTreeMap<Vec<u8>, Vec<u8>>) -> Option<Said> {
    let text = |name: &str| String::from_utf8(fields.get(name.as_bytes())?.clone()).ok();
    let is_number = |digits: &String| digits.parse::<u64>().is_ok() && digits.len() < 16 && !digits.starts_with('+');
    let number = |name: &str| text(name).filter(is_number);
    number("since")?;
    number("expiration")?;
    number("attempts")?.parse::<u32>().ok()?;
    (text("v")? == "1").then_some(())?;
    let status = text("status")?;
    let lease_end = number("in_progress_expiration");
    ["INPROGRESS", "COMPLETED", "RELEASED", "FAILED"].contains(&&*status).then_some(())?;
    let owner = text("owner").filter(|owner| owner.len() == 32 && owner.bytes().all(|b| b.is_ascii_hexdigit()))?;
    let (validation, fence) = (text("validation")?, number("fence")?);
    Some(Said { status, owner, validation, fence, lease_end, version: text("version") })
}
