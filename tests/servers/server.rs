//! Servers on free ports of loopback, ended by their process ids.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use sqs_runtime::{Clock, SystemClock};

/// A server for one test.
pub(crate) struct Server {
    pub(crate) endpoint: String,
    process: Child,
}

/// How often a server is asked whether it is there, with a pause between: half a minute on a slow machine.
const TRIES: u32 = 150;
const PAUSE: Duration = Duration::from_millis(200);

/// Below the workspace's root, whichever member's test this is.
fn tools() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().find(|folder| folder.join("Cargo.lock").is_file());
    root.expect("a workspace").join("target/tools")
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("bound").port()
}

impl Server {
    /// Amazon's own DynamoDB for development.
    pub(crate) fn dynamodb_local() -> Self {
        let folder = tools().join("dynamodb-local/node_modules/amplify-dynamodb-simulator/emulator");
        let port = free_port();
        let mut java = Command::new("java");
        java.arg(format!("-Djava.library.path={}", folder.join("DynamoDBLocal_lib").display()));
        java.arg("-jar").arg(folder.join("DynamoDBLocal.jar"));
        java.args(["-inMemory", "-disableTelemetry", "-port", &port.to_string()]);
        // It leaves a file with the id of its installation where it is started.
        java.current_dir(tools());
        Self::start(java, port)
    }

    /// An emulator of several services.
    pub(crate) fn ministack() -> Self {
        let port = free_port();
        let mut ministack = Command::new(tools().join("ministack/bin/ministack"));
        // Without BIND_HOST it listens on every address.
        ministack.env("BIND_HOST", "127.0.0.1").env("GATEWAY_PORT", port.to_string());
        Self::start(ministack, port)
    }

    /// Redis from the system's packages, or the server of its kind that `REDIS_SERVER` names; nothing is kept on disk.
    #[expect(clippy::disallowed_methods, reason = "a second server may be tried by hand")]
    pub(crate) fn redis() -> Self {
        let port = free_port();
        let program = std::env::var_os("REDIS_SERVER").unwrap_or_else(|| "redis-server".into());
        let mut redis = Command::new(program);
        redis.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        let mut server = Self::start(redis, port);
        server.endpoint = format!("redis://127.0.0.1:{port}");
        server
    }

    fn start(mut command: Command, port: u16) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().unwrap_or_else(|error| {
            panic!("{command:?} does not start: {error}; `.ci/tools servers` installs what is needed")
        });
        Self { endpoint: format!("http://127.0.0.1:{port}"), process }
    }

    /// Waits until the server answers.
    pub(crate) async fn ready<T, E, F>(&self, mut ask: impl FnMut() -> F)
    where
        F: Future<Output = Result<T, E>>,
        E: std::fmt::Debug,
    {
        let clock = SystemClock::new();
        let mut last = None;
        for _ in 0..TRIES {
            match ask().await {
                Ok(_) => return,
                Err(error) => last = Some(error),
            }
            clock.sleep(PAUSE).await;
        }
        panic!("no answer from {}; `.ci/tools servers` installs what is needed: {last:?}", self.endpoint);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It is gone already where it ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
