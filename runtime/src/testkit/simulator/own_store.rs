//! A store of the user's own in the place of the simulation's: behind the same wire, and judged by what it answers.

use std::{slice::from_ref, sync::Arc};

use futures_util::FutureExt;

use super::{
    server::{Answer, Request},
    store::SharedStore,
};
use crate::claim::IdempotencyStore;

/// It has to answer at once: time passes on the wire, and not in the store.
#[derive(Clone)]
pub(super) struct OwnStore(pub(super) Arc<dyn IdempotencyStore>);

impl OwnStore {
    /// Asks it, and looks at what it says.
    pub(super) fn apply(&self, wire: &SharedStore, request: &Request) -> Answer {
        let Some(answer) = self.ask(request).now_or_never().flatten() else {
            let what = "a store of one's own has to answer at once, each element of a call with one answer".to_owned();
            wire.state().ledger.violation(what);
            return Answer::Nothing;
        };
        wire.hears(request, &answer);
        answer
    }

    async fn ask(&self, request: &Request) -> Option<Answer> {
        let store = &self.0;
        Some(match request {
            Request::Claim(request) => Answer::Claim(only(store.claim(from_ref(request), None).await)?),
            Request::Complete(request) => Answer::Complete(only(store.complete(from_ref(request), None).await)?),
            Request::Mark(request) => Answer::Complete(only(store.mark(from_ref(request), None).await)?),
            Request::Release(lease) => Answer::Held(only(store.release(from_ref(lease), None).await)?),
            Request::Cancel(lease) => Answer::Held(only(store.cancel(from_ref(lease), None).await)?),
            Request::Fail(request) => Answer::Held(only(store.fail(from_ref(request), None).await)?),
            Request::Renew(request) => Answer::Renew(only(store.renew(from_ref(request), None).await)?),
            Request::Read(key) => Answer::Read(only(store.read(from_ref(key), None).await)?),
            // Nobody sends it one: it says that it has no transactions.
            Request::Transact(..) => return None,
        })
    }
}

fn only<A>(answers: Vec<A>) -> Option<A> {
    let [answer] = <[A; 1]>::try_from(answers).ok()?;
    Some(answer)
}
