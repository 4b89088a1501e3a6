//! What the command line asks for.

use lexopt::prelude::*;

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// A double of SQS whose queue has so many messages.
    Double { messages: usize },
    /// The worker, on the queue of that URL.
    Ours {
        url: String,
        /// Whether messages are claimed, in the store in memory.
        remembers: bool,
        /// Whether all of it runs on one thread, as Node has one; else on as many as there are cores.
        one_thread: bool,
    },
}

impl Ask {
    pub(crate) fn parse(mut command_line: lexopt::Parser) -> Result<Self, lexopt::Error> {
        let (mut command, mut messages, mut url) = (None, None, None);
        let (mut remembers, mut one_thread) = (false, false);
        while let Some(argument) = command_line.next()? {
            match argument {
                Value(name) if command.is_none() => command = Some(name.string()?),
                Long("messages") => messages = Some(command_line.value()?.parse()?),
                Long("url") => url = Some(command_line.value()?.string()?),
                Long("remember") => remembers = true,
                Long("one-thread") => one_thread = true,
                other => return Err(other.unexpected()),
            }
        }
        match (command.as_deref(), messages, url) {
            (Some("double"), Some(messages), None) => Ok(Self::Double { messages }),
            (Some("ours"), None, Some(url)) => Ok(Self::Ours { url, remembers, one_thread }),
            _ => Err("expected: double --messages N, or ours --url URL [--remember] [--one-thread]".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_has_what_it_needs_and_nothing_else() {
        let parse = |line: &str| Ask::parse(lexopt::Parser::from_args(line.split(' '))).ok();
        assert_eq!(parse("double --messages 7"), Some(Ask::Double { messages: 7 }));
        let ours = |remembers, one_thread| Some(Ask::Ours { url: "http://q".to_owned(), remembers, one_thread });
        assert_eq!(parse("ours --url http://q"), ours(false, false));
        assert_eq!(parse("ours --url http://q --remember --one-thread"), ours(true, true));
        for wrong in ["", "double", "ours", "double --messages x", "ours --url http://q --messages 7", "other"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
