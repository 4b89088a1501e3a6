//! The listener: a few connections at a time, a short time for each, one page over each.

use std::{convert::Infallible, future::poll_fn, pin::pin, sync::Arc, task::Poll, time::Duration};

use futures_util::{
    StreamExt,
    future::{Either, select},
    stream::FuturesUnordered,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::{
    http::{LONGEST_HEAD, Page, Status, head_len, parse},
    page,
};
use crate::run::worker::Common;

/// How many are answered at a time; more wait in the listener's own queue.
const MOST: usize = 16;

/// How long a connection may take, from first to last.
const LONGEST: Duration = Duration::from_secs(5);

/// How long nothing is accepted after that failed: there are no file descriptors left, and trying at once finds none either.
const AFTER_AN_ERROR: Duration = Duration::from_secs(1);

/// Answers whoever connects, for as long as it is polled.
pub(super) async fn serve(listener: TcpListener, common: Arc<Common>) -> Infallible {
    let mut open = FuturesUnordered::new();
    loop {
        let accepted = poll_fn(|cx| {
            while let Poll::Ready(Some(())) = open.poll_next_unpin(cx) {}
            if open.len() < MOST { listener.poll_accept(cx) } else { Poll::Pending }
        });
        match accepted.await {
            Ok((stream, _)) => open.push(Box::pin(answer(stream, Arc::clone(&common)))),
            Err(error) => {
                tracing::warn!(%error, "a connection for health cannot be accepted");
                common.seams.clock.sleep(AFTER_AN_ERROR).await;
            }
        }
    }
}

/// One page, unless the connection takes too long.
async fn answer(stream: TcpStream, common: Arc<Common>) {
    let too_long = common.seams.clock.sleep(LONGEST);
    match select(pin!(one_page(stream, &common)), too_long).await {
        Either::Left((Err(error), _)) => tracing::debug!(%error, "a connection for health broke"),
        Either::Left((Ok(()), _)) | Either::Right(_) => {}
    }
}

async fn one_page(mut stream: TcpStream, common: &Common) -> std::io::Result<()> {
    let Some(head) = read_head(&mut stream).await? else { return Ok(()) };
    let (page, is_head) = match head.as_deref().map_err(|status| *status).and_then(parse) {
        Ok(request) => (page(common, request.path).await, request.is_head),
        Err(status) => (Page::refusal(status), false),
    };
    stream.write_all(&page.bytes(is_head)).await?;
    stream.shutdown().await?;
    read_the_rest(stream).await
}

/// A connection that is closed with something unread is reset, and the page may be lost with it.
async fn read_the_rest(stream: TcpStream) -> std::io::Result<()> {
    const MOST_BYTES: u64 = 64 * 1024;
    let (mut rest, mut some) = (stream.take(MOST_BYTES), [0; 512]);
    while rest.read(&mut some).await? > 0 {}
    Ok(())
}

/// The head of a request, or how it is refused; `None` where the other side hung up before its end.
async fn read_head(stream: &mut TcpStream) -> std::io::Result<Option<Result<Vec<u8>, Status>>> {
    let mut read = Vec::with_capacity(1024);
    while stream.read_buf(&mut read).await? > 0 {
        if let Some(length) = head_len(&read).filter(|length| *length <= LONGEST_HEAD) {
            read.truncate(length);
            return Ok(Some(Ok(read)));
        }
        if read.len() > LONGEST_HEAD {
            return Ok(Some(Err(Status::HeadTooLarge)));
        }
    }
    Ok(None)
}
