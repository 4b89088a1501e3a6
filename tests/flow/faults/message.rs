//! What one request asks for.

use serde_json::Value;

use super::{fault::Stage, server::Request};

#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) key: String,
    pub(super) kind: Kind,
    pub(super) owner: String,
    pub(super) fence: Option<u64>,
    /// Whether business writes travel with it.
    pub(super) is_transaction: bool,
    /// Whether it travels with those of other records.
    pub(super) is_statement: bool,
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
    /// What a request asks for: of several that travel together each by itself, as the server takes them.
    pub(super) fn all(request: Request) -> Vec<Self> {
        match request.statements() {
            Some(statements) => statements.into_iter().map(Self::of_statement).collect(),
            None => vec![Self::of(request)],
        }
    }

    fn of_statement(request: Request) -> Self {
        let written = Written::of(&request);
        let kind = match written.text("status") {
            "INPROGRESS" => Kind::Claim,
            "COMPLETED" => Kind::Complete,
            _ => Kind::GiveUp,
        };
        let fence = written.text("fence").parse().ok();
        Self {
            key: written.text("id").to_owned(),
            kind,
            owner: written.text("owner").to_owned(),
            fence,
            is_transaction: false,
            is_statement: true,
            request,
        }
    }

    fn of(request: Request) -> Self {
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
            is_statement: false,
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
            Kind::Claim if self.is_statement => Stage::ClaimTogether,
            Kind::Claim => Stage::Claim,
            _ if self.is_statement => Stage::SettleTogether,
            Kind::Read if was(Stage::Settle) || was(Stage::Transact) => Stage::ReadAfterSettle,
            Kind::Read if was(Stage::Claim) => Stage::ReadAfterClaim,
            Kind::Read => Stage::Look,
            _ if self.is_transaction => Stage::Transact,
            Kind::Complete | Kind::Mark | Kind::GiveUp => Stage::Settle,
        }
    }
}

/// The attributes that a statement names, each with its value: the first that stands for it, so that a status is the one that is set.
struct Written<'a>(Vec<(&'a str, &'a Value)>);

impl<'a> Written<'a> {
    fn of(request: &'a Request) -> Self {
        let text = request.body.pointer("/Statements/0/Statement").and_then(Value::as_str).unwrap_or_default();
        let values = request.body.pointer("/Statements/0/Parameters").and_then(Value::as_array);
        // A value stands behind its attribute's name.
        let name = |before: &'a str| before.rsplit(['"', '\'']).nth(1).unwrap_or_default();
        Self(text.split('?').map(name).zip(values.into_iter().flatten()).collect())
    }

    fn text(&self, name: &str) -> &'a str {
        let value = self.0.iter().find(|(other, _)| *other == name).map(|(_, value)| *value);
        value.and_then(|value| value["S"].as_str().or_else(|| value["N"].as_str())).unwrap_or_default()
    }
}
