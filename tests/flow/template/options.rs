//! What can be had beside the numbers: provisioned pollers, a canary, a key of one's own, a limit of what the table may cost.

use super::{Rule, Template, parameters::found};

/// Those with options.
const OPTIONED: [&str; 1] = ["template.yaml"];

#[test]
fn doctor_finds_nothing_with_any_of_the_options() -> Rule {
    for name in OPTIONED {
        for option in [
            ("MinimumPollers", "2"),
            ("Canary", "Canary10Percent5Minutes"),
            ("KeyArn", "arn:aws:kms:eu-west-1:123456789012:key/1"),
            ("MaximumWriteUnits", "1000"),
            ("AlarmTopicArn", "arn:aws:sns:eu-west-1:123456789012:alarms"),
        ] {
            assert_eq!(found(name, &[option])?, [""; 0], "{name}: {option:?}");
        }
    }
    Ok(())
}

/// So that nothing found says something.
#[test]
fn doctor_finds_a_parameter_that_is_wrong() -> Rule {
    for (name, parameter, code) in [
        ("template.yaml", ("FunctionTimeout", "31"), "SQS201"),
        ("template-fifo.yaml", ("BatchSize", "11"), "SQS103"),
        ("template-worker.yaml", ("DeadLetterRetention", "345600"), "SQS303"),
    ] {
        assert_eq!(found(name, &[parameter])?, [code], "{name}");
    }
    Ok(())
}

#[test]
fn a_mapping_has_one_of_the_two_ways_to_scale() -> Rule {
    for name in OPTIONED {
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
    for name in OPTIONED {
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
    for name in OPTIONED {
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
    for name in OPTIONED {
        for (units, expected) in [("0", None), ("500", Some(500))] {
            let template = Template::with(name, &[("MaximumWriteUnits", units)])?;
            let table = template.properties("IdempotencyTable")?;
            assert_eq!(table.number("OnDemandThroughput.MaxWriteRequestUnits"), expected, "{name}");
        }
    }
    Ok(())
}
