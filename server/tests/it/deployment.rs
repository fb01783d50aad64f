//! The deployment template, its page and the code agree: on the rights of the server and on its variables. What differs is
//! named, so that no right is missing after an upgrade and none is left that nothing uses.

use std::collections::BTreeSet;

use clap::{Arg, CommandFactory as _};
use server::{aws::rights, cli::Cli, engine::seal, row_key};

use crate::architecture::{code, sources};

const TEMPLATE: &str = include_str!("../../../deploy/cloudformation.yaml");
const PAGE: &str = include_str!("../../../docs/deploy.md");

/// The variables of secrets, which have no flag.
const SECRETS: [&str; 4] = [
    "LEASTWISE_OIDC_CLIENT_SECRET",
    "LEASTWISE_METRICS_TOKEN",
    seal::KEY_VARIABLE,
    row_key::KEY_VARIABLE,
];
/// The variable from which the driver of PostgreSQL takes the password.
const PASSWORD: &str = "PGPASSWORD";

/// Every right of the server.
fn rights_in_code() -> BTreeSet<&'static str> {
    let lists = [
        rights::READS,
        rights::WRITES,
        rights::USER_POOL,
        rights::IDENTITY_CENTER_KEY,
    ];
    lists.into_iter().flatten().copied().collect()
}

/// Whether a text is an IAM action, such as `sso:ListInstances`.
fn is_action(text: &str) -> bool {
    let Some((service, operation)) = text.split_once(':') else {
        return false;
    };
    let is_service = service.starts_with(|first: char| first.is_ascii_lowercase())
        && service.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    let is_operation = operation.starts_with(|first: char| first.is_ascii_uppercase())
        && operation.chars().all(|c| c.is_ascii_alphanumeric());
    is_service && is_operation
}

/// Returns the actions in the statements of the template whose names begin with a word.
fn allowed(beginning: &str) -> BTreeSet<&'static str> {
    let mut within = false;
    let mut actions = BTreeSet::new();
    for line in TEMPLATE.lines().map(str::trim) {
        let line = line.strip_prefix("- ").unwrap_or(line);
        if let Some(name) = line.strip_prefix("Sid: ") {
            within = name.starts_with(beginning);
        } else if within && is_action(line) {
            actions.insert(line);
        }
    }
    actions
}

/// Returns the variables that the template sets.
fn variables() -> BTreeSet<&'static str> {
    let names = TEMPLATE.lines().filter_map(|line| {
        line.trim_start()
            .trim_start_matches("- ")
            .strip_prefix("Name: ")
    });
    let is_variable = |name: &&str| name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    names.filter(is_variable).collect()
}

/// Returns the operations that the AWS adapter calls, as actions. Its clients are fields, so that each call names its
/// service.
fn called() -> BTreeSet<String> {
    let clients = [
        (".sso.", "sso"),
        (".directory.", "identitystore"),
        (".organizations.", "organizations"),
        (".pool.", "cognito-idp"),
    ];
    let mut called = BTreeSet::new();
    for (path, text) in sources("src/aws") {
        // The budgets of the services have the names of the clients.
        if path.ends_with("budget.rs") {
            continue;
        }
        let code: String = code(&text).split_whitespace().collect();
        for (client, service) in clients {
            for (at, _) in code.match_indices(client) {
                let rest = &code[at + client.len()..];
                if let Some((operation, _)) = rest.split_once("()")
                    && operation
                        .chars()
                        .all(|c| c.is_ascii_lowercase() || c == '_')
                {
                    called.insert(format!("{service}:{}", camel(operation)));
                }
            }
        }
    }
    called
}

fn camel(snake: &str) -> String {
    let words = snake.split('_').map(|word| {
        let (first, rest) = word.split_at(1);
        first.to_ascii_uppercase() + rest
    });
    words.collect()
}

#[test]
fn the_rights_of_the_server_are_the_operations_that_it_calls() {
    let key: BTreeSet<&str> = rights::IDENTITY_CENTER_KEY.iter().copied().collect();
    let listed: BTreeSet<String> = rights_in_code()
        .difference(&key)
        .map(|&action| action.to_owned())
        .collect();
    assert_eq!(called(), listed);
}

#[test]
fn the_role_of_the_template_has_exactly_the_rights_of_the_server() {
    for (statements, list) in [
        ("Read", rights::READS),
        ("Write", rights::WRITES),
        ("UserPool", rights::USER_POOL),
        ("IdentityCenterKey", rights::IDENTITY_CENTER_KEY),
    ] {
        let expected: BTreeSet<&str> = list.iter().copied().collect();
        assert_eq!(allowed(statements), expected, "{statements}");
    }
}

#[test]
fn no_message_names_a_right_that_is_not_listed() {
    let words = include_str!("../../src/aws/rights.rs").split('"');
    let named: BTreeSet<&str> = words.filter(|word| is_action(word)).collect();
    assert_eq!(named, rights_in_code());
}

#[test]
fn the_page_gives_a_reason_for_each_action_of_the_template() {
    let named: BTreeSet<&str> = PAGE.split('`').filter(|word| is_action(word)).collect();
    assert_eq!(named, allowed(""));
}

#[test]
fn the_template_sets_only_variables_that_the_server_reads_and_all_that_it_requires() {
    let cli = Cli::command();
    let serve = cli.find_subcommand("serve").expect("the command exists");
    let variable = |flag: &Arg| Some(flag.get_env()?.to_string_lossy().into_owned());
    let flags = serve.get_arguments();
    let known: BTreeSet<String> = flags
        .filter_map(variable)
        .chain(SECRETS.map(str::to_owned))
        .chain([PASSWORD.to_owned()])
        .collect();
    let set = variables();
    let unknown: Vec<&&str> = set.iter().filter(|name| !known.contains(**name)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    let required = serve
        .get_arguments()
        .filter(|flag| flag.is_required_set())
        .filter_map(variable)
        .chain(SECRETS.map(str::to_owned))
        .filter(|name| name != "LEASTWISE_METRICS_TOKEN");
    // `serve` checks it itself, because it must name two people.
    for name in required.chain(["LEASTWISE_ADMINISTRATORS".to_owned()]) {
        assert!(set.contains(name.as_str()), "{name}");
    }
}
