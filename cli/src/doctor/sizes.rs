//! The numbers behind each event source mapping of a template: for whoever makes the same elsewhere.

use super::{
    Unreadable, describe,
    model::{Mapping, Model},
    read, resolve,
};

/// What queue, function and mapping are set to; times in seconds. Each is `None` where the template leaves it to AWS's default, or to
/// what only a deployment knows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sizes {
    /// The function's name in the template.
    pub function: String,
    /// How long an invocation may take.
    pub function_timeout: Option<u64>,
    /// The queue's name in the template.
    pub queue: String,
    /// How long a received message stays hidden.
    pub visibility_timeout: Option<u64>,
    /// How long the queue keeps a message.
    pub retention: Option<u64>,
    /// After how many receives a message goes to the dead-letter queue.
    pub max_receive_count: Option<u64>,
    /// How long that keeps it.
    pub dead_letter_retention: Option<u64>,
    /// Messages of a batch, at most.
    pub batch_size: Option<u64>,
    /// How long messages may be gathered.
    pub batching_window: Option<u64>,
    /// Invocations at a time, at most.
    pub maximum_concurrency: Option<u64>,
    /// Whether answers may name what failed.
    pub reports_failures: bool,
}

/// The sizes of every mapping from a queue to a function that this template has both of.
///
/// # Errors
///
/// The text cannot be read, or is no template.
pub fn sizes(text: &str) -> Result<Vec<Sizes>, Unreadable> {
    let model = describe::model(&resolve::Template::of(&read::tree(text)?)?);
    Ok(model.mappings.iter().filter_map(|mapping| of(&model, mapping)).collect())
}

fn of(model: &Model, mapping: &Mapping) -> Option<Sizes> {
    let (queue, function) = (model.queue(&mapping.queue)?, model.function(&mapping.function)?);
    let redrive = queue.redrive.known();
    let dead_letters = redrive.and_then(|redrive| model.queue(&redrive.target));
    let types = mapping.response_types.known();
    Some(Sizes {
        function: function.id.resource.clone(),
        function_timeout: function.timeout.known().copied(),
        queue: queue.id.resource.clone(),
        visibility_timeout: queue.visibility.known().copied(),
        retention: queue.retention.known().copied(),
        max_receive_count: redrive.and_then(|redrive| redrive.max_receives.known().copied()),
        dead_letter_retention: dead_letters.and_then(|letters| letters.retention.known().copied()),
        batch_size: mapping.batch_size.known().copied(),
        batching_window: mapping.window.known().copied(),
        maximum_concurrency: mapping.max_concurrency.known().copied(),
        reports_failures: types.is_some_and(|types| types.iter().any(|name| name == "ReportBatchItemFailures")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_template_says_its_numbers() {
        let sizes = sizes(include_str!("../../../template.yaml")).unwrap();
        let [orders] = &sizes[..] else { panic!("{sizes:#?}") };
        assert_eq!((orders.function.as_str(), orders.queue.as_str()), ("OrdersFunction", "OrdersQueue"));
        assert_eq!((orders.function_timeout, orders.visibility_timeout), (Some(30), Some(180)));
        assert_eq!((orders.max_receive_count, orders.dead_letter_retention), (Some(5), Some(1_209_600)));
        assert_eq!((orders.batch_size, orders.maximum_concurrency), (Some(10), Some(10)));
        assert!(orders.reports_failures);
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let text = "Resources:\n  Q: {Type: AWS::SQS::Queue}\n  F: {Type: AWS::Lambda::Function}\n  M:\n    Type: AWS::Lambda::EventSourceMapping\n    Properties: {EventSourceArn: !GetAtt Q.Arn, FunctionName: !Ref F}\n";
        let sizes = sizes(text).unwrap();
        assert_eq!((sizes[0].visibility_timeout, sizes[0].max_receive_count, sizes[0].batch_size), (None, None, None));
        assert!(!sizes[0].reports_failures);
        assert!(super::sizes("- no template").is_err());
    }
}
