//! What a function tells its queue that says nothing about it.

use super::{
    events::{FAIL, SUCCEED, batch},
    fake_runtime_api::Invocation,
    function::Function,
    sqs::{Role, Sqs},
};

/// A function that says this of its queue, in the environment that Lambda makes.
async fn function(says: &str, sqs: &Sqs, settings: &[(&str, &str)]) -> anyhow::Result<Function> {
    let endpoint = sqs.endpoint();
    let environment = [
        ("CONSUMER_QUEUE", says),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_ENDPOINT_URL_SQS", &endpoint),
    ];
    let environment: Vec<_> = environment.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    Function::start(&[&environment, settings].concat()).await
}

fn event() -> Invocation {
    Invocation::new(batch(&[("fails", FAIL), ("succeeds", SUCCEED)]))
}

#[tokio::test]
async fn a_message_that_failed_is_hidden_as_the_environment_has_it() -> anyhow::Result<()> {
    let sqs = Sqs::start(Role::MayAll).await?;
    let mut function = function("unsaid", &sqs, &[("SQS_RUNTIME_BACKOFF_SECONDS", "0")]).await?;

    assert_eq!(function.invoke(event()).await?.failed_ids()?, ["fails"]);

    let asked = sqs.asked();
    assert_eq!((asked.len(), &asked[0]["QueueName"]), (2, &"orders".into()), "{asked:?}");
    let entries = asked[1]["Entries"].as_array().map(Vec::as_slice);
    let Some([entry]) = entries else { panic!("{asked:?}") };
    assert_eq!((&entry["ReceiptHandle"], &entry["VisibilityTimeout"]), (&"AQEB".into(), &0.into()));
    Ok(())
}

#[tokio::test]
async fn where_nothing_fails_and_where_the_program_has_it_so_nothing_is_told() -> anyhow::Result<()> {
    let sqs = Sqs::start(Role::MayAll).await?;
    let mut silent = function("", &sqs, &[]).await?;
    assert_eq!(silent.invoke(event()).await?.failed_ids()?, ["fails"]);
    let mut telling = function("unsaid", &sqs, &[]).await?;
    let nobody: [&str; 0] = [];
    assert_eq!(telling.invoke(Invocation::new(batch(&[("succeeds", SUCCEED)]))).await?.failed_ids()?, nobody);
    assert!(sqs.asked().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_role_that_may_not_is_one_warning() -> anyhow::Result<()> {
    let sqs = Sqs::start(Role::MayNothing).await?;
    let mut function = function("unsaid", &sqs, &[]).await?;
    for _ in 0..3 {
        assert_eq!(function.invoke(event()).await?.failed_ids()?, ["fails"]);
    }
    let log = function.stop().await?;
    assert_eq!(log.iter().filter(|line| line.contains("the queue may not be told")).count(), 1, "{log:?}");
    Ok(())
}

#[tokio::test]
async fn a_setting_that_cannot_be_stops_the_start() -> anyhow::Result<()> {
    let sqs = Sqs::start(Role::MayAll).await?;
    let (status, log) = function("unsaid", &sqs, &[("SQS_RUNTIME_BACKOFF_SECONDS", "soon")]).await?.exit().await?;
    assert!(
        !status.success() && log.iter().any(|line| line.contains("SQS_RUNTIME_BACKOFF_SECONDS has to be")),
        "{log:?}"
    );
    Ok(())
}
