//! What the binary refuses before it connects to anything.

use std::process::{Command, Output};

/// Runs the binary in an empty folder, with these variables only.
fn leastwise(args: &[&str], variables: &[(&str, &str)], folder: &std::path::Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
    command.args(args).current_dir(folder).env_clear();
    command.envs(variables.iter().copied());
    command.output().expect("the binary starts")
}

fn empty_folder(name: &str) -> std::path::PathBuf {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("the folder of this crate's tests");
    folder
}

/// The variables that `serve` requires.
const SERVE: [(&str, &str); 6] = [
    ("LEASTWISE_PUBLIC_URL", "http://localhost:3000"),
    ("LEASTWISE_COGNITO_POOL", "eu-west-1_AbCdEfGhI"),
    ("LEASTWISE_OIDC_CLIENT_ID", "client"),
    ("LEASTWISE_OIDC_CLIENT_SECRET", "secret"),
    ("LEASTWISE_ADMINISTRATORS", "one,two"),
    ("LEASTWISE_LISTEN", "127.0.0.1:0"),
];

#[test]
fn a_database_password_on_the_command_line_is_refused_by_every_command() {
    let folder = empty_folder("password");
    for args in [
        &["migrate"][..],
        &["serve"],
        &["check-config"],
        &["sync"],
        &["ledger", "verify"],
        &["ledger", "export", "out"],
        &["report", "access"],
        &["sandbox"],
    ] {
        let args: Vec<&str> = args
            .iter()
            .copied()
            .chain([
                "--database",
                "postgres://leastwise:hunter2@127.0.0.1:1/leastwise",
            ])
            .collect();
        let output = leastwise(&args, &SERVE, &folder);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {error}");
        assert!(
            error.starts_with("leastwise: --database: a password"),
            "{args:?}: {error}"
        );
        assert!(
            error.contains("LEASTWISE_DATABASE_URL_FILE"),
            "{args:?}: {error}"
        );
        assert!(
            !error.contains("hunter2") && output.stdout.is_empty(),
            "{args:?}: {error}"
        );
    }
}

#[test]
fn the_url_of_the_database_may_be_in_a_file_and_its_password_is_in_no_error() {
    let folder = empty_folder("file");
    std::fs::write(folder.join("url"), "sqlite:from-file.db\n").expect("the folder is writable");
    let variables = [("LEASTWISE_DATABASE_URL_FILE", "url")];
    let output = leastwise(&["migrate"], &variables, &folder);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(folder.join("from-file.db").exists() && !folder.join("leastwise.db").exists());

    for url in [
        "postgres://leastwise:hunter2@127.0.0.1:1/leastwise",
        "postgres://leastwise:hunter2@127.0.0.1:port/leastwise",
        "mysql://leastwise:hunter2@127.0.0.1:1/leastwise",
    ] {
        let output = leastwise(&["migrate"], &[("LEASTWISE_DATABASE_URL", url)], &folder);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
    let missing = [("LEASTWISE_DATABASE_URL_FILE", "nowhere")];
    let output = leastwise(&["migrate"], &missing, &folder);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(
        error.contains("LEASTWISE_DATABASE_URL") && error.contains("nowhere"),
        "{error}"
    );
}

#[test]
fn a_build_with_the_sandbox_is_not_served_on_aws_unless_that_is_requested() {
    let folder = empty_folder("sandbox-build");
    for command in ["serve", "check-config"] {
        let output = leastwise(&[command], &SERVE, &folder);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains("--allow-sandbox-build"), "{error}");
        assert!(
            !folder.join("leastwise.db").exists(),
            "refused before anything is created"
        );
    }
}

#[test]
fn an_endpoint_that_is_neither_encrypted_nor_on_this_machine_is_refused_by_every_command() {
    let folder = empty_folder("endpoint");
    let variables: Vec<(&str, &str)> = SERVE
        .into_iter()
        .chain([("LEASTWISE_AWS_ENDPOINT", "http://192.0.2.1:3001")])
        .collect();
    for args in [
        &["serve"][..],
        &["check-config"],
        &["sync"],
        &["report", "access"],
    ] {
        let output = leastwise(args, &variables, &folder);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {error}");
        assert!(
            error.contains("LEASTWISE_AWS_ENDPOINT: must be an https URL"),
            "{args:?}: {error}"
        );
        assert!(
            !folder.join("leastwise.db").exists(),
            "refused before anything is created"
        );
    }
}

#[test]
fn a_value_that_does_not_exist_is_named_with_those_that_do() {
    let folder = empty_folder("unknown-values");
    for (args, named) in [
        (
            &["sandbox", "--org", "smaple", "--data", "data"][..],
            ["`smaple`", "federated"],
        ),
        (
            &["report", "access", "--scope", "prod"],
            ["'prod'", "prod-pci"],
        ),
    ] {
        let output = leastwise(args, &[], &folder);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {error}");
        for word in named {
            assert!(error.contains(word), "{args:?}: {error}");
        }
    }
}

#[test]
fn a_database_that_cannot_be_opened_is_named_by_every_command() {
    let folder = empty_folder("unopened");
    std::fs::create_dir_all(folder.join("is-a-folder.db")).expect("the folder is writable");
    let variables = [
        ("LEASTWISE_DATABASE_URL", "sqlite:is-a-folder.db"),
        ("LEASTWISE_AWS_ENDPOINT", "http://127.0.0.1:9"),
    ];
    for args in [
        &["migrate"][..],
        &["sync"],
        &["classify", "--stored"],
        &["report", "access"],
        &["identity", "list"],
    ] {
        let output = leastwise(args, &variables, &folder);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {error}");
        let name = folder.join("is-a-folder.db");
        assert!(
            error.contains(&format!("sqlite:{}", name.display())),
            "{args:?}: {error}"
        );
    }
}

#[test]
fn only_a_server_creates_a_row_key_or_a_database() {
    let folder = empty_folder("no-row-key");
    let variables = [("LEASTWISE_AWS_ENDPOINT", "http://127.0.0.1:9")];
    let identity = "0190c0de-0000-7000-8000-000000000002";
    let host = ["--as", identity, "--reason", "a test of commands"];
    let of_host = |command: &'static str| [&["ledger", command][..], &host].concat();
    let commands = [
        vec!["sync"],
        vec!["report", "access"],
        vec!["identity", "list"],
        of_host("set-aside"),
        of_host("accept-restore"),
    ];
    for args in &commands {
        let output = leastwise(args, &variables, &folder);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {error}");
        assert!(error.contains("does not exist"), "{args:?}: {error}");
        assert!(!folder.join("leastwise.db").exists(), "{args:?}");
    }
    assert!(
        leastwise(&["migrate"], &variables, &folder)
            .status
            .success()
    );
    for args in commands.iter().chain([&vec!["classify", "--stored"]]) {
        let output = leastwise(args, &variables, &folder);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {error}");
        for words in [
            "keys/row.key is missing",
            "`leastwise serve`",
            "LEASTWISE_KEYS",
        ] {
            assert!(error.contains(words), "{args:?}: {error}");
        }
        assert!(!folder.join("keys").exists(), "{args:?}");
    }
    // To find an administrator, a lost key does not matter.
    let everybody = leastwise(&["identity", "list", "--all"], &variables, &folder);
    let out = String::from_utf8_lossy(&everybody.stdout);
    let error = String::from_utf8_lossy(&everybody.stderr);
    assert_eq!(everybody.status.code(), Some(0), "{error}");
    assert!(out.starts_with("IDENTITY  NAME  USERNAME  ROLES"), "{out}");
    assert!(out.contains("without AWS and without a proof"), "{out}");
    assert!(!folder.join("keys").exists());
    // Nor does a command put a key in use that no server has used.
    let key = "1".repeat(64);
    let variables = [variables[0], ("LEASTWISE_ROW_KEY", key.as_str())];
    for args in &commands {
        let output = leastwise(args, &variables, &folder);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {error}");
        assert!(
            error.contains("is not in use in this database"),
            "{args:?}: {error}"
        );
        assert!(!error.contains("1111"), "{args:?}: {error}");
    }
}

/// A process that is stopped when the test ends.
struct Running(std::process::Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a sandbox, and returns what it prints when it is ready.
fn ready(args: &[&str], variables: &[(&str, &str)], folder: &std::path::Path) -> (Running, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
    command.args(args).current_dir(folder).env_clear();
    command.envs(variables.iter().copied());
    command.stdout(std::process::Stdio::piped());
    let mut running = Running(command.spawn().expect("the binary starts"));
    let mut line = String::new();
    let output = running.0.stdout.as_mut().expect("it is piped");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(output), &mut line)
        .expect("the sandbox says when it is ready");
    (running, line)
}

#[test]
fn a_sandbox_honours_what_the_analysis_is_told() {
    let folder = empty_folder("sandbox-analysis");
    let args = ["sandbox", "--aws-only", "--json", "--port", "0"];
    let variable = |line: &str, name: &str| {
        let all: serde_json::Value = serde_json::from_str(line).expect("it is JSON");
        all[name].as_str().map(str::to_owned)
    };
    let (running, line) = ready(&args, &[], &folder);
    assert_eq!(
        variable(&line, "LEASTWISE_LOG_BUCKETS"),
        Some(String::new())
    );
    assert_eq!(variable(&line, "LEASTWISE_ACTION_CATALOGUE"), None);
    drop(running);
    let buckets = "arn:aws:s3:::acme-trail,arn:aws:s3:::*-logs";
    let told = [
        ("LEASTWISE_LOG_BUCKETS", buckets),
        ("LEASTWISE_ACTION_CATALOGUE", "newer.br"),
    ];
    let (_running, line) = ready(&args, &told, &folder);
    for (name, value) in told {
        assert_eq!(variable(&line, name).as_deref(), Some(value), "{line}");
    }
}

#[test]
fn a_second_sandbox_on_the_same_data_folder_is_refused_and_deletes_nothing() {
    let folder = empty_folder("two-sandboxes");
    let args = [
        "sandbox",
        "--aws-only",
        "--json",
        "--port",
        "0",
        "--data",
        "data",
    ];
    let (_first, line) = ready(&args, &[], &folder);
    assert!(line.contains("LEASTWISE_AWS_ENDPOINT"), "{line}");
    std::fs::write(folder.join("data/kept"), []).expect("the folder is writable");
    for more in [&[][..], &["--fresh"]] {
        let again = leastwise(&[&args[..], more].concat(), &[], &folder);
        let error = String::from_utf8_lossy(&again.stderr);
        assert_eq!(again.status.code(), Some(2), "{error}");
        assert!(
            error.contains("data is in use by another") && error.contains("--data"),
            "{error}"
        );
        assert!(folder.join("data/kept").exists());
    }
}

#[test]
fn a_second_server_on_the_same_database_is_refused_before_it_opens_it() {
    let folder = empty_folder("two-servers");
    let url = format!("sqlite:{}/leastwise.db", folder.display());
    let held = server::process_lock::ProcessLock::of_database(&url).expect("it is free");
    let variables = [
        &SERVE[..],
        &[
            ("LEASTWISE_DATABASE_URL", &*url),
            ("LEASTWISE_AWS_REGION", "eu-west-1"),
        ],
    ];
    let second = leastwise(
        &["serve", "--allow-sandbox-build"],
        &variables.concat(),
        &folder,
    );
    let error = String::from_utf8_lossy(&second.stderr);
    assert_eq!(second.status.code(), Some(2), "{error}");
    assert!(
        error.contains("leastwise.db is in use by another")
            && error.contains("LEASTWISE_DATABASE_URL"),
        "{error}"
    );
    assert!(!folder.join("leastwise.db").exists());
    drop(held);
}

#[test]
fn a_command_whose_output_nobody_reads_completes() {
    let folder = empty_folder("nobody-reads");
    let url = format!("sqlite:{}/leastwise.db", folder.display());
    let mut migrate = Command::new(env!("CARGO_BIN_EXE_leastwise"));
    migrate
        .args(["migrate", "--database", &url])
        .current_dir(&folder)
        .env_clear();
    migrate.stdout(std::process::Stdio::piped());
    migrate.stderr(std::process::Stdio::piped());
    let mut running = migrate.spawn().expect("the binary starts");
    drop(running.stdout.take());
    let ended = running.wait_with_output().expect("it ends");
    let error = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(0), "{error}");
}
