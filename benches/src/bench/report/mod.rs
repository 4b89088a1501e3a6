//! What the comparison says.

mod columns;
mod markdown;
mod svg;
mod text;

use std::{
    fs,
    io::{self, Write},
};

use crate::{command_line::Options, measure::Results};

/// Writes the results to standard output; those of a whole run to files as well.
pub(crate) fn report(results: &Results, options: &Options) -> anyhow::Result<()> {
    if results.is_whole {
        fs::write(options.folder.join("results.md"), markdown::markdown(results))?;
        fs::write(options.folder.join("results.svg"), svg::svg(results))?;
    }
    let text = if options.is_json { serde_json::to_string_pretty(results)? } else { text::text(results) };
    Ok(writeln!(io::stdout().lock(), "{}", text.trim_end())?)
}
