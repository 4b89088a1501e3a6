//! The formulas of `plan`: each by numbers that were computed by hand, and by what must hold for all numbers.

use proptest::prelude::*;
use sqs_runtime_cli::plan::{
    Aim, Load, Plan, batch,
    cost::{self, Prices},
    curve,
    drain::Capacity,
    plan, receives, report, timeouts, worker,
};

const PRICES: Prices =
    Prices { sqs: 0.4, invocations: 0.2, gb_second: 0.000_013_333_4, writes: 0.625, writes_per_message: 2.0 };

/// 50 messages in a second and 100,000 at once, of 200 ms each.
fn load() -> Load {
    Load {
        rate: 50.0,
        burst: 100_000,
        message_ms: 200,
        overhead_ms: 20,
        message_bytes: 2_048,
        window: 0,
        at_once: 100,
        fifo_groups: None,
        aim: Aim::DrainWithin(900),
        outage: 900,
        backoff: Some(30),
        memory_mb: 256,
        permits: 100,
        prices: PRICES,
    }
}

fn planned(load: &Load) -> Plan {
    plan(load).unwrap_or_else(|reason| panic!("{reason}: {load:?}"))
}

#[track_caller]
fn close(one: f64, other: f64) {
    assert!((one - other).abs() <= 1e-6 * other.abs().max(1.0), "{one} is not {other}");
}

#[test]
fn a_batch_has_ten_messages_or_what_a_window_gathers() {
    let size = |window, rate, bytes| batch::of(&Load { window, rate, message_bytes: bytes, ..load() }).size;
    assert_eq!(size(0, 50.0, 2_048), 10);
    assert_eq!(size(5, 50.0, 2_048), 250);
    assert_eq!(size(5, 0.1, 2_048), 10, "no fewer than without a window");
    assert_eq!(size(300, 1_000.0, 100), 10_000, "Lambda's largest");
    // 6 MiB, and each byte may take two in JSON: 6,291,456 / 4,096.
    assert_eq!(size(300, 1_000.0, 2_048), 1_536);
    assert_eq!(size(0, 50.0, 1_048_576), 3);
}

#[test]
fn a_batch_takes_its_rounds_and_what_is_beside_them() {
    // 10 at once: one round. 250 with 100 at once: three. One at a time: ten.
    close(batch::seconds(10, 10, 200, 20), 0.22);
    close(batch::seconds(250, 100, 200, 20), 0.62);
    close(batch::seconds(10, 1, 200, 20), 2.02);
    close(batch::of(&load()).throughput, 10.0 / 0.22);
}

#[test]
fn a_message_group_runs_one_message_after_the_other() {
    let fifo = batch::of(&Load { fifo_groups: Some(40), window: 20, ..load() });
    assert_eq!((fifo.size, fifo.window), (10, 0));
    close(fifo.seconds, 2.02);
}

#[test]
fn a_function_has_three_times_a_batchs_time_and_the_reserve() {
    // 3 x 5 s + 1 s. 3 x 100 s / 0.95 = 315.8. At least 10 s.
    assert_eq!(timeouts::function(5.0), Ok(16));
    assert_eq!(timeouts::function(100.0), Ok(316));
    assert_eq!(timeouts::function(0.22), Ok(10));
    // 3 x 285 s / 0.95 = 900; a little more is too much.
    assert_eq!(timeouts::function(285.0), Ok(900));
    let refused = timeouts::function(285.1).expect_err("more than Lambda allows").to_string();
    assert!(refused.contains("900 s"), "{refused}");
}

#[test]
fn a_message_is_hidden_for_six_timeouts_and_the_window() {
    assert_eq!((timeouts::visibility(30, 0), timeouts::visibility(16, 5)), (180, 101));
}

#[test]
fn below_five_invocations_a_burst_drains_on_one_line() {
    let capacity = Capacity { rate: 50.0, throughput: 50.0, concurrency: 4 };
    // 1,500 messages, 4 x 50 - 50 = 150 in a second.
    assert_eq!(capacity.drain(1_500.0), Ok(10.0));
    assert_eq!(capacity.drain(0.0), Ok(0.0));
}

#[test]
fn above_it_a_burst_waits_for_the_ramp() {
    // 1 message in a second for each invocation, 10 arrive. In the first minute 5 run and the backlog grows by 5 in a second, to 10,300;
    // in the second 305 run and do 295 more than arrive. 10,300 / 295 = 34.9 s of it.
    let capacity = Capacity { rate: 10.0, throughput: 1.0, concurrency: 1_000 };
    close(capacity.drain(10_000.0).expect("it ends"), 60.0 + 10_300.0 / 295.0);
    // 100,300 after the first, 82,600 after the second (295), 46,900 after the third (595), and 895 in a second then: 52.4 s.
    close(capacity.drain(100_000.0).expect("it ends"), 180.0 + 46_900.0 / 895.0);
    // With 200 at most the second minute's 200 are the last: 10,300 / 190.
    let limited = Capacity { concurrency: 200, ..capacity };
    close(limited.drain(10_000.0).expect("it ends"), 60.0 + 10_300.0 / 190.0);
    assert!(Capacity { concurrency: 10, ..capacity }.drain(1.0).is_err(), "as much arrives as is done");
}

#[test]
fn the_concurrency_is_the_least_that_is_enough() {
    // 45.45 in a second each. 4 do 181.8 - 50 = 131.8: 758.6 s; 3 do 86.4: 1,157.9 s.
    let plan = planned(&load());
    assert_eq!(plan.maximum_concurrency, 4);
    close(plan.drain, 100_000.0 / (4.0 * 10.0 / 0.22 - 50.0));
    // Without a burst: 1,000 / (0.8 x 45.45) = 27.5.
    assert_eq!(planned(&Load { rate: 1_000.0, burst: 0, ..load() }).maximum_concurrency, 28);
    // AWS's least.
    assert_eq!(planned(&Load { rate: 0.0, burst: 0, ..load() }).maximum_concurrency, 2);
    assert_eq!(planned(&Load { aim: Aim::Concurrency(9), ..load() }).maximum_concurrency, 9);
    // One message in a second each: 120 in 60 s, which is in time; and 800 are four fifths of what 1,000 do.
    let plain = Load { message_ms: 1_000, overhead_ms: 0, at_once: 1, rate: 0.0, burst: 120, ..load() };
    assert_eq!(planned(&Load { aim: Aim::DrainWithin(60), ..plain.clone() }).maximum_concurrency, 2);
    assert_eq!(planned(&Load { rate: 800.0, burst: 0, ..plain }).maximum_concurrency, 1_000);
}

#[test]
fn an_outage_costs_receives() {
    // By the visibility timeout of 60 s: at 0, 60, .. 900 s, the last of them after it.
    assert_eq!(receives::fixed(900, 60), (16, 900));
    assert_eq!(receives::fixed(901, 60), (17, 960));
    assert_eq!(receives::fixed(0, 60), (1, 0));
    // By backoff from 30 s: after delays of up to 30, 60, 120, 240, 480, 960, 1,920 and 3,600 s. Mean 3,705, standard deviation
    // 1,220.5: 1,264 are left. Without the last, 1,905 - 2 x 639.9 = 625.
    assert_eq!(receives::jittered(900, 30), (9, 7_410));
    assert_eq!(receives::jittered(600, 30), (8, 3_810));
    assert_eq!(receives::jittered(0, 30), (1, 0));
    let without = Load { backoff: None, ..load() };
    assert_eq!(planned(&without).retries.max_receive_count, 16);
    assert_eq!(planned(&Load { backoff: Some(0), ..load() }).retries.max_receive_count, 16);
    assert_eq!(planned(&Load { outage: 0, ..load() }).retries.max_receive_count, 5, "AWS's advice");
}

/// What two standard deviations are worth: drawn, not computed.
#[test]
fn nearly_every_message_outlasts_the_outage() {
    const MESSAGES: usize = 20_000;
    // Evenly drawn from 0 to 1: the high bits of a linear congruential generator (Knuth's).
    let mut state = 7_u64;
    let mut share = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / f64::from(1 << 24)
    };
    for (outage, base) in [(60, 5), (300, 30), (900, 10), (900, 30), (1_800, 60), (3_600, 30), (21_600, 30)] {
        let (receives, _) = receives::jittered(outage, base);
        let delays: Vec<_> = (1..receives).map(|n| (base << (n - 1).min(20)).min(3_600) as f64).collect();
        let is_early = |_: &usize| delays.iter().map(|delay| delay * share()).sum::<f64>() < outage as f64;
        let early = (0..MESSAGES).filter(is_early).count();
        assert!(early < MESSAGES / 50, "{early} of {MESSAGES} for {outage} s from {base} s");
    }
}

#[test]
fn a_message_is_kept_for_twice_the_longest_wait() {
    // 900 + 7,410 + 759 s are far below four days.
    assert_eq!(planned(&load()).retries.retention, 345_600);
    // Three days: 259,200 s of outage, 86 delays of up to 303,390 s in all, and 98,317 s to make it up.
    let retries = planned(&Load { outage: 259_200, ..load() }).retries;
    assert_eq!((retries.retention, retries.dead_letter_retention), (1_123_200, 1_209_600));
    let refused = plan(&Load { outage: 1_000_000, ..load() }).expect_err("longer than SQS keeps it").to_string();
    assert!(refused.contains("at most 1123200 s"), "{refused}");
    let refused = plan(&Load { outage: 100_000, backoff: None, ..load() }).expect_err("too often").to_string();
    assert!(refused.contains("received 1668 times"), "{refused}");
}

#[test]
fn a_million_messages_cost_their_requests_their_time_and_their_rows() {
    // 2,048 bytes: a receive and a delete for ten. 64 KiB each: ten receives' worth and a delete.
    assert_eq!((cost::requests(10, 2_048), cost::requests(10, 65_536), cost::requests(25, 1)), (2, 11, 6));
    let plan = planned(&load());
    // 100,000 batches: 200,000 requests, 100,000 invocations of 0.22 s with 0.25 GB, two million write units.
    close(plan.cost.sqs, 0.2 * 0.4);
    close(plan.cost.lambda, 0.1 * 0.2 + 100_000.0 * 0.22 * 0.25 * 0.000_013_333_4);
    close(plan.cost.dynamodb, 1.25);
    close(plan.cost.total, plan.cost.sqs + plan.cost.lambda + plan.cost.dynamodb);
    close(plan.cost.total_alone, 2.0 * 0.4 + 0.2 + 1_000_000.0 * 0.22 * 0.25 * 0.000_013_333_4 + 1.25);
}

#[test]
fn a_worker_has_in_hand_what_arrives_while_a_message_stays() {
    // (50 + 100,000 / 900) x 0.22 s = 35.4; at rest 50 x 0.22 / 0.8 = 13.75.
    let small = worker::of(&Load { permits: 10, ..load() }, 0.0);
    assert_eq!((small.in_hand, small.tasks, small.tasks_at_rest), (36, 4, 2));
    let idle = worker::of(&Load { rate: 0.0, burst: 0, ..load() }, 0.0);
    assert_eq!((idle.in_hand, idle.tasks, idle.tasks_at_rest), (1, 1, 1));
}

#[test]
fn what_cannot_be_is_said_with_its_limit() {
    for (load, says) in [
        (Load { rate: 100_000.0, ..load() }, "1000 invocations at a time do 45455 messages in a second"),
        (Load { fifo_groups: Some(3), ..load() }, "3 invocations at a time for 3 message groups do 15 messages"),
        (Load { fifo_groups: Some(3), aim: Aim::Concurrency(9), ..load() }, "need as many message groups"),
        (Load { aim: Aim::Concurrency(2), rate: 91.0, ..load() }, "a backlog never ends"),
        (Load { aim: Aim::Concurrency(2), rate: 91.0, burst: 0, outage: 0, ..load() }, "a backlog never ends"),
        (
            Load {
                window: 300,
                rate: 1_000.0,
                message_bytes: 100,
                at_once: 10_000,
                aim: Aim::Concurrency(500),
                ..load()
            },
            "at most 120000",
        ),
        (Load { message_ms: 300_000, ..load() }, "a function may run for 900 s"),
    ] {
        let refused = plan(&load).expect_err(says).to_string();
        assert!(refused.contains(says), "{refused}");
    }
}

#[test]
fn a_limit_itself_is_allowed() {
    let groups = Load { fifo_groups: Some(9), aim: Aim::Concurrency(9), rate: 1.0, ..load() };
    assert_eq!(planned(&groups).maximum_concurrency, 9);
    // 12 batches of 10,000.
    let full =
        Load { window: 300, message_bytes: 100, at_once: 10_000, aim: Aim::Concurrency(12), rate: 1_000.0, ..load() };
    assert_eq!((planned(&full).batch.size, planned(&full).maximum_concurrency), (10_000, 12));
    // 999 x 60 s.
    let often = Load { outage: 59_940, backoff: None, ..load() };
    assert_eq!(planned(&often).retries.max_receive_count, 1_000);
}

#[test]
fn the_curve_begins_with_the_burst_and_ends_with_nothing() {
    let load = Load { message_ms: 1_000, overhead_ms: 0, at_once: 1, rate: 0.0, burst: 50_000, ..load() };
    let plan = planned(&load);
    assert_eq!(plan.maximum_concurrency, 60);
    let points = curve::points(&plan, load.burst);
    // 5 in a second for a minute, then 60.
    assert_eq!(points, [(0.0, 50_000.0), (60.0, 49_700.0), (60.0 + 49_700.0 / 60.0, 0.0)]);
    let svg = curve::svg(&plan, load.burst);
    assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\"") && svg.ends_with("</svg>\n"), "{svg}");
    assert!(svg.contains("points=\"60.0,60.0 95.1,61.4 580.0,300.0\""), "{svg}");
}

#[test]
fn the_page_shows_what_the_command_says() {
    let page = std::fs::read_to_string(crate::support::root().join("runtime/docs/plan.md")).expect("the page");
    let (load, plan) = (load(), planned(&load()));
    for told in [report::text(&load, &plan), report::parameters(&plan)] {
        assert!(page.contains(&told), "the page does not have\n{told}");
    }
}

/// Loads that something bears, of many sizes.
fn loads() -> impl Strategy<Value = Load> {
    let sizes =
        (0.0..500.0, 0_u64..200_000, 1_u64..20_000, 0_u64..30, 1_u64..200, 60_u64..20_000, 0_u64..20_000, 0_u64..600);
    sizes.prop_map(|(rate, burst, message_ms, window, at_once, seconds, outage, backoff)| Load {
        rate,
        burst,
        message_ms,
        window,
        at_once,
        outage,
        aim: Aim::DrainWithin(seconds),
        backoff: Some(backoff).filter(|base| *base > 0),
        ..load()
    })
}

/// Asks of a plan for each of two loads, where there is one for both.
fn both(one: &Load, other: &Load, holds: impl Fn(&Plan, &Plan) -> bool) -> Result<(), TestCaseError> {
    if let (Ok(one), Ok(other)) = (plan(one), plan(other)) {
        prop_assert!(holds(&one, &other), "{one:?}\n{other:?}");
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_plan_keeps_what_it_was_asked_for(load in loads()) {
        let Ok(plan) = plan(&load) else { return Ok(()) };
        let Aim::DrainWithin(seconds) = load.aim else { unreachable!("of these loads") };
        prop_assert!(plan.drain <= seconds as f64);
        prop_assert!((2..=1000).contains(&plan.maximum_concurrency));
        let largest = if load.window == 0 { 10 } else { 10_000 };
        prop_assert!(plan.batch.size <= largest);
        prop_assert!(plan.visibility_timeout >= 6 * plan.function_timeout + plan.batch.window);
        prop_assert!(plan.retries.max_receive_count >= 5);
        prop_assert!(plan.retries.dead_letter_retention > plan.retries.retention);
        prop_assert!(plan.cost.total <= plan.cost.total_alone * (1.0 + 1e-9));
        // One less would not do, or not keep up.
        if plan.maximum_concurrency > 2 {
            let less = Capacity { concurrency: plan.maximum_concurrency - 1, ..plan.capacity };
            let is_busy = load.rate > 0.8 * less.throughput * less.concurrency as f64;
            prop_assert!(is_busy || less.drain(load.burst as f64).is_ok_and(|drain| drain > seconds as f64));
        }
    }

    #[test]
    fn more_never_needs_less(load in loads(), more in 1_u64..1_000) {
        // With a window a higher rate makes larger batches, which do more.
        let unwindowed = Load { window: 0, ..load.clone() };
        let faster = Load { rate: load.rate + more as f64, ..unwindowed.clone() };
        both(&unwindowed, &faster, |one, other| one.maximum_concurrency <= other.maximum_concurrency)?;
        both(&unwindowed, &faster, |one, other| one.worker.in_hand <= other.worker.in_hand)?;

        let larger = Load { burst: load.burst + more, ..load.clone() };
        both(&load, &larger, |one, other| one.maximum_concurrency <= other.maximum_concurrency)?;

        let slower = Load { message_ms: load.message_ms + more, ..load.clone() };
        both(&load, &slower, |one, other| one.maximum_concurrency <= other.maximum_concurrency)?;
        both(&load, &slower, |one, other| one.function_timeout <= other.function_timeout)?;
        both(&load, &slower, |one, other| one.visibility_timeout <= other.visibility_timeout)?;
        both(&load, &slower, |one, other| one.cost.total <= other.cost.total)?;

        let longer = Load { outage: load.outage + more, ..load.clone() };
        both(&load, &longer, |one, other| one.retries.max_receive_count <= other.retries.max_receive_count)?;
        both(&load, &longer, |one, other| one.retries.retention <= other.retries.retention)?;

        let Aim::DrainWithin(seconds) = load.aim else { unreachable!("of these loads") };
        let patient = Load { aim: Aim::DrainWithin(seconds + more), ..load.clone() };
        both(&load, &patient, |one, other| one.maximum_concurrency >= other.maximum_concurrency)?;
    }

    #[test]
    fn more_at_a_time_is_never_slower(
        rate in 0.0..100.0, throughput in 0.1..100.0, backlog in 0.0..1e6, concurrency in 2_u64..999
    ) {
        let capacity = Capacity { rate, throughput, concurrency };
        let more = Capacity { concurrency: concurrency + 1, ..capacity };
        if let Ok(drain) = capacity.drain(backlog) {
            let faster = more.drain(backlog).map_err(|reason| TestCaseError::fail(reason.to_string()))?;
            prop_assert!(faster <= drain * (1.0 + 1e-9), "{faster} after {drain}");
        }
    }

    /// The formula is the integral of what runs: counted second by second it comes to the same.
    #[test]
    fn the_drain_is_what_counting_comes_to(
        rate in 0.0..100.0, throughput in 0.5..50.0, backlog in 1_000.0..200_000.0, concurrency in 2_u64..=1000
    ) {
        let Ok(drain) = (Capacity { rate, throughput, concurrency }).drain(backlog) else { return Ok(()) };
        prop_assume!(drain < 50_000.0);
        let (mut left, mut second) = (backlog, 0_u64);
        while left > 0.0 {
            let running = (5 + 300 * (second / 60)).min(concurrency);
            left += rate - throughput * running as f64;
            second += 1;
        }
        prop_assert!((second as f64 - drain).abs() <= 1.0 + 1e-6, "{second} is not {drain}");
    }
}
