//! Every planted bug is caught, and soon.

use sqs_runtime::testkit::simulator::Plant;

use crate::scenario;

/// Within so many seeds.
const SEEDS: u64 = 1_000;

#[test]
fn every_planted_bug_is_caught() {
    let mut missed = Vec::new();
    for plant in Plant::ALL {
        let caught = (0..SEEDS).find_map(|seed| {
            let account = scenario::run(seed, Some(*plant));
            account.violations.first().map(|what| (seed, what.clone()))
        });
        match caught {
            Some((seed, what)) => {
                println!("{}: seed {seed}, {}", plant.name(), what.chars().take(100).collect::<String>())
            }
            None => missed.push(plant.name()),
        }
    }
    assert!(missed.is_empty(), "not caught: {missed:?}");
}
