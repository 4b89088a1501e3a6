//! The files by which the example `orders` runs as a worker elsewhere: what stops it waits for its drain, and what probes it asks the right
//! page.

use saphyr::{LoadableYamlNode as _, YamlOwned};
use sqs_runtime_cli::plan::{Aim, Load, cost::Prices, plan};

use crate::template::{Rule, Template};

/// How long a stop may take: the worker's default.
const DRAIN: u64 = 25;

/// The address of Kubernetes' probes, and of whoever asks on the machine itself.
const HEALTH: u64 = 8_080;

fn read(name: &str) -> String {
    let path = format!("{}/../examples/orders/deploy/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The option's value on the worker's command line.
fn option<'a>(arguments: &[&'a str], name: &str) -> &'a str {
    let at = arguments.iter().position(|argument| *argument == name).unwrap_or_else(|| panic!("no {name}"));
    arguments[at + 1]
}

fn is_drained(arguments: &[&str], patience: u64) {
    let drain: u64 = option(arguments, "--drain").parse().unwrap();
    assert!(drain <= DRAIN, "a drain of {drain} s is longer than ECS and Kubernetes wait by default");
    assert!(patience >= drain + 5, "killed after {patience} s, while it may drain for {drain} s: messages stay hidden");
}

fn at<'a>(node: &'a YamlOwned, path: &str) -> &'a YamlOwned {
    let step = |node: &'a YamlOwned, key: &str| match key.parse::<usize>() {
        Ok(index) => node.as_vec().and_then(|items| items.get(index)),
        Err(_) => node.as_mapping_get(key),
    };
    path.split('.').try_fold(node, step).unwrap_or_else(|| panic!("no {path}"))
}

fn number(node: &YamlOwned, path: &str) -> u64 {
    at(node, path)
        .as_integer()
        .and_then(|number| number.try_into().ok())
        .unwrap_or_else(|| panic!("{path} is no number"))
}

#[test]
fn kubernetes_waits_for_the_drain_and_probes_the_pages_that_there_are() {
    let documents = YamlOwned::load_from_str(&read("kubernetes.yaml")).unwrap();
    let [deployment] = &*documents else { panic!("one document") };
    let pod = at(deployment, "spec.template.spec");
    let container = at(pod, "containers.0");
    let arguments: Vec<_> = at(container, "args").as_vec().unwrap().iter().map(|arg| arg.as_str().unwrap()).collect();
    assert_eq!(arguments[0], "worker");
    is_drained(&arguments, number(pod, "terminationGracePeriodSeconds"));
    // The kubelet is not on the pod's loopback.
    assert_eq!(option(&arguments, "--health"), format!("0.0.0.0:{HEALTH}"));
    assert_eq!(number(container, "ports.0.containerPort"), HEALTH);
    for (probe, page) in [("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")] {
        assert_eq!(at(container, &format!("{probe}.httpGet.path")).as_str(), Some(page));
        assert_eq!(at(container, &format!("{probe}.httpGet.port")).as_str(), Some("health"));
    }
}

#[test]
fn ecs_waits_for_the_drain_and_the_program_asks_itself() -> Rule {
    let template = Template::read("template-worker.yaml")?;
    let container = template.container()?;
    let arguments: Vec<_> = container.list("Command").into_iter().map(|argument| argument.spelled()).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    assert_eq!(arguments[0], "worker");
    let patience = container.number("StopTimeout").ok_or("no StopTimeout")?;
    is_drained(&arguments, patience);
    assert!(patience <= 120, "Fargate refuses {patience} s");
    let address = option(&arguments, "--health");
    assert_eq!(address, format!("127.0.0.1:{HEALTH}"), "a container's health check runs in the container");
    // The program that the image has, without a shell, which it has not.
    let program =
        format!("COPY --from=build /source/target/image/orders {}", container.strings("HealthCheck.Command")[1]);
    assert!(read("Dockerfile").contains(&program), "{program}");
    assert_eq!(container.strings("HealthCheck.Command")[2..], ["probe", address]);
    assert_eq!(container.strings("HealthCheck.Command")[0], "CMD");
    // The probe gives up before it is given up.
    assert!(container.number("HealthCheck.Timeout").is_some_and(|timeout| timeout > 4));
    Ok(())
}

#[test]
fn a_deployment_on_ecs_that_does_not_come_up_goes_back_and_scaling_alone_counts_the_tasks() -> Rule {
    let template = Template::read("template-worker.yaml")?;
    let service = template.properties("WorkerService")?;
    for (setting, on) in [("Enable", "the deployment never ends"), ("Rollback", "nothing works any more")] {
        assert_eq!(
            service.flag(&format!("DeploymentConfiguration.DeploymentCircuitBreaker.{setting}")),
            Some(true),
            "{on}"
        );
    }
    assert!(service.at("DesiredCount").is_none(), "each deployment begins with as many tasks as the template says");
    let target = template.properties("WorkerScaling")?.at("ResourceId").and_then(|id| id.intrinsic("Fn::Sub"));
    assert_eq!(target, Some("service/${Cluster}/${WorkerService.Name}"));
    Ok(())
}

/// The command in the template's comment.
#[test]
fn ecs_has_the_tasks_that_plan_says() -> Rule {
    let template = Template::read("template-worker.yaml")?;
    let parameter = |name: &str| {
        let default = template.root().number(&format!("Parameters.{name}.Default"));
        default.ok_or_else(|| format!("{name} has no number"))
    };
    let load = Load {
        rate: 1.39,
        burst: 15_000,
        message_ms: 2_000,
        overhead_ms: 20,
        message_bytes: 2_048,
        window: 0,
        at_once: 100,
        fifo_groups: None,
        aim: Aim::DrainWithin(300),
        outage: 900,
        backoff: Some(30),
        memory_mb: 256,
        permits: parameter("Concurrency")?,
        prices: Prices { sqs: 0.4, invocations: 0.2, gb_second: 0.0, writes: 0.625, writes_per_message: 2.0 },
    };
    let command = "plan --rate 1.39 --burst 15000 --drain-seconds 300 --message-ms 2000 --permits 40";
    assert!(template.text.contains(command), "{command}");
    let worker = plan(&load).map_err(|error| error.to_string())?.worker;
    let said = format!(
        "{} in hand, {} tasks of {}; {} at the usual rate",
        worker.in_hand, worker.tasks, worker.permits, worker.tasks_at_rest
    );
    assert!(template.text.contains(&said), "{said}");
    assert_eq!(parameter("MaximumTasks")?, worker.tasks);
    assert!(parameter("MinimumTasks")? > worker.tasks_at_rest, "one of them may be away");
    // A minute's wait.
    assert_eq!(parameter("BacklogPerTask")?, 60 * parameter("Concurrency")? * 1_000 / load.message_ms);
    let policy = template.properties("WorkerScalingPolicy")?;
    let target = policy.number("TargetTrackingScalingPolicyConfiguration.TargetValue");
    assert_eq!(target, Some(parameter("BacklogPerTask")?));
    Ok(())
}

#[test]
fn systemd_waits_for_the_drain_and_asks_the_worker_alone_to_end() {
    let unit = read("orders.service");
    let settings = unit.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('='));
    let setting = |name: &str| {
        let found = settings.clone().find(|(key, _)| *key == name);
        found.unwrap_or_else(|| panic!("no {name}")).1
    };
    let arguments: Vec<_> = setting("ExecStart").split(' ').collect();
    assert_eq!(arguments[1], "worker");
    is_drained(&arguments, setting("TimeoutStopSec").parse().unwrap());
    assert_eq!((setting("KillSignal"), setting("KillMode")), ("SIGTERM", "mixed"));
    assert_eq!(option(&arguments, "--health"), format!("127.0.0.1:{HEALTH}"), "open to this machine alone");
}

#[test]
fn the_image_hands_sigterm_to_the_worker_and_is_built_by_the_supported_toolchain() {
    let image = read("Dockerfile");
    let instructions = |name: &str| {
        let lines = image.lines().filter_map(|line| line.strip_prefix(name)).map(str::trim).map(str::to_owned);
        lines.collect::<Vec<_>>()
    };
    // The form with a shell in between would keep the signal to itself.
    let [entry] = &*instructions("ENTRYPOINT") else { panic!("one ENTRYPOINT") };
    assert!(serde_json::from_str::<Vec<String>>(entry).is_ok(), "{entry}");
    assert_eq!(instructions("CMD"), [r#"["worker"]"#]);
    assert_eq!(instructions("STOPSIGNAL"), ["SIGTERM"]);
    let from = instructions("FROM");
    let version = env!("CARGO_PKG_RUST_VERSION");
    assert!(from[0].starts_with(&format!("rust:{version}-")), "built by {}, supported is {version}", from[0]);
    assert!(from.last().unwrap().ends_with(":nonroot"), "runs as root");
}
