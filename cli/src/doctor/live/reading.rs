//! A model on its way, and what could not be read for it.

use std::fmt;

use aws_sdk_sqs::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
};

use crate::{aws::said::said_of_a_read, doctor::model::Model};

/// What could not be read, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// The resource, by its name in the template and the one that it has where it runs.
    pub resource: String,
    /// What the service said.
    pub why: String,
    /// What it takes to read it, where that is a permission.
    pub permission: Option<&'static str>,
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { resource, why, permission } = self;
        write!(f, "{resource}: not read: {why}")?;
        permission.map_or(Ok(()), |permission| write!(f, "; reading it takes {permission}"))
    }
}

impl std::error::Error for Unread {}

pub(super) struct Reading {
    pub(super) model: Model,
    pub(super) unread: Vec<Unread>,
    /// Whether what was not read may name a queue as a dead-letter queue.
    pub(super) hides_dead_letters: bool,
}

impl Reading {
    pub(super) const fn of(model: Model) -> Self {
        Self { model, unread: Vec::new(), hides_dead_letters: false }
    }

    /// The answer of a call that reads a resource; of one that failed, a note.
    pub(super) async fn ask<T, E>(
        &mut self,
        resource: &str,
        permission: &'static str,
        call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Option<T>
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        match answered(resource, permission, call).await {
            Ok(answer) => Some(answer),
            Err(unread) => {
                self.unread.push(unread);
                None
            }
        }
    }
}

pub(super) async fn answered<T, E>(
    resource: &str,
    permission: &'static str,
    call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
) -> Result<T, Unread>
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    call.await.map_err(|error| Unread {
        resource: resource.to_owned(),
        why: said_of_a_read(&error),
        permission: Some(permission),
    })
}
