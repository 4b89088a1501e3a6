//! DynamoDB: the keys of tables, and what they forget by.

use aws_sdk_dynamodb::{
    Client,
    types::{TableDescription, TimeToLiveDescription, TimeToLiveStatus},
};

use super::{
    reading::Reading,
    stack::{Resource, Stack},
};
use crate::doctor::{
    model::{Table, TableKey},
    setting::Setting,
};

pub(super) async fn read(client: &Client, reading: &mut Reading, stack: &Stack) {
    for kind in ["AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"] {
        for resource in stack.of(kind) {
            let table = table(client, reading, resource).await;
            reading.model.tables.push(table);
        }
    }
}

async fn table(client: &Client, reading: &mut Reading, resource: &Resource) -> Table {
    let call = client.describe_table().table_name(&resource.physical).send();
    let described = reading.ask(&resource.both(), "dynamodb:DescribeTable", call).await;
    let call = client.describe_time_to_live().table_name(&resource.physical).send();
    let forgets = reading.ask(&resource.both(), "dynamodb:DescribeTimeToLive", call).await;
    let (ttl_attribute, ttl_enabled) =
        forgets.map_or((Setting::Unknown, Setting::Unknown), |answer| ttl(answer.time_to_live_description));
    let keys = described.and_then(|answer| answer.table).map_or(Setting::Unknown, |table| keys(&table));
    Table { id: resource.id(), keys, ttl_attribute, ttl_enabled }
}

fn keys(table: &TableDescription) -> Setting<Vec<TableKey>> {
    let keys = table.key_schema.as_ref().map(|schema| {
        let keys = schema.iter().map(|key| TableKey {
            attribute: Setting::said(Some(key.attribute_name.clone())),
            role: Setting::said(Some(key.key_type.as_str().to_owned())),
            kind: kind(table, &key.attribute_name),
        });
        keys.collect()
    });
    Setting::said(keys)
}

fn kind(table: &TableDescription, attribute: &str) -> Setting<String> {
    let definition = table.attribute_definitions().iter().find(|definition| definition.attribute_name == attribute);
    Setting::said(definition.map(|definition| definition.attribute_type.as_str().to_owned()))
}

/// The attribute, and whether rows are deleted by it. One that is just being turned on or off is as good as that.
fn ttl(said: Option<TimeToLiveDescription>) -> (Setting<String>, Setting<bool>) {
    let (attribute, status) = said.map_or((None, None), |said| (said.attribute_name, said.time_to_live_status));
    let enabled = match status {
        Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling) => Setting::said(Some(true)),
        Some(TimeToLiveStatus::Disabled | TimeToLiveStatus::Disabling) => Setting::said(Some(false)),
        None => Setting::Absent,
        // A status that came after this was written.
        Some(_) => Setting::Unknown,
    };
    (Setting::said(attribute), enabled)
}
