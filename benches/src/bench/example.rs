//! Results for tests: a run in which every figure holds.

use crate::{
    figures::Figures,
    measure::{Instructions, Results, Row},
    origin::Origin,
    plan::Plan,
    side::Side,
    starts::Start,
};

pub(crate) fn origin() -> Origin {
    Origin {
        date: "2026-01-31".to_owned(),
        commit: "0123456789ab".to_owned(),
        cpu: "a CPU".to_owned(),
        cores: 2,
        memory_gib: 8.0,
        kernel: "Linux 6".to_owned(),
        versions: vec![("rustc".to_owned(), "1.95.0".to_owned())],
    }
}

pub(crate) fn results() -> Results {
    let row = |setup| Row { setup, trials: 5, figures: figures(setup.side) };
    Results {
        is_whole: true,
        rounds: 5,
        rows: Plan::full().round().into_iter().map(row).collect(),
        instructions: Instructions { ours: 1.0, by_hand: 10.0 },
        starts: [None, Some(5)].into_iter().flat_map(|store_ms| Side::RUST.map(|side| start(side, store_ms))).collect(),
        limits: Vec::new(),
        origin: origin(),
    }
}

fn start(side: Side, store_ms: Option<u64>) -> Start {
    Start { side, store_ms, initialisation_ms: 10.0, answered_ms: 20.0 }
}

fn figures(side: Side) -> Figures {
    let (cpu_us, others) = match side {
        Side::Ours => (1.0, 1.0),
        Side::ByHand => (10.0, 10.0),
        _ => (1_000.0, 100.0),
    };
    Figures {
        cpu_us,
        p50_ms: others,
        p99_ms: others,
        initialisation_ms: others,
        first_ms: others,
        peak_mib: others,
        requests: 0.1,
        write_units: 2.0,
        store_us: 50.0,
    }
}
