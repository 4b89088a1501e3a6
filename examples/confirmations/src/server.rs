//! The mail server.
//!
//! One connection for each mail: a function that is frozen between two invocations keeps none open. It is driven here step
//! by step, and not by `lettre`'s transport, because a time-out has to know which step it cuts: once the server has said that
//! it took the mail, nothing after that may turn the success into a retry.

mod error;

use std::time::Duration;

use lettre::{
    Message,
    transport::smtp::{client::AsyncSmtpConnection, extension::ClientId},
};

pub use self::error::{MailServerError, SendError};

/// How long a mail may take, from the connection to the server's word that it took it.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// How long the server may take to say goodbye.
const GOODBYE_LIMIT: Duration = Duration::from_secs(1);

/// A mail server, by the name or IPv4 address of its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailServer {
    host: String,
    port: u16,
}

impl MailServer {
    /// The server at this URL, `smtp://HOST[:PORT]`; port 25 if it says none.
    ///
    /// # Errors
    ///
    /// If the URL is empty, or asks for anything else: TLS, a user, a path.
    pub fn from_url(url: &str) -> Result<Self, MailServerError> {
        if url.is_empty() {
            return Err(MailServerError::NotNamed);
        }
        let authority = url.strip_prefix("smtp://").ok_or(MailServerError::NotUnderstood)?;
        let (host, port) = authority.rsplit_once(':').unwrap_or((authority, "25"));
        let is_host =
            !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
        match port.parse() {
            Ok(port) if is_host && port != 0 => Ok(Self { host: host.into(), port }),
            _ => Err(MailServerError::NotUnderstood),
        }
    }

    /// Hands one mail over.
    ///
    /// # Errors
    ///
    /// If the server refuses it, cannot be reached, or does not say within 5 s that it took it. In the last case it may have
    /// taken it all the same.
    pub async fn send(&self, mail: &Message) -> Result<(), SendError> {
        let mut connection = within(TIME_LIMIT, self.hand_over(mail)).await.ok_or(SendError::TimedOut)??;
        // The mail is with the server now, however the two part.
        let _ = within(GOODBYE_LIMIT, connection.quit()).await;
        Ok(())
    }

    async fn hand_over(&self, mail: &Message) -> Result<AsyncSmtpConnection, SendError> {
        let address = (self.host.as_str(), self.port);
        let connected = AsyncSmtpConnection::connect_tokio1(address, None, &ClientId::default(), None, None).await;
        let mut connection = connected.map_err(SendError::before_the_mail)?;
        connection.send(mail.envelope(), &mail.formatted()).await.map_err(SendError::of_the_mail)?;
        Ok(connection)
    }
}

/// What the work came to, or `None` if it took too long.
#[expect(clippy::disallowed_methods, reason = "a mail has a time-out of its own, beside the invocation's deadline")]
async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(limit, work).await.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_a_host_and_perhaps_a_port() {
        let server = |host: &str, port| Ok(MailServer { host: host.into(), port });
        assert_eq!(MailServer::from_url("smtp://127.0.0.1:2525"), server("127.0.0.1", 2525));
        assert_eq!(MailServer::from_url("smtp://mail.shop.example"), server("mail.shop.example", 25));
        assert_eq!(MailServer::from_url(""), Err(MailServerError::NotNamed));
        for url in [
            "127.0.0.1:2525",
            "smtps://mail.shop.example",
            "smtp://user:secret@mail.shop.example",
            "smtp://mail.shop.example?tls=required",
            "smtp://mail.shop.example:",
            "smtp://mail.shop.example:0",
            "smtp://mail.shop.example:65536",
            "smtp://:25",
            "smtp://",
        ] {
            assert_eq!(MailServer::from_url(url), Err(MailServerError::NotUnderstood), "{url}");
        }
    }
}
