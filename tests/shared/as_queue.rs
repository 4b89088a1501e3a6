//! For doubles that change some answers of a queue: what they leave as it is.

/// These methods of `QueueClient` are those of the field `queue`.
macro_rules! as_its_queue {
    ($($method:ident),*) => { $(crate::as_queue::as_its_queue!(@ $method);)* };
    (@ attributes) => {
        fn attributes<'a>(
            &'a self,
            queue: sqs_runtime::batch::QueueArn<'a>,
            time: Option<std::time::Duration>,
        ) -> futures_util::future::BoxFuture<
            'a,
            Result<sqs_runtime::queue::QueueAttributes, sqs_runtime::queue::QueueError>,
        > {
            self.queue.attributes(queue, time)
        }
    };
    (@ change_visibility) => { crate::as_queue::as_its_queue!(@ change_visibility: batch::QueueArn, queue::VisibilityChange); };
    (@ send) => { crate::as_queue::as_its_queue!(@ send: queue::QueueName, queue::DeadLetter); };
    (@ delete) => { crate::as_queue::as_its_queue!(@ delete: batch::QueueArn, batch::Record); };
    (@ $method:ident: $queue_of:ident::$queue:ident, $entry_of:ident::$entry:ident) => {
        fn $method<'a>(
            &'a self,
            queue: sqs_runtime::$queue_of::$queue<'a>,
            entries: &'a [sqs_runtime::$entry_of::$entry],
            time: Option<std::time::Duration>,
        ) -> futures_util::future::BoxFuture<'a, Vec<sqs_runtime::queue::EntryAnswer>> {
            self.queue.$method(queue, entries, time)
        }
    };
}

pub(crate) use as_its_queue;
