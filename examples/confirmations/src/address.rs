//! Where a customer gets mail.

use std::{fmt, pin::Pin};

use lettre::Address;

/// Knows the customers' addresses.
pub trait AddressBook: Send + Sync + 'static {
    /// Where this customer gets mail.
    fn address_of<'a>(
        &'a self,
        customer_id: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<Address, AddressError>> + Send + 'a>>;
}

/// Why there is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressError {
    /// The address book is down; later may be better.
    Unavailable,
    /// Nobody knows this customer.
    UnknownCustomer,
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unavailable => "the address book is unavailable",
            Self::UnknownCustomer => "the customer is not in the address book",
        })
    }
}

impl std::error::Error for AddressError {}

/// The example's customers: `C-1` gets mail at `c-1@customers.example`.
#[derive(Clone, Copy, Debug, Default)]
pub struct CustomerAddresses;

impl CustomerAddresses {
    fn address(customer_id: &str) -> Result<Address, AddressError> {
        let number = customer_id.strip_prefix("C-").ok_or(AddressError::UnknownCustomer)?;
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(AddressError::UnknownCustomer);
        }
        Address::new(format!("c-{number}"), "customers.example").map_err(|_| AddressError::UnknownCustomer)
    }
}

impl AddressBook for CustomerAddresses {
    fn address_of<'a>(
        &'a self,
        customer_id: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<Address, AddressError>> + Send + 'a>> {
        Box::pin(async move { Self::address(customer_id) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_id_cannot_choose_an_address() {
        let address = CustomerAddresses::address("C-1").expect("a customer");
        assert_eq!(address.to_string(), "c-1@customers.example");
        let too_long = format!("C-{}", "1".repeat(80));
        for id in
            ["", "C-", "c-1", "C-1@elsewhere.example", "C-1\r\nRCPT TO:<a@elsewhere.example>", "C-1,C-2", &too_long]
        {
            assert_eq!(CustomerAddresses::address(id), Err(AddressError::UnknownCustomer), "{id:?}");
        }
    }
}
