//! Where subscribers are.

use std::{collections::BTreeMap, error::Error, fmt, sync::Arc};

use reqwest::Url;

/// The URLs of subscribers, by name. Cheap to clone.
#[derive(Clone, Default)]
pub struct Subscribers(Arc<BTreeMap<String, Url>>);

impl Subscribers {
    /// Reads `NAME=URL,NAME=URL`.
    ///
    /// # Errors
    ///
    /// If that is not what it is, or a URL does not begin with `http://`: this example is built without TLS.
    pub fn parse(text: &str) -> Result<Self, SubscriberError> {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        entries.map(parse_one).collect::<Result<_, _>>().map(|urls| Self(Arc::new(urls)))
    }

    /// Where this one is, if anybody knows it.
    #[must_use]
    pub(crate) fn url(&self, name: &str) -> Option<&Url> {
        self.0.get(name)
    }
}

fn parse_one(entry: &str) -> Result<(String, Url), SubscriberError> {
    let (name, url) = entry.split_once('=').ok_or(SubscriberError)?;
    let url = Url::parse(url).ok().filter(|url| url.scheme() == "http").ok_or(SubscriberError)?;
    Ok((name.to_owned(), url))
}

impl fmt::Debug for Subscribers {
    /// URLs of webhooks often hold a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// The subscribers' setting cannot be read. It is not quoted: it may hold secrets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SubscriberError;

impl fmt::Debug for SubscriberError {
    /// What `main` prints when it returns an error.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for SubscriberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SUBSCRIBERS is not NAME=http://HOST/PATH,NAME=... (this program is built without TLS)")
    }
}

impl Error for SubscriberError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subscribers_have_names_and_plain_http_urls() {
        let both = Subscribers::parse("crm=http://crm.example/hook?a=b, shop=http://127.0.0.1:9000/").expect("two");
        assert_eq!(both.url("crm").map(Url::as_str), Some("http://crm.example/hook?a=b"));
        assert_eq!(both.url("shop").map(Url::as_str), Some("http://127.0.0.1:9000/"));
        assert!(both.url("stranger").is_none() && Subscribers::parse("").expect("none").url("").is_none());
        assert_eq!(format!("{both:?}"), r#"{"crm", "shop"}"#);
        for wrong in ["crm", "crm=", "crm=https://crm.example", "crm=file:///etc/passwd", "http://crm.example"] {
            assert_eq!(Subscribers::parse(wrong).err(), Some(SubscriberError), "{wrong}");
        }
    }
}
