//! What handlers leave behind.

use std::{collections::HashMap, str::FromStr};

use anyhow::Context as _;
use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
    types::{AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType},
};

use super::{ACCOUNT, KEY, REGION};

/// The tables behind one function.
pub(crate) struct Tables {
    client: Client,
    /// Of its claims.
    pub(crate) idempotency: String,
    /// Of what it leaves behind, where it does so in a table.
    pub(crate) effects: Option<String>,
}

/// A row of a table.
#[derive(Debug)]
pub(crate) struct Row(pub(crate) HashMap<String, AttributeValue>);

impl Row {
    /// Empty where there is no such text.
    pub(crate) fn text(&self, name: &str) -> String {
        self.0.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default()
    }

    /// The default, such as 0, where there is no such number.
    pub(crate) fn number<N: FromStr + Default>(&self, name: &str) -> N {
        let number = self.0.get(name).and_then(|value| value.as_n().ok());
        number.and_then(|number| number.parse().ok()).unwrap_or_default()
    }
}

impl Tables {
    /// Makes them; what is left behind has this partition key, and no table without one.
    pub(crate) async fn create(endpoint: &str, name: &str, key: Option<&str>) -> anyhow::Result<Self> {
        let tables = Self {
            client: client(endpoint),
            idempotency: format!("{name}-idempotency"),
            effects: key.map(|_| format!("{name}-effects")),
        };
        tables.create_one(&tables.idempotency, "id").await?;
        if let (Some(effects), Some(key)) = (&tables.effects, key) {
            tables.create_one(effects, key).await?;
        }
        Ok(tables)
    }

    async fn create_one(&self, name: &str, key: &str) -> anyhow::Result<()> {
        let schema = KeySchemaElement::builder().attribute_name(key).key_type(KeyType::Hash).build()?;
        let attribute =
            AttributeDefinition::builder().attribute_name(key).attribute_type(ScalarAttributeType::S).build()?;
        let request = self.client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
        request.key_schema(schema).attribute_definitions(attribute).send().await.context("a table")?;
        Ok(())
    }

    /// The Amazon Resource Name of one of them.
    pub(crate) fn arn(table: &str) -> String {
        format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}")
    }

    /// What is left behind in a table.
    pub(crate) async fn rows(&self) -> anyhow::Result<Vec<Row>> {
        let effects = self.effects.as_ref().context("there is no such table")?;
        let request = self.client.scan().table_name(effects).consistent_read(true);
        let rows: Result<Vec<_>, _> = request.into_paginator().items().send().collect().await;
        Ok(rows.context("rows")?.into_iter().map(Row).collect())
    }
}

fn client(endpoint: &str) -> Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .credentials_provider(Credentials::new(KEY, KEY, None, None, "e2e"))
        .region(Region::new(REGION))
        .endpoint_url(endpoint)
        .build();
    Client::from_conf(config)
}
