//! The numbers of `template.yaml`, as `doctor` reads them: what is deployed here is set as there.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use sqs_runtime_cli::doctor::{Sizes, sizes};

use crate::plan::MAX_RECEIVES;

pub(crate) const TEMPLATE: &str = include_str!("../../../template.yaml");

/// What queues, functions and mappings are set to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbers {
    pub(crate) function_timeout: Duration,
    pub(crate) visibility_timeout: Duration,
    pub(crate) retention: Duration,
    pub(crate) dead_letter_retention: Duration,
    pub(crate) max_receive_count: u64,
    pub(crate) batch_size: u64,
    pub(crate) maximum_concurrency: u64,
}

impl Numbers {
    /// Those of the template's one mapping.
    pub(crate) fn of_template() -> anyhow::Result<Self> {
        let sizes = sizes(TEMPLATE).map_err(|error| anyhow::anyhow!("template.yaml: {error}"))?;
        let [sizes] = &sizes[..] else { anyhow::bail!("template.yaml has {} mappings", sizes.len()) };
        let numbers = Self::of(sizes).context("template.yaml leaves a number open")?;
        ensure!(sizes.reports_failures, "template.yaml does not report failures");
        ensure!(numbers.max_receive_count == MAX_RECEIVES, "the plan counts on {MAX_RECEIVES} receives");
        Ok(numbers)
    }

    fn of(sizes: &Sizes) -> Option<Self> {
        let seconds = |seconds: Option<u64>| seconds.map(Duration::from_secs);
        Some(Self {
            function_timeout: seconds(sizes.function_timeout)?,
            visibility_timeout: seconds(sizes.visibility_timeout)?,
            retention: seconds(sizes.retention)?,
            dead_letter_retention: seconds(sizes.dead_letter_retention)?,
            max_receive_count: sizes.max_receive_count?,
            batch_size: sizes.batch_size?,
            maximum_concurrency: sizes.maximum_concurrency?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_leaves_nothing_open() {
        let numbers = Numbers::of_template().expect("numbers");
        assert!(numbers.visibility_timeout >= 6 * numbers.function_timeout);
    }
}
