//! Every planted bug is caught, by the rule that it breaks, and soon.

use sqs_runtime::testkit::simulator::Plant;

use crate::scenario;

/// Within so many seeds.
const SEEDS: u64 = 1_000;

#[test]
fn every_planted_bug_is_caught() {
    let mut missed = Vec::new();
    for plant in Plant::ALL {
        let caught = (0..SEEDS).find(|seed| plant.is_caught_by(&scenario::run(*seed, Some(*plant))));
        match caught {
            Some(seed) => println!("{}: seed {seed}, {}", plant.name(), plant.rule()),
            None => missed.push(plant.name()),
        }
    }
    assert!(missed.is_empty(), "not caught: {missed:?}");
}
