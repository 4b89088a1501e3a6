//! What handlers leave behind.

use std::collections::{BTreeMap, HashMap};

use anyhow::Context as _;
use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
    types::{AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType},
};

use super::{ACCOUNT, KEY, REGION};
use crate::account::Effect;

/// The tables of the shop behind one function.
pub(crate) struct Tables {
    client: Client,
    pub(crate) idempotency: String,
    pub(crate) orders: String,
}

impl Tables {
    /// Makes them.
    pub(crate) async fn create(endpoint: &str, name: &str) -> anyhow::Result<Self> {
        let tables = Self {
            client: client(endpoint),
            idempotency: format!("{name}-idempotency"),
            orders: format!("{name}-orders"),
        };
        tables.create_one(&tables.idempotency, "id").await?;
        tables.create_one(&tables.orders, "orderId").await?;
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

    /// The rows of orders, by order.
    pub(crate) async fn effects(&self) -> anyhow::Result<BTreeMap<String, Effect>> {
        let mut effects = BTreeMap::new();
        let mut pages =
            self.client.scan().table_name(&self.orders).consistent_read(true).into_paginator().items().send();
        while let Some(row) = pages.next().await {
            let row = row?;
            let (order, effect) = effect(&row).with_context(|| format!("{row:?} is no row of an order"))?;
            effects.insert(order, effect);
        }
        Ok(effects)
    }
}

fn effect(row: &HashMap<String, AttributeValue>) -> Option<(String, Effect)> {
    let text = |name| row.get(name)?.as_s().ok();
    let number = |name| row.get(name)?.as_n().ok();
    let what = format!("{} of {}", number("totalCents")?, text("customerId")?);
    let times = number("charges")?.parse().ok()?;
    Some((text("orderId")?.clone(), Effect { times, what }))
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
