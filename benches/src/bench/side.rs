//! Who is measured, and how each is started.

use std::{path::Path, process::Command};

use serde::Serialize;

use crate::command_line::Options;

/// Who is measured.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Side {
    Ours,
    ByHand,
    PowertoolsPython,
    PowertoolsPythonAsync,
    PowertoolsTypescript,
}

impl Side {
    pub(crate) const ALL: [Self; 5] =
        [Self::Ours, Self::ByHand, Self::PowertoolsPython, Self::PowertoolsPythonAsync, Self::PowertoolsTypescript];
    pub(crate) const RUST: [Self; 2] = [Self::Ours, Self::ByHand];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::ByHand => "by hand",
            Self::PowertoolsPython => "Powertools Python",
            Self::PowertoolsPythonAsync => "Powertools Python, async",
            Self::PowertoolsTypescript => "Powertools TypeScript",
        }
    }

    /// Its process. The Rust sides stand beside this program.
    pub(crate) fn command(self, options: &Options, programs: &Path) -> Command {
        let python = |module: &str| {
            let mut command = Command::new(options.packages.join("python/bin/python"));
            command.arg("-m").arg("awslambdaric").arg(format!("{module}.handler"));
            command.current_dir(options.folder.join("powertools/python"));
            command
        };
        match self {
            Self::Ours => Command::new(programs.join("ours")),
            Self::ByHand => Command::new(programs.join("by-hand")),
            Self::PowertoolsPython => python("all_in_turn"),
            Self::PowertoolsPythonAsync => python("all_at_once"),
            Self::PowertoolsTypescript => {
                let mut command = Command::new("node");
                command.arg(options.packages.join("node/function.mjs"));
                command
            }
        }
    }
}
