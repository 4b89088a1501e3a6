//! What a template or a stack says about one setting: something, nothing, or nothing that can be known from here.
//!
//! A rule that meets [`Setting::Unknown`] stays silent: a parameter without a default, an import or a macro decides there, and a
//! finding might be false.

use std::num::NonZeroUsize;

use crate::doctor::{
    read::{Node, Value},
    resolve::has_symbol,
};

/// A setting, and where it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Setting<T> {
    Known(T, Place),
    /// Not set: the service's default holds.
    Absent,
    Unknown,
}

/// Where something stands. What was read from a live stack stands on no line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place(Option<NonZeroUsize>);

impl Place {
    /// Of something that stands on no line.
    #[cfg(feature = "live")]
    pub(crate) const NOWHERE: Self = Self(None);

    /// Lines are counted from 1: 0 is none.
    pub(crate) const fn line(line: usize) -> Self {
        Self(NonZeroUsize::new(line))
    }

    pub(crate) fn number(self) -> Option<usize> {
        self.0.map(NonZeroUsize::get)
    }
}

impl<T> Setting<T> {
    /// What a service says of it; `None` where it leaves it out.
    #[cfg(feature = "live")]
    pub(crate) fn said(value: Option<T>) -> Self {
        value.map_or(Self::Absent, |value| Self::Known(value, Place::NOWHERE))
    }

    pub(crate) fn and_then<U>(self, next: impl FnOnce(T) -> Setting<U>) -> Setting<U> {
        match self {
            Self::Known(value, place) => match next(value) {
                // The innermost that has a place of its own says where.
                Setting::Known(value, inner) => Setting::Known(value, Place(inner.0.or(place.0))),
                other => other,
            },
            Self::Absent => Setting::Absent,
            Self::Unknown => Setting::Unknown,
        }
    }

    /// Unknown where `next` cannot make anything of it.
    pub(crate) fn read<U>(self, next: impl FnOnce(T) -> Option<U>) -> Setting<U> {
        match self {
            Self::Known(value, place) => next(value).map_or(Setting::Unknown, |value| Setting::Known(value, place)),
            Self::Absent => Setting::Absent,
            Self::Unknown => Setting::Unknown,
        }
    }

    /// This one, or where nothing is set the other.
    pub(crate) fn or(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::Absent => other(),
            known => known,
        }
    }

    /// What is set, where that is known.
    pub(crate) const fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value, _) => Some(value),
            Self::Absent | Self::Unknown => None,
        }
    }

    /// Where it stands; where it is not set, where it would.
    pub(crate) const fn place(&self, otherwise: Place) -> Place {
        match self {
            Self::Known(_, place) => *place,
            Self::Absent | Self::Unknown => otherwise,
        }
    }

    pub(crate) const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

impl<T: Copy> Setting<T> {
    /// What holds: what is set, or this default. `None` where nobody can say.
    pub(crate) const fn or_default(&self, default: T) -> Option<T> {
        match self {
            Self::Known(value, _) => Some(*value),
            Self::Absent => Some(default),
            Self::Unknown => None,
        }
    }
}

impl Setting<&Node> {
    pub(crate) fn number(self) -> Setting<u64> {
        self.read(|node| node.as_text()?.parse().ok())
    }

    pub(crate) fn flag(self) -> Setting<bool> {
        self.read(|node| node.as_text()?.to_ascii_lowercase().parse().ok())
    }

    /// Text, in which `${..}` stands for what is known only by its name.
    pub(crate) fn text(self) -> Setting<String> {
        self.read(|node| node.as_text().map(str::to_owned))
    }

    /// Text that is all known.
    pub(crate) fn word(self) -> Setting<String> {
        self.read(|node| node.as_text().filter(|text| !has_symbol(text)).map(str::to_owned))
    }

    /// The words of a list, all of them or none.
    pub(crate) fn words(self) -> Setting<Vec<String>> {
        self.read(|node| node.items().iter().map(|item| item.at_itself().word().known().cloned()).collect())
    }

    /// The texts of a list, all of them or none.
    pub(crate) fn texts(self) -> Setting<Vec<String>> {
        self.read(|node| node.items().iter().map(|item| item.as_text().map(str::to_owned)).collect())
    }

    /// Whether anything stands there that is not empty.
    pub(crate) fn is_filled(self) -> Setting<bool> {
        self.read(|node| match &node.value {
            Value::Text(text) => Some(!text.is_empty()),
            Value::List(items) => Some(!items.is_empty()),
            Value::Map(map) => Some(!map.entries.is_empty() || map.open),
            Value::Nothing | Value::Unknown => None,
        })
    }
}
