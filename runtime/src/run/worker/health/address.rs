//! Where a worker answers probes.

use std::{
    net::{Ipv4Addr, SocketAddr},
    str::FromStr,
};

use crate::{Error, error::Kind};

/// Where a worker answers probes: a port of this machine alone, or a whole address.
///
/// ```
/// use sqs_runtime::run::HealthAddress;
///
/// assert_eq!("8080".parse::<HealthAddress>().unwrap(), HealthAddress::from(8080));
/// assert_eq!(HealthAddress::from(8080).to_string(), "127.0.0.1:8080");
/// assert!("0.0.0.0:8080".parse::<HealthAddress>().is_ok());
/// assert!("everywhere".parse::<HealthAddress>().is_err_and(|error| error.is_settings()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthAddress(pub(super) SocketAddr);

impl From<SocketAddr> for HealthAddress {
    fn from(address: SocketAddr) -> Self {
        Self(address)
    }
}

/// A port alone is one that only this machine reaches.
impl From<u16> for HealthAddress {
    fn from(port: u16) -> Self {
        Self((Ipv4Addr::LOCALHOST, port).into())
    }
}

impl FromStr for HealthAddress {
    type Err = Error;

    /// A port, or an address with a port.
    fn from_str(text: &str) -> Result<Self, Error> {
        let port = text.parse::<u16>().map(Self::from);
        port.or_else(|_| text.parse::<SocketAddr>().map(Self)).map_err(|_| {
            let mistake = "health is answered at a port such as 8080, or at an address with one such as 0.0.0.0:8080";
            Kind::Settings(mistake.to_owned()).into()
        })
    }
}

impl std::fmt::Display for HealthAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
