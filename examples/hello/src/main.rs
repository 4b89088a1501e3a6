//! The smallest consumer.
//!
//! A message is named by its id, so every second *delivery* of it is caught. Not caught are a greeting that was *sent*
//! twice, and one that came back from a dead-letter queue: both have new ids. `orders` shows keys that catch those.

use sqs_runtime::{Consumer, Error, Idempotency, extract::Json};

#[derive(serde::Deserialize)]
struct Greeting {
    name: String,
}

async fn greet(Json(greeting): Json<Greeting>) {
    tracing::info!("hello {:?}", greeting.name);
}

fn consumer() -> Consumer {
    Consumer::new(greet).idempotency(Idempotency::memory())
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    sqs_runtime::run(consumer()).await
}

#[cfg(test)]
mod tests {
    use sqs_runtime::run::{Pipeline, Replay};

    #[tokio::test]
    async fn a_second_delivery_is_caught_and_a_second_send_is_not() {
        let pipeline = Pipeline::for_tests(super::consumer());
        let event = r#"{"Records":[
            {"messageId":"m-1","body":"{\"name\":\"Ada\"}"},
            {"messageId":"m-2","body":"{\"name\":\"Ada\"}"}
        ]}"#;
        let replayed = Replay::new().redeliver(1).event(&pipeline, event).await.expect("an SQS event");
        let runs: Vec<Vec<u16>> =
            replayed.reports().iter().map(|report| report.records().map(|record| record.runs).collect()).collect();
        assert_eq!(runs, [[1, 1], [0, 0]]);
    }
}
