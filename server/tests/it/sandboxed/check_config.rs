//! `leastwise check-config`: every check runs, every failure is listed with its cure, and what is *ok* was proven.

use std::process::Command;

use sandbox::org::pool::Pool;
use serde_json::json;

use super::sandbox_server::Company;
use crate::database::{DatabaseEngine, ROW_KEY, row_keys};

crate::engines::on_both_engines! {
    what_does_not_exist_is_not_ok_and_one_failure_hides_no_other,
    people_and_permission_sets_that_do_not_exist_are_named,
    a_row_key_that_is_missing_or_not_that_of_the_database_is_named,
}

/// Runs the command with some variables replaced, and returns its exit code and output.
async fn check(company: &Company, more: &[(&str, &str)]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
    {
        let held = sandbox::state::lock(&company.aws.sandbox);
        let pool = &held.pool;
        let cognito = format!("http://localhost:{}", company.aws.cognito_addr.port());
        command
            .arg("check-config")
            .env_clear()
            .env("LEASTWISE_PUBLIC_URL", "http://localhost:3000")
            .env("LEASTWISE_COGNITO_POOL", &pool.id)
            .env("LEASTWISE_OIDC_ISSUER", format!("{cognito}/{}", pool.id))
            .env("LEASTWISE_COGNITO_DOMAIN", &cognito)
            .env("LEASTWISE_OIDC_CLIENT_ID", &pool.client.client_id)
            .env("LEASTWISE_OIDC_CLIENT_SECRET", &pool.client.client_secret)
            .env(
                "LEASTWISE_ADMINISTRATORS",
                subjects(pool, "leastwise-administrators"),
            )
            .env("LEASTWISE_APPROVERS", subjects(pool, "leastwise-approvers"))
            .env("LEASTWISE_AWS_REGION", &pool.region);
    }
    command
        .env("LEASTWISE_DATABASE_URL", &company.database.url)
        .env(
            "LEASTWISE_AWS_ENDPOINT",
            format!("http://{}", company.aws.aws_addr),
        )
        .envs(more.iter().copied());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.code().unwrap(),
        String::from_utf8(said).unwrap(),
    )
}

/// Returns the subjects of the users in a group of the pool.
fn subjects(pool: &Pool, group: &str) -> String {
    let members = pool.users.iter();
    let members = members.filter(|user| user.groups.iter().any(|of| of == group));
    let subjects: Vec<&str> = members.map(|user| user.sub.as_str()).collect();
    assert!(subjects.len() > 1, "{group}");
    subjects.join(",")
}

/// Returns the line of one check.
fn line<'a>(said: &'a str, what: &str) -> &'a str {
    said.lines()
        .find(|line| line.starts_with(what))
        .unwrap_or_else(|| panic!("{what}: {said}"))
}

async fn what_does_not_exist_is_not_ok_and_one_failure_hides_no_other(engine: DatabaseEngine) {
    let company = Company::on(engine).await;
    let (code, said) = check(&company, &[]).await;
    assert_eq!(code, 0, "{said}");
    let checks = [
        "configuration",
        "database",
        "row key",
        "aws",
        "rights",
        "oversight",
        "user pool",
        "roles",
        "cognito",
        "sign-in",
    ];
    for what in checks {
        assert!(line(&said, what)[15..].starts_with("ok"), "{what}: {said}");
    }

    // The discovery document is that of another pool: the pool itself does not exist.
    let (code, said) = check(
        &company,
        &[("LEASTWISE_COGNITO_POOL", "eu-west-1_NotThere1")],
    )
    .await;
    assert_eq!(code, 1, "{said}");
    for part in [
        "failed: ",
        "eu-west-1_NotThere1 does not exist in Region eu-west-1",
        "cognito-idp:GetUserPoolMfaConfig",
        "LEASTWISE_COGNITO_POOL",
    ] {
        assert!(line(&said, "user pool").contains(part), "{part}: {said}");
    }
    assert!(line(&said, "sign-in")[15..].starts_with("ok"), "{said}");

    // A database that does not exist is not created by a check.
    let later = company.database.folder().join("later.db");
    let url = format!("sqlite:{}", later.display());
    let (code, said) = check(&company, &[("LEASTWISE_DATABASE_URL", &url)]).await;
    assert_eq!(code, 0, "{said}");
    assert!(
        line(&said, "database").contains("will be created at the start"),
        "{said}"
    );
    assert!(!later.exists());
    // Nor is one migrated.
    std::fs::write(&later, []).unwrap();
    let (code, said) = check(&company, &[("LEASTWISE_DATABASE_URL", &url)]).await;
    assert_eq!(code, 0, "{said}");
    assert!(
        line(&said, "database").contains("which the next start migrates"),
        "{said}"
    );

    // Several failures at once are all listed.
    let nowhere = company
        .database
        .folder()
        .join("missing-folder/leastwise.db");
    let url = format!("sqlite:{}", nowhere.display());
    let variables = [
        ("LEASTWISE_DATABASE_URL", &*url),
        ("LEASTWISE_OIDC_CLIENT_SECRET", ""),
        ("LEASTWISE_ADMINISTRATORS", "one"),
        ("LEASTWISE_AWS_ENDPOINT", "http://127.0.0.1:9"),
    ];
    let (code, said) = check(&company, &variables).await;
    assert_eq!(code, 1, "{said}");
    assert_eq!(said.matches("configuration  failed: ").count(), 2, "{said}");
    assert!(line(&said, "database").contains(&*url), "{said}");
    for what in ["aws", "user pool"] {
        let line = line(&said, what);
        assert!(
            line.contains("http://127.0.0.1:9 cannot be reached"),
            "{line}"
        );
        assert!(
            line.contains("LEASTWISE_AWS_REGION") && !line.contains(": :"),
            "{line}"
        );
    }
    assert!(
        line(&said, "rights")[15..].starts_with("not checked"),
        "{said}"
    );
    assert!(line(&said, "cognito")[15..].starts_with("ok"), "{said}");
    company.close().await;
}

async fn people_and_permission_sets_that_do_not_exist_are_named(engine: DatabaseEngine) {
    let company = Company::on(engine).await;
    let variables = [
        ("LEASTWISE_ADMINISTRATORS", "a,b"),
        ("LEASTWISE_AUDITORS", "maya.okafor"),
        (
            "LEASTWISE_OVERSIGHT_SETS",
            "Nope,securityaudit,arn:aws:iam::aws:policy/Other",
        ),
    ];
    let (code, said) = check(&company, &variables).await;
    assert_eq!(code, 1, "{said}");
    let failed = |what: &str| -> Vec<&str> {
        let lines = said.lines().filter(|line| line.starts_with(what));
        lines.filter(|line| line.contains("failed: ")).collect()
    };
    let roles = failed("roles");
    assert_eq!(roles.len(), 3, "{said}");
    for (line, part) in roles.iter().zip(["`a`", "`b`", "`maya.okafor`"]) {
        assert!(
            line.contains(part) && line.contains("the attribute `sub`"),
            "{said}"
        );
    }
    assert!(roles[2].contains("LEASTWISE_AUDITORS"), "{said}");
    let oversight = failed("oversight");
    assert_eq!(oversight.len(), 2, "{said}");
    for (line, part) in oversight
        .iter()
        .zip(["`Nope`", "`arn:aws:iam::aws:policy/Other`"])
    {
        assert!(
            line.contains(part) && line.contains("replaces the default"),
            "{said}"
        );
    }

    // What cannot be read is not ok.
    let denied = |operation: &str| json!([{ "operation": operation, "kind": "access_denied" }]);
    company.faults(denied("ListUsersInGroup")).await;
    let (code, said) = check(&company, &[]).await;
    assert_eq!(code, 0, "{said}");
    let roles = line(&said, "roles");
    assert!(
        roles[15..].starts_with("not read: ") && roles.contains("cognito-idp:ListUsersInGroup"),
        "{said}"
    );
    company
        .faults(denied("ListManagedPoliciesInPermissionSet"))
        .await;
    let (_, said) = check(&company, &variables).await;
    let oversight = line(&said, "oversight");
    assert!(
        oversight[15..].starts_with("not read: ")
            && oversight.contains("sso:ListManagedPoliciesInPermissionSet"),
        "{said}"
    );
    company.faults(json!([])).await;
    company.close().await;
}

async fn a_row_key_that_is_missing_or_not_that_of_the_database_is_named(engine: DatabaseEngine) {
    let company = Company::on(engine).await;
    let used = row_keys();
    let row = format!(
        "insert into row_key (id, first_used_at) values ('{}', 1)",
        used.id()
    );
    company.database.by_hand(&row).await.unwrap();
    let (code, said) = check(&company, &[]).await;
    assert_eq!(code, 1, "{said}");
    let missing = "row.key is missing, but entries of this database have MACs";
    assert!(line(&said, "row key").contains(missing), "{said}");
    let other = "1".repeat(64);
    let (code, said) = check(&company, &[("LEASTWISE_ROW_KEY", &other)]).await;
    assert_eq!(code, 1, "{said}");
    assert!(
        line(&said, "row key").contains(used.id().as_str()),
        "{said}"
    );
    assert!(!said.contains(&other), "{said}");
    let both = format!("{other},{ROW_KEY}");
    let (code, said) = check(&company, &[("LEASTWISE_ROW_KEY", &both)]).await;
    assert_eq!(code, 0, "{said}");
    company.close().await;
}
