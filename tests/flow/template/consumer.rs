//! Queues, and the event source mappings that consume them.

use super::{FUNCTIONS, Node, Rule, TEMPLATES, each};

#[test]
fn a_message_stays_invisible_for_as_long_as_lambda_may_work_on_it() -> Rule {
    each(FUNCTIONS, |template| {
        let visibility = template.queue()?.number("VisibilityTimeout").unwrap_or(30);
        let timeout = template.function()?.number("Timeout").unwrap_or(3);
        let window = template.event()?.number("MaximumBatchingWindowInSeconds").unwrap_or(0);

        assert!(
            visibility >= 6 * timeout + window,
            "a visibility timeout of {visibility} s is less than 6 x {timeout} s + {window} s: messages come back, and run a \
             second time, while Lambda still retries the batch they are in"
        );
        Ok(())
    })
}

#[test]
fn the_mapping_consumes_the_queue() -> Rule {
    each(FUNCTIONS, |template| {
        let consumed = template.target(template.event()?.at("Queue"), "AWS::SQS::Queue")?;
        assert_eq!(consumed, template.queue_name()?, "the function consumes another queue");
        Ok(())
    })
}

#[test]
fn what_fails_again_and_again_goes_to_a_dead_letter_queue() -> Rule {
    each(TEMPLATES, |template| {
        let queue = template.queue()?;

        assert!(
            template.dead_letter_queue().is_ok(),
            "no queue of this template is the queue's dead-letter queue: a message that cannot succeed is run until its \
             retention ends, and is then gone"
        );
        let receives = queue.number("RedrivePolicy.maxReceiveCount");
        assert!(
            receives.is_some_and(|count| count >= 5),
            "maxReceiveCount is {receives:?}, less than 5: throttling, timeouts and deployments burn receives too, so good \
             messages end in the dead-letter queue"
        );
        Ok(())
    })
}

#[test]
fn dead_letters_are_kept_for_longer_than_the_messages_of_the_queue() -> Rule {
    const FOUR_DAYS: u64 = 345_600;
    each(TEMPLATES, |template| {
        let kept = template.queue()?.number("MessageRetentionPeriod");
        let dead_kept = template.dead_letter_queue()?.number("MessageRetentionPeriod");

        assert!(
            dead_kept.unwrap_or(FOUR_DAYS) > kept.unwrap_or(FOUR_DAYS),
            "dead letters are kept for {dead_kept:?} s, messages for {kept:?} s: a message keeps its age when it is moved, so \
             it may be deleted before anybody has seen it"
        );
        Ok(())
    })
}

#[test]
fn only_its_own_queue_may_fill_a_dead_letter_queue() -> Rule {
    each(TEMPLATES, |template| {
        let policy = template.dead_letter_queue()?.at("RedriveAllowPolicy").ok_or("no RedriveAllowPolicy")?;
        let sources = policy.list("sourceQueueArns");
        let sources: Vec<_> = sources.into_iter().filter_map(|source| source.intrinsic("Fn::Sub")).collect();
        let named = template.queue()?.at("QueueName").and_then(|name| name.intrinsic("Fn::Sub"));
        let name = named.ok_or("the queue is not named")?;

        assert_eq!(
            policy.string("redrivePermission"),
            Some("byQueue"),
            "any queue of the account may send dead letters here"
        );
        assert!(
            matches!(&*sources, [source] if source.ends_with(&format!(":{name}"))),
            "{sources:?} is not {name}: SQS refuses the redrive policy"
        );
        Ok(())
    })
}

#[test]
fn lambda_reads_which_messages_failed() -> Rule {
    each(FUNCTIONS, |template| {
        let types = template.event()?.strings("FunctionResponseTypes");

        assert!(
            types.contains(&"ReportBatchItemFailures"),
            "without ReportBatchItemFailures Lambda ignores the function's answer and deletes failed messages with the rest"
        );
        Ok(())
    })
}

#[test]
fn the_mapping_counts_what_it_polls_and_drops() -> Rule {
    each(FUNCTIONS, |template| {
        let metrics = template.event()?.strings("MetricsConfig.Metrics").join(", ");
        assert_eq!(
            metrics, "EventCount",
            "without it nothing tells of messages that the mapping itself left out or dropped"
        );
        Ok(())
    })
}

#[test]
fn concurrency_is_limited_where_it_costs_no_receives() -> Rule {
    each(FUNCTIONS, |template| {
        let limit = template.event()?.number("ScalingConfig.MaximumConcurrency");

        assert!(
            limit.is_some_and(|limit| (2..=1000).contains(&limit)),
            "MaximumConcurrency is {limit:?}, not 2 to 1000: a backlog takes the account's whole concurrency"
        );
        assert!(
            template.function()?.at("ReservedConcurrentExecutions").is_none(),
            "with ReservedConcurrentExecutions batches are throttled after they were received: each time costs every \
             message in them one receive, until good messages are dead letters"
        );
        Ok(())
    })
}

#[test]
fn the_queues_take_no_request_without_tls() -> Rule {
    each(TEMPLATES, |template| {
        let policies = template.of_type("AWS::SQS::QueuePolicy");
        for (queue, _) in template.of_type("AWS::SQS::Queue") {
            let is_closed = |policy: &Node<'_>| {
                let denies = |statement: &Node<'_>| {
                    let conditions = statement.at("Condition.Bool").map(Node::entries).unwrap_or_default();
                    let is_without_tls = |(key, value): &(&str, Node<'_>)| {
                        *key == "aws:SecureTransport" && value.as_str() == Some("false")
                    };
                    statement.string("Effect") == Some("Deny") && conditions.iter().any(is_without_tls)
                };
                let queues = policy.list("Properties.Queues");
                queues.iter().any(|named| named.intrinsic("Ref") == Some(queue))
                    && policy.list("Properties.PolicyDocument.Statement").iter().any(denies)
            };
            assert!(policies.iter().any(|(_, policy)| is_closed(policy)), "{queue} can be asked in clear text");
        }
        Ok(())
    })
}
