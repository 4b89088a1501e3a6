//! From a template to the model: which property of which resource says what.

mod alarm;
mod function;
mod policy;
mod queue;
mod table;

#[cfg(feature = "live")]
pub(super) use self::{
    policy::statements,
    queue::{redrive, speaks_of_dead_letters},
};
use super::{
    model::{Id, Model},
    resolve::{Resource, Template},
};

/// The model of a template.
pub(super) fn model(template: &Template) -> Model {
    let mut model = Model { whole: template.whole, ..Model::default() };
    for resource in &template.resources {
        add(&mut model, template, resource);
        queue::add_dead_letter_targets(&mut model.dead_letter_targets, resource);
    }
    policy::attach(&mut model, template);
    model
}

fn add(model: &mut Model, template: &Template, resource: &Resource) {
    match resource.kind.as_str() {
        "AWS::SQS::Queue" => model.queues.push(queue::queue(resource)),
        "AWS::SQS::QueuePolicy" | "AWS::SQS::QueueInlinePolicy" => {
            model.queue_policies.push(policy::of_a_queue(resource))
        }
        "AWS::Lambda::Function" => model.functions.push(function::plain(resource)),
        "AWS::Serverless::Function" => {
            model.functions.push(function::serverless(template, resource));
            model.mappings.extend(function::events(resource));
        }
        "AWS::Lambda::EventSourceMapping" => model.mappings.extend(function::mapping(template, resource)),
        "AWS::DynamoDB::Table" | "AWS::DynamoDB::GlobalTable" => model.tables.push(table::table(resource)),
        "AWS::Serverless::SimpleTable" => model.tables.push(table::simple(resource)),
        "AWS::IAM::Role" => model.roles.push(policy::role(resource)),
        "AWS::CloudWatch::Alarm" => model.alarms.push(alarm::alarm(resource)),
        "AWS::Pipes::Pipe" => model.pipes.push(resource.at("Source").text()),
        "AWS::Logs::LogGroup" => model.log_groups.push(alarm::log_group(resource)),
        _ => {}
    }
}

fn id(resource: &Resource, name: &str) -> Id {
    Id { resource: resource.name.clone(), place: resource.place, name: resource.at(name).text() }
}
