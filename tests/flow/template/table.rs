//! The idempotency table.

use super::{Node, Rule, TEMPLATES, Template, each};

const TABLE: &str = "IdempotencyTable";

#[test]
fn the_table_has_the_key_and_the_expiry_that_the_store_writes() -> Rule {
    each(TEMPLATES, |template| {
        let table = template.properties(TABLE)?;
        let keys = list_of(table, "KeySchema", ["AttributeName", "KeyType"]);
        let types = list_of(table, "AttributeDefinitions", ["AttributeName", "AttributeType"]);

        assert_eq!(
            keys,
            [[Some("id"), Some("HASH")]],
            "the store's key is `id` alone: every claim is refused as invalid"
        );
        assert_eq!(types, [[Some("id"), Some("S")]], "the store's key is a string: every claim is refused as invalid");
        assert_eq!(
            table.string("TimeToLiveSpecification.AttributeName"),
            Some("expiration"),
            "the store writes its expiry to `expiration`: under another name no item is ever deleted"
        );
        assert_eq!(
            table.flag("TimeToLiveSpecification.Enabled"),
            Some(true),
            "items are never deleted and the table grows for ever"
        );
        Ok(())
    })
}

#[test]
fn the_tables_outlive_the_stack() -> Rule {
    each(TEMPLATES, |template| {
        let tables = template.of_type("AWS::DynamoDB::Table");
        assert!(!tables.is_empty());
        for (name, table) in tables {
            for policy in ["DeletionPolicy", "UpdateReplacePolicy"] {
                assert_eq!(
                    table.string(policy),
                    Some("Retain"),
                    "{name}: without {policy}: Retain the memory of what is done goes with the stack, and redelivered \
                     messages run again"
                );
            }
            assert_eq!(
                table.flag("Properties.DeletionProtectionEnabled"),
                Some(true),
                "{name} can be deleted by mistake, and with it the memory of what is done"
            );
        }
        Ok(())
    })
}

#[test]
fn whoever_consumes_is_told_the_table() -> Rule {
    each(TEMPLATES, |template| {
        assert_eq!(
            told(template)?,
            TABLE,
            "IDEMPOTENCY_TABLE does not name this template's table: claims are kept in another, or nothing starts"
        );
        Ok(())
    })
}

/// Which table `IDEMPOTENCY_TABLE` names.
fn told(template: &Template) -> Result<&str, String> {
    template
        .setting("IDEMPOTENCY_TABLE")
        .and_then(|node| node.intrinsic("Ref"))
        .ok_or_else(|| "IDEMPOTENCY_TABLE names no table".to_owned())
}

/// Of each entry of the list at `path`: these two strings.
fn list_of<'a>(node: Node<'a>, path: &str, keys: [&str; 2]) -> Vec<[Option<&'a str>; 2]> {
    node.list(path).into_iter().map(|item| keys.map(|key| item.string(key))).collect()
}
