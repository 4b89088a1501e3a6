//! IAM: what the roles of the stack's functions allow.

use aws_sdk_iam::{Client, types::AttachedPolicy};

use super::{
    reading::Reading,
    stack::{Resource, Stack},
};
use crate::doctor::{
    model::{FunctionRole, Model, Role},
    read::{Node, document},
};

/// What stands in the ARNs of policies that AWS itself keeps.
const OF_AWS: &str = ":iam::aws:policy/";

pub(super) async fn read(client: &Client, reading: &mut Reading, stack: &Stack) {
    for resource in stack.of("AWS::IAM::Role") {
        // Nobody else's is judged.
        if is_of_a_function(&reading.model, resource) {
            let mut role = Role { id: resource.id(), statements: Vec::new(), whole: true };
            take_inline(client, reading, resource, &mut role).await;
            take_attached(client, reading, resource, &mut role).await;
            reading.model.roles.push(role);
        }
    }
}

fn is_of_a_function(model: &Model, resource: &Resource) -> bool {
    let id = resource.id();
    model.functions.iter().any(|function| match &function.role {
        FunctionRole::Named(name) => name.known().is_some_and(|name| id.is_meant_by(name)),
        FunctionRole::Generated(_) => false,
    })
}

async fn take_inline(client: &Client, reading: &mut Reading, resource: &Resource, role: &mut Role) {
    let pages = client.list_role_policies().role_name(&resource.physical).into_paginator().items().send();
    let names: Option<Vec<_>> = reading.ask(&resource.both(), "iam:ListRolePolicies", pages.collect()).await;
    role.whole &= names.is_some();
    for name in names.unwrap_or_default() {
        let call = client.get_role_policy().role_name(&resource.physical).policy_name(name).send();
        let answer = reading.ask(&resource.both(), "iam:GetRolePolicy", call).await;
        take(role, answer.map(|answer| answer.policy_document));
    }
}

async fn take_attached(client: &Client, reading: &mut Reading, resource: &Resource, role: &mut Role) {
    let pages = client.list_attached_role_policies().role_name(&resource.physical).into_paginator().items().send();
    let policies: Option<Vec<_>> = reading.ask(&resource.both(), "iam:ListAttachedRolePolicies", pages.collect()).await;
    role.whole &= policies.is_some();
    for arn in policies.unwrap_or_default().into_iter().filter_map(|policy: AttachedPolicy| policy.policy_arn) {
        if arn.contains(OF_AWS) {
            role.take_managed(&Node::text(0, arn));
        } else {
            let document = managed(client, reading, resource, &arn).await;
            take(role, document);
        }
    }
}

/// The document of a managed policy of one's own.
async fn managed(client: &Client, reading: &mut Reading, resource: &Resource, arn: &str) -> Option<String> {
    let call = client.get_policy().policy_arn(arn).send();
    let policy = reading.ask(&resource.both(), "iam:GetPolicy", call).await?.policy?;
    let call = client.get_policy_version().policy_arn(arn).set_version_id(policy.default_version_id).send();
    reading.ask(&resource.both(), "iam:GetPolicyVersion", call).await?.policy_version?.document
}

/// Takes a document as IAM gives it, URL-encoded; one that cannot be read may allow anything.
fn take(role: &mut Role, encoded: Option<String>) {
    match encoded.and_then(|text| document(&decoded(&text)?)) {
        Some(document) => role.take_document(&document),
        None => role.whole = false,
    }
}

/// A text without its percent escapes, of RFC 3986; `None` where that is no text.
fn decoded(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (escape, rest) = part.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(escape, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn a_document_is_decoded() {
        assert_eq!(decoded("%7B%22Sid%22%3A%22a+b%C3%A9%22%7D").as_deref(), Some("{\"Sid\":\"a+bé\"}"));
        assert_eq!(decoded("{}").as_deref(), Some("{}"));
        for broken in ["%", "%7", "%zz", "%ff", "%é"] {
            assert_eq!(decoded(broken), None, "{broken}");
        }
    }
}
