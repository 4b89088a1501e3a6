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
fn planned(window: u64) -> Plan {
    let load = Load {
        rate: 50.0,
        burst: 100_000,
        message_ms: 200,
        overhead_ms: 20,
        message_bytes: 2_048,
        window,
        at_once: 100,
        fifo_groups: None,
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
fn found(name: &str, parameters: &[(&str, &str)]) -> Result<Vec<&'static str>, String> {
    let text = Template::with(name, parameters)?.text;
    let found = doctor::examine(&text).map_err(|error| format!("{name}: {error}"))?;
    Ok(found.iter().map(|finding| finding.rule.code).collect())
}

#[test]
fn plan_and_the_templates_call_the_numbers_the_same() -> Rule {
    let printed = printed(&planned(0));
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
    for plan in [planned(0), planned(2)] {
        let printed = printed(&plan);
        let template = Template::with("template.yaml", &borrowed(&printed))?;
        let (queue, letters) = (template.queue()?, template.dead_letter_queue()?);
        let (event, function) = (template.event()?, template.function()?);
        for (said, meant) in [
            (event.number("BatchSize"), plan.batch.size),
            (event.number("MaximumBatchingWindowInSeconds"), plan.batch.window),
            (event.number("ScalingConfig.MaximumConcurrency"), plan.maximum_concurrency),
            (function.number("Timeout"), plan.function_timeout),
            (queue.number("VisibilityTimeout"), plan.visibility_timeout),
            (queue.number("RedrivePolicy.maxReceiveCount"), plan.retries.max_receive_count),
            (queue.number("MessageRetentionPeriod"), plan.retries.retention),
            (letters.number("MessageRetentionPeriod"), plan.retries.dead_letter_retention),
        ] {
            assert_eq!(said, Some(meant), "{printed:?}");
        }
        assert_eq!(found("template.yaml", &borrowed(&printed))?, [""; 0], "{printed:?}");
    }
    Ok(())
}

#[test]
fn doctor_finds_nothing_with_any_of_the_options() -> Rule {
    for name in FUNCTIONS {
        for option in [
            ("MinimumPollers", "2"),
            ("Canary", "Canary10Percent5Minutes"),
            ("KeyArn", "arn:aws:kms:eu-west-1:123456789012:key/1"),
            ("MaximumWriteUnits", "1000"),
            ("AlarmTopicArn", "arn:aws:sns:eu-west-1:123456789012:alarms"),
        ] {
            assert_eq!(found(name, &[option])?, [""; 0], "{name}: {option:?}");
        }
        // So that nothing found says something.
        assert_eq!(found(name, &[("FunctionTimeout", "31")])?, ["SQS201"], "{name}");
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
fn a_mapping_has_one_of_the_two_ways_to_scale() -> Rule {
    for name in FUNCTIONS {
        for (minimum, both) in [("0", [true, false]), ("3", [false, true])] {
            let template = Template::with(name, &[("MinimumPollers", minimum), ("MaximumPollers", "7")])?;
            let event = template.event()?;
            let has = ["ScalingConfig", "ProvisionedPollerConfig"].map(|setting| event.at(setting).is_some());
            assert_eq!(has, both, "{name}: AWS refuses a mapping with both, and limits none with neither");
            let pollers = ["MinimumPollers", "MaximumPollers"];
            let pollers = pollers.map(|limit| event.number(&format!("ProvisionedPollerConfig.{limit}")));
            assert_eq!(pollers, if both[1] { [Some(3), Some(7)] } else { [None; 2] }, "{name}");
        }
    }
    Ok(())
}

#[test]
fn a_key_of_ones_own_is_used_everywhere_and_the_role_may_use_it() -> Rule {
    const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/1";
    for name in FUNCTIONS {
        for key in ["", KEY] {
            let template = Template::with(name, &[("KeyArn", key)])?;
            let expected = Some(key).filter(|key| !key.is_empty());
            for (kind, property) in [
                ("AWS::SQS::Queue", "KmsMasterKeyId"),
                ("AWS::DynamoDB::Table", "SSESpecification.KMSMasterKeyId"),
                ("AWS::Logs::LogGroup", "KmsKeyId"),
            ] {
                for (resource, node) in template.of_type(kind) {
                    assert_eq!(node.string(&format!("Properties.{property}")), expected, "{name}: {resource}");
                }
            }
            for (queue, node) in template.of_type("AWS::SQS::Queue") {
                let managed = node.flag("Properties.SqsManagedSseEnabled");
                assert_eq!(managed, expected.is_none().then_some(true), "{name}: {queue}: SQS takes one of the two");
            }
            let policies = template.of_type("AWS::IAM::RolePolicy");
            assert_eq!(policies.len(), usize::from(expected.is_some()), "{name}");
            for (_, policy) in policies {
                let role = policy.at("Properties.RoleName").and_then(|role| role.intrinsic("Ref"));
                assert_eq!(role, Some(template.target(template.function()?.at("Role"), "AWS::IAM::Role")?), "{name}");
                let [statement] = &*policy.list("Properties.PolicyDocument.Statement") else { panic!("one statement") };
                assert_eq!(statement.strings("Action"), ["kms:Decrypt", "kms:GenerateDataKey"], "{name}");
                assert_eq!(statement.string("Resource"), expected, "{name}");
            }
        }
    }
    Ok(())
}

#[test]
fn a_canary_is_taken_only_where_it_is_asked_for() -> Rule {
    for name in FUNCTIONS {
        for (canary, is_gradual) in [("AllAtOnce", "false"), ("Canary10Percent5Minutes", "true")] {
            let template = Template::with(name, &[("Canary", canary)])?;
            let function = template.function()?;
            assert_eq!(function.string("DeploymentPreference.Enabled"), Some(is_gradual), "{name}");
            assert_eq!(function.string("DeploymentPreference.Type"), Some(canary), "{name}");
        }
    }
    Ok(())
}

#[test]
fn what_the_table_may_cost_has_a_limit_where_one_is_set() -> Rule {
    for name in FUNCTIONS {
        for (units, expected) in [("0", None), ("500", Some(500))] {
            let template = Template::with(name, &[("MaximumWriteUnits", units)])?;
            let table = template.properties("IdempotencyTable")?;
            assert_eq!(table.number("OnDemandThroughput.MaxWriteRequestUnits"), expected, "{name}");
        }
    }
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
