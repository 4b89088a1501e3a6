//! What the comparison says.

mod text;

use std::io::{self, Write};

use crate::{command_line::Options, measure::Results};

/// Writes the results to standard output.
pub(crate) fn report(results: &Results, options: &Options) -> anyhow::Result<()> {
    let text = if options.is_json { serde_json::to_string_pretty(results)? } else { text::text(results) };
    Ok(writeln!(io::stdout().lock(), "{}", text.trim_end())?)
}
