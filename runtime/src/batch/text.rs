//! The text of one event, and spans into it: a record holds offsets, never copies.

use serde_json::value::RawValue;

/// The event's JSON, kept as it came, and beside it the few short strings that had to be unescaped.
pub(super) struct Text {
    json: Box<str>,
    unescaped: Box<str>,
}

/// Where a string stands: in the JSON, or behind its end in the unescaped part.
///
/// Two `u32` instead of two `usize` and a tag: a batch of 10,000 records holds 170,000 of these.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    start: u32,
    len: u32,
}

impl Span {
    pub(super) const NONE: Self = Self { start: u32::MAX, len: 0 };

    pub(super) fn is_none(self) -> bool {
        self == Self::NONE
    }

    /// Whether it is the span of an empty text.
    pub(super) fn is_empty(self) -> bool {
        self.len == 0 && !self.is_none()
    }

    pub(super) fn start(self) -> u32 {
        self.start
    }
}

impl Text {
    pub(super) fn new(json: Box<str>, unescaped: Box<str>) -> Self {
        Self { json, unescaped }
    }

    /// The longest event that spans can address; Lambda's own limit is 6 MB, far below.
    const MAX_BYTES: usize = (u32::MAX / 2) as usize;

    /// Whether spans can address a text of so many bytes.
    pub(super) fn is_addressable(bytes: usize) -> bool {
        bytes <= Self::MAX_BYTES
    }

    pub(super) fn get(&self, span: Span) -> Option<&str> {
        if span.is_none() {
            return None;
        }
        let (start, len) = (span.start as usize, span.len as usize);
        match start.checked_sub(self.json.len()) {
            None => self.json.get(start..start + len),
            Some(start) => self.unescaped.get(start..start + len),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.json.len()
    }

    /// The JSON with other text in place of these spans, which are in order and do not overlap. A span of an unescaped string
    /// has no place in the JSON and is left alone.
    pub(super) fn replaced(&self, edits: &[(Span, String)]) -> String {
        let mut replaced = String::with_capacity(self.json.len() + 32 * edits.len());
        let mut copied = 0;
        for (span, text) in edits {
            let start = span.start as usize;
            if let Some(kept) = self.json.get(copied..start).filter(|_| start < self.json.len()) {
                replaced.push_str(kept);
                replaced.push_str(text);
                copied = start + span.len as usize;
            }
        }
        replaced.push_str(self.json.get(copied..).unwrap_or_default());
        replaced
    }

    #[cfg(any(feature = "lambda", feature = "testkit"))]
    pub(super) fn json(&self) -> &str {
        &self.json
    }
}

/// Turns raw JSON values of one text into spans while that text is being parsed.
pub(super) struct Spans<'t> {
    json: &'t str,
    unescaped: String,
}

impl<'t> Spans<'t> {
    pub(super) fn new(json: &'t str) -> Self {
        Self { json, unescaped: String::new() }
    }

    /// The span of a value as it stands in the text, quotes and escapes included.
    pub(super) fn raw(&self, value: &str) -> Span {
        // Addresses are compared, never followed: a value that is not a slice of this text gets no span.
        let offset = (value.as_ptr() as usize).wrapping_sub(self.json.as_ptr() as usize);
        match (u32::try_from(offset), u32::try_from(value.len())) {
            (Ok(start), Ok(len)) if offset + value.len() <= self.json.len() => Span { start, len },
            _ => Span::NONE,
        }
    }

    /// The span of a JSON string's content, unescaped; `None` where the value is no string or not valid Unicode.
    pub(super) fn string(&mut self, value: &RawValue) -> Option<Span> {
        let content = value.get().strip_prefix('"')?.strip_suffix('"')?;
        if !content.contains('\\') {
            return Some(self.raw(content));
        }
        let unescaped: String = serde_json::from_str(value.get()).ok()?;
        self.unescaped(&unescaped)
    }

    /// The span of a string that had to be unescaped: it is kept beside the text.
    pub(super) fn unescaped(&mut self, unescaped: &str) -> Option<Span> {
        let start = u32::try_from(self.json.len() + self.unescaped.len()).ok()?;
        let len = u32::try_from(unescaped.len()).ok()?;
        self.unescaped.push_str(unescaped);
        Some(Span { start, len })
    }

    pub(super) fn into_unescaped(self) -> Box<str> {
        self.unescaped.into_boxed_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Half of what 32 bits can say, so that the unescaped strings behind the JSON have places too.
    #[test]
    fn two_gibibytes_are_more_than_spans_address() {
        assert!(Text::is_addressable(0x7fff_ffff));
        assert!(!Text::is_addressable(0x8000_0000));
    }

    #[test]
    fn only_a_slice_of_the_text_has_a_span() {
        let whole = "0123456789";
        let spans = Spans::new(&whole[2..6]);
        assert!(spans.raw(&whole[2..6]) == Span { start: 0, len: 4 });
        assert!(spans.raw(&whole[5..6]) == Span { start: 3, len: 1 });
        for other in [&whole[..4], &whole[6..], &whole[5..7]] {
            assert!(spans.raw(other).is_none(), "{other}");
        }
    }
}
