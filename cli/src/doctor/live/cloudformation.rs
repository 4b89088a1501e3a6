//! CloudFormation: which resources a stack has.

use aws_sdk_cloudformation::{
    Client,
    types::{ResourceStatus, StackResourceSummary},
};

use super::{
    reading::{Unread, answered},
    stack::{Resource, Stack},
};

pub(super) async fn stack(client: &Client, name: &str) -> Result<Stack, Unread> {
    let pages = client.list_stack_resources().stack_name(name).into_paginator().items().send();
    let summaries: Vec<_> = answered(name, "cloudformation:ListStackResources", pages.collect()).await?;
    Ok(Stack { resources: summaries.into_iter().filter_map(resource).collect() })
}

/// A resource that is there: one that was deleted, or left behind, is the stack's no longer.
fn resource(summary: StackResourceSummary) -> Option<Resource> {
    let is_gone =
        matches!(summary.resource_status, Some(ResourceStatus::DeleteComplete | ResourceStatus::DeleteSkipped));
    let physical = summary.physical_resource_id.filter(|id| !is_gone && !id.is_empty())?;
    Some(Resource { logical: summary.logical_resource_id?, physical, kind: summary.resource_type? })
}
