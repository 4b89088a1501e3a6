# What `lambda` and `worker` share: builds the program behind both, starts ministack on a free loopback port, and ends all that was started.
# Sourced by them, with `set -euo pipefail` on and $root set.

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target}

fail() {
  echo "$0: $1" >&2
  exit 1
}

# Built as all tests are, with the same features of the dependencies: after `cargo test --workspace` nothing is compiled twice.
program=$(
  cargo test --locked --workspace --test e2e --no-run --message-format json-render-diagnostics |
    python3 -c '
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if message.get("executable") and message["target"]["name"] == "e2e":
        print(message["executable"])'
) || fail "the tests do not build"

# Options that are not understood cost no packages.
"$program" --check "$@" || exit 2

.ci/tools ci ministack
# What the emulator and the functions leave behind is in here, and goes when this ends.
work=$root/target/e2e/$$
log=$work/ministack.log
mkdir -p -- "$work/tmp"

descendants() {
  local child
  for child in $(pgrep -P "$1"); do
    echo "$child"
    descendants "$child"
  done
}

stop() {
  local code=$? pids
  # All that this script started, and that in turn: once a parent is gone nobody knows its children any more.
  mapfile -t pids < <(descendants "$$")
  kill "${pids[@]}" 2>/dev/null || true
  for _ in {1..50}; do
    kill -0 "${pids[@]}" 2>/dev/null || break
    sleep 0.1
  done
  kill -KILL "${pids[@]}" 2>/dev/null || true
  if ((code != 0)); then
    rm -rf -- "$root/target/e2e/logs"
    mkdir -p -- "$root/target/e2e/logs"
    cp -- "$work"/*.log "$root/target/e2e/logs" 2>/dev/null || true
    echo "$0: the logs of the emulator and of what it ran are in target/e2e/logs" >&2
  fi
  rm -rf -- "$work"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# As `.ci/sam` has it: what one of the two has built the other finds.
export PATH=$root/target/tools/ci/bin:$PATH CARGO_LAMBDA_COMPILER=cargo

# package NAME FORMAT: the example as for AWS, in target/e2e-FORMAT: one format clears the other away.
package() {
  cargo lambda build --release --x86-64 --package "$1" --bin "$1" --output-format "$2" --lambda-dir "$CARGO_TARGET_DIR/e2e-$2" >&2
}

start_emulator() {
  local port ministack
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  endpoint=http://127.0.0.1:$port
  # Without BIND_HOST it listens on every address; with AUTH a function may do what its role allows, and nothing else. The credentials
  # are those of the emulator's owner and nobody's on AWS.
  env -u AWS_PROFILE -u AWS_SESSION_TOKEN AUTH=true BIND_HOST=127.0.0.1 GATEWAY_PORT="$port" TMPDIR="$work/tmp" AWS_ENDPOINT_URL="$endpoint" \
    AWS_ACCESS_KEY_ID=none AWS_SECRET_ACCESS_KEY=none AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null \
    AWS_EC2_METADATA_DISABLED=true target/tools/ministack/bin/ministack >"$log" 2>&1 &
  ministack=$!
  for _ in {1..150}; do
    kill -0 "$ministack" 2>/dev/null || fail "ministack ended before it listened"
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && return
    sleep 0.2
  done
  fail "ministack does not listen"
}
