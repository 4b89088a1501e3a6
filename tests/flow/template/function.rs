//! Functions: what they are built for, what they are told, what their roles allow.

use super::{FUNCTIONS, Node, Rule, each};

#[test]
fn the_queue_invokes_a_published_version() -> Rule {
    each(FUNCTIONS, |template| {
        let function = template.function()?;

        assert!(
            function.string("AutoPublishAlias").is_some(),
            "without AutoPublishAlias the queue invokes $LATEST: a deployment changes code under running batches and nothing \
             can be rolled back"
        );
        assert_eq!(
            function.flag("AutoPublishAliasAllProperties"),
            Some(true),
            "without AutoPublishAliasAllProperties only new code is published: a changed timeout or variable stays in \
             $LATEST, where nothing invokes it"
        );
        // An event of the function follows its alias by SAM's rules. A mapping that stands alone has to name it.
        let alias = format!("{}.Alias", template.function_name()?);
        for (name, mapping) in template.of_type("AWS::Lambda::EventSourceMapping") {
            let target = mapping.at("Properties.FunctionName").and_then(|node| node.intrinsic("Ref"));
            assert_eq!(target, Some(&*alias), "{name} does not invoke the alias");
        }
        Ok(())
    })
}

#[test]
fn the_function_has_a_role_of_its_own() -> Rule {
    each(FUNCTIONS, |template| {
        let role = template.role()?;

        assert!(
            role.at("ManagedPolicyArns").is_none(),
            "AWS's managed policies allow their actions on every queue and log group of the account"
        );
        assert!(!role.statements().is_empty(), "the role allows nothing: the function cannot even receive");
        Ok(())
    })
}

#[test]
fn the_role_names_every_action_and_every_resource() -> Rule {
    each(FUNCTIONS, |template| {
        for statement in template.role()?.statements() {
            for key in ["Action", "Resource"] {
                let words = statement.at(key).map(Node::words).unwrap_or_default();
                assert!(
                    !words.is_empty(),
                    "a statement without {key}: NotAction and NotResource allow all that they do not name"
                );
                assert!(
                    words.iter().all(|word| !word.contains('*')),
                    "{key} {words:?} has a wildcard: a mistake in this function reaches other queues and tables"
                );
            }
        }
        Ok(())
    })
}

#[test]
fn the_function_is_built_for_the_system_that_runs_it() -> Rule {
    each(FUNCTIONS, |template| {
        let resource = template.resource(template.function_name()?)?;
        let folder = resource.string("Properties.CodeUri").unwrap_or_default();

        assert_eq!(
            resource.string("Properties.Runtime"),
            Some("provided.al2023"),
            "older runtimes have an older glibc than a Rust binary is linked with, and end of life behind them"
        );
        assert_eq!(
            resource.strings("Properties.Architectures"),
            ["arm64"],
            "whoever does not choose pays more for x86_64; or the function ignores the parameter, and nothing starts"
        );
        assert_eq!(
            resource.string("Metadata.BuildMethod"),
            Some("rust-cargolambda"),
            "sam build does not know how to build this, and deploys the sources"
        );
        assert_eq!(
            resource.string("Metadata.BuildProperties.Binary"),
            folder.strip_prefix("examples/"),
            "sam build takes whatever binary it finds"
        );
        Ok(())
    })
}

#[test]
fn the_function_may_tell_its_queues_what_it_is_set_to_tell() -> Rule {
    each(FUNCTIONS, |template| {
        let letters = template.target(template.setting("SQS_RUNTIME_DEAD_LETTER_QUEUE"), "AWS::SQS::Queue")?;

        assert_eq!(
            letters,
            template.dead_letter_queue_name()?,
            "SQS_RUNTIME_DEAD_LETTER_QUEUE names another queue than the redrive policy: dead letters lie in two places"
        );
        for (queue, actions) in [
            (template.queue_name()?, ["sqs:ChangeMessageVisibility", "sqs:GetQueueUrl"]),
            (letters, ["sqs:SendMessage", "sqs:GetQueueUrl"]),
        ] {
            for action in actions {
                let allows = |statement: &Node<'_>| {
                    statement.strings("Action").contains(&action)
                        && template.target(statement.at("Resource"), "AWS::SQS::Queue") == Ok(queue)
                };
                assert!(
                    template.role()?.statements().iter().any(allows),
                    "the role lacks {action}: failures come back after the visibility timeout, until the redrive policy \
                     takes them"
                );
            }
        }
        Ok(())
    })
}
