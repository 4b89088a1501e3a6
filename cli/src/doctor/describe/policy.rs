//! Policies: of roles, of queues, those that SAM makes of its templates, and AWS's own.

use super::id;
use crate::doctor::{
    model::{FunctionRole, Id, Model, QueuePolicy, Role, Statement},
    read::{Node, Value},
    resolve::{Resource, Template},
    setting::{Place, Setting},
};

/// Of AWS's managed policies those that consumers are given: what they allow of SQS and DynamoDB, on every resource.
const MANAGED: [(&str, &[&str]); 11] = [
    ("AWSLambdaSQSQueueExecutionRole", &["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]),
    ("AmazonSQSFullAccess", &["sqs:*"]),
    ("AmazonDynamoDBFullAccess", &["dynamodb:*"]),
    ("AmazonDynamoDBFullAccess_v2", &["dynamodb:*"]),
    ("AdministratorAccess", &["*"]),
    ("PowerUserAccess", &["*"]),
    ("AWSLambdaBasicExecutionRole", &[]),
    ("AWSLambdaVPCAccessExecutionRole", &[]),
    ("AWSXRayDaemonWriteAccess", &[]),
    ("AWSXrayWriteOnlyAccess", &[]),
    ("CloudWatchLambdaInsightsExecutionRolePolicy", &[]),
];

/// Of SAM's policy templates those on queues and tables: the parameter that names the resource, and the actions.
const TEMPLATES: [(&str, &str, &[&str]); 5] = [
    (
        "SQSPollerPolicy",
        "QueueName",
        &["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
    ),
    ("SQSSendMessagePolicy", "QueueName", &["sqs:SendMessage"]),
    (
        "DynamoDBCrudPolicy",
        "TableName",
        &[
            "dynamodb:GetItem",
            "dynamodb:DeleteItem",
            "dynamodb:PutItem",
            "dynamodb:Scan",
            "dynamodb:Query",
            "dynamodb:UpdateItem",
            "dynamodb:BatchWriteItem",
            "dynamodb:BatchGetItem",
            "dynamodb:DescribeTable",
            "dynamodb:ConditionCheckItem",
        ],
    ),
    (
        "DynamoDBReadPolicy",
        "TableName",
        &["dynamodb:GetItem", "dynamodb:Scan", "dynamodb:Query", "dynamodb:BatchGetItem", "dynamodb:DescribeTable"],
    ),
    ("DynamoDBWritePolicy", "TableName", &["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:BatchWriteItem"]),
];

/// What policies are attached to roles from outside.
const ATTACHED: [&str; 3] = ["AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"];

pub(super) fn role(resource: &Resource) -> Role {
    let mut role = Role { id: id(resource, "RoleName"), statements: Vec::new(), whole: true };
    role.take(&resource.at("Policies"), |role, policy| match policy.at("PolicyDocument") {
        Setting::Known(document, _) => role.take_document(document),
        Setting::Absent | Setting::Unknown => role.whole = false,
    });
    role.take(&resource.at("ManagedPolicyArns"), |role, policy| role.take_managed(policy));
    role
}

/// The role that SAM makes for a function that names none.
pub(super) fn generated(resource: &Resource, policies: &Setting<&Node>, polls: bool) -> Role {
    // Its name in SAM's own output, by which policies may be attached to it.
    let name = Setting::Known(format!("${{{}Role}}", resource.name), resource.place);
    let id = Id { resource: resource.name.clone(), place: resource.place, name };
    let mut role = Role { id, statements: Vec::new(), whole: true };
    // With an event of type SQS it has what polling takes, on every queue.
    if polls {
        let name = "AWSLambdaSQSQueueExecutionRole";
        role.take_managed(&Node { line: resource.place.number().unwrap_or(1), value: Value::Text(name.to_owned()) });
    }
    role.take(policies, Role::take_of_sam);
    role
}

pub(super) fn of_a_queue(resource: &Resource) -> QueuePolicy {
    let document = resource.at("PolicyDocument");
    let statements = document.known().map(|document| statements(document)).unwrap_or_default();
    QueuePolicy { id: id(resource, "Id"), statements }
}

/// Gives the roles what policies of their own resource allow them.
pub(super) fn attach(model: &mut Model, template: &Template) {
    let policies: Vec<_> =
        template.resources.iter().filter(|resource| ATTACHED.contains(&resource.kind.as_str())).collect();
    let generated = model.functions.iter_mut().filter_map(|function| match &mut function.role {
        FunctionRole::Generated(role) => Some(role),
        FunctionRole::Named(_) => None,
    });
    for role in model.roles.iter_mut().chain(generated) {
        // A connector makes policies of its own.
        role.whole &= !template.connects;
        policies.iter().for_each(|policy| role.take_attached(policy));
    }
}

impl Role {
    /// Takes each element of what may be a list; what cannot be read may allow anything.
    fn take(&mut self, said: &Setting<&Node>, mut one: impl FnMut(&mut Self, &Node)) {
        match said {
            Setting::Known(node, _) => node.items().iter().for_each(|item| one(self, item)),
            Setting::Absent => {}
            Setting::Unknown => self.whole = false,
        }
    }

    /// A policy that may name the role it is for.
    fn take_attached(&mut self, policy: &Resource) {
        let names = [policy.at("Roles").texts(), policy.at("RoleName").texts()];
        self.whole &= !names.iter().any(|names| matches!(names, Setting::Unknown));
        let is_meant = names.iter().filter_map(Setting::known).flatten().any(|name| self.id.is_meant_by(name));
        if is_meant {
            self.take(&policy.at("PolicyDocument"), Self::take_document);
        }
    }

    pub(in crate::doctor) fn take_document(&mut self, document: &Node) {
        // What is known of a document is a map; an unreadable one may allow anything.
        self.whole &= document.at("Statement").known().is_some();
        self.statements.extend(statements(document));
    }

    pub(in crate::doctor) fn take_managed(&mut self, policy: &Node) {
        let named = policy.as_text().and_then(|arn| arn.rsplit(['/', ':']).next());
        match MANAGED.iter().find(|(name, _)| named == Some(name)) {
            Some((name, actions)) if !actions.is_empty() => {
                let place = Place::line(policy.line);
                let mut statement = allowed(place, actions, "*".to_owned());
                statement.managed = Some(name);
                self.statements.push(statement);
            }
            Some(_) => {}
            None => self.whole = false,
        }
    }

    /// An element of a SAM function's `Policies`: a managed policy, a document, or one of SAM's templates.
    fn take_of_sam(&mut self, policy: &Node) {
        match policy.as_map().and_then(|map| map.single()) {
            None if policy.as_text().is_some() => self.take_managed(policy),
            Some((name, parameters)) if name.ends_with("Policy") => self.take_template(name, parameters, policy.line),
            _ => self.take_document(policy),
        }
    }

    fn take_template(&mut self, name: &str, parameters: &Node, line: usize) {
        let Some((_, parameter, actions)) = TEMPLATES.iter().find(|(known, ..)| *known == name) else {
            // Of the others none is about messages or rows, unless its name says so.
            self.whole &= !name.starts_with("SQS") && !name.starts_with("DynamoDB");
            return;
        };
        match parameters.at(parameter).text() {
            Setting::Known(resource, _) => self.statements.push(allowed(Place::line(line), actions, resource)),
            Setting::Absent | Setting::Unknown => self.whole = false,
        }
    }
}

fn allowed(place: Place, actions: &[&str], resource: String) -> Statement {
    let actions = actions.iter().map(|action| (*action).to_owned()).collect();
    Statement {
        place,
        allows: Setting::Known(true, place),
        actions: Setting::Known(actions, place),
        resources: Setting::Known(vec![resource], place),
        principals: Setting::Absent,
        conditional: Setting::Absent,
        negated: false,
        managed: None,
    }
}

pub(in crate::doctor) fn statements(document: &Node) -> Vec<Statement> {
    document.at("Statement").known().map(|all| all.items().iter().map(statement).collect()).unwrap_or_default()
}

fn statement(node: &Node) -> Statement {
    let place = Place::line(node.line);
    let allows = match node.at("Effect").word() {
        Setting::Known(effect, place) => Setting::Known(effect == "Allow", place),
        Setting::Absent | Setting::Unknown => Setting::Unknown,
    };
    Statement {
        place,
        allows,
        actions: node.at("Action").texts(),
        resources: node.at("Resource").texts(),
        principals: principals(node.at("Principal")),
        conditional: node.at("Condition").is_filled(),
        negated: ["NotAction", "NotResource"].iter().any(|key| !node.at(key).is_absent()),
        managed: None,
    }
}

/// Whoever is named: `"*"`, or by kind, `{"AWS": "*"}`.
fn principals(node: Setting<&Node>) -> Setting<Vec<String>> {
    node.and_then(|node| {
        let named: Vec<_> = match &node.value {
            Value::Map(map) => map.entries.iter().flat_map(|(_, value)| value.items()).collect(),
            _ => node.items().iter().collect(),
        };
        let texts = named.into_iter().filter_map(|item| item.as_text().map(str::to_owned));
        Setting::Known(texts.collect(), Place::line(node.line))
    })
}
