//! A machine whose clock is far from the server's claims nothing, until one of the two is set right.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use sqs_runtime::{Consumer, Idempotency, run::Pipeline};

use super::counting::Counted;
use crate::support::{event, outcomes, reasons, record, run_again};

#[tokio::test]
async fn hours_between_the_clocks_stop_the_claims() {
    let (counted, runs) = (Counted::new().await, Arc::new(AtomicUsize::new(0)));
    let counting = Arc::clone(&runs);
    let consumer = Consumer::new(move || {
        let runs = Arc::clone(&counting);
        async move { assert!(runs.fetch_add(1, SeqCst) < 10) }
    });
    let pipeline = Pipeline::for_tests(consumer.idempotency(Idempotency::new(counted.store())));
    let deliver = async |id| run_again(&pipeline, &event(&[record(id, "x")])).await;
    // Beyond any date of this test. What the first answer says counts from the second claim on.
    counted.date(Some("Fri, 01 Jan 2100 00:00:00 GMT"));
    assert_eq!(outcomes(&deliver("m-1").await), ["done"]);
    let refused = deliver("m-2").await;
    assert_eq!(outcomes(&refused), ["retry"]);
    let reason = &reasons(&refused)[0];
    assert!(reason.contains("behind the table's server: nothing is claimed until it is set right"), "{reason}");
    // Nor in company.
    let batch = event(&[record("m-2", "x"), record("m-3", "x")]);
    assert_eq!(outcomes(&run_again(&pipeline, &batch).await), ["retry"; 2]);
    assert_eq!(runs.load(SeqCst), 1);
    // Each claim looks again, so nobody has to start the process anew.
    counted.date(None);
    assert_eq!(outcomes(&deliver("m-2").await), ["done"]);
    assert_eq!(runs.load(SeqCst), 2);
}
