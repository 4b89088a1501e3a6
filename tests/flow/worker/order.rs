//! FIFO queues.

use std::sync::{Arc, Mutex};

use sqs_runtime::{
    Consumer, Failure,
    extract::Body,
    run::WorkerConfig,
    testkit::{QueueSettings, SentMessage},
};

use super::{Site, once, seconds};

#[tokio::test(start_paused = true)]
async fn a_group_is_in_order_and_what_follows_a_failure_comes_after_its_retry() {
    let site = Site::new(QueueSettings::new("ledger.fifo"));
    for n in 0..12 {
        let group = if n % 2 == 0 { "even" } else { "odd" };
        site.queue.enqueue(SentMessage::new(n.to_string()).group(group).deduplication_id(n.to_string()));
    }
    let done: Arc<Mutex<Vec<usize>>> = Arc::default();
    let failed: Arc<Mutex<bool>> = Arc::default();
    let handler = {
        let (done, failed) = (Arc::clone(&done), Arc::clone(&failed));
        move |body: Body| {
            let (done, failed) = (Arc::clone(&done), Arc::clone(&failed));
            async move {
                let n: usize = body.parse()?;
                if n == 2 && !std::mem::replace(&mut *failed.lock().unwrap(), true) {
                    return Err(Failure::retry("the first time"));
                }
                done.lock().unwrap().push(n);
                Ok(())
            }
        }
    };
    let consumer = Consumer::new(handler).clock(site.clock.clone()).idempotency(once());
    let (handle, running) = site.start(consumer, WorkerConfig::new());
    site.pass(seconds(10)).await;
    let odd = |done: &[usize]| done.iter().copied().filter(|n| n % 2 == 1).collect::<Vec<_>>();
    assert_eq!(odd(&done.lock().unwrap()), [1, 3, 5, 7, 9, 11]);
    site.pass(seconds(300)).await;
    let even: Vec<usize> = done.lock().unwrap().iter().copied().filter(|n| n % 2 == 0).collect();
    assert_eq!(even, [0, 2, 4, 6, 8, 10]);
    assert!(site.queue.is_empty());
    handle.stop();
    running.await.unwrap();
}
