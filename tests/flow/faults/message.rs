//! What one request asks for.

use super::{fault::Stage, server::Request};

#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) key: String,
    pub(super) kind: Kind,
    pub(super) owner: String,
    pub(super) fence: Option<u64>,
    /// Whether business writes travel with it.
    pub(super) is_transaction: bool,
    pub(super) request: Request,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Read,
    Claim,
    Complete,
    /// A success that no claim preceded.
    Mark,
    /// A release or a rejection.
    GiveUp,
}

impl Kind {
    /// Whether it records a success.
    pub(super) fn commits(self) -> bool {
        matches!(self, Self::Complete | Self::Mark)
    }

    /// Whether it gives a fence.
    pub(super) fn grants(self) -> bool {
        matches!(self, Self::Claim | Self::Mark)
    }
}

impl Message {
    pub(super) fn of(request: Request) -> Self {
        let in_transaction = request.body.pointer("/TransactItems/0/Update");
        let record = in_transaction.unwrap_or(&request.body);
        let values = &record["ExpressionAttributeValues"];
        let fence = values[":fence"]["N"].as_str().and_then(|fence| fence.parse().ok());
        let update = record["UpdateExpression"].as_str().unwrap_or_default();
        let kind = match update.strip_prefix("SET #status = ").and_then(|update| update.split(',').next()) {
            Some(":inprogress") => Kind::Claim,
            Some(":completed") if fence.is_some() => Kind::Complete,
            Some(":completed") => Kind::Mark,
            Some(":released" | ":failed") => Kind::GiveUp,
            _ => Kind::Read,
        };
        Self {
            key: record["Key"]["id"]["S"].as_str().expect("a key").to_owned(),
            kind,
            owner: values[":me"]["S"].as_str().unwrap_or_default().to_owned(),
            fence,
            is_transaction: in_transaction.is_some(),
            request,
        }
    }

    /// A copy that arrives late, when no token tells it from a new request: the conditions alone must.
    pub(super) fn late(&self) -> Self {
        Self { request: self.request.clone().beyond_its_token(), ..self.clone() }
    }

    /// Which operation it belongs to, behind these; a read belongs to the write before it.
    pub(super) fn stage(&self, was: impl Fn(Stage) -> bool) -> Stage {
        match self.kind {
            Kind::Claim => Stage::Claim,
            Kind::Read if was(Stage::Settle) || was(Stage::Transact) => Stage::ReadAfterSettle,
            Kind::Read if was(Stage::Claim) => Stage::ReadAfterClaim,
            Kind::Read => Stage::Look,
            _ if self.is_transaction => Stage::Transact,
            Kind::Complete | Kind::Mark | Kind::GiveUp => Stage::Settle,
        }
    }
}
