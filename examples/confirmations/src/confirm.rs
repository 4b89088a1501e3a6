//! The handler.

use std::{fmt, sync::Arc};

use sqs_runtime::{
    Failure,
    claim::IdempotencyKey,
    extract::{Json, State},
};

use crate::{AddressBook, AddressError, Confirmation, MailServer, SendError, mail};

/// What the handler needs.
#[derive(Clone)]
pub struct Mailer {
    server: MailServer,
    addresses: Arc<dyn AddressBook>,
}

impl Mailer {
    /// Sends by this server to the addresses of this book.
    #[must_use]
    pub fn new(server: MailServer, addresses: Arc<dyn AddressBook>) -> Self {
        Self { server, addresses }
    }
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailer").field("server", &self.server).finish_non_exhaustive()
    }
}

/// Sends the mail of one confirmation.
///
/// # Errors
///
/// Rejects an order id that makes no sense, a customer whom nobody knows, and a mail that the server refuses for good: trying
/// again cannot help. Asks for a retry in all other cases, also where nobody knows whether the server took the mail: better
/// twice than never.
pub async fn confirm(
    State(mailer): State<Mailer>,
    key: IdempotencyKey,
    Json(confirmation): Json<Confirmation>,
) -> Result<(), Failure> {
    confirmation.check().map_err(Failure::reject)?;
    let to = mailer.addresses.address_of(&confirmation.customer_id).await.map_err(no_address)?;
    let mail = mail::write(&key, &confirmation, to).map_err(Failure::reject)?;
    mailer.server.send(&mail).await.map_err(not_sent)?;
    tracing::info!("confirmed orderId={}", confirmation.order_id);
    Ok(())
}

fn no_address(error: AddressError) -> Failure {
    match error {
        AddressError::UnknownCustomer => Failure::reject(error),
        AddressError::Unavailable => Failure::retry(error),
    }
}

fn not_sent(error: SendError) -> Failure {
    if error.is_refusal() { Failure::reject(error) } else { Failure::retry(error) }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;

    use lettre::Address;

    use super::*;
    use crate::CustomerAddresses;

    /// An address book that is down.
    struct Down;

    impl AddressBook for Down {
        fn address_of<'a>(
            &'a self,
            _: &'a str,
        ) -> Pin<Box<dyn Future<Output = Result<Address, AddressError>> + Send + 'a>> {
            Box::pin(async { Err(AddressError::Unavailable) })
        }
    }

    /// A mail server that is never asked here.
    fn mailer(addresses: impl AddressBook) -> State<Mailer> {
        let server = MailServer::from_url("smtp://mail.invalid").expect("a URL");
        State(Mailer::new(server, Arc::new(addresses)))
    }

    async fn failure(mailer: State<Mailer>, order_id: &str, customer_id: &str) -> Failure {
        let confirmation = Confirmation { order_id: order_id.into(), customer_id: customer_id.into(), total_cents: 1 };
        let key = IdempotencyKey::derive("confirmations", &[order_id.as_bytes()]);
        confirm(mailer, key, Json(confirmation)).await.expect_err("no mail")
    }

    #[tokio::test]
    async fn failures_before_the_mail_say_whether_to_try_again() {
        assert!(failure(mailer(Down), "A-1", "C-1").await.is_retry());
        assert!(failure(mailer(CustomerAddresses), "A-1", "nobody").await.is_reject());
        assert!(failure(mailer(CustomerAddresses), "A-1\r\nBcc: a@elsewhere.example", "C-1").await.is_reject());
    }

    #[test]
    fn only_a_refusal_is_final() {
        assert!(not_sent(SendError::Refused(550)).is_reject());
        for error in [SendError::NotNow(451), SendError::NotNow(554), SendError::NoAnswer, SendError::TimedOut] {
            assert!(not_sent(error).is_retry());
        }
    }
}
