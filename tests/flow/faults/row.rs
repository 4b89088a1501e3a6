//! A row as it is stored.

use std::collections::BTreeMap;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Row(BTreeMap<String, String>);

impl Row {
    pub(super) fn new(attributes: impl Iterator<Item = (String, String)>) -> Self {
        Self(attributes.collect())
    }

    fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    pub(super) fn number(&self, name: &str) -> u64 {
        self.get(name).parse().unwrap_or(0)
    }

    pub(super) fn owner(&self) -> &str {
        self.get("owner")
    }

    pub(super) fn fence(&self) -> u64 {
        self.number("fence")
    }

    pub(super) fn is(&self, status: &str) -> bool {
        self.get("status") == status
    }

    pub(super) fn is_absent(&self) -> bool {
        self.0.is_empty()
    }
}
