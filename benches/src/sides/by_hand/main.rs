//! The function that a careful programmer writes without the crate: one future for each record, all at once, a claim for each, and a partial
//! batch response. Claims where the environment names a DynamoDB.

mod claims;

use std::{error::Error, sync::Arc};

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use compare::{Order, place, store};
use futures_util::future::join_all;
use lambda_runtime::{LambdaEvent, service_fn};

use self::claims::{Claim, Claims};

type AnyError = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), AnyError> {
    let claims = store().map(|client| Arc::new(Claims::new(client)));
    lambda_runtime::run(service_fn(|event: LambdaEvent<SqsEvent>| handle_all(event.payload, claims.clone()))).await
}

async fn handle_all(event: SqsEvent, claims: Option<Arc<Claims>>) -> Result<SqsBatchResponse, AnyError> {
    let claims = claims.as_deref();
    let handled = event.records.into_iter().map(|message| async move {
        let result = match claims {
            Some(claims) => handle_once(claims, &message).await,
            None => handle(&message),
        };
        (message.message_id, result)
    });
    let mut response = SqsBatchResponse::default();
    for (message_id, result) in join_all(handled).await {
        if result.is_err() {
            response.add_failure(message_id.ok_or("a message without an id")?);
        }
    }
    Ok(response)
}

async fn handle_once(claims: &Claims, message: &SqsMessage) -> Result<(), AnyError> {
    let id = message.message_id.as_deref().ok_or("a message without an id")?;
    match claims.claim(id).await? {
        Claim::Done => Ok(()),
        Claim::Elsewhere => Err("the message is being handled elsewhere".into()),
        Claim::Granted(owner) => match handle(message) {
            Ok(()) => claims.complete(id, &owner).await,
            Err(error) => {
                // Else nobody could claim the message before the lease ends.
                claims.release(id, &owner).await?;
                Err(error)
            }
        },
    }
}

fn handle(message: &SqsMessage) -> Result<(), AnyError> {
    let order: Order = serde_json::from_str(message.body.as_deref().ok_or("no body")?)?;
    Ok(place(&order)?)
}
