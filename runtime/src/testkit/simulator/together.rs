//! What is asked at the same moment, in few messages, as the DynamoDB store sends it: each with a fate of its own in its message, and what
//! is not done there asked once more by itself, which alone decides.

use std::time::Duration;

use futures_util::future::join_all;

use super::{
    process_store::{ProcessStore, Time, limit},
    server::{Answer, Request},
    store::{SharedStore, Silence},
};
use crate::claim::{ClaimAnswer, ClaimRequest, CompleteAnswer, CompleteRequest, FailRequest, HeldAnswer, Lease};

/// As many as a message takes.
const MOST: usize = 25;

/// The longest that a message with company takes.
const LONGEST: Duration = Duration::from_secs(2);

/// What became of a request in company.
pub(super) enum Sent {
    Done(Answer),
    /// Nothing of it was written.
    Not,
    /// It may have been done, or may be later.
    InDoubt,
}

/// What can travel in company.
pub(super) trait Travels: Sync {
    type Answer: Send;

    /// `None` where it rather goes alone.
    fn request(&self) -> Option<Request>;

    /// What an answer to the request says.
    fn said(answer: Answer) -> Option<Self::Answer>;

    /// The operation by itself, which alone decides.
    fn alone(&self, store: &ProcessStore, in_doubt: bool, time: Time) -> impl Future<Output = Self::Answer> + Send;
}

impl ProcessStore {
    /// Answers all, in the order in which they were asked.
    pub(super) async fn answer_all<T: Travels>(&self, all: &[T], time: Time) -> Vec<T::Answer> {
        let travellers = if self.wire.0.together { self.send_all(all, time).await } else { Vec::new() };
        let sent = travellers.into_iter().chain(std::iter::repeat_with(|| Sent::Not));
        let answers = all.iter().zip(sent).map(|(one, sent)| async move {
            match sent {
                Sent::Done(answer) => match T::said(answer) {
                    Some(answer) => answer,
                    None => one.alone(self, true, time).await,
                },
                Sent::Not => one.alone(self, false, time).await,
                Sent::InDoubt => one.alone(self, true, time).await,
            }
        });
        join_all(answers).await
    }

    /// Sends those that travel, if there are several, and says of each what became of it.
    async fn send_all<T: Travels>(&self, all: &[T], time: Time) -> Vec<Sent> {
        let travelling = all.iter().enumerate().filter_map(|(place, one)| Some((place, one.request()?)));
        let travelling: Vec<(usize, Request)> = travelling.collect();
        let mut sent: Vec<Sent> = all.iter().map(|_| Sent::Not).collect();
        if travelling.len() < 2 {
            return sent;
        }
        let messages = travelling.chunks(MOST).map(|message| self.send_message(message, time));
        for (place, one) in join_all(messages).await.into_iter().flatten() {
            if let Some(slot) = sent.get_mut(place) {
                *slot = one;
            }
        }
        sent
    }

    async fn send_message(&self, message: &[(usize, Request)], time: Time) -> Vec<(usize, Sent)> {
        let requests: Vec<Request> = message.iter().map(|(_, request)| request.clone()).collect();
        let (asked, now_ms) = (requests.clone(), self.now_ms());
        let longest = (limit(time) / 4).min(LONGEST);
        let arrives = move |wire: &SharedStore| asked.iter().map(|request| wire.attempt(request, now_ms)).collect();
        let answer: Result<Vec<Sent>, Silence> = self.wire.exchange(&requests, longest, arrives).await;
        let places = message.iter().map(|(place, _)| *place);
        match answer {
            Ok(sent) => places.zip(sent).collect(),
            Err(Silence::Refused) => places.map(|place| (place, Sent::Not)).collect(),
            Err(Silence::Unknown) => places.map(|place| (place, Sent::InDoubt)).collect(),
        }
    }
}

impl SharedStore {
    /// Does one of a message's requests, where nothing is in its way.
    fn attempt(&self, request: &Request, now_ms: u64) -> Sent {
        let fails = self.faults_are_on() && self.happens(self.0.faults.store);
        self.state().counts.failed_in_company += u64::from(fails);
        // Throttled, or a failure of the server, before it did it or behind that.
        let (is_done, is_told) = if fails { (self.happens(300), self.happens(300)) } else { (true, true) };
        let answer = (is_done && self.0.server.is_open_for(request)).then(|| self.apply(request, now_ms));
        match answer {
            _ if fails && self.0.failed_as_done && matches!(request, Request::Complete(_)) => {
                Sent::Done(Answer::Complete(CompleteAnswer::Committed))
            }
            Some(answer) if !fails => Sent::Done(answer),
            None if is_told => Sent::Not,
            Some(_) | None => Sent::InDoubt,
        }
    }
}

impl Travels for ClaimRequest {
    type Answer = ClaimAnswer;

    /// An insertion.
    fn request(&self) -> Option<Request> {
        (!self.meets_row).then(|| Request::Claim(self.clone()))
    }

    fn said(answer: Answer) -> Option<ClaimAnswer> {
        if let Answer::Claim(answer) = answer { Some(answer) } else { None }
    }

    async fn alone(&self, store: &ProcessStore, in_doubt: bool, time: Time) -> ClaimAnswer {
        store.claim_one(self.clone(), in_doubt, time).await
    }
}

impl Travels for CompleteRequest {
    type Answer = CompleteAnswer;

    fn request(&self) -> Option<Request> {
        Some(Request::Complete(self.clone()))
    }

    fn said(answer: Answer) -> Option<CompleteAnswer> {
        if let Answer::Complete(answer) = answer { Some(answer) } else { None }
    }

    async fn alone(&self, store: &ProcessStore, _: bool, time: Time) -> CompleteAnswer {
        store.commit_one(Request::Complete(self.clone()), time).await
    }
}

/// Its release.
impl Travels for Lease {
    type Answer = HeldAnswer;

    fn request(&self) -> Option<Request> {
        Some(Request::Release(self.clone()))
    }

    fn said(answer: Answer) -> Option<HeldAnswer> {
        if let Answer::Held(answer) = answer { Some(answer) } else { None }
    }

    async fn alone(&self, store: &ProcessStore, _: bool, time: Time) -> HeldAnswer {
        store.give_up_one(Request::Release(self.clone()), time).await
    }
}

impl Travels for FailRequest {
    type Answer = HeldAnswer;

    fn request(&self) -> Option<Request> {
        Some(Request::Fail(self.clone()))
    }

    fn said(answer: Answer) -> Option<HeldAnswer> {
        if let Answer::Held(answer) = answer { Some(answer) } else { None }
    }

    async fn alone(&self, store: &ProcessStore, _: bool, time: Time) -> HeldAnswer {
        store.give_up_one(Request::Fail(self.clone()), time).await
    }
}
