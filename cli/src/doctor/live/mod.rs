//! A stack that is deployed, as another source of the model: what the services say of its resources as they are set now.
//!
//! One file for each service. What a service leaves out of its answer is absent, and has the default that it has in a template; what a
//! call that failed would have said is unknown, and the call is named. Nothing is asked that changes anything.

mod cloudformation;
mod cloudwatch;
mod dynamodb;
mod iam;
mod lambda;
mod reading;
mod sqs;
mod stack;

pub use self::reading::Unread;
use self::{reading::Reading, stack::Stack};
use super::{
    model::{LogGroup, Model},
    rules::{self, Finding},
    setting::Setting,
};

/// Clients of all services that are asked.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each is what it is called")]
pub struct Clients {
    pub cloudformation: aws_sdk_cloudformation::Client,
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    pub dynamodb: aws_sdk_dynamodb::Client,
    pub iam: aws_sdk_iam::Client,
    pub lambda: aws_sdk_lambda::Client,
    pub sqs: aws_sdk_sqs::Client,
}

/// What became of a look at a stack.
#[derive(Clone, Debug)]
pub struct Examined {
    /// What is wrong with it.
    pub findings: Vec<Finding>,
    /// What could not be read, and so was not judged.
    pub unread: Vec<Unread>,
}

/// What is wrong with a stack of CloudFormation, by its name or ARN.
///
/// # Errors
///
/// Its resources cannot be listed: there is no such stack, or that is not allowed.
pub async fn examine(clients: &Clients, name: &str) -> Result<Examined, Unread> {
    let stack = cloudformation::stack(&clients.cloudformation, name).await?;
    let mut reading = Reading::of(Model { whole: stack.is_whole(), ..Model::default() });
    sqs::read(&clients.sqs, &mut reading, &stack).await;
    lambda::read(&clients.lambda, &mut reading, &stack).await;
    dynamodb::read(&clients.dynamodb, &mut reading, &stack).await;
    iam::read(&clients.iam, &mut reading, &stack).await;
    cloudwatch::read(&clients.cloudwatch, &mut reading, &stack).await;
    add_unasked(&mut reading.model, &stack);
    if reading.hides_dead_letters || stack.has_senders() {
        doubt_the_unconsumed(&mut reading.model);
    }
    let named = |finding: Finding| Finding { physical: stack.shown(&finding.resource), ..finding };
    let findings = rules::judge(&reading.model).into_iter().map(named).collect();
    Ok(Examined { findings, unread: reading.unread })
}

/// What is there and nobody asks about: the services are not worth an SDK each.
fn add_unasked(model: &mut Model, stack: &Stack) {
    model.pipes.extend(stack.of("AWS::Pipes::Pipe").map(|_| Setting::Unknown));
    let log_groups = stack.of("AWS::Logs::LogGroup");
    model.log_groups.extend(log_groups.map(|group| LogGroup { id: group.id(), retention: Setting::Unknown }));
}

/// A queue that nothing consumes may be for the dead letters of what could not be read: it needs no other queue for its own, and nobody
/// polls it for long.
fn doubt_the_unconsumed(model: &mut Model) {
    let consumed: Vec<_> = model.queues.iter().map(|queue| model.mappings_of(queue).next().is_some()).collect();
    for (queue, _) in model.queues.iter_mut().zip(consumed).filter(|(_, is_consumed)| !is_consumed) {
        if queue.redrive.is_absent() {
            (queue.redrive, queue.wait) = (Setting::Unknown, Setting::Unknown);
        }
    }
}
