//! For tests of consumers, yours and ours.

pub mod conformance;
mod delivery;
pub mod event;
pub mod harness;
pub mod judge;
mod manual_clock;
mod memory_payloads;
mod memory_queue;
mod paused_clock;
mod queue;
mod recording_queue;
mod recording_store;
pub mod redelivery;
mod seeded;
pub mod simulator;

pub use self::{
    delivery::delivery,
    manual_clock::ManualClock,
    memory_payloads::MemoryPayloads,
    memory_queue::MemoryQueue,
    paused_clock::PausedClock,
    queue::{QueueSettings, SentMessage},
    recording_queue::{QueueCall, RecordingQueue},
    recording_store::{RecordingStore, StoreCall},
    redelivery::{Difference, Effects, KillPoint, World, redelivery_check, redelivery_check_in},
    seeded::Seeded,
};
