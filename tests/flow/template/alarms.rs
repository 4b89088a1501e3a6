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
#[test]
fn thresholds_follow_from_the_parameters() -> Rule {
    for name in FUNCTIONS {
        let parameters =
            [("FunctionTimeout", "40"), ("MessageRetention", "500000"), ("DeadLetterRetention", "1000000")];
        let template = Template::with(name, &parameters)?;
        let formulas: Vec<_> = template
            .of_type("AWS::CloudWatch::Alarm")
            .into_iter()
            .flat_map(|(_, alarm)| alarm.list("Properties.Metrics"))
            .filter_map(|metric| metric.at("Expression")?.intrinsic("Fn::Sub"))
            .collect();
        for expected in [
            // 100 x milliseconds / 40,000.
            "duration / (40 * 10)",
            // Three days before half a million seconds after the arrival.
            "IF(age > 0, age + 500000 + 259200 - 1000000, 0)",
        ] {
            assert!(formulas.contains(&expected), "{expected} is none of {formulas:?}");
        }
    }
    Ok(())
}

#[test]
fn what_watches_a_canary_says_nothing_of_what_lies_in_the_queues() -> Rule {
    each(FUNCTIONS, |template| {
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
