//! When, where and with what it was measured.

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, ensure};
use serde::Serialize;
use serde_json::Value;

use crate::command_line::Options;

/// When, where and with what it was measured.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Origin {
    pub(crate) date: String,
    /// What was checked out, and whether it was changed.
    pub(crate) commit: String,
    pub(crate) cpu: String,
    pub(crate) cores: usize,
    pub(crate) memory_gib: f64,
    pub(crate) kernel: String,
    /// Of whatever takes part.
    pub(crate) versions: Vec<(String, String)>,
}

impl Origin {
    pub(crate) fn of(options: &Options) -> anyhow::Result<Self> {
        let folder = options.folder.as_path();
        let changes = said(folder, "git", &["status", "--porcelain", "--untracked-files=no"])?;
        let commit = said(folder, "git", &["rev-parse", "--short=12", "HEAD"])?;
        Ok(Self {
            date: said(folder, "date", &["-u", "+%Y-%m-%d"])?,
            commit: if changes.is_empty() { commit } else { format!("{commit} with changes") },
            cpu: fact("/proc/cpuinfo", "model name")?,
            cores: std::thread::available_parallelism()?.get(),
            memory_gib: fact("/proc/meminfo", "MemTotal")?.trim_end_matches(" kB").parse::<f64>()? / (1024.0 * 1024.0),
            kernel: said(folder, "uname", &["-sr"])?,
            versions: versions(options)?,
        })
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        let versions: Vec<_> = self.versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
        vec![
            format!("{}, commit {}", self.date, self.commit),
            format!("{}, {} cores, {:.0} GiB, {}", self.cpu, self.cores, self.memory_gib, self.kernel),
            versions.join(", "),
        ]
    }

    pub(crate) fn text(&self) -> String {
        self.lines().join("\n")
    }

    /// One line of it.
    pub(crate) fn short(&self) -> String {
        format!("{}, {} cores, {}, commit {}", self.cpu, self.cores, self.date, self.commit)
    }
}

/// Powertools is installed at the versions that these files name.
fn versions(options: &Options) -> anyhow::Result<Vec<(String, String)>> {
    let rust = said(&options.folder, "rustc", &["--version"])?;
    let mut versions = vec![("rustc".to_owned(), word(&rust, 1)?)];
    if options.is_quick {
        return Ok(versions);
    }
    let powertools = options.folder.join("powertools");
    let python = options.packages.join("python/bin/python");
    let python = said(&powertools, python.to_str().context("the path of Python")?, &["--version"])?;
    versions.push(("Python".to_owned(), word(&python, 1)?));
    let requirements = fs::read_to_string(powertools.join("python/requirements.txt"))?;
    let fixed = requirements.lines().find_map(|line| line.strip_prefix("aws-lambda-powertools=="));
    versions.push(("Powertools for Python".to_owned(), fixed.context("no version of Powertools")?.to_owned()));
    versions.push(("Node".to_owned(), said(&powertools, "node", &["--version"])?.trim_start_matches('v').to_owned()));
    let package: Value = serde_json::from_slice(&fs::read(powertools.join("typescript/package.json"))?)?;
    let fixed = package.pointer("/dependencies/@aws-lambda-powertools~1batch").and_then(Value::as_str);
    versions.push(("Powertools for TypeScript".to_owned(), fixed.context("no version of Powertools")?.to_owned()));
    Ok(versions)
}

fn word(text: &str, place: usize) -> anyhow::Result<String> {
    Ok(text.split_whitespace().nth(place).with_context(|| format!("no version in {text:?}"))?.to_owned())
}

/// What a program says.
fn said(folder: &Path, program: &str, arguments: &[&str]) -> anyhow::Result<String> {
    let output =
        Command::new(program).args(arguments).current_dir(folder).output().with_context(|| program.to_owned())?;
    ensure!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// What the first line of that name says.
fn fact(file: &str, name: &str) -> anyhow::Result<String> {
    let text = fs::read_to_string(file)?;
    let value = text.lines().filter_map(|line| line.split_once(':')).find(|(key, _)| key.trim() == name);
    Ok(value.with_context(|| format!("{file} has no {name}"))?.1.trim().to_owned())
}
