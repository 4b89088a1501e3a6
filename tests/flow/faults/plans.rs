//! Which cases are run: each family of them, for any way.

use super::{
    bench::Bench,
    case::{Came, Case, Turn},
    fault::{Applied, Fault, Kill, Operation, Point, Reply, Scope, Stage},
    way::Way,
};

/// Every fault at each of these operations.
fn points(operations: &[Operation]) -> Vec<Point> {
    operations.iter().flat_map(|at| at.stage.faults().into_iter().map(|fault| (*at, fault))).collect()
}

/// One of each kind that the store tells apart and that reaches it: what hits one attempt only is healed by the SDK, and what
/// has no answer says the same however it is told.
pub(super) fn is_felt((_, fault): Point) -> bool {
    fault.scope == Scope::EveryAttempt && !fault.reply.says_the_same_as_another()
}

/// A batch that meets no fault.
pub(super) async fn undisturbed(bench: &mut Bench, turn: Turn) -> Came {
    bench.run(&Case { turn, ..Case::default() }).await
}

/// Every fault alone.
pub(super) async fn alone(way: Way) -> usize {
    let mut bench = Bench::new(way);
    for turn in way.turns() {
        for point in points(&undisturbed(&mut bench, turn).await.seen) {
            bench.run(&Case { faults: vec![point], turn, ..Case::default() }).await;
        }
    }
    bench.said("faults alone")
}

/// Every pair of such a fault and a later one among the operations that the first one leaves.
pub(super) async fn pairs(
    way: Way,
    name: &str,
    first: impl Fn(Point) -> bool,
    second: impl Fn(Point, Point) -> bool,
) -> usize {
    let mut bench = Bench::new(way);
    // One turn says what there is; the pairs are met in either, in turn.
    let [turn, _] = way.turns();
    for one in points(&undisturbed(&mut bench, turn).await.seen).into_iter().filter(|point| first(*point)) {
        let came = bench.run(&Case { faults: vec![one], turn, ..Case::default() }).await;
        let later: Vec<_> = came.seen.into_iter().filter(|operation| *operation > one.0).collect();
        for other in points(&later).into_iter().filter(|other| second(one, *other)) {
            let turn = way.turns_of_two()[bench.cases % 2];
            bench.run(&Case { faults: vec![one, other], turn, ..Case::default() }).await;
        }
    }
    bench.said(name)
}

/// A transaction that is told one thing first, by the SDK's retry or beyond it, and another one from then on.
pub(super) async fn chains(way: Way) -> usize {
    let mut bench = Bench::new(way);
    let [turn, _] = way.turns();
    let kinds = Stage::Transact.kinds();
    // Nothing follows a token that another transaction had.
    let passing = kinds.iter().filter(|(_, reply)| *reply != Reply::Mismatched);
    let lasting: Vec<_> = kinds.iter().filter(|(_, reply)| !reply.says_the_same_as_another()).collect();
    let pairs: Vec<_> = passing.flat_map(|one| lasting.iter().map(move |other| (*one, **other))).collect();
    for (first, later) in [(Scope::FirstAttempt, Scope::LaterAttempts), (Scope::FirstTwo, Scope::AfterTwo)] {
        for &(one, other) in &pairs {
            let at = Operation { stage: Stage::Transact, record: bench.cases % 3 };
            let fault = |(applied, reply), scope| (at, Fault { applied, reply, scope });
            bench.run(&Case { faults: vec![fault(one, first), fault(other, later)], turn, ..Case::default() }).await;
        }
    }
    bench.said("chains at one transaction")
}

const APPLIED: [Applied; 4] = [Applied::Never, Applied::Now, Applied::AfterTheAnswer, Applied::InTheNextDelivery];

/// A process that dies at any request.
pub(super) async fn kills(way: Way) -> usize {
    let mut bench = Bench::new(way);
    for applied in APPLIED {
        for turn in way.turns().into_iter().flat_map(Turn::back_at_once_or_not) {
            let requests = undisturbed(&mut bench, turn).await.requests;
            for at in 1.. {
                let kill = Some(Kill { at, applied });
                if !bench.run(&Case { kill, turn, ..Case::default() }).await.was_killed {
                    assert_eq!(at, requests + 1);
                    break;
                }
            }
        }
    }
    bench.said("kills")
}

/// More requests than a batch sends that is not told to try again and again.
const TRIES: usize = 12;

/// A process that dies at any request after a fault.
pub(super) async fn kills_after_a_fault(way: Way) -> usize {
    let mut bench = Bench::new(way);
    let [turn, _] = way.turns();
    for point in points(&undisturbed(&mut bench, turn).await.seen).into_iter().filter(|point| is_felt(*point)) {
        for at in 1..=TRIES {
            let (turn, applied) = (way.turns_of_two()[bench.cases % 2], APPLIED[bench.cases % 4]);
            let kill = Some(Kill { at, applied });
            if !bench.run(&Case { faults: vec![point], kill, turn }).await.was_killed {
                break;
            }
        }
    }
    bench.said("kills after a fault")
}
