//! Every fault at every request of a batch to DynamoDB: the real SDK and the real pipeline, over a wire that loses, delays and
//! fails requests by plan. The invariants are those of `runtime/docs/invariants.md`.

mod case;
mod fault;
mod ledger;
mod oracle;
mod wire;

use self::{
    case::{Bench, Case},
    fault::{Applied, Kill, Operation, Point, Reply, Scope, Stage},
};

/// The operations of a batch that meets no fault.
fn undisturbed() -> Vec<Operation> {
    let of = |stage| (0..3).map(move |record| Operation { stage, record });
    of(Stage::Claim).chain(of(Stage::Settle)).collect()
}

/// Every fault at each of these operations.
fn points(operations: &[Operation]) -> Vec<Point> {
    operations.iter().flat_map(|at| at.stage.faults().into_iter().map(|fault| (*at, fault))).collect()
}

#[tokio::test]
async fn without_a_fault_the_batch_needs_two_requests_for_each_record() {
    let mut bench = Bench::new().await;
    let came = bench.run(&Case::default()).await;
    assert_eq!(came.seen, undisturbed());
}

/// The two ways of the third message, each with its own way of coming back.
const WAYS: [(bool, bool); 2] = [(false, true), (true, false)];

#[tokio::test]
async fn every_fault_alone() {
    let mut bench = Bench::new().await;
    for point in points(&undisturbed()) {
        for (panics, comes_back_at_once) in WAYS {
            bench.run(&Case { faults: vec![point], panics, comes_back_at_once, ..Case::default() }).await;
        }
    }
    println!("faults alone: {} cases", bench.cases);
    assert!(bench.cases >= 200);
}

/// Runs every pair of a fault and a later one among the operations that the first one leaves.
async fn pairs(bench: &mut Bench, first: &[Point], second: impl Fn(Point, Point) -> bool) {
    for &one in first {
        let came = bench.run(&Case { faults: vec![one], ..Case::default() }).await;
        let later: Vec<_> = came.seen.into_iter().filter(|operation| *operation > one.0).collect();
        for other in points(&later).into_iter().filter(|other| second(one, *other)) {
            // Either way of the third message, in turn.
            let (panics, comes_back_at_once) = WAYS[bench.cases % 2];
            bench.run(&Case { faults: vec![one, other], panics, comes_back_at_once, ..Case::default() }).await;
        }
    }
}

#[tokio::test]
async fn every_pair_of_faults_at_one_message() {
    let mut bench = Bench::new().await;
    pairs(&mut bench, &points(&undisturbed()), |one, other| one.0.record == other.0.record).await;
    println!("pairs at one message: {} cases", bench.cases);
    assert!(bench.cases >= 800);
}

/// One of each kind that the store tells apart and that reaches it: what hits one attempt only is healed by the SDK, and what
/// has no answer says the same however it is told.
fn is_felt(point: Point) -> bool {
    point.1.scope == Scope::EveryAttempt && !matches!(point.1.reply, Reply::ServerError | Reply::TimedOut)
}

#[tokio::test]
async fn every_pair_of_faults_at_two_messages() {
    let mut bench = Bench::new().await;
    let first: Vec<_> = points(&undisturbed()).into_iter().filter(|point| is_felt(*point)).collect();
    pairs(&mut bench, &first, |one, other| one.0.record != other.0.record && is_felt(other)).await;
    println!("pairs at two messages: {} cases", bench.cases);
    assert!(bench.cases >= 600);
}

const APPLIED: [Applied; 4] = [Applied::Never, Applied::Now, Applied::AfterTheAnswer, Applied::InTheNextDelivery];

#[tokio::test]
async fn a_process_that_dies_at_any_request() {
    let mut bench = Bench::new().await;
    for applied in APPLIED {
        for (panics, comes_back_at_once) in [(false, false), (false, true), (true, false), (true, true)] {
            for at in 1.. {
                let kill = Some(Kill { at, applied });
                if !bench.run(&Case { kill, panics, comes_back_at_once, ..Case::default() }).await.was_killed {
                    assert_eq!(at, undisturbed().len() + 1);
                    break;
                }
            }
        }
    }
    println!("kills: {} cases", bench.cases);
    assert!(bench.cases >= 100);
}

#[tokio::test]
async fn a_process_that_dies_at_any_request_after_a_fault() {
    let mut bench = Bench::new().await;
    for point in points(&undisturbed()).into_iter().filter(|point| is_felt(*point)) {
        for at in 1.. {
            let ((panics, comes_back_at_once), applied) = (WAYS[bench.cases % 2], APPLIED[bench.cases % 4]);
            let kill = Some(Kill { at, applied });
            let case = Case { faults: vec![point], kill, panics, comes_back_at_once };
            if !bench.run(&case).await.was_killed {
                break;
            }
        }
    }
    println!("kills after a fault: {} cases", bench.cases);
    assert!(bench.cases >= 300);
}
