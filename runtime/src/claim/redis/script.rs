//! The conditional writes as scripts: each runs on the server without anything in between. Each condition is the protocol's
//! `allows` of the same name.

use redis::Script;

/// All of them, made once. The server keeps a script under its hash, and is sent the text only where it does not know it.
#[derive(Debug)]
pub(super) struct Scripts {
    pub(super) claim: Script,
    pub(super) complete: Script,
    pub(super) release: Script,
    pub(super) cancel: Script,
    pub(super) fail: Script,
    pub(super) renew: Script,
    pub(super) mark: Script,
    pub(super) forget: Script,
    pub(super) read: Script,
    pub(super) probe: Script,
}

const ROW: &str = include_str!("lua/row.lua");
const HELD: &str = include_str!("lua/held.lua");
const GRANT: &str = include_str!("lua/grant.lua");

impl Scripts {
    pub(super) fn new() -> Self {
        let script = |parts: [&str; 3]| Script::new(&parts.concat());
        Self {
            claim: script([ROW, GRANT, include_str!("lua/claim.lua")]),
            mark: script([ROW, GRANT, include_str!("lua/mark.lua")]),
            complete: script([ROW, HELD, include_str!("lua/complete.lua")]),
            release: script([ROW, HELD, include_str!("lua/release.lua")]),
            cancel: script([ROW, HELD, include_str!("lua/cancel.lua")]),
            fail: script([ROW, HELD, include_str!("lua/fail.lua")]),
            renew: script([ROW, HELD, include_str!("lua/renew.lua")]),
            forget: script([ROW, "", include_str!("lua/forget.lua")]),
            read: script([ROW, "", include_str!("lua/read.lua")]),
            probe: script([ROW, "", include_str!("lua/probe.lua")]),
        }
    }
}
