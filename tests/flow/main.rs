//! The tests of the whole, in the order in which a message meets the parts.

mod template;
