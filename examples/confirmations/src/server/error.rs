//! What a mail server's answers mean.

use std::fmt;

use lettre::transport::smtp;

/// Why a URL names no mail server. It is not repeated: it may have a password in it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum MailServerError {
    /// There is no URL.
    NotNamed,
    /// It is not `smtp://HOST[:PORT]`.
    NotUnderstood,
}

impl fmt::Display for MailServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotNamed => "no mail server is named: set SMTP_URL, such as smtp://127.0.0.1:2525",
            Self::NotUnderstood => {
                "SMTP_URL is not smtp://HOST[:PORT]; for TLS or a password see `TLS` in the documentation of confirmations"
            }
        })
    }
}

impl fmt::Debug for MailServerError {
    /// What `main` prints when it returns an error.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for MailServerError {}

/// Why a mail is not known to be with the server. The server's words are left out: they quote the customer's address.
#[derive(Debug)]
pub enum SendError {
    /// The server refuses this mail, and will again: a 5xx reply.
    Refused(u16),
    /// The server does not take it now: a 4xx reply, or a 5xx reply before the mail was spoken of, which is then about the
    /// server or about us.
    NotNow(u16),
    /// No answer that can be read. It may have taken the mail.
    NoAnswer,
    /// The time was over. It may have taken the mail.
    TimedOut,
    /// The connection failed.
    Broken(smtp::Error),
}

impl SendError {
    /// Of an error in the steps that do not speak of the mail yet.
    pub(super) fn before_the_mail(error: smtp::Error) -> Self {
        match error.status() {
            Some(code) => Self::NotNow(code.into()),
            None if error.is_response() => Self::NoAnswer,
            None => Self::Broken(error),
        }
    }

    /// Of an error in the steps that do.
    pub(super) fn of_the_mail(error: smtp::Error) -> Self {
        match error.status() {
            Some(code) if error.is_permanent() => Self::Refused(code.into()),
            _ => Self::before_the_mail(error),
        }
    }

    /// Whether the same mail would be refused again.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused(_))
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(code) => write!(f, "the mail server refuses the mail ({code})"),
            Self::NotNow(code) => write!(f, "the mail server does not take the mail now ({code})"),
            Self::NoAnswer => f.write_str("the mail server did not answer; it may have taken the mail"),
            Self::TimedOut => f.write_str("the mail server took too long; it may have taken the mail"),
            Self::Broken(_) => f.write_str("the connection to the mail server failed"),
        }
    }
}

impl std::error::Error for SendError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Broken(error) => Some(error),
            _ => None,
        }
    }
}
