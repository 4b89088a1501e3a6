//! What each of CloudFormation's functions comes to.

use super::Template;
use crate::doctor::{read, setting::Setting};

const AROUND: &str = r"
Parameters:
  Stage: {Type: String, Default: dev}
  Seconds: {Type: Number}
  Kinds: {Type: CommaDelimitedList, Default: 'a, b'}
  Secret: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /a/b}
Mappings:
  Stages:
    dev: {seconds: 30}
Conditions:
  IsDev: !Equals [!Ref Stage, dev]
  IsProd: !Not [!Condition IsDev]
  IsLong: !Equals [!Ref Seconds, 60]
  IsEither: !Or [!Condition IsLong, !Condition IsDev]
  IsBoth: !And [!Condition IsLong, !Condition IsProd]
  IsRing: !Not [!Condition IsRing]
Resources:
  It:
    Type: AWS::SQS::Queue
    Properties:
      Value: ";

/// The text that a value comes to: `-` where nothing is set, `?` where nobody can say.
fn comes_to(value: &str) -> String {
    let tree = read::tree(&format!("{AROUND}{value}\n")).unwrap_or_else(|error| panic!("{value}: {error}"));
    let template = Template::of(&tree).unwrap_or_else(|error| panic!("{value}: {error}"));
    let resource = template.resources.first().expect("the one resource");
    match resource.at("Value").texts() {
        Setting::Known(texts, _) => texts.join("|"),
        Setting::Absent => "-".to_owned(),
        Setting::Unknown => "?".to_owned(),
    }
}

#[test]
fn a_function_comes_to_what_a_deployment_would_make_of_it() {
    for (value, expected) in [
        ("plain", "plain"),
        ("null", "-"),
        ("!!int 30", "30"),
        ("'null'", "null"),
        ("!Ref Stage", "dev"),
        ("{Ref: Stage}", "dev"),
        ("!Ref Kinds", "a|b"),
        ("!Ref AWS::NoValue", "-"),
        ("[a, !Ref AWS::NoValue, b]", "a|b"),
        ("!Sub queue-${Stage}", "queue-dev"),
        ("!Sub ['${Stage}-${Own}', {Own: !Ref Stage}]", "dev-dev"),
        ("!Join ['-', [a, !Ref Stage]]", "a-dev"),
        ("!Join [',', !Ref Kinds]", "a,b"),
        ("!Select [1, !Ref Kinds]", "b"),
        ("!FindInMap [Stages, !Ref Stage, seconds]", "30"),
        ("!If [IsDev, a, b]", "a"),
        ("!If [IsProd, a, b]", "b"),
        ("!If [IsProd, a, !Ref AWS::NoValue]", "-"),
        ("!If [IsEither, a, b]", "a"),
        ("!If [IsBoth, a, b]", "b"),
    ] {
        assert_eq!(comes_to(value), expected, "{value}");
    }
}

#[test]
fn what_only_a_deployment_knows_stays_by_its_name() {
    for (value, expected) in [
        ("!Ref Seconds", "${Seconds}"),
        ("!Ref Secret", "${Secret}"),
        ("!Ref Other", "${Other}"),
        ("!Ref AWS::Region", "${AWS::Region}"),
        ("!GetAtt Other.Arn", "${Other.Arn}"),
        ("!Sub '${Stage.Type}'", "${Stage.Type}"),
        ("!GetAtt [Other, Outputs.Arn]", "${Other.Outputs.Arn}"),
        ("!Sub 'arn:${AWS::Partition}:sqs:${Stage}:${!Name}'", "arn:${AWS::Partition}:sqs:dev:${!Name}"),
    ] {
        assert_eq!(comes_to(value), expected, "{value}");
    }
}

#[test]
fn what_nobody_can_say_is_unknown() {
    for value in [
        "!ImportValue other",
        "!If [IsLong, a, b]",
        "!If [IsRing, a, b]",
        "!If [IsNowhere, a, b]",
        "!If [IsDev]",
        "!FindInMap [Stages, prod, seconds]",
        "!Select [7, !Ref Kinds]",
        "!Select [0, !GetAZs '']",
        "!Join ['-', !Split [',', a]]",
        "!Sub '${Open'",
        "!Sub '${Kinds}'",
        "!Cidr [a, 1, 2]",
        "!Transform {Name: AWS::Include}",
    ] {
        assert_eq!(comes_to(value), "?", "{value}");
    }
}
