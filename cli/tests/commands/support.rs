//! Where the templates are, and small ones made on the spot.

use std::{
    fs,
    path::{Path, PathBuf},
};

use sqs_runtime_cli::doctor::examine;

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

pub(crate) fn fixtures() -> PathBuf {
    root().join("tests/fixtures/templates")
}

/// The files that lie in a folder itself, in the order of their names.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> =
        entries.map(|entry| entry.expect("readable").path()).filter(|path| path.is_file()).collect();
    files.sort();
    // `root/` and `root/./` are one folder.
    files.iter().map(|path| path.components().collect()).collect()
}

/// A resource of a template, its properties in braces.
pub(crate) fn resource(name: &str, kind: &str, properties: &str) -> String {
    format!("  {name}:\n    Type: {kind}\n    Properties: {{{properties}}}\n")
}

/// The codes of what is found in a template of these resources, in its order.
pub(crate) fn codes(resources: &str) -> Vec<&'static str> {
    let template = format!("Resources:\n{resources}");
    let found = examine(&template).unwrap_or_else(|error| panic!("{error}: {template}"));
    found.iter().map(|it| it.rule.code).collect()
}
