//! The files by which the example `orders` runs as a worker elsewhere: what stops it waits for its drain, and what probes it asks the right
//! page.

use saphyr::{LoadableYamlNode as _, YamlOwned};

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
