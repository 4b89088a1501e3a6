//! The prose: each text once, compiled with the crate so that its examples run.

#[doc = include_str!("../docs/architecture.md")]
pub mod architecture {}

#[doc = include_str!("../docs/choosing.md")]
pub mod choosing {}

#[doc = include_str!("../docs/command.md")]
pub mod command {}

#[doc = include_str!("../docs/deploying.md")]
pub mod deploying {}

#[doc = include_str!("../docs/doctor.md")]
pub mod doctor {}

#[doc = include_str!("../docs/failures.md")]
pub mod failures {}

#[doc = include_str!("../docs/glossary.md")]
pub mod glossary {}

#[doc = include_str!("../docs/idempotency.md")]
pub mod idempotency {}

#[doc = include_str!("../docs/inputs.md")]
pub mod inputs {}

#[doc = include_str!("../docs/invariants.md")]
pub mod invariants {}

#[doc = include_str!("../docs/observing.md")]
pub mod observing {}

#[doc = include_str!("../docs/plan.md")]
pub mod plan {}

#[doc = include_str!("../docs/powertools.md")]
pub mod powertools {}

#[doc = include_str!("../docs/runbooks.md")]
pub mod runbooks {}

// Its links and examples need the test kit.
#[cfg_attr(feature = "testkit", doc = include_str!("../docs/testing.md"))]
#[cfg_attr(not(feature = "testkit"), doc = "Testing a consumer: to be read with the feature `testkit`.")]
pub mod testing {}

// Its links and examples need the worker.
#[cfg_attr(feature = "worker", doc = include_str!("../docs/worker.md"))]
#[cfg_attr(
    not(feature = "worker"),
    doc = "A consumer that receives its messages itself: to be read with the feature `worker`."
)]
pub mod worker {}
