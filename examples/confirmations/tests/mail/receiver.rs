//! A mail server for tests: as much of RFC 5321 as a client needs, on a free port of this machine. It keeps what it took, and
//! misbehaves where it is told to.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use confirmations::MailServer;
use sqs_runtime::run::{Spawn, TokioSpawn};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

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

/// One connection.
struct Session {
    lines: Lines<BufReader<OwnedReadHalf>>,
    out: OwnedWriteHalf,
    manner: Manner,
    seen: Arc<watch::Sender<Seen>>,
    mail: Mail,
}

/// A mail of which nothing is known yet.
const NO_MAIL: Mail = Mail { from: String::new(), to: Vec::new(), text: String::new() };

impl Session {
    fn new(stream: TcpStream, manner: Manner, seen: Arc<watch::Sender<Seen>>) -> Self {
        let (read, out) = stream.into_split();
        Self { lines: BufReader::new(read).lines(), out, manner, seen, mail: NO_MAIL }
    }

    async fn run(mut self) -> io::Result<()> {
        match self.manner {
            Manner::SayNothing => return self.wait_for_the_end().await,
            Manner::Greet(greeting) => self.say(greeting).await?,
            _ => self.say("220 receiver.test").await?,
        }
        while let Some(line) = self.lines.next_line().await? {
            let verb = line.get(..4).unwrap_or(&line).to_ascii_uppercase();
            match verb.as_str() {
                "DATA" if !self.mail.to.is_empty() => {
                    self.say("354 end with a dot").await?;
                    self.read_text().await?;
                    if !self.answer_the_mail().await? {
                        return Ok(());
                    }
                }
                "QUIT" => return self.answer_the_goodbye().await,
                verb => {
                    let reply = self.reply(verb, &line);
                    self.say(reply).await?;
                }
            }
        }
        Ok(())
    }

    fn reply(&mut self, verb: &str, line: &str) -> &'static str {
        match (verb, self.manner) {
            ("EHLO", _) => "250-receiver.test\r\n250 8BITMIME",
            ("NOOP", _) => "250 here",
            ("RSET", _) => {
                self.mail = NO_MAIL;
                "250 forgotten"
            }
            ("MAIL", _) => {
                self.mail = Mail { from: path(line), ..NO_MAIL };
                "250 go on"
            }
            ("RCPT", Manner::Refuse(reply)) => reply,
            ("RCPT", _) if !self.mail.from.is_empty() => {
                self.mail.to.push(path(line));
                "250 go on"
            }
            ("RCPT" | "DATA", _) => "503 out of order",
            _ => "502 not here",
        }
    }

    /// Reads up to the line with the lone dot; a line's first dot, where there are more, is the sender's escape.
    async fn read_text(&mut self) -> io::Result<()> {
        while let Some(line) = self.lines.next_line().await? {
            if line == "." {
                return Ok(());
            }
            self.mail.text.push_str(line.strip_prefix('.').unwrap_or(&line));
            self.mail.text.push_str("\r\n");
        }
        Err(io::ErrorKind::UnexpectedEof.into())
    }

    /// Keeps the mail, unless it is refused. `false` if the connection is to end here.
    async fn answer_the_mail(&mut self) -> io::Result<bool> {
        let mail = std::mem::replace(&mut self.mail, NO_MAIL);
        if let Manner::RefuseText(reply) = self.manner {
            return self.say(reply).await.map(|()| true);
        }
        self.seen.send_modify(|seen| seen.mails.push(mail));
        match self.manner {
            Manner::TakeAndHangUp => Ok(false),
            Manner::TakeAndHoldBack => self.wait_for_the_end().await.map(|()| false),
            _ => self.say("250 taken").await.map(|()| true),
        }
    }

    async fn answer_the_goodbye(&mut self) -> io::Result<()> {
        self.seen.send_modify(|seen| seen.goodbyes += 1);
        match self.manner {
            Manner::TakeAndIgnoreQuit => self.wait_for_the_end().await,
            _ => self.say("221 bye").await,
        }
    }

    /// Until the client closes the connection.
    async fn wait_for_the_end(&mut self) -> io::Result<()> {
        while self.lines.next_line().await?.is_some() {}
        Ok(())
    }

    async fn say(&mut self, reply: &str) -> io::Result<()> {
        self.out.write_all(format!("{reply}\r\n").as_bytes()).await
    }
}

/// What stands between the angle brackets.
fn path(line: &str) -> String {
    let path = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    path.map_or(String::new(), |(path, _)| path.into())
}
