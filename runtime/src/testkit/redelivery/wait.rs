//! One wait.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

/// Lets others go first, once.
#[derive(Default)]
pub(super) struct Wait {
    has_waited: bool,
}

impl Future for Wait {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.has_waited, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
