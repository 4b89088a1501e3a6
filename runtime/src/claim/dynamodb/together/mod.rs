//! What is pending at the same moment, in few requests: up to 25 conditional writes in one `BatchExecuteStatement`, each by itself.
//!
//! A statement that is done is done. Whatever else becomes of one, refused, failed or not answered, decides nothing: the single operation
//! is asked then, and it alone decides, as if there had been no statement. Where that had landed after all, the operation meets a row of
//! its own owner's, as it does after a lost answer.
//!
//! Never the same key twice in one request: that is refused as a whole.

mod statement;
mod texts;
mod travels;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use aws_sdk_dynamodb::{
    config::{retry::RetryConfig, timeout::TimeoutConfig},
    error::ProvideErrorMetadata,
    types::{BatchStatementErrorCodeEnum, BatchStatementRequest, BatchStatementResponse},
};
use futures_util::future::{join, join_all};

use self::{statement::Statement, texts::Texts, travels::Travels};
use super::{DynamoDbStore, fate::Fate, table::Table, witness::Witness, write::MAX_OPERATION};

/// As many statements as a request takes.
const MOST: usize = 25;

/// The longest that a request takes, of the time that the single operations may need after it.
const MAX_REQUEST: Duration = Duration::from_secs(2);

/// Whether writes travel together.
#[derive(Clone, Debug)]
pub(super) struct Together {
    pub(super) is_on: bool,
    /// The role may not: said once, and not asked again.
    is_denied: Arc<AtomicBool>,
    texts: Arc<Texts>,
}

impl Together {
    /// On.
    pub(super) fn of(table: &Table) -> Self {
        Self { is_on: true, is_denied: Arc::default(), texts: Arc::new(Texts::of(table)) }
    }

    pub(super) fn is_wanted(&self) -> bool {
        self.is_on && !self.is_denied.load(Ordering::Relaxed)
    }
}

/// What became of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    Done,
    /// Nothing of it was written.
    Not,
    /// It may have been done, or may be later.
    InDoubt,
}

impl DynamoDbStore {
    /// Answers all, in the order in which they were asked: those that can travel in few requests, the others by themselves.
    pub(super) async fn answer_all<T: Travels>(&self, all: &[T], time: Option<Duration>) -> Vec<T::Answer> {
        let now_ms = self.now_ms();
        let statement = |request: &T| if self.together.is_wanted() { request.statement(self, now_ms) } else { None };
        let (mut together, mut alone) = (Vec::new(), Vec::new());
        for (place, request) in all.iter().enumerate() {
            match statement(request) {
                Some(statement) => together.push((place, request, statement)),
                None => alone.push((place, request)),
            }
        }
        // Company is the point.
        if together.len() == 1 {
            alone.extend(together.drain(..).map(|(place, request, _)| (place, request)));
        }
        let alone = join_all(
            alone.into_iter().map(|(place, request)| async move { (place, request.alone(self, time, false).await) }),
        );
        let together = join_all(groups(together).into_iter().map(|group| self.answer_group(group, now_ms, time)));
        let (alone, together) = join(alone, together).await;
        let mut answers: Vec<_> = alone.into_iter().chain(together.into_iter().flatten()).collect();
        answers.sort_by_key(|(place, _)| *place);
        answers.into_iter().map(|(_, answer)| answer).collect()
    }

    async fn answer_group<T: Travels>(
        &self,
        group: Vec<(usize, &T, Statement)>,
        now_ms: u64,
        time: Option<Duration>,
    ) -> Vec<(usize, T::Answer)> {
        let (requests, statements): (Vec<_>, Vec<_>) =
            group.into_iter().map(|(place, request, statement)| ((place, request), statement.into_request())).unzip();
        let sent = match statements.into_iter().collect() {
            Some(statements) => self.send_together(statements, time).await,
            None => Vec::new(),
        };
        // What has no answer was in a request that had none.
        let sent = sent.into_iter().chain(std::iter::repeat(Sent::InDoubt));
        let answers = requests.into_iter().zip(sent).map(|((place, request), sent)| async move {
            let answer = match sent {
                Sent::Done => request.done(now_ms),
                Sent::Not => request.alone(self, time, false).await,
                Sent::InDoubt => request.alone(self, time, true).await,
            };
            (place, answer)
        });
        join_all(answers).await
    }

    /// Sends statements once: the single operations have retries of their own.
    async fn send_together(&self, statements: Vec<BatchStatementRequest>, time: Option<Duration>) -> Vec<Sent> {
        let count = statements.len();
        let longest = (time.unwrap_or(MAX_OPERATION) / 4).min(MAX_REQUEST);
        let timeouts = TimeoutConfig::builder().operation_timeout(longest).build();
        let config = aws_sdk_dynamodb::config::Builder::new()
            .timeout_config(timeouts)
            .retry_config(RetryConfig::disabled())
            .interceptor(Witness::new(Arc::clone(&self.server_clock)));
        let request = self.client.batch_execute_statement().set_statements(Some(statements));
        match request.customize().config_override(config).send().await {
            Ok(output) => {
                let responses = output.responses.unwrap_or_default();
                responses.iter().map(|response| self.sent(response)).collect()
            }
            Err(error) => {
                if error.as_service_error().and_then(ProvideErrorMetadata::code) == Some("AccessDeniedException") {
                    self.note_denial();
                }
                let sent = if matches!(Fate::of(&error), Fate::Unknown(_)) { Sent::InDoubt } else { Sent::Not };
                vec![sent; count]
            }
        }
    }

    fn sent(&self, response: &BatchStatementResponse) -> Sent {
        let Some(error) = response.error() else { return Sent::Done };
        match error.code() {
            Some(BatchStatementErrorCodeEnum::AccessDenied) => {
                self.note_denial();
                Sent::Not
            }
            Some(BatchStatementErrorCodeEnum::InternalServerError) | None => Sent::InDoubt,
            Some(_) => Sent::Not,
        }
    }

    fn note_denial(&self) {
        if !self.together.is_denied.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "the role may not write several rows in one request: it needs dynamodb:PartiQLInsert and \
                 dynamodb:PartiQLUpdate on the table; each is written by itself"
            );
        }
    }
}

/// Groups of as many as a request takes, about as large as each other.
fn groups<T>(all: Vec<T>) -> Vec<Vec<T>> {
    let count = all.len().div_ceil(MOST);
    let mut groups: Vec<Vec<T>> = (0..count).map(|_| Vec::new()).collect();
    for (place, one) in all.into_iter().enumerate() {
        if let Some(group) = groups.get_mut(place % count.max(1)) {
            group.push(one);
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_as_few_and_as_even_as_can_be() {
        for (count, sizes) in [(0, &[] as &[usize]), (1, &[1]), (25, &[25]), (26, &[13, 13]), (100, &[25; 4])] {
            let groups = groups((0..count).collect());
            assert_eq!(groups.iter().map(Vec::len).collect::<Vec<_>>(), sizes, "{count}");
            assert_eq!(groups.into_iter().flatten().count(), count);
        }
    }
}
