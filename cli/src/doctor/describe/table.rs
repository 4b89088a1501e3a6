//! Tables.

use super::id;
use crate::doctor::{
    model::{Table, TableKey},
    read::Node,
    resolve::Resource,
    setting::{Place, Setting},
};

pub(super) fn table(resource: &Resource) -> Table {
    Table {
        id: id(resource, "TableName"),
        keys: resource.at("KeySchema").and_then(|schema| keys(resource, schema)),
        ttl_attribute: resource.at("TimeToLiveSpecification.AttributeName").word(),
        ttl_enabled: resource.at("TimeToLiveSpecification.Enabled").flag(),
    }
}

fn keys(resource: &Resource, schema: &Node) -> Setting<Vec<TableKey>> {
    let keys = schema.items().iter().map(|key| {
        let attribute = key.at("AttributeName").word();
        let kind = resource.at("AttributeDefinitions").and_then(|all| kind(all, attribute.known()));
        TableKey { attribute, role: key.at("KeyType").word(), kind }
    });
    Setting::Known(keys.collect(), Place::line(schema.line))
}

fn kind(definitions: &Node, attribute: Option<&String>) -> Setting<String> {
    let is_meant = |definition: &&Node| definition.at("AttributeName").word().known() == attribute;
    let definition = definitions.items().iter().find(is_meant);
    definition.map_or(Setting::Unknown, |definition| definition.at("AttributeType").word())
}

/// SAM's table: one key, `id` of type String unless it says otherwise, and no way to have a TTL.
pub(super) fn simple(resource: &Resource) -> Table {
    let or = |path: &str, default: &str| {
        let default = Setting::Known(default.to_owned(), resource.place);
        resource.at(path).word().or(|| default)
    };
    let kind = match or("PrimaryKey.Type", "String") {
        Setting::Known(kind, place) => Setting::Known(kind.chars().take(1).collect(), place),
        other => other,
    };
    let key = TableKey {
        attribute: or("PrimaryKey.Name", "id"),
        role: Setting::Known("HASH".to_owned(), resource.place),
        kind,
    };
    Table {
        id: id(resource, "TableName"),
        keys: Setting::Known(vec![key], resource.place),
        ttl_attribute: Setting::Absent,
        ttl_enabled: Setting::Absent,
    }
}
