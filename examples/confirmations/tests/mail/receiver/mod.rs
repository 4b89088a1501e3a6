//! A mail server for tests: as much of RFC 5321 as a client needs, on a free port of this machine. It keeps what it took, and
//! misbehaves where it is told to.

mod session;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use confirmations::MailServer;
use sqs_runtime::run::{Spawn, TokioSpawn};
use tokio::{net::TcpListener, sync::watch};

use self::session::Session;

/// What one connection meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Every mail is taken.
    Take,
    /// This stands in place of the greeting.
    Greet(&'static str),
    /// Nothing is said, not even a greeting.
    SayNothing,
    /// Every recipient gets this reply.
    Refuse(&'static str),
    /// Every mail is read to its end, and then gets this reply.
    RefuseText(&'static str),
    /// The mail is taken, and the connection closed before the reply.
    TakeAndHangUp,
    /// The mail is taken, and the reply held back for ever.
    TakeAndHoldBack,
    /// The mail is taken and confirmed; the goodbye stays unanswered.
    TakeAndIgnoreQuit,
}

/// A mail that was taken.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) text: String,
}

impl Mail {
    /// The value of a header that stands on one line.
    pub(crate) fn header(&self, name: &str) -> &str {
        let head = self.text.split("\r\n\r\n").next().unwrap_or_default();
        let value = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        value.unwrap_or_else(|| panic!("no {name} in\n{}", self.text))
    }
}

/// What the server saw so far.
#[derive(Clone, Debug, Default)]
struct Seen {
    connections: usize,
    mails: Vec<Mail>,
    goodbyes: usize,
}

/// The running server. It ends with the runtime that it was started in.
pub(crate) struct Receiver {
    port: u16,
    seen: watch::Receiver<Seen>,
}

impl Receiver {
    /// A server whose first connections meet these manners, and all later ones `Take`.
    pub(crate) async fn start(manners: impl Into<VecDeque<Manner>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let (sender, seen) = watch::channel(Seen::default());
        TokioSpawn.spawn(Box::pin(serve(listener, manners.into(), Arc::new(sender))));
        Self { port, seen }
    }

    pub(crate) fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    pub(crate) fn server(&self) -> MailServer {
        MailServer::from_url(&self.url()).expect("a URL")
    }

    /// The mails so far.
    pub(crate) fn mails(&self) -> Vec<Mail> {
        self.seen.borrow().mails.clone()
    }

    /// Waits until it took that many mails.
    pub(crate) async fn took(&self, mails: usize) {
        self.saw(|seen| seen.mails.len() >= mails).await;
    }

    /// Waits until that many connections were opened.
    pub(crate) async fn met(&self, connections: usize) {
        self.saw(|seen| seen.connections >= connections).await;
    }

    /// Waits until that many clients said goodbye.
    pub(crate) async fn was_left(&self, goodbyes: usize) {
        self.saw(|seen| seen.goodbyes >= goodbyes).await;
    }

    #[expect(clippy::disallowed_methods, reason = "a test that waits for ever says nothing")]
    async fn saw(&self, enough: impl FnMut(&Seen) -> bool) {
        let mut seen = self.seen.clone();
        let in_time = tokio::time::timeout(Duration::from_secs(60), seen.wait_for(enough)).await;
        drop(in_time.expect("seen in time").expect("the server runs"));
    }
}

async fn serve(listener: TcpListener, manners: VecDeque<Manner>, seen: Arc<watch::Sender<Seen>>) {
    let manners = Mutex::new(manners);
    while let Ok((stream, _)) = listener.accept().await {
        let manner = manners.lock().expect("no panic").pop_front().unwrap_or(Manner::Take);
        seen.send_modify(|seen| seen.connections += 1);
        let session = Session::new(stream, manner, Arc::clone(&seen));
        // A client that goes away, killed or not, is no concern of the server.
        TokioSpawn.spawn(Box::pin(async { drop(session.run().await) }));
    }
}
