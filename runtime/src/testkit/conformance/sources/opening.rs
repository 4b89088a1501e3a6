//! Which queue that is.

use std::time::Duration;

use super::site::Site;
use crate::{
    batch::QueueArn,
    queue::{QueueName, ReceiveRequest},
};

/// By its name, and by its URL where the site has one: its Amazon Resource Name, visibility timeout and redrive policy.
pub async fn a_queue_is_found_with_what_it_is_set_to(site: &impl Site) {
    let (arn, url) = (site.arn(), site.url());
    let names = [Some(QueueName::Arn(QueueArn::new(&arn))), url.as_deref().map(QueueName::Url)];
    for name in names.into_iter().flatten() {
        let queue = match site.source().open(name).await {
            Ok(queue) => queue,
            Err(error) => panic!("a queue that is there is not found: {error}"),
        };
        let is_set = queue.attributes.visibility_timeout.is_some() && queue.attributes.redrive_policy.is_some();
        if *queue.arn != *arn || !is_set {
            panic!("a queue is found as another, or without visibility timeout and redrive policy: {queue:?}");
        }
    }
}

/// A mistake of the deployment, and none that passes: a worker does not start.
pub async fn a_queue_that_is_not_there_is_denied(site: &impl Site) {
    let arn = format!("{}-that-is-not-there", site.arn().trim_end_matches(".fifo"));
    let queue = QueueArn::new(&arn);
    match site.source().open(QueueName::Arn(queue)).await {
        Err(error) if error.is_denied() => {}
        other => panic!("a queue that is not there is found, or not denied: {other:?}"),
    }
    match site.source().receive(queue, ReceiveRequest::new(1, Duration::ZERO, Duration::from_secs(30))).await {
        Err(error) if error.is_denied() => {}
        other => panic!("a receive from a queue that is not there is not denied: {other:?}"),
    }
}
