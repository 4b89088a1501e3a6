//! What the bench starts ends when the bench is killed, which can end nothing itself any more: then its ends of pipes and sockets close.

use std::{
    io::{self, BufRead as _, BufReader, Read as _},
    net::{Ipv4Addr, TcpListener},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

/// Far more than it needs.
const PATIENCE: Duration = Duration::from_secs(60);

/// Its standard output ends with it.
fn ends(child: &mut Child, mut output: impl Send + 'static + io::Read) -> io::Result<bool> {
    let (ended, end) = mpsc::channel();
    let read = move || drop((output.read_to_end(&mut Vec::new()), ended.send(())));
    thread::Builder::new().spawn(read)?;
    let has_ended = end.recv_timeout(PATIENCE).is_ok();
    let _ = child.kill();
    child.wait()?;
    Ok(has_ended)
}

#[test]
fn the_store_ends_when_its_input_does() {
    let mut store = Command::new(env!("CARGO_BIN_EXE_compare"));
    store.args(["store", "--delay-ms", "5"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut store = store.spawn().unwrap();
    let mut output = BufReader::new(store.stdout.take().unwrap());
    let mut endpoint = String::new();
    output.read_line(&mut endpoint).unwrap();
    assert!(endpoint.starts_with("http://127.0.0.1:"), "{endpoint}");
    drop(store.stdin.take());
    assert!(ends(&mut store, output).unwrap());
}

#[test]
fn a_side_that_waits_for_an_invocation_ends_when_the_runtime_api_is_gone() {
    for side in [env!("CARGO_BIN_EXE_ours"), env!("CARGO_BIN_EXE_by-hand")] {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let mut command = Command::new(side);
        command.env("AWS_LAMBDA_RUNTIME_API", listener.local_addr().unwrap().to_string());
        command.env("AWS_LAMBDA_FUNCTION_NAME", "orders").env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST");
        command.env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1024");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        let (mut connection, _) = listener.accept().unwrap();
        let mut asked = [0; 1_024];
        let count = connection.read(&mut asked).unwrap();
        assert!(asked[..count].starts_with(b"GET /2018-06-01/runtime/invocation/next "));
        drop((listener, connection));
        let output = process.stdout.take().unwrap();
        assert!(ends(&mut process, output).unwrap(), "{side}");
    }
}
