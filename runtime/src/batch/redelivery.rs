//! The same messages, received once more: for `replay` and tests.

use super::{
    Batch, EventError,
    entry::{Attribute, Entry},
    text::Span,
};

impl Batch {
    /// The event as SQS would deliver it again: every receive count raised by one, every receipt handle a new one. All else
    /// stays byte for byte, mistakes included, and so does a count or a handle that is written with JSON escapes.
    ///
    /// # Errors
    ///
    /// Never for a batch that was parsed; the text is parsed again.
    pub fn redelivered(&self) -> Result<Self, EventError> {
        let mut edits: Vec<(Span, String)> = self.0.entries.iter().flat_map(|entry| self.edits(entry)).collect();
        // In the order of the text, whatever order the fields of a record came in.
        edits.sort_by_key(|(span, _)| span.start());
        Self::from_json(self.0.text.replaced(&edits))
    }

    fn edits(&self, entry: &Entry) -> impl Iterator<Item = (Span, String)> {
        let count = entry.attribute(Attribute::ApproximateReceiveCount);
        let raised =
            self.0.text.get(count).and_then(|count| count.parse::<u32>().ok()).map(|count| count.saturating_add(1));
        let count = raised.map(|raised| (count, raised.to_string()));
        let handle = entry.receipt_handle;
        let renewed = self.0.text.get(handle).map(|old| (handle, renewed(old)));
        count.into_iter().chain(renewed)
    }
}

/// A handle that was not there before: the old one with a number behind it.
fn renewed(handle: &str) -> String {
    let numbered = handle.rsplit_once("-receive-").and_then(|(first, n)| Some((first, n.parse::<u64>().ok()?)));
    let (first, n) = numbered.unwrap_or((handle, 1));
    format!("{first}-receive-{}", n.saturating_add(1))
}
