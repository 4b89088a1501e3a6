//! Thumbnails of what is uploaded to S3. Its notification comes as one message, and one thumbnail is made of the object's content.
//!
//! - `object`: what a notification is about: an upload, and the content that an object got by it.
//! - `images`: where objects and thumbnails are.
//! - `ppm`, `scale`: from an image to a smaller one.
//! - `make`: the handler, one async function for one message.
//! - `status`: where a thumbnail stands, and the command that says so.
//!
//! # Which work is the same
//!
//! S3 may send a notification twice, and SQS may deliver it twice. Both times it has the same *sequencer*, S3's name for one upload
//! among those of the same key: the work is named by bucket, key and sequencer, and done once.
//!
//! Notifications about one object may come in another order than its uploads. So a thumbnail is named by the *eTag*, which names a
//! content: an upload that is heard of late spoils no newer thumbnail. The work cannot be named by it. If the content was replaced
//! before it was read, that work is over and has left nothing; the same content may be uploaded again, and is to have its thumbnail
//! then.
//!
//! S3's test event, sent when notifications are set up, is about no object. It is done, and there is nothing to do.
//!
//! # What this is not
//!
//! A picture library: it reads and writes binary PPM with 8 bits a colour and nothing else, and it scales by a plain box
//! filter: each pixel is the mean of those that it stands for. Nor does it know S3: objects and thumbnails are in folders, which
//! is right for `replay` and for a mounted file system. For S3 itself implement [`Images`] over its SDK: `read` is `GetObject` with
//! `if-match` set to the eTag, where 404 and 412 are [`ImagesError::Gone`], and `write` is `PutObject` into *another* bucket, or the
//! thumbnails' own notifications come here.
//!
//! # Run it
//!
//! ```text
//! export IMAGES=examples/thumbnails/images THUMBNAILS=target/thumbnails
//! cargo run -p thumbnails -- replay tests/fixtures/thumbnails.json
//! ```
//!
//! With a table for idempotency (`IDEMPOTENCY_TABLE`; the README says how to have one locally) another process can say how it went:
//!
//! ```text
//! cargo run -p thumbnails -- status example-bucket photos/sunrise.ppm 0A1B2C3D4E5F678901
//! ```

mod images;
mod make;
mod object;
mod ppm;
mod scale;
mod status;

use std::sync::Arc;

use sqs_runtime::{Consumer, Idempotency, claim::Key};

pub use self::{
    images::{Folders, Images, ImagesError, NoFolder},
    make::make,
    object::{Nameless, Object, Upload, key_of_upload},
    ppm::{Image, PpmError},
    scale::EDGE,
    status::{Question, asked, status},
};

/// What keys are kept apart by: the same for the consumer and for whoever asks how a thumbnail stands.
const NAMESPACE: &str = "thumbnails";

/// The consumer that `main` runs and the tests deliver events to.
#[must_use]
pub fn consumer(idempotency: Idempotency, images: Arc<dyn Images>) -> Consumer {
    // An image in memory is large, and scaling takes a processor.
    Consumer::new(make).state(images).idempotency(by_upload(idempotency)).concurrency(4)
}

/// Names the work by the upload. Nothing else of a notification counts. A message about none has only to be let through, or to be rejected
/// by the handler with its reason: it goes by its id.
#[must_use]
pub fn by_upload(idempotency: Idempotency) -> Idempotency {
    idempotency.namespace(NAMESPACE).key(Key::by(object::names).or_message_id().key_alone())
}
