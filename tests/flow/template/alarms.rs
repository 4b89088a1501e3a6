//! Alarms: what they watch, whom they tell, and where their pages are.

use std::collections::BTreeSet;

use super::{FUNCTIONS, Rule, TEMPLATES, Template, each};
use crate::support::root;

#[test]
fn every_alarm_has_its_page_in_the_runbooks_and_every_page_its_alarm() -> Rule {
    const PAGE: &str = "runtime/docs/runbooks.md#";
    let path = root().join("runtime/docs/runbooks.md");
    let runbooks = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let headings = runbooks.lines().filter_map(|line| line.strip_prefix("# "));
    let sections: BTreeSet<String> = headings.map(|heading| heading.to_lowercase().replace(' ', "-")).collect();

    let mut named = BTreeSet::new();
    for template in TEMPLATES {
        for (name, alarm) in Template::read(template)?.of_type("AWS::CloudWatch::Alarm") {
            let description = alarm.string("Properties.AlarmDescription").unwrap_or_default();
            let section = description.split_once(PAGE).map(|(_, section)| section.trim().to_owned());
            named.insert(section.ok_or_else(|| format!("{name} names no page of the runbooks"))?);
        }
    }
    assert_eq!(named, sections, "the alarms' pages and those that there are");
    Ok(())
}

#[test]
fn every_alarm_tells_somebody_when_it_rings_and_when_it_is_over() -> Rule {
    const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:alarms";
    for name in TEMPLATES {
        for (name, alarm) in Template::with(name, &[("AlarmTopicArn", TOPIC)])?.of_type("AWS::CloudWatch::Alarm") {
            for actions in ["AlarmActions", "OKActions"] {
                let told = alarm.strings(&format!("Properties.{actions}"));
                assert_eq!(told, [TOPIC], "{name} has no {actions}: it rings, and nobody hears it");
            }
        }
    }
    Ok(())
}

/// What an alarm says of a metric is a formula, where it follows from a parameter.
fn formulas(name: &str, parameters: &[(&str, &str)]) -> Result<Vec<String>, String> {
    let template = Template::with(name, parameters)?;
    let alarms = template.of_type("AWS::CloudWatch::Alarm");
    let metrics = alarms.into_iter().flat_map(|(_, alarm)| alarm.list("Properties.Metrics"));
    let formulas = metrics.filter_map(|metric| metric.at("Expression")?.intrinsic("Fn::Sub"));
    Ok(formulas.map(str::to_owned).collect())
}

#[test]
fn an_invocation_rings_at_four_fifths_of_its_time() -> Rule {
    for name in FUNCTIONS {
        // 100 x milliseconds / 40,000.
        let formulas = formulas(name, &[("FunctionTimeout", "40")])?;
        assert!(formulas.contains(&"duration / (40 * 10)".to_owned()), "{name}: {formulas:?}");
    }
    Ok(())
}

/// In seconds: what is left after three days, less what a message may have aged before it came there. On a FIFO queue it has not.
#[test]
fn a_dead_letter_rings_three_days_before_its_end() -> Rule {
    const KEPT: [(&str, &str); 2] = [("MessageRetention", "500000"), ("DeadLetterRetention", "1000000")];
    for (name, expected) in [
        ("template.yaml", "IF(age > 0, age + 500000 + 259200 - 1000000, 0)"),
        ("template-fifo.yaml", "IF(age > 0, age + 259200 - 1000000, 0)"),
        ("template-worker.yaml", "IF(age > 0, age + 500000 + 259200 - 1000000, 0)"),
    ] {
        let formulas = formulas(name, &KEPT)?;
        assert!(formulas.contains(&expected.to_owned()), "{name}: {formulas:?}");
    }
    Ok(())
}

#[test]
fn what_watches_a_canary_says_nothing_of_what_lies_in_the_queues() -> Rule {
    // The one with canaries.
    each(["template.yaml"], |template| {
        let watching = template.function()?.list("DeploymentPreference.Alarms");
        assert!(!watching.is_empty(), "nothing takes a canary back");
        for alarm in watching.iter().filter_map(|alarm| alarm.intrinsic("Ref")) {
            let words = template.properties(alarm)?.words();
            assert!(
                !words.contains(&"AWS/SQS"),
                "{alarm} watches a queue: what the old code left there would hold up the new"
            );
        }
        Ok(())
    })
}
