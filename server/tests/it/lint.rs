//! `leastwise lint`: what it says about good, bad and strange files, without any configuration.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;

const HARMLESS: &str = r#"{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": "ec2:DescribeAvailabilityZones", "Resource": "*"}
]}"#;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("lint-{name}"));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("the folder of this crate's tests");
        Self(folder)
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        fs::write(self.0.join(name), content).expect("the folder is writable");
        self
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
        command
            .arg("lint")
            .args(args)
            .current_dir(&self.0)
            .env_clear();
        command
    }

    fn lint(&self, args: &[&str]) -> (i32, String, String) {
        texts(&self.command(args).output().expect("the binary starts"))
    }

    /// Returns the exit code and the lines of `--json`.
    fn json(&self, files: &[&str]) -> (i32, Vec<Value>) {
        let args: Vec<&str> = std::iter::once("--json")
            .chain(files.iter().copied())
            .collect();
        let (code, out, error) = self.lint(&args);
        assert_eq!(error, "", "{files:?}");
        let lines = out
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"));
        (code, lines.collect())
    }

    /// Returns what is said about one policy.
    fn of(&self, policy: impl AsRef<[u8]>) -> (i32, Value) {
        let (code, mut lines) = self.file("policy.json", policy).json(&["policy.json"]);
        assert_eq!(lines.len(), 1);
        (code, lines.remove(0))
    }
}

fn texts(output: &Output) -> (i32, String, String) {
    (
        output.status.code().expect("an exit code"),
        String::from_utf8(output.stdout.clone()).expect("UTF-8"),
        String::from_utf8(output.stderr.clone()).expect("UTF-8"),
    )
}

fn statement(rest: &str) -> String {
    format!(r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", {rest}}}]}}"#)
}

fn words(value: &Value) -> Vec<&str> {
    let list = value.as_array().unwrap_or_else(|| panic!("{value}"));
    list.iter()
        .map(|one| one.as_str().expect("a text"))
        .collect()
}

fn joined(value: &Value) -> String {
    words(value).join("\n")
}

#[test]
fn a_file_has_one_line_with_documented_members() {
    let folder = Folder::new("members");
    let (code, line) = folder.of(statement(
        r#""Action": ["iam:CreateUser", "s3:GetObject"], "Resource": "*""#,
    ));
    assert_eq!(code, 1);
    assert_eq!(line["file"], "policy.json");
    assert_eq!(
        words(&line["capabilities"]),
        ["grants_rights", "reads_data"]
    );
    assert_eq!(words(&line["unknown"]).len(), 0);
    assert_eq!(
        words(&line["against_standing"]),
        ["iam:CreateUser", "s3:GetObject"]
    );
    assert_eq!(line["standing_in_production_pci"], "blocked");
    assert_eq!(line["temporary_in_production_pci"], "blocked");
    let first = &line["findings"][0];
    assert_eq!(first["capability"], "grants_rights");
    assert_eq!(first["severity"], "critical");
    assert_eq!(first["statement"], 1);
    assert_eq!(first["policy"], "inline");
    assert_eq!(words(&first["actions"]), ["iam:CreateUser"]);
    assert!(first["reason"].as_str().unwrap().ends_with('.'));
    assert_eq!(line["findings"][1]["severity"], "medium");
    let (code, line) = folder.of(HARMLESS);
    assert_eq!(
        (code, joined(&line["capabilities"]).as_str()),
        (0, "metadata")
    );
    assert_eq!(line["standing_in_production_pci"], "needs_approval");
    assert_eq!(line["temporary_in_production_pci"], "needs_approval");
}

#[test]
fn every_case_of_the_catalogue_comes_out_as_its_file_says() {
    let folder = Folder::new("cases");
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../catalogue/tests/it/cases");
    let mut files: Vec<String> = fs::read_dir(cases)
        .unwrap()
        .map(|entry| entry.unwrap().path().to_str().unwrap().to_owned())
        .collect();
    files.sort();
    assert!(files.len() >= 9);
    let names: Vec<&str> = files.iter().map(String::as_str).collect();
    let (code, lines) = folder.json(&names);
    assert_eq!((code, lines.len()), (1, files.len()));
    for (file, line) in files.iter().zip(&lines) {
        let case: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        assert_eq!(line["file"], *file);
        for member in ["standing_in_production_pci", "temporary_in_production_pci"] {
            let expected = &case["expect"][member];
            if !expected.is_null() {
                assert_eq!(line[member], *expected, "{file}: {member}");
            }
        }
        let found = words(&line["capabilities"]);
        for expected in case["expect"]["capabilities"]
            .as_array()
            .into_iter()
            .flatten()
        {
            assert!(
                found.contains(&expected.as_str().unwrap()),
                "{file}: {expected}"
            );
        }
        assert!(
            joined(&line["notes"]).contains("Not evaluated: expect, why."),
            "{file}"
        );
    }
}

#[test]
fn broken_json_names_its_place_and_hides_no_other_file() {
    let folder = Folder::new("broken");
    folder
        .file(
            "broken.json",
            "{\n  \"Statement\": [\n    {\"Effect\": \"Allow\",}\n  ]\n}",
        )
        .file("harmless.json", HARMLESS)
        .file("binary", b"\x00\x01\x02\xFF")
        .file("empty.json", "");
    fs::create_dir(folder.0.join("folder")).unwrap();
    let files = [
        "broken.json",
        "folder",
        "harmless.json",
        "binary",
        "empty.json",
        "missing.json",
    ];
    let (code, lines) = folder.json(&files);
    assert_eq!(code, 2);
    assert_eq!(
        lines[0]["error"],
        "line 3, column 24: expected an element name in double quotes"
    );
    assert_eq!(
        (&lines[0]["line"], &lines[0]["column"]),
        (&3.into(), &24.into())
    );
    assert_eq!(lines[1]["error"], "it is a folder: expected a file");
    assert_eq!(lines[2]["standing_in_production_pci"], "needs_approval");
    for (at, part) in [(3, "UTF"), (4, "the file is empty"), (5, "cannot be read")] {
        let error = lines[at]["error"].as_str().unwrap();
        assert!(error.contains(part), "{error}");
    }
    let (code, out, error) = folder.lint(&files);
    assert_eq!(code, 2);
    assert!(
        error.contains("leastwise: broken.json: line 3, column 24"),
        "{error}"
    );
    assert!(out.starts_with("harmless.json\n"), "{out}");
    assert!(
        out.contains("6 files: 5 cannot be read, 1 possible with approvals."),
        "{out}"
    );
    assert!(!out.contains('\u{1b}'), "no colours without a terminal");
}

#[test]
fn line_ends_and_marks_of_windows_are_read_and_utf_16_is_refused() {
    let folder = Folder::new("windows");
    let windows = format!("\u{feff}{}", HARMLESS.replace('\n', "\r\n"));
    let (code, line) = folder.of(&windows);
    assert_eq!(
        (code, joined(&line["capabilities"]).as_str()),
        (0, "metadata")
    );
    let wide: Vec<u8> = windows.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let (code, line) = folder.of(wide);
    assert_eq!(code, 2);
    assert!(line["error"].as_str().unwrap().contains("UTF-16"), "{line}");
}

#[test]
fn what_cannot_be_understood_is_unknown_and_blocked() {
    let folder = Folder::new("unknown");
    let resource = r#""Resource": "*""#;
    for (name, policy, part) in [
        (
            "look-alike",
            statement(&format!(r#""Action": "s3:G\u0435tObject", {resource}"#)),
            "may look like others",
        ),
        (
            "duplicate",
            statement(&format!(
                r#""Action": "ec2:DescribeRegions", "Action": "iam:*", {resource}"#
            )),
            "occurs twice (line 1, column",
        ),
        (
            "principal",
            statement(&format!(
                r#""Principal": "*", "Action": "ec2:DescribeRegions", {resource}"#
            )),
            "cannot contain a principal",
        ),
        (
            "not-principal",
            statement(&format!(
                r#""NotPrincipal": {{"AWS": "*"}}, "Action": "ec2:DescribeRegions", {resource}"#
            )),
            "cannot contain a principal",
        ),
        (
            "service",
            statement(&format!(
                r#""Action": "nowhere:DescribeRegions", {resource}"#
            )),
            "nowhere:describeregions",
        ),
        (
            "nothing",
            r#"{"Version": "2012-10-17"}"#.to_owned(),
            "no statement",
        ),
        (
            "managed",
            r#"{"managed": ["arn:aws:iam::aws:policy/NoSuchPolicy"]}"#.to_owned(),
            "policy/NoSuchPolicy",
        ),
        (
            "customer",
            r#"{"customer": ["/team/own"]}"#.to_owned(),
            "/team/own",
        ),
    ] {
        let (code, line) = folder.of(policy);
        assert_eq!(code, 1, "{name}: {line}");
        assert!(
            words(&line["capabilities"]).contains(&"unknown"),
            "{name}: {line}"
        );
        assert!(joined(&line["unknown"]).contains(part), "{name}: {line}");
        assert_eq!(line["temporary_in_production_pci"], "blocked", "{name}");
    }
}

#[test]
fn an_unknown_action_allows_nothing_and_has_a_proposal() {
    let (code, line) = Folder::new("typo").of(statement(
        r#""Action": "ec2:DescribeInstancs", "Resource": "*""#,
    ));
    assert_eq!((code, words(&line["capabilities"]).len()), (0, 0), "{line}");
    let notes = joined(&line["notes"]);
    assert!(
        notes.contains("Did you mean ec2:DescribeInstances?"),
        "{notes}"
    );
}

#[test]
fn long_policies_are_evaluated_and_said_to_be_too_long() {
    let folder = Folder::new("long");
    let stars = format!("s3:{}", "*".repeat(32_000));
    let (code, line) = folder.of(statement(&format!(
        r#""Action": "{stars}", "Resource": "*""#
    )));
    assert_eq!(code, 1);
    assert!(
        words(&line["capabilities"]).contains(&"reads_data"),
        "{line}"
    );
    assert!(joined(&line["notes"]).contains("at most 10240"), "{line}");
    let marks = "?*".repeat(16_000);
    let (code, line) = folder.of(statement(&format!(
        r#""Action": "s3:{marks}", "Resource": "*""#
    )));
    assert_eq!(code, 1);
    assert!(
        joined(&line["unknown"]).contains("longer than any action name"),
        "{line}"
    );
    let many: Vec<String> = (0..10_000)
        .map(|number| {
            let effect = if number % 50 == 1 { "Deny" } else { "Allow" };
            format!(
                r#"{{"Effect": "{effect}", "Action": "s3:Get*", "Resource": "arn:aws:s3:::b{number}/*"}}"#
            )
        })
        .collect();
    let (code, line) = folder.of(format!(
        r#"{{"Version": "2012-10-17", "Statement": [{}]}}"#,
        many.join(",\n")
    ));
    assert_eq!(code, 1);
    assert_eq!(line["standing_in_production_pci"], "blocked");
    assert!(joined(&line["notes"]).contains("at most 10240"));
}

#[test]
fn standard_input_is_a_file_named_by_a_dash() {
    let folder = Folder::new("input");
    let mut child = folder
        .command(&["--json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(HARMLESS.as_bytes())
        .unwrap();
    let (code, out, _) = texts(&child.wait_with_output().unwrap());
    assert_eq!(code, 0);
    assert!(
        out.starts_with(r#"{"file":"-","capabilities":["metadata"]"#),
        "{out}"
    );
}

#[test]
fn declared_log_buckets_and_another_catalogue_count() {
    let folder = Folder::new("settings");
    let policy = statement(r#""Action": "s3:PutObject", "Resource": "arn:aws:s3:::plain-name/*""#);
    folder.file("policy.json", policy);
    let run = |variable: &str, value: &str| {
        let mut command = folder.command(&["--json", "policy.json"]);
        texts(&command.env(variable, value).output().unwrap())
    };
    let (_, out, _) = run("LEASTWISE_LOG_BUCKETS", "arn:aws:s3:::other");
    assert!(!out.contains("logs_and_guardrails"), "{out}");
    let (_, out, _) = run(
        "LEASTWISE_LOG_BUCKETS",
        "arn:aws:s3:::other,arn:aws:s3:::plain-*",
    );
    assert!(
        out.contains("logs_and_guardrails") && out.contains("declared as log buckets"),
        "{out}"
    );
    for (variable, value) in [
        ("LEASTWISE_LOG_BUCKETS", "plain-name"),
        ("LEASTWISE_ACTION_CATALOGUE", "nowhere"),
        ("LEASTWISE_ACTION_CATALOGUE", "policy.json"),
    ] {
        let (code, out, error) = run(variable, value);
        assert_eq!((code, out.as_str()), (2, ""));
        assert!(
            error.starts_with(&format!("leastwise: {variable}: ")),
            "{error}"
        );
    }
}
