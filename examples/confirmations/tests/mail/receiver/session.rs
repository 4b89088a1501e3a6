//! One connection, from the greeting to the goodbye.

use std::{io, sync::Arc};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

use super::{Mail, Manner, Seen};

/// One connection.
pub(super) struct Session {
    lines: Lines<BufReader<OwnedReadHalf>>,
    out: OwnedWriteHalf,
    manner: Manner,
    seen: Arc<watch::Sender<Seen>>,
    mail: Mail,
}

/// A mail of which nothing is known yet.
const NO_MAIL: Mail = Mail { from: String::new(), to: Vec::new(), text: String::new() };

impl Session {
    pub(super) fn new(stream: TcpStream, manner: Manner, seen: Arc<watch::Sender<Seen>>) -> Self {
        let (read, out) = stream.into_split();
        Self { lines: BufReader::new(read).lines(), out, manner, seen, mail: NO_MAIL }
    }

    pub(super) async fn run(mut self) -> io::Result<()> {
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
