//! The variables with which another process uses the local AWS and Cognito, the same as in production: `serve` and
//! `sync` can then be tried and measured without the sandbox. Printed only on request.

use url::Url;

use crate::config::ServeArgs;

/// Returns every variable with its value.
fn variables(serve: &ServeArgs) -> Vec<(&'static str, String)> {
    let address = |url: Option<&Url>| {
        let text = url.map_or("", Url::as_str);
        text.trim_end_matches('/').to_owned()
    };
    let (database, analysis) = (&serve.database, &serve.aws.analysis);
    let mut variables = vec![
        ("LEASTWISE_LISTEN", serve.listen.to_string()),
        ("LEASTWISE_PUBLIC_URL", address(Some(&serve.public_url))),
        ("LEASTWISE_COGNITO_POOL", serve.pool.clone()),
        (
            "LEASTWISE_COGNITO_DOMAIN",
            address(serve.cognito_domain.as_ref()),
        ),
        ("LEASTWISE_OIDC_ISSUER", serve.issuer()),
        (
            "LEASTWISE_OIDC_SUBJECT_ISSUER",
            serve
                .subject_issuer
                .clone()
                .unwrap_or_else(|| serve.issuer()),
        ),
        ("LEASTWISE_OIDC_CLIENT_ID", serve.client_id.clone()),
        ("LEASTWISE_OIDC_CLIENT_SECRET", serve.client_secret.clone()),
        ("LEASTWISE_ADMINISTRATORS", serve.administrators.join(",")),
        ("LEASTWISE_APPROVERS", serve.approvers.join(",")),
        ("LEASTWISE_AUDITORS", serve.auditors.join(",")),
        (
            "LEASTWISE_IDENTITY_PROVIDERS",
            serve.sign_in.identity_providers.join(","),
        ),
        (
            "LEASTWISE_MFA_PROVIDERS",
            serve.sign_in.mfa_providers.join(","),
        ),
        (
            "LEASTWISE_IDENTITY_ATTRIBUTE",
            serve.sign_in.identity_attribute.clone().unwrap_or_default(),
        ),
        (
            "LEASTWISE_STEP_UP_SECONDS",
            serve.sign_in.step_up_seconds.to_string(),
        ),
        (
            "LEASTWISE_STEP_UP_SECONDS_OTHER",
            serve.sign_in.step_up_seconds_other.to_string(),
        ),
        ("LEASTWISE_DATABASE_URL", database.url.clone()),
        ("LEASTWISE_KEYS", database.keys.display().to_string()),
        (
            "LEASTWISE_LOG_NAME",
            database.log_name.clone().unwrap_or_default(),
        ),
        ("LEASTWISE_AWS_REGION", serve.aws.region.clone()),
        (
            "LEASTWISE_AWS_ENDPOINT",
            address(serve.aws.endpoint.as_ref()),
        ),
        ("LEASTWISE_AWS_TPS", serve.aws.calls_per_second.to_string()),
        ("LEASTWISE_LOG_BUCKETS", analysis.log_buckets.join(",")),
    ];
    // An empty value would be a file without a name.
    if let Some(path) = &analysis.action_catalogue {
        variables.push(("LEASTWISE_ACTION_CATALOGUE", path.display().to_string()));
    }
    variables
}

/// Returns `export` lines for a shell.
pub fn as_exports(serve: &ServeArgs) -> String {
    let line = |(name, value): (&str, String)| format!("export {name}='{value}'\n");
    variables(serve).into_iter().map(line).collect()
}

/// Returns one JSON object.
pub fn as_json(serve: &ServeArgs) -> serde_json::Value {
    let all = variables(serve).into_iter();
    all.map(|(name, value)| (name.to_owned(), value.into()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
