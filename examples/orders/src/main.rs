//! The program: on Lambda a function, elsewhere a command line.

#[tokio::main]
async fn main() -> Result<(), sqs_runtime::Error> {
    sqs_runtime::run(orders::consumer()).await
}
