//! The handler.

use std::sync::Arc;

use sqs_runtime::{
    Failure,
    extract::{S3Notification, State},
};

use crate::{Image, Images, ImagesError, Object, PpmError, object::uploads, scale};

/// Larger images are not read.
const MAX_BYTES: usize = 32 * 1024 * 1024;

/// Makes a thumbnail of each content that was uploaded.
///
/// # Errors
///
/// Rejects what is no image, is too large or has a name that cannot be one here: its content will be the same next time. Asks for
/// a retry where objects and thumbnails cannot be reached.
pub async fn make(State(images): State<Arc<dyn Images>>, notification: S3Notification) -> Result<(), Failure> {
    for upload in uploads(&notification).map_err(Failure::reject)? {
        make_one(&*images, &upload.object).await?;
    }
    Ok(())
}

async fn make_one(images: &dyn Images, object: &Object) -> Result<(), Failure> {
    let bytes = match images.read(object, MAX_BYTES).await {
        // Removed since, or replaced, and then there is a notification about what replaced it.
        Err(ImagesError::Gone) => {
            tracing::info!("nothing is left to make a thumbnail of");
            return Ok(());
        }
        read => read.map_err(failure)?,
    };
    // It keeps a thread busy, which others wait for.
    let thumbnail = tokio::task::spawn_blocking(move || thumbnail(&bytes)).await?.map_err(Failure::reject)?;
    images.write(object, thumbnail).await.map_err(failure)
}

fn thumbnail(bytes: &[u8]) -> Result<Vec<u8>, PpmError> {
    Ok(scale::thumbnail(&Image::from_ppm(bytes)?).to_ppm())
}

fn failure(error: ImagesError) -> Failure {
    match error {
        ImagesError::TooLarge | ImagesError::BadName => Failure::reject(error),
        ImagesError::Gone | ImagesError::Io(_) => Failure::retry(error),
    }
}
