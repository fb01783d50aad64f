//! `leastwise check-config`: tries everything that `serve` needs, and lists every result with its cure.
//!
//! One failure never hides another. Refuses only what must not even be tried: an endpoint that is not allowed.

mod configured_names;

use std::process::ExitCode;

use domain::ledger::LogName;

use super::{CommandResult, chain, counted, known_data, print, serve::oidc, table::printable};
use crate::{
    aws::{Aws, Instance},
    clock::Clock,
    config::{self, ConfigError, ServeArgs, secret},
    http::oidc::DiscoveryFailure,
    pool_configuration,
    row_key::{self, RowKeyError},
    service::{instance, names},
    state::{self, StartError},
    store::{Store, StoreError, ledger, name},
};

/// The results so far, printed one by one.
#[derive(Default)]
struct Results {
    failed: usize,
}

impl Results {
    fn line(what: &str, result: &str) {
        // The exit code says whether there are problems, also when nobody reads the output.
        let _ = print(format!("{what:<14} {}\n", printable(result)));
    }

    fn ok(what: &str, detail: &str) {
        if detail.is_empty() {
            Self::line(what, "ok");
        } else {
            Self::line(what, &format!("ok: {detail}"));
        }
    }

    fn failed(&mut self, what: &str, why: &str) {
        self.failed += 1;
        Self::line(what, &format!("failed: {why}"));
    }

    fn not_read(what: &str, why: &str) {
        Self::line(what, &format!("not read: {why}"));
    }

    fn skipped(what: &str, why: &str) {
        Self::line(what, &format!("not checked: {why}"));
    }
}

/// Runs the command. The exit code is 1 if a check failed.
pub async fn run(mut args: ServeArgs) -> CommandResult {
    args.check_endpoint()?;
    let mut results = Results::default();
    let problems = configuration(&mut args);
    for problem in &problems {
        results.failed("configuration", &problem.to_string());
    }
    if problems.is_empty() {
        Results::ok("configuration", "");
    }
    analysis(&args);
    let store = database(&args, &mut results).await;
    row_key(&args, store.as_ref(), &mut results).await?;
    let aws = Aws::connect(&args.aws.access()?).await;
    let found = organization(&aws, store.as_ref(), &mut results).await;
    rights(&aws, found.as_ref(), &mut results).await;
    configured_names::oversight(&aws, found.as_ref(), &args, &mut results).await;
    match aws.check_pool(&args.pool).await {
        Ok(demands) => {
            let factor = if demands {
                "requires a second factor of everybody"
            } else {
                "does not require a second factor"
            };
            let detail = format!("{} in Region {}, {factor}", args.pool, aws.region);
            Results::ok("user pool", &detail);
            configured_names::roles(&aws, &args, &mut results).await;
        }
        Err(why) => {
            results.failed("user pool", &why);
            Results::skipped("roles", "the user pool cannot be read");
        }
    }
    match oidc(&args).await {
        Ok(_) => Results::ok("cognito", &args.issuer()),
        Err(error) => results.failed("cognito", &discovery(&args, &error)),
    }
    match pool_configuration::check(&aws, &args.pool, &args.sign_in).await {
        Ok(linked) => Results::ok("sign-in", &linked),
        Err(error) => results.failed("sign-in", &chain(&error)),
    }
    Ok(match results.failed {
        0 => ExitCode::SUCCESS,
        some => {
            print(format!("\n{}.\n", counted(some, "problem", "problems")))?;
            ExitCode::from(1)
        }
    })
}

/// Reads the secrets, and returns every invalid value.
fn configuration(args: &mut ServeArgs) -> Vec<ConfigError> {
    let mut problems = Vec::new();
    let fields = [
        ("LEASTWISE_OIDC_CLIENT_SECRET", &mut args.client_secret),
        ("LEASTWISE_METRICS_TOKEN", &mut args.metrics_token),
    ];
    for (variable, field) in fields {
        match secret(variable) {
            Ok(value) => *field = value,
            Err(problem) => problems.push(problem),
        }
    }
    let unreadable = problems
        .iter()
        .any(|one| one.field == "LEASTWISE_OIDC_CLIENT_SECRET");
    let of_values = args.problems().into_iter();
    // A file that cannot be read is one problem and not also a missing secret.
    problems
        .extend(of_values.filter(|one| !unreadable || one.field != "LEASTWISE_OIDC_CLIENT_SECRET"));
    if let Some(log) = &args.database.log_name
        && let Err(error) = LogName::parse(log)
    {
        problems.push(ConfigError {
            field: "LEASTWISE_LOG_NAME",
            cure: error.to_string(),
        });
    }
    if let Ok(limits) = args.aws.removal_limits() {
        let invalid = state::rules(limits).err().into_iter().flatten();
        problems.extend(invalid.map(|error| ConfigError {
            field: "LEASTWISE_OVERSIGHT_SETS",
            cure: error.to_string(),
        }));
    }
    problems
}

/// Says what permission sets are evaluated with.
fn analysis(args: &ServeArgs) {
    // What is wrong with the values is said with the configuration.
    let now = Clock::System.now();
    let Ok(catalogue) = args.aws.analysis.catalogue(now) else {
        return Results::skipped("actions", "the catalogue or the log buckets are not valid");
    };
    let age = catalogue.age(now);
    let known = known_data::explanation(&catalogue, age);
    match age.warning() {
        Some(warning) => Results::line("actions", &format!("outdated: {known} {warning}")),
        None => Results::ok("actions", &known),
    }
}

async fn database(args: &ServeArgs, results: &mut Results) -> Option<Store> {
    let shown = name::shown(&args.database.url);
    let store = match Store::open_existing(&args.database.url).await {
        Ok(Some(store)) => store,
        Ok(None) => {
            Results::ok("database", &format!("{shown} will be created at the start"));
            return None;
        }
        Err(error) => {
            results.failed("database", &chain(&error));
            return None;
        }
    };
    match store.missing_migrations().await {
        Ok(0) => {
            Results::ok("database", &shown);
            Some(store)
        }
        Ok(missing) => {
            let text = format!("{shown}, which the next start migrates ({missing} to apply)");
            Results::ok("database", &text);
            None
        }
        Err(error) => {
            let why = format!(
                "{shown} cannot be used: {}. Check that no newer version of Leastwise has migrated it.",
                chain(&error)
            );
            results.failed("database", &why);
            None
        }
    }
}

/// Checks that this process has every row key that the database names.
async fn row_key(
    args: &ServeArgs,
    store: Option<&Store>,
    results: &mut Results,
) -> Result<(), StoreError> {
    let used = match store {
        Some(store) => ledger::row_key_ids(store).await?,
        None => Vec::new(),
    };
    let given = match config::row_key_variable() {
        Ok(given) => given,
        Err(error) => {
            results.failed("row key", &error.to_string());
            return Ok(());
        }
    };
    let folder = &args.database.keys;
    match row_key::existing(folder, given.as_deref()) {
        Err(error) => results.failed("row key", &error.to_string()),
        Ok(None) if used.is_empty() => {
            let path = folder.join(row_key::KEY_FILE);
            let text = format!("{} will be created at the start", path.display());
            Results::ok("row key", &text);
        }
        Ok(None) => {
            let missing = RowKeyError::Missing(folder.join(row_key::KEY_FILE));
            results.failed("row key", &missing.to_string());
        }
        Ok(Some(keys)) => match ledger::require_known(&used, &keys) {
            Ok(()) => Results::ok("row key", keys.id().as_str()),
            Err(other) => results.failed("row key", &other.to_string()),
        },
    }
    Ok(())
}

/// Finds the Identity Center instance, and checks that the database belongs to it.
async fn organization(aws: &Aws, store: Option<&Store>, results: &mut Results) -> Option<Instance> {
    let found = match aws.instance().await {
        Ok(found) => found,
        Err(error) => {
            results.failed("aws", &error.to_string());
            return None;
        }
    };
    Results::ok("aws", found.arn.as_str());
    if let Some(store) = store
        && let Err(error) = instance::check(store, &found.arn).await
    {
        results.failed("database", &chain(&error));
    }
    Some(found)
}

async fn rights(aws: &Aws, found: Option<&Instance>, results: &mut Results) {
    let Some(found) = found else {
        Results::skipped("rights", "the Identity Center instance is not known");
        return;
    };
    let unread = aws.unreadable(found).await;
    let nothing = domain::snapshot::Snapshot::default();
    for one in &unread {
        let what = names::gap(&nothing, &one.what);
        results.failed("rights", &format!("{what}: {}", one.explain(aws)));
    }
    if unread.is_empty() {
        Results::ok("rights", "");
    }
}

fn discovery(args: &ServeArgs, error: &StartError) -> String {
    let cure = match error {
        StartError::Discovery(DiscoveryFailure::Unreachable(_)) => format!(
            "Check that this machine reaches {}, and LEASTWISE_COGNITO_POOL and LEASTWISE_AWS_REGION, from which the address \
             follows",
            args.issuer()
        ),
        StartError::Discovery(DiscoveryFailure::Refused(_)) => format!(
            "Check LEASTWISE_COGNITO_POOL and LEASTWISE_AWS_REGION, or LEASTWISE_OIDC_ISSUER if it is set: \
             {}/.well-known/openid-configuration must be the document of the pool",
            args.issuer()
        ),
        _ => "Correct the configuration of the sign-in: docs/sign-in.md".to_owned(),
    };
    format!("{}. {cure}.", chain(error))
}
