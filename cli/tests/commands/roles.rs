//! What `doctor` makes of roles: what one lacks, what it has too much of, and what cannot be known of it.

use sqs_runtime_cli::doctor::examine;

use crate::support::resource;

/// A consumer of a queue with a table, and this beside it: its role, and what else there is.
const AROUND: &str = r"
Parameters:
  Verb: {Type: String}
Resources:
  Orders:
    Type: AWS::SQS::Queue
    Properties:
      RedrivePolicy: {deadLetterTargetArn: 'arn:aws:sqs:eu-west-1:123456789012:dead', maxReceiveCount: 5}
  Other:
    Type: AWS::SQS::Queue
    Properties:
      ReceiveMessageWaitTimeSeconds: 20
      RedrivePolicy: {deadLetterTargetArn: 'arn:aws:sqs:eu-west-1:123456789012:dead', maxReceiveCount: 5}
  Logs:
    Type: AWS::Logs::LogGroup
    Properties: {RetentionInDays: 30}
  Done:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      TimeToLiveSpecification: {AttributeName: expiration, Enabled: true}
  Consumer:
    Type: AWS::Serverless::Function
    Properties:
      Timeout: 5
      Environment: {Variables: {IDEMPOTENCY_TABLE: !Ref Done}}
      Events:
        Orders:
          Type: SQS
          Properties: {Queue: !GetAtt Orders.Arn, FunctionResponseTypes: [ReportBatchItemFailures]}
";

fn codes(beside: &str) -> Vec<&'static str> {
    let found = examine(&format!("{AROUND}{beside}")).unwrap_or_else(|error| panic!("{beside}: {error}"));
    let mut codes: Vec<_> = found.iter().map(|it| it.rule.code).collect();
    codes.sort_unstable();
    codes
}

/// With a role of its own, of these properties.
fn of_role(properties: &str) -> Vec<&'static str> {
    with_role(properties, "")
}

fn with_role(properties: &str, beside: &str) -> Vec<&'static str> {
    codes(&format!(
        "      Role: !GetAtt Role.Arn\n  Role:\n    Type: AWS::IAM::Role\n    Properties: {{{properties}}}\n{beside}"
    ))
}

/// With a role of its own that has these statements.
fn of_statements(statements: &str) -> Vec<&'static str> {
    of_role(&format!("Policies: [{{PolicyName: it, PolicyDocument: {{Statement: [{statements}]}}}}]"))
}

const CONSUME: &str = "[sqs:ReceiveMessage, sqs:DeleteMessage, sqs:GetQueueAttributes]";
const REMEMBER: &str = "[dynamodb:UpdateItem, dynamodb:GetItem, dynamodb:PartiQLInsert, dynamodb:PartiQLUpdate]";

/// What is needed of the queue, on this, and of the table, on that.
fn on(queue: &str, table: &str) -> Vec<&'static str> {
    of_statements(&format!(
        "{{Effect: Allow, Action: {CONSUME}, Resource: {queue}}}, {{Effect: Allow, Action: {REMEMBER}, Resource: {table}}}"
    ))
}

#[test]
fn a_role_that_has_what_is_needed_is_no_finding() {
    assert_eq!(on("!GetAtt Orders.Arn", "!GetAtt Done.Arn"), [""; 0]);
    assert_eq!(
        on("[!GetAtt Other.Arn, !GetAtt Orders.Arn]", "[!GetAtt Done.Arn, !Sub '${Done.Arn}/index/*']"),
        [""; 0]
    );
    // Upper and lower case are one in actions.
    let loud = "{Effect: Allow, Action: [SQS:RECEIVEMESSAGE, sqs:deletemessage, sqs:GetQueueAttributes], Resource: !GetAtt Orders.Arn}";
    assert_eq!(
        of_statements(&format!("{loud}, {{Effect: Allow, Action: {REMEMBER}, Resource: !GetAtt Done.Arn}}")),
        [""; 0]
    );
}

/// One who may write rows, but not several at once, is told so; one who may write none has a worse fault.
#[test]
fn a_role_that_writes_rows_one_by_one_is_found() {
    let table = |actions: &str| {
        of_statements(&format!(
            "{{Effect: Allow, Action: {CONSUME}, Resource: !GetAtt Orders.Arn}}, {{Effect: Allow, Action: [{actions}], Resource: !GetAtt Done.Arn}}"
        ))
    };
    assert_eq!(table("dynamodb:UpdateItem, dynamodb:GetItem"), ["SQS507"]);
    assert_eq!(table("dynamodb:UpdateItem, dynamodb:GetItem, dynamodb:PartiQLUpdate"), ["SQS507"]);
    assert_eq!(table("dynamodb:UpdateItem, dynamodb:PartiQLUpdate"), ["SQS502"]);
}

#[test]
fn what_a_role_lacks_is_found() {
    assert_eq!(of_role(""), ["SQS501", "SQS502"]);
    assert_eq!(of_statements(""), ["SQS501", "SQS502"]);
    assert_eq!(
        of_role("ManagedPolicyArns: ['arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess']"),
        ["SQS501", "SQS502"]
    );
    for elsewhere in ["!GetAtt Other.Arn", "!GetAtt Done.Arn", "!GetAtt Logs.Arn"] {
        assert_eq!(on(elsewhere, "!GetAtt Done.Arn"), ["SQS501"], "{elsewhere}");
    }
    assert_eq!(on("!GetAtt Orders.Arn", "!GetAtt Orders.Arn"), ["SQS502"]);
    let denied = format!("{{Effect: Deny, Action: {CONSUME}, Resource: !GetAtt Orders.Arn}}");
    assert_eq!(of_statements(&denied), ["SQS501", "SQS502"]);
}

#[test]
fn what_may_be_allowed_is_not_missing() {
    for statement in [
        "{Effect: Allow, Action: !ImportValue actions, Resource: '*'}",
        "{Effect: Allow, Action: !Sub 'sqs:${Verb}', Resource: [!GetAtt Orders.Arn, !GetAtt Done.Arn]}",
        "{Effect: !Ref Verb, Action: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'dynamodb:UpdateItem', \
          'dynamodb:GetItem', 'dynamodb:PartiQLInsert', 'dynamodb:PartiQLUpdate'], Resource: !ImportValue resource}",
        "!ImportValue statement",
    ] {
        assert_eq!(of_statements(statement), [""; 0], "{statement}");
    }
    for anywhere in ["!ImportValue queue", "!Ref Verb", "'arn:aws:sqs:eu-west-1:123456789012:orders'"] {
        assert_eq!(on(anywhere, "!GetAtt Done.Arn"), [""; 0], "{anywhere}");
    }
    for properties in [
        "Policies: !ImportValue policies",
        "Policies: [{PolicyName: it, PolicyDocument: !ImportValue document}]",
        "Policies: [{PolicyName: it}]",
        "Policies: [{PolicyName: it, PolicyDocument: {Statement: !ImportValue statements}}]",
        "ManagedPolicyArns: !ImportValue policies",
        "ManagedPolicyArns: [!Ref Verb]",
    ] {
        assert_eq!(of_role(properties), [""; 0], "{properties}");
    }
    // A role that is described elsewhere.
    for role in ["!Ref Verb", "!ImportValue role", "arn:aws:iam::123456789012:role/consumer"] {
        assert_eq!(codes(&format!("      Role: {role}\n  Role:\n    Type: AWS::IAM::Role\n")), [""; 0], "{role}");
    }
}

#[test]
fn patterns_allow_and_are_advice() {
    assert_eq!(on("'*'", "!GetAtt Done.Arn"), ["SQS505"]);
    assert_eq!(on("'arn:aws:sqs:*:*:ord*'", "!GetAtt Done.Arn"), ["SQS505"]);
    assert_eq!(on("!GetAtt Orders.Arn", "'arn:aws:dynamodb:*:*:table/*'"), ["SQS505"]);
    let all = "{Effect: Allow, Action: '*', Resource: [!GetAtt Orders.Arn, !GetAtt Done.Arn]}";
    assert_eq!(of_statements(all), ["SQS504"]);
    let but_some = "{Effect: Allow, NotAction: 'iam:*', Resource: [!GetAtt Orders.Arn, !GetAtt Done.Arn]}";
    assert_eq!(of_statements(but_some), ["SQS504"]);
    let elsewhere = "{Effect: Allow, Action: ['sqs:*', 'dynamodb:*'], NotResource: !GetAtt Other.Arn}";
    assert_eq!(of_statements(elsewhere), ["SQS504"]);
    let among_others = "{Effect: Allow, Action: ['s3:GetObject', 'sqs:PurgeQueue'], NotResource: !GetAtt Other.Arn}";
    assert_eq!(of_statements(&format!("{all}, {among_others}")), ["SQS504", "SQS504"]);
    assert_eq!(of_role("ManagedPolicyArns: ['arn:aws:iam::aws:policy/AdministratorAccess']"), ["SQS504", "SQS505"]);
    let partition = "ManagedPolicyArns: [!Sub 'arn:${AWS::Partition}:iam::aws:policy/AmazonSQSFullAccess']";
    assert_eq!(of_role(partition), ["SQS502", "SQS504", "SQS505"]);
}

#[test]
fn more_than_is_needed_is_found_where_it_is_surely_allowed() {
    let with = |statement: &str| {
        of_statements(&format!(
            "{{Effect: Allow, Action: {CONSUME}, Resource: !GetAtt Orders.Arn}}, {{Effect: Allow, Action: {REMEMBER}, Resource: \
             !GetAtt Done.Arn}}, {statement}"
        ))
    };
    for (action, resource, expected) in [
        ("sqs:PurgeQueue", "!GetAtt Orders.Arn", &["SQS506"][..]),
        ("dynamodb:DeleteItem", "[!GetAtt Done.Arn]", &["SQS506"]),
        ("[sqs:SendMessage, sqs:ChangeMessageVisibility, sqs:GetQueueUrl]", "!GetAtt Orders.Arn", &[]),
        // Elsewhere, or nobody knows where.
        ("sqs:PurgeQueue", "!GetAtt Other.Arn", &[]),
        ("sqs:PurgeQueue", "!ImportValue queue", &[]),
        ("sqs:PurgeQueue", "!Ref Verb", &[]),
        ("dynamodb:DeleteItem", "!GetAtt Orders.Arn", &[]),
        ("s3:DeleteObject", "!GetAtt Orders.Arn", &[]),
        ("!ImportValue actions", "!GetAtt Orders.Arn", &[]),
    ] {
        let statement = format!("{{Effect: Allow, Action: {action}, Resource: {resource}}}");
        assert_eq!(with(&statement), expected, "{statement}");
        assert_eq!(with(&statement.replace("Allow", "Deny")), [""; 0], "{statement}");
    }
}

#[test]
fn a_policy_of_its_own_counts_for_the_role_that_it_names() {
    let policy = |kind: &str, names: &str| {
        let statements = format!(
            "{{Effect: Allow, Action: {CONSUME}, Resource: !GetAtt Orders.Arn}}, {{Effect: Allow, Action: {REMEMBER}, Resource: \
             !GetAtt Done.Arn}}"
        );
        resource("Policy", kind, &format!("{names}, PolicyDocument: {{Statement: [{statements}]}}"))
    };
    for (kind, names) in [
        ("AWS::IAM::Policy", "Roles: [!Ref Role]"),
        ("AWS::IAM::Policy", "Roles: [other, !Ref Role]"),
        ("AWS::IAM::ManagedPolicy", "Roles: [!Ref Role]"),
        ("AWS::IAM::RolePolicy", "RoleName: !Ref Role"),
    ] {
        assert_eq!(with_role("", &policy(kind, names)), [""; 0], "{kind} {names}");
    }
    assert_eq!(with_role("", &policy("AWS::IAM::Policy", "Roles: [other]")), ["SQS501", "SQS502"]);
    assert_eq!(with_role("", &policy("AWS::IAM::Policy", "Users: [somebody]")), ["SQS501", "SQS502"]);
    for names in ["Roles: !ImportValue roles", "Roles: [!ImportValue role, other]"] {
        assert_eq!(with_role("", &policy("AWS::IAM::Policy", names)), [""; 0], "{names}");
    }
    // The role that SAM makes has a name in its output.
    assert_eq!(codes(&policy("AWS::IAM::Policy", "Roles: [!Ref ConsumerRole]")), ["SQS505"]);
    assert_eq!(codes(&policy("AWS::IAM::Policy", "Roles: [!Ref OtherRole]")), ["SQS502", "SQS505"]);
}

#[test]
fn the_role_that_sam_makes_has_what_polling_takes_and_what_policies_say() {
    let policies = |policies: &str| codes(&format!("      Policies: {policies}\n"));
    assert_eq!(codes(""), ["SQS502", "SQS505"]);
    assert_eq!(policies("[DynamoDBWritePolicy: {TableName: !Ref Done}]"), ["SQS502", "SQS505", "SQS506"]);
    assert_eq!(policies("[DynamoDBCrudPolicy: {TableName: !Ref Done}]"), ["SQS505", "SQS506", "SQS507"]);
    assert_eq!(policies("[DynamoDBCrudPolicy: {TableName: !ImportValue table}]"), ["SQS505"]);
    assert_eq!(policies("[S3ReadPolicy: {BucketName: shop}]"), ["SQS502", "SQS505"]);
    assert_eq!(policies("[SQSPollerPolicy: {QueueName: !GetAtt Orders.QueueName}]"), ["SQS502", "SQS505"]);
    for new in ["[DynamoDBNewPolicy: {TableName: !Ref Done}]", "[SQSNewPolicy: {QueueName: orders}]", "[OwnPolicy]"] {
        assert_eq!(policies(new), ["SQS505"], "{new}");
    }
    assert_eq!(policies("AWSXrayWriteOnlyAccess"), ["SQS502", "SQS505"]);
    let document = format!("[{{Statement: {{Effect: Allow, Action: {REMEMBER}, Resource: !GetAtt Done.Arn}}}}]");
    assert_eq!(policies(&document), ["SQS505"]);
}

#[test]
fn a_connector_may_give_a_role_more() {
    let role = "      Role: !GetAtt Role.Arn\n  Role:\n    Type: AWS::IAM::Role\n";
    assert_eq!(codes(role), ["SQS501", "SQS502"]);
    let apart = "  Connector:\n    Type: AWS::Serverless::Connector\n    Properties: {}\n";
    assert_eq!(codes(&format!("{role}{apart}")), [""; 0]);
    let within = "    Connectors:\n      Table: {Properties: {Destination: {Id: Done}, Permissions: [Read, Write]}}\n";
    assert_eq!(codes(&format!("{role}{within}")), [""; 0]);
}
