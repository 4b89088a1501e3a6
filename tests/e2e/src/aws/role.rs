//! The role of a function: that of `template.yaml`, made for the queues and tables of one function.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use reqwest::Url;
use saphyr::{LoadableYamlNode as _, YamlOwned};
use serde_json::{Value, json};

use super::http::Http;
use crate::template::TEMPLATE;

/// What the template's resources are called here, by their names there.
pub(crate) type Arns = BTreeMap<&'static str, String>;

/// Makes a role that may do what the template's role may, and update that table, if there is one: the template does not have it.
pub(crate) async fn create(endpoint: &str, name: &str, arns: &Arns, table: Option<&str>) -> anyhow::Result<()> {
    let iam = Http::new(endpoint, "iam")?;
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole",
    }]});
    let mut statements = statements(arns)?;
    statements.iter_mut().for_each(with_batches);
    let of_table = |table| json!({"Effect": "Allow", "Action": "dynamodb:UpdateItem", "Resource": table});
    statements.extend(table.map(of_table));
    let policy = json!({"Version": "2012-10-17", "Statement": statements});
    let role = [("Action", "CreateRole"), ("RoleName", name), ("AssumeRolePolicyDocument", &trust.to_string())];
    ask(&iam, &role).await?;
    let policy = policy.to_string();
    let policy =
        [("Action", "PutRolePolicy"), ("RoleName", name), ("PolicyName", "function"), ("PolicyDocument", &policy)];
    ask(&iam, &policy).await
}

async fn ask(iam: &Http, parameters: &[(&str, &str)]) -> anyhow::Result<()> {
    let parameters = parameters.iter().chain(&[("Version", "2010-05-08")]);
    let url = Url::parse_with_params("http://localhost/", parameters)?;
    let body = url.query().unwrap_or_default().to_owned();
    iam.post("", &[("content-type", "application/x-www-form-urlencoded")], body).await.context("a role")?;
    Ok(())
}

/// The statements of the template's role, for these resources.
fn statements(arns: &Arns) -> anyhow::Result<Vec<Value>> {
    let documents = YamlOwned::load_from_str(TEMPLATE)?;
    let policies = documents
        .first()
        .and_then(|template| at(template, &["Resources", "OrdersFunctionRole", "Properties", "Policies"])?.as_vec());
    let policy = policies.and_then(|policies| policies.first()).context("template.yaml has no policy")?;
    let statements = at(policy, &["PolicyDocument", "Statement"]).and_then(YamlOwned::as_vec);
    statements.context("the policy has no statements")?.iter().map(|statement| plain(statement, arns)).collect()
}

/// On AWS a permission covers the batch call as well. The emulator asks for one of its own, which AWS does not have.
fn with_batches(statement: &mut Value) {
    let Some(actions) = statement.get_mut("Action").and_then(Value::as_array_mut) else { return };
    let sqs = actions.iter().filter_map(Value::as_str).filter(|action| action.starts_with("sqs:"));
    let batches: Vec<Value> = sqs.map(|action| format!("{action}Batch").into()).collect();
    actions.extend(batches);
}

fn at<'a>(node: &'a YamlOwned, path: &[&str]) -> Option<&'a YamlOwned> {
    path.iter().try_fold(node, |node, key| node.as_mapping_get(key))
}

/// JSON, with `!GetAtt NAME.Arn` as the name of what there is instead.
fn plain(node: &YamlOwned, arns: &Arns) -> anyhow::Result<Value> {
    if let Some(text) = node.as_str() {
        return Ok(text.into());
    }
    if let Some(all) = node.as_vec() {
        return all.iter().map(|one| plain(one, arns)).collect();
    }
    if let Some(all) = node.as_mapping() {
        let pair = |(key, value): (&YamlOwned, &YamlOwned)| {
            Ok((key.as_str().context("a key that is no text")?.to_owned(), plain(value, arns)?))
        };
        return all.iter().map(pair).collect();
    }
    let resource = node.get_tagged_node().and_then(YamlOwned::as_str).and_then(|name| name.strip_suffix(".Arn"));
    match resource.and_then(|name| arns.get(name)) {
        Some(arn) => Ok(arn.as_str().into()),
        None => bail!("template.yaml grants something that is not known here: {node:?}"),
    }
}
