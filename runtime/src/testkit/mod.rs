//! For tests of consumers, yours and ours.

mod manual_clock;
mod recording_queue;
mod seeded;

pub use self::{
    manual_clock::ManualClock,
    recording_queue::{QueueCall, RecordingQueue},
    seeded::Seeded,
};
