//! How many instructions a record costs in each part of its way, from the event's bytes to the answer's, and how many it may cost.
//!
//! `.ci/parts` builds this program with `GUNGRAUN_RUNNER`, the runner that then counts each function below under callgrind and fails
//! where one is over its budget. Built without, as `cargo bench` does, it takes the whole way and checks that the answers are right.
//!
//! What a part needs is made before the count starts, after one event that went the whole way: what a process does once is no
//! record's. What a part leaves is dropped after the count's end.

pub mod work;

use std::{hint::black_box, mem, time::Duration};

use anyhow::ensure;
use sqs_runtime::{
    Consumer, Failure,
    batch::Batch,
    claim::Idempotency,
    extract::Json,
    run::{Pipeline, Report},
};
use tokio::runtime::{Builder, Runtime};

use self::work::order::Order;

/// Records in a count: enough for hash maps, whose seeds are new in each process, to even out. `.ci/parts` divides by it.
const RECORDS: usize = 2_000;

fn main() -> anyhow::Result<()> {
    if option_env!("GUNGRAUN_RUNNER").is_some() {
        count::all();
        return Ok(());
    }
    for records in [10, 100] {
        ready(records)?.run()?.respond()?.check()?;
        ready_to_claim(records)?.run()?.respond()?.check()?;
    }
    Ok(())
}

/// The parts, each with its budget, and the `main` that gungraun writes for them.
mod count {
    use gungraun::{Callgrind, EventKind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group};

    use super::{Course, RECORDS, finish, finish_parse, finish_run, ready, ready_to_claim, reported, unread};

    #[library_benchmark(setup = unread, teardown = finish_parse)]
    #[bench::of_10(args = (10), config = at_most(13_800))]
    #[bench::of_100(args = (100), config = at_most(13_700))]
    fn parse(course: anyhow::Result<Course>) -> anyhow::Result<Course> {
        course?.parse()
    }

    #[library_benchmark(setup = ready, teardown = finish_run)]
    #[bench::of_10(args = (10), config = at_most(21_700))]
    #[bench::of_100(args = (100), config = at_most(21_000))]
    fn pipeline(course: anyhow::Result<Course>) -> anyhow::Result<Course> {
        course?.run()
    }

    // The pipeline once more, with claims in memory, each by a new key. Nearly half of it is SHA-256, in software: callgrind's processor
    // has no instructions for it.
    #[library_benchmark(setup = ready_to_claim, teardown = finish_run)]
    #[bench::of_10(args = (10), config = at_most(63_800))]
    #[bench::of_100(args = (100), config = at_most(61_400))]
    fn claims(course: anyhow::Result<Course>) -> anyhow::Result<Course> {
        course?.run()
    }

    #[library_benchmark(setup = reported, teardown = finish)]
    #[bench::of_10(args = (10), config = at_most(335))]
    #[bench::of_100(args = (100), config = at_most(275))]
    fn response(course: anyhow::Result<Course>) -> anyhow::Result<Course> {
        course?.respond()
    }

    library_benchmark_group!(name = parts, benchmarks = [parse, pipeline, claims, response]);

    gungraun::main!(library_benchmark_groups = parts);

    pub(super) fn all() {
        main();
    }

    /// A budget: the most instructions that a record may cost.
    fn at_most(instructions: usize) -> LibraryBenchmarkConfig {
        let limit = (instructions * RECORDS) as u64;
        let mut config = LibraryBenchmarkConfig::default();
        config.tool(Callgrind::with_args(["--cache-sim=no"]).hard_limits([(EventKind::Ir, limit)]).clone());
        config
    }
}

// ---- before and after

fn unread(records: usize) -> anyhow::Result<Course> {
    Course::new(Consumer::new(place).without_idempotency(), records)
}

fn ready(records: usize) -> anyhow::Result<Course> {
    unread(records)?.parse()
}

fn ready_to_claim(records: usize) -> anyhow::Result<Course> {
    Course::new(Consumer::new(place).idempotency(Idempotency::memory()), records)?.parse()
}

fn reported(records: usize) -> anyhow::Result<Course> {
    ready(records)?.run()
}

fn finish_parse(course: anyhow::Result<Course>) {
    finish_run(course.and_then(Course::run));
}

fn finish_run(course: anyhow::Result<Course>) {
    finish(course.and_then(Course::respond));
}

/// A wrong answer, like an error on the way, ends the process as a failure: nothing is counted then.
fn finish(course: anyhow::Result<Course>) {
    let checked = course.and_then(|course| course.check());
    assert!(checked.is_ok(), "{checked:?}");
}

async fn place(Json(order): Json<Order>) -> Result<(), Failure> {
    order.place().map_err(Failure::reject)
}

// ---- course

/// Events of one size on their way, and what each part left of them.
struct Course {
    runtime: Runtime,
    pipeline: Pipeline,
    records: usize,
    events: Vec<Vec<u8>>,
    batches: Vec<Batch>,
    reports: Vec<Report>,
    answers: Vec<String>,
}

impl Course {
    fn new(consumer: Consumer, records: usize) -> anyhow::Result<Self> {
        let course = Self {
            // One thread, as in `instructions`.
            runtime: Builder::new_current_thread().enable_time().build()?,
            pipeline: Pipeline::new(consumer)?,
            records,
            events: vec![event(RECORDS, records)],
            batches: Vec::new(),
            reports: Vec::new(),
            answers: Vec::new(),
        };
        let events = (0..RECORDS).step_by(records).map(|first| event(first, records)).collect();
        let warm = course.parse()?.run()?.respond()?;
        Ok(Self { events, batches: Vec::new(), reports: Vec::new(), answers: Vec::new(), ..warm })
    }

    fn parse(mut self) -> anyhow::Result<Self> {
        self.batches = self.events.iter().map(|event| Batch::from_slice(black_box(event))).collect::<Result<_, _>>()?;
        Ok(self)
    }

    fn run(mut self) -> anyhow::Result<Self> {
        let (pipeline, batches) = (&self.pipeline, mem::take(&mut self.batches));
        self.reports = self.runtime.block_on(async {
            let mut reports = Vec::with_capacity(batches.len());
            for batch in batches {
                let invocation = pipeline.invocation(Some(Duration::from_secs(30)));
                reports.push(pipeline.run(black_box(batch), invocation).await?);
            }
            anyhow::Ok(reports)
        })?;
        Ok(self)
    }

    fn respond(mut self) -> anyhow::Result<Self> {
        let answer = |report: &Report| Ok(black_box(report).response()?.to_json());
        self.answers = self.reports.iter().map(answer).collect::<anyhow::Result<_>>()?;
        Ok(self)
    }

    /// Whether each event has an answer, and one record of ten failed in each.
    fn check(&self) -> anyhow::Result<()> {
        ensure!(self.answers.len() == RECORDS / self.records, "{} answers", self.answers.len());
        for answer in &self.answers {
            ensure!(answer.matches("itemIdentifier").count() == self.records / 10, "one record of ten fails: {answer}");
        }
        Ok(())
    }
}

/// The total of every tenth order is wrong.
fn event(first: usize, records: usize) -> Vec<u8> {
    work::event::event(first..first + records, |number| number.is_multiple_of(10)).into_bytes()
}
