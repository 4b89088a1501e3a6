//! Parameters: the numbers that `plan` prints, and what can be had beside that.

use std::collections::BTreeSet;

use sqs_runtime_cli::{
    doctor,
    plan::{Aim, Load, Plan, cost::Prices, plan, report},
};

use super::{FUNCTIONS, Rule, TEMPLATES, Template};
use crate::support::root;

/// What does not follow from a load.
const OPTIONS: [&str; 7] =
    ["AlarmTopicArn", "Architecture", "Canary", "KeyArn", "MaximumPollers", "MaximumWriteUnits", "MinimumPollers"];

/// The load of the page on `plan`.
fn planned(window: u64, fifo_groups: Option<u64>) -> Plan {
    let load = Load {
        rate: 50.0,
        burst: 100_000,
        message_ms: 200,
        overhead_ms: 20,
        message_bytes: 2_048,
        window,
        at_once: 100,
        fifo_groups,
        aim: Aim::DrainWithin(900),
        outage: 900,
        backoff: Some(30),
        memory_mb: 256,
        permits: 100,
        prices: Prices { sqs: 0.4, invocations: 0.2, gb_second: 0.0, writes: 0.625, writes_per_message: 2.0 },
    };
    plan(&load).expect("a load that a mapping bears")
}

/// What `plan --format parameters` prints.
fn printed(plan: &Plan) -> Vec<(String, String)> {
    let lines = report::parameters(plan);
    let pairs = lines.lines().map(|line| line.split_once('=').expect("NAME=VALUE"));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn borrowed(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// The codes of what is wrong with a template that has these defaults.
pub(super) fn found(name: &str, parameters: &[(&str, &str)]) -> Result<Vec<&'static str>, String> {
    let text = Template::with(name, parameters)?.text;
    let found = doctor::examine(&text).map_err(|error| format!("{name}: {error}"))?;
    Ok(found.iter().map(|finding| finding.rule.code).collect())
}

#[test]
fn plan_and_the_templates_call_the_numbers_the_same() -> Rule {
    let printed = printed(&planned(0, None));
    let printed: BTreeSet<_> = printed.iter().map(|(name, _)| name.as_str()).collect();
    for name in FUNCTIONS {
        let template = Template::read(name)?;
        let parameters = template.root().at("Parameters").ok_or("no parameters")?.entries();
        let options = BTreeSet::from(OPTIONS);
        let numbers: BTreeSet<_> = parameters
            .iter()
            .map(|(parameter, _)| *parameter)
            .filter(|parameter| !options.contains(parameter))
            .collect();
        assert_eq!(numbers, printed, "{name}: `sam deploy --parameter-overrides` refuses a name that it does not know");
    }
    Ok(())
}

#[test]
fn what_plan_prints_goes_where_it_belongs() -> Rule {
    for (name, plan) in [
        ("template.yaml", planned(0, None)),
        ("template.yaml", planned(2, None)),
        ("template-fifo.yaml", planned(0, Some(100))),
    ] {
        let printed = printed(&plan);
        let template = Template::with(name, &borrowed(&printed))?;
        let (queue, letters) = (template.queue()?, template.dead_letter_queue()?);
        let (event, function) = (template.event()?, template.function()?);
        for (said, meant) in [
            (event.number("BatchSize"), plan.batch.size),
            (event.number("MaximumBatchingWindowInSeconds").or(Some(0)), plan.batch.window),
            (event.number("ScalingConfig.MaximumConcurrency"), plan.maximum_concurrency),
            (function.number("Timeout"), plan.function_timeout),
            (queue.number("VisibilityTimeout"), plan.visibility_timeout),
            (queue.number("RedrivePolicy.maxReceiveCount"), plan.retries.max_receive_count),
            (queue.number("MessageRetentionPeriod"), plan.retries.retention),
            (letters.number("MessageRetentionPeriod"), plan.retries.dead_letter_retention),
        ] {
            assert_eq!(said, Some(meant), "{printed:?}");
        }
        assert_eq!(found(name, &borrowed(&printed))?, [""; 0], "{printed:?}");
    }
    Ok(())
}

/// SAM publishes a version where a property of the function changes, and a reference to a parameter stays the same text.
#[test]
fn a_changed_parameter_goes_live() -> Rule {
    const NOT_ITS_OWN: [&str; 3] = ["DeploymentPreference", "Events", "VersionDescription"];
    for name in FUNCTIONS {
        let given = |parameters: &[(&str, &str)]| {
            let template = Template::with(name, parameters)?;
            let mut function = template.function()?.entries();
            let description = template.function()?.at("VersionDescription").map(|it| it.words().concat());
            function.retain(|(setting, _)| !NOT_ITS_OWN.contains(setting));
            Ok::<_, String>((
                format!("{:?}", function.iter().map(|(_, it)| it.words()).collect::<Vec<_>>()),
                description,
            ))
        };
        let usual = given(&[])?;
        let template = Template::read(name)?;
        let mut seen = 0;
        for (parameter, _) in template.root().at("Parameters").ok_or("no parameters")?.entries() {
            let other = given(&[(parameter, "another")])?;
            seen += usize::from(other.0 != usual.0);
            assert!(other.0 == usual.0 || other.1 != usual.1, "{name}: the versions are described without {parameter}");
        }
        assert!(seen >= 2, "{name}: {seen}");
    }
    Ok(())
}

#[test]
fn a_large_batch_without_a_window_is_refused_before_anything_is_deployed() -> Rule {
    let template = Template::read("template.yaml")?;
    let rule = template.root().at("Rules.ALargeBatchHasAWindow").ok_or("no rule")?;
    let [assertion] = &*rule.list("Assertions") else { panic!("one assertion") };
    let [sizes, _] = &*assertion.list("Assert.Fn::Contains") else { panic!("a list and a parameter") };
    let expected: Vec<_> = (1..=10).map(|size| size.to_string()).collect();
    assert_eq!(sizes.words(), expected);
    Ok(())
}

#[test]
fn every_parameter_stands_in_the_table() -> Rule {
    let path = root().join("runtime/docs/deploying.md");
    let page = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let section = page.split("\n# ").find(|section| section.starts_with("Parameters\n")).ok_or("no section")?;
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split("` | ").next());
    let table: BTreeSet<_> = rows.flat_map(|names| names.split("`, `")).map(str::to_owned).collect();
    let mut all = BTreeSet::new();
    for name in TEMPLATES {
        let template = Template::read(name)?;
        let parameters = template.root().at("Parameters").ok_or("no parameters")?.entries();
        all.extend(parameters.into_iter().map(|(parameter, _)| parameter.to_owned()));
    }
    assert_eq!(all, table);
    Ok(())
}
