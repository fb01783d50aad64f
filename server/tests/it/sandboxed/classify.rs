//! `leastwise classify`, and a mapping that is put in force.

use std::{
    collections::BTreeMap, path::PathBuf, process::Command, sync::Arc,
    time::Duration as StdDuration,
};

use app::{
    pages,
    routes::{FormState, Visit},
    shell::{Surroundings, render},
};
use domain::classification::{Environment, Pci};
use sandbox::org::Organisation;
use serde_json::{Value, json};
use server::{engine::adopt_mapping, mapping_file::MappingFile};

use super::{sandbox_server::Company, site::Site};
use crate::database::{Database, DatabaseEngine, ROW_KEY};

crate::engines::on_both_engines! {
    every_account_is_listed_with_its_readings_and_nothing_is_written,
    a_changed_mapping_loosens_what_was_only_assumed_and_not_what_waits,
    pages_say_what_contradicts_what_is_not_classified_and_what_to_do,
    what_is_on_record_counts_without_any_flag_and_its_absence_is_said,
    an_account_that_waits_for_a_confirmation_is_on_home_list_and_its_page_with_the_cure,
    an_altered_row_of_an_account_loosens_nothing_and_is_named,
    an_altered_mapping_in_the_database_loosens_nothing_and_is_named,
    the_classification_of_each_account_is_recorded_once,
}

fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

/// Runs the command, and returns its exit code, its output and its errors.
async fn classify(company: &Company, more: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
    command
        .arg("classify")
        .args(more)
        .env("LEASTWISE_DATABASE_URL", &company.database.url)
        .env("LEASTWISE_ROW_KEY", ROW_KEY)
        .env(
            "LEASTWISE_AWS_ENDPOINT",
            format!("http://{}", company.aws.aws_addr),
        );
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

/// Returns what was printed of each account: environment, PCI scope and its doubts.
fn results(printed: &str) -> BTreeMap<String, String> {
    let printed: Value = serde_json::from_str(printed).unwrap();
    let accounts = printed["accounts"].as_array().unwrap().iter();
    let text = |account: &Value, field: &str| account[field].as_str().unwrap().to_owned();
    let result = |account: &Value| {
        let mut result = format!("{} {}", text(account, "environment"), text(account, "pci"));
        for doubt in account["doubts"].as_array().unwrap() {
            result = format!("{result} {}", doubt.as_str().unwrap());
        }
        result
    };
    accounts
        .map(|account| (text(account, "name"), result(account)))
        .collect()
}

const EXPECTED: [(&str, &str); 40] = [
    ("management", "management out"),
    ("identity", "security connected"),
    ("root-untagged", "production in not_classified"),
    ("tag-case-environment", "production out contradictory"),
    ("tag-case-pci", "production in contradictory"),
    ("tag-same-meaning", "production out contradictory"),
    ("tag-pci-scope", "production in contradictory"),
    ("prod-eu-in-development", "production out contradictory"),
    ("dev-eu-in-development", "production out not_classified"),
    ("level-1-in-non-pci", "production in not_classified"),
    ("pci-dss-in-non-pci", "production in contradictory"),
    ("cde-1-in-non-pci", "production in contradictory"),
    ("out-in-non-pci", "production out"),
    ("empty-values", "production in not_classified"),
    ("several-environments", "production out contradictory"),
    ("not-out-of-scope", "production in not_classified"),
    ("not-in-scope", "production out"),
    ("no-pci", "development out"),
    ("out-of-scope", "sandbox out"),
    ("connected", "production connected"),
    ("dev-ops-production", "production out"),
    ("test-payments-production", "production in contradictory"),
    ("sandbox-production", "production in contradictory"),
    ("qa-prod-cards", "production in contradictory"),
    ("nonpci-cards-pci", "production in contradictory"),
    ("dev-in-production", "production out contradictory"),
    ("out-in-pci", "production in contradictory"),
    ("dev-in-pci", "development in contradictory"),
    ("dev-in-nonprod", "staging out"),
    ("prod-in-nonprod", "production out contradictory"),
    ("untagged-in-nonprod", "staging out"),
    ("team-untagged", "production in not_classified"),
    ("products", "development out"),
    ("cyrillic-ou", "production in not_classified"),
    ("full-width-ou", "production in not_classified"),
    ("cyrillic-tag", "production out not_classified"),
    ("look-alike-key", "production in contradictory"),
    ("pcis-ou", "production in not_classified"),
    ("config-administrator", "security out"),
    ("sandbox", "sandbox out"),
];

async fn every_account_is_listed_with_its_readings_and_nothing_is_written(engine: DatabaseEngine) {
    let database = Database::fresh(engine).await;
    let organisation = Organisation::load(&data("contradictions.json")).unwrap();
    let company = Company::unread(database, organisation).await;
    let before = company.calls_so_far().await;
    let (code, printed, _) = classify(&company, &["--json"]).await;
    assert_eq!(code, 1, "something is to be done");
    let expected: BTreeMap<String, String> = EXPECTED
        .iter()
        .map(|(name, result)| ((*name).to_owned(), (*result).to_owned()))
        .collect();
    assert_eq!(results(&printed), expected);
    assert!(
        printed
            .contains("delegated administrator of config.amazonaws.com, guardduty.amazonaws.com")
    );
    let written = company.calls_since(before).await.into_iter();
    let written: Vec<_> = written
        .filter(|call| call.applied && !call.operation.starts_with(['L', 'D']))
        .collect();
    assert!(written.is_empty(), "{written:?}");
    let (code, _, said) = classify(&company, &["--stored"]).await;
    assert_eq!(code, 2);
    assert!(said.contains("contains no account"), "{said}");
    assert!(said.contains("leastwise"), "names the database: {said}");

    // As text, with a mapping: what is mapped is classified.
    let file = data("contradictions.toml");
    let mapping = ["--classification", file.to_str().unwrap()];
    let (_, printed, _) = classify(&company, &[&["--json"], &mapping[..]].concat()).await;
    let results = results(&printed);
    assert_eq!(results["dev-eu-in-development"], "development out");
    assert_eq!(results["test-payments-production"], "production in");
    assert_eq!(results["level-1-in-non-pci"], "production in contradictory");
    let (code, printed, _) = classify(&company, &mapping).await;
    assert_eq!(code, 1);
    for said in [
        "40 accounts.",
        "Reason: Environment production",
        "To do: ",
        "development, as mapped",
    ] {
        assert!(printed.contains(said), "{said}: {printed}");
    }

    // With the stored state, what is on record counts.
    company.sync().await;
    let (code, printed, said) = classify(&company, &["--stored", "--json"]).await;
    assert_eq!(code, 1, "{said}");
    assert!(printed.contains(r#""name":"config-administrator","environment":"security""#));

    // What cannot be read or understood is an error.
    let wrong = company.database.folder().join("wrong.toml");
    std::fs::create_dir_all(company.database.folder()).unwrap();
    std::fs::write(&wrong, "[tags.pci]\nkey = \"x\"\n").unwrap();
    let (code, _, said) = classify(&company, &["--classification", wrong.to_str().unwrap()]).await;
    assert_eq!(code, 2);
    assert!(
        said.contains("LEASTWISE_CLASSIFICATION") && said.contains("line 2"),
        "{said}"
    );
    company
        .faults(json!([{ "operation": "ListDelegatedAdministrators", "kind": "access_denied" }]))
        .await;
    let (code, _, said) = classify(&company, &[]).await;
    assert_eq!(code, 2);
    assert!(said.contains("delegated administrators"), "{said}");
    company.faults(json!([])).await;
    company.close().await;
}

/// The same process after a restart with a mapping.
async fn mapped(company: &mut Company, text: &str) {
    // The task that published what was restored may not have ended.
    while Arc::get_mut(&mut company.app_state).is_none() {
        tokio::time::sleep(StdDuration::from_millis(5)).await;
    }
    let app_state = Arc::get_mut(&mut company.app_state).unwrap();
    app_state.settings.mapping = MappingFile::parse(text).unwrap();
}

async fn a_changed_mapping_loosens_what_was_only_assumed_and_not_what_waits(
    engine: DatabaseEngine,
) {
    let company = Company::on(engine).await;
    let strange = || {
        let mut changed = Organisation::sample();
        let web = changed.accounts.iter().find(|one| &*one.name == "web-dev");
        let mut fresh = web.unwrap().clone();
        fresh.id = "999911112222".into();
        fresh.name = "new-dev".into();
        changed.accounts.push(fresh);
        for account in &mut changed.accounts {
            match &*account.name {
                // Not understood, so it counts as production PCI.
                "new-dev" => {
                    account.tags.insert("environment".into(), "dev-eu".into());
                    account.tags.insert("pci".into(), "gold".into());
                }
                // Somebody removed its tags and moved it.
                "cards-prod" => {
                    account.tags.insert("environment".into(), "dev-eu".into());
                    account.tags.insert("pci".into(), "out".into());
                    account.parent = "ou-hb01-data000000".into();
                }
                _ => {}
            }
        }
        changed
    };
    let company = company.reopened(strange()).await;
    company.sync().await;
    let class = |company: &Company, name: &str| {
        let read_model = company.app_state.read_model();
        read_model
            .snapshot
            .account(&company.account(name))
            .unwrap()
            .1
    };
    let strictest = (Environment::Production, Pci::In);
    assert_eq!(class(&company, "new-dev").strictness(), strictest);
    assert!(class(&company, "new-dev").is_assumed());

    let mapping =
        "[tags.environment.values]\ndev-eu = \"development\"\n[tags.pci.values]\ngold = \"out\"\n";
    let mut company = company.reopened(strange()).await;
    mapped(&mut company, mapping).await;
    adopt_mapping::adopt(&company.app_state).await.unwrap();
    server::service::stored_state::restore(&company.app_state)
        .await
        .unwrap();
    for _ in 0..2 {
        let loosened = class(&company, "new-dev");
        assert_eq!(loosened.strictness(), (Environment::Development, Pci::Out));
        assert!(!loosened.is_assumed());
        // This account was read as production PCI before its tags were loosened in AWS.
        let waits = class(&company, "cards-prod");
        assert_eq!(waits.strictness(), strictest);
        assert!(waits.waiting.is_some());
        assert!(class(&company, "identity").counts_as_production_pci());
        company.sync().await;
    }
    let entries = company.entries("classification.mapped").await;
    assert_eq!(entries.len(), 1);
    adopt_mapping::adopt(&company.app_state).await.unwrap();
    assert_eq!(company.entries("classification.mapped").await.len(), 1);

    // A confirmation loosens what waits.
    let account = company.account("cards-prod");
    let mut company = company.reopened(strange()).await;
    let confirmed = format!(
        "{mapping}[[confirmed]]\naccount = \"{account}\"\nenvironment = \"development\"\npci = \"out\"\n"
    );
    mapped(&mut company, &confirmed).await;
    adopt_mapping::adopt(&company.app_state).await.unwrap();
    server::service::stored_state::restore(&company.app_state)
        .await
        .unwrap();
    company.sync().await;
    let confirmed = class(&company, "cards-prod");
    assert_eq!(confirmed.strictness(), (Environment::Development, Pci::Out));
    assert!(confirmed.waiting.is_none());
    company.close().await;
}

async fn pages_say_what_contradicts_what_is_not_classified_and_what_to_do(engine: DatabaseEngine) {
    let organisation = Organisation::load(&data("contradictions.json")).unwrap();
    let ids: BTreeMap<String, String> = organisation
        .accounts
        .iter()
        .map(|account| (account.name.to_string(), account.id.to_string()))
        .collect();
    let site = Site::on(engine, organisation).await;
    let mut ada = site.signed_in("ada.reyes").await;
    let mut says = async |path: &str, all: &[&str]| {
        let page = ada.get(path).await.body;
        for said in all {
            assert!(page.contains(said), "{path} does not say {said}: {page}");
        }
    };
    let of = |name: &str| format!("/accounts/{}", ids[name]);
    says(
        &of("tag-case-environment"),
        &[
            "Contradictory",
            "tag Environment = dev",
            "tag environment = production",
            "Make tags and OUs agree",
        ],
    )
    .await;
    says(
        &of("level-1-in-non-pci"),
        &[
            "Not classified",
            "not understood",
            "[tags.pci.values]",
            "Level 1",
        ],
    )
    .await;
    says(
        &of("team-untagged"),
        &["Add the tag environment", "path = "],
    )
    .await;
    says(
        &of("config-administrator"),
        &["delegated administrator of config.amazonaws.com, guardduty.amazonaws.com"],
    )
    .await;
    says(
        "/accounts?classification=contradictory",
        &["tag-case-pci", "Contradictory"],
    )
    .await;
    says(
        "/accounts?classification=unclassified",
        &["dev-eu-in-development", "Not classified"],
    )
    .await;
    says("/", &["8 of them not classified"]).await;
    says(
        "/reports/production-pci",
        &["count as production PCI, 8 of them not classified"],
    )
    .await;
    says(
        "/reports/production-pci.json",
        &[r#""accounts_not_classified": 8"#],
    )
    .await;
    site.close().await;
}

/// The sample organization, after somebody made an account look like one for experiments.
fn loosened(name: &str) -> Organisation {
    let mut organisation = Organisation::sample();
    let mut accounts = organisation.accounts.iter_mut();
    let account = accounts.find(|one| &*one.name == name).unwrap();
    account.tags.insert("environment".into(), "sandbox".into());
    account.tags.insert("pci".into(), "out".into());
    account.parent = "ou-hb01-data000000".into();
    organisation
}

fn class_of(company: &Company, name: &str) -> (Environment, Pci) {
    let read_model = company.app_state.read_model();
    let account = read_model.snapshot.account(&company.account(name));
    account.unwrap().1.strictness()
}

/// Returns what `ledger verify` finds, each with its code.
async fn findings(company: &Company) -> Vec<String> {
    let told = company.verified().await;
    let found = told["findings"].as_array().unwrap().iter();
    found
        .map(|one| {
            format!(
                "{} {}",
                one["code"].as_str().unwrap(),
                one["message"].as_str().unwrap()
            )
        })
        .collect()
}

async fn an_altered_row_of_an_account_loosens_nothing_and_is_named(engine: DatabaseEngine) {
    let company = Company::on(engine).await;
    company.sync().await;
    let id = company.account("cards-prod");
    assert_eq!(findings(&company).await, Vec::<String>::new());
    let strictest = (Environment::Production, Pci::In);
    let forged =
        format!("update account set environment = 'sandbox', pci = 'out' where id = '{id}'");
    company.database.by_hand(&forged).await.unwrap();
    // Whoever writes to the database may change tags in AWS, too.
    let company = company.reopened(loosened("cards-prod")).await;
    assert_eq!(class_of(&company, "cards-prod"), strictest, "after a start");
    company.sync().await;
    assert_eq!(class_of(&company, "cards-prod"), strictest, "after a crawl");
    company.database.by_hand(&forged).await.unwrap();
    company.sync().await;
    assert_eq!(class_of(&company, "cards-prod"), strictest);
    let named = format!(
        "row_differs account: the classification of account {id} differs from the one that the ledger records."
    );
    assert_eq!(findings(&company).await, [named]);
    let gone =
        format!("update account set environment = 'production', pci = 'in' where id = '{id}'");
    company.database.by_hand(&gone).await.unwrap();
    company.close().await;
}

async fn an_altered_mapping_in_the_database_loosens_nothing_and_is_named(engine: DatabaseEngine) {
    let company = Company::on(engine).await;
    let mut company = company.reopened(Organisation::sample()).await;
    mapped(
        &mut company,
        "[tags.environment.values]\nproduktion = \"production\"\n",
    )
    .await;
    adopt_mapping::adopt(&company.app_state).await.unwrap();
    company.sync().await;
    let before = class_of(&company, "cards-prod");
    // By this mapping the account seems to be assumed, which the next one would loosen.
    let forged = "update classification_mapping set document = '[tags.environment.values]\nx = \"production\"\n' where until is null";
    company.database.by_hand(forged).await.unwrap();
    let named = "row_differs classification_mapping: the mapping in force differs from the one that the ledger records.";
    assert_eq!(findings(&company).await, [named]);
    let mut company = company.reopened(loosened("cards-prod")).await;
    mapped(
        &mut company,
        "[tags.environment.values]\nsandkasten = \"sandbox\"\n",
    )
    .await;
    adopt_mapping::adopt(&company.app_state).await.unwrap();
    server::service::stored_state::restore(&company.app_state)
        .await
        .unwrap();
    company.sync().await;
    assert_eq!(class_of(&company, "cards-prod"), before);
    company.close().await;
}

async fn the_classification_of_each_account_is_recorded_once(engine: DatabaseEngine) {
    let company = Company::on(engine).await;
    company.sync().await;
    let recorded = company.entries("classification.recorded").await;
    let accounts: usize = recorded
        .iter()
        .map(|entry| entry["data"]["classes"].as_object().unwrap().len())
        .sum();
    let stored = company
        .app_state
        .read_model()
        .snapshot
        .parts()
        .accounts
        .len();
    assert_eq!(accounts, stored, "each account once");
    company.sync().await;
    assert_eq!(
        company.entries("classification.recorded").await.len(),
        recorded.len()
    );
    company.close().await;
}

async fn what_is_on_record_counts_without_any_flag_and_its_absence_is_said(engine: DatabaseEngine) {
    let company = Company::on(engine).await;
    let mut loosened = Organisation::sample();
    let account = loosened
        .accounts
        .iter_mut()
        .find(|one| &*one.name == "cards-prod");
    let account = account.unwrap();
    account.tags.insert("pci".into(), "out".into());
    account.parent = "ou-hb01-data000000".into();
    let company = company.reopened(loosened).await;

    // Before the next crawl, the readings alone would give less than what is in force.
    let (_, printed, said) = classify(&company, &["--json"]).await;
    let output: Value = serde_json::from_str(&printed).expect(&said);
    let accounts = output["accounts"].as_array().unwrap().iter();
    let of = |name: &str| accounts.clone().find(|one| one["name"] == name).unwrap();
    let cards = of("cards-prod");
    let recorded = company.app_state.read_model();
    let recorded = recorded.snapshot.account(&company.account("cards-prod"));
    assert_eq!(cards["pci"], recorded.unwrap().1.pci.as_str(), "{cards}");
    assert_eq!(cards["recorded"]["pci"], "in");
    assert_eq!(
        cards["by_mapping"],
        json!({ "environment": "production", "pci": "out" })
    );
    assert_eq!(cards["waiting"], cards["by_mapping"]);
    assert!(
        cards["cures"].to_string().contains("[[confirmed]]"),
        "{cards}"
    );
    assert_eq!(of("web-dev")["waiting"], Value::Null);
    // What a source does not say is null, not a dash.
    let readings = output.to_string();
    assert!(
        !readings.contains("–") && readings.contains(r#""environment":null"#),
        "{readings}"
    );

    let (code, printed, _) = classify(&company, &[]).await;
    assert_eq!(code, 1);
    for said in [
        "With what is on record in ",
        "cards-prod: production, in  production PCI  (waits for confirmation)\n    On record: production, in\n    \
         By the mapping alone: production, out\n    Waits for [[confirmed]]: production, out\n",
    ] {
        assert!(printed.contains(said), "{said}: {printed}");
    }

    // The mapping is not in force yet: what it changes is shown, and nothing is adopted.
    let file = company.database.folder().join("confirmed.toml");
    let id = company.account("cards-prod");
    let confirmed =
        format!("[[confirmed]]\naccount = \"{id}\"\nenvironment = \"production\"\npci = \"out\"\n");
    std::fs::write(&file, confirmed).unwrap();
    let mapping = ["--classification", file.to_str().unwrap()];
    let (_, printed, _) = classify(&company, &mapping).await;
    assert!(
        printed.contains("This mapping is not in force there yet"),
        "{printed}"
    );
    assert!(
        printed.contains("cards-prod: production, out\n    On record: production, in\n"),
        "{printed}"
    );
    assert_eq!(company.entries("classification.mapped").await.len(), 0);

    // Without a database, one line says so, and none is created.
    let nowhere = company.database.folder().join("nowhere.db");
    let url = format!("sqlite:{}", nowhere.display());
    let (_, printed, _) = classify(&company, &["--database", &url]).await;
    let first = printed.lines().next().unwrap();
    assert!(
        first.starts_with("Without the record of Leastwise") && first.contains(&*url),
        "{first}"
    );
    assert!(printed.contains("cards-prod: production, out"), "{printed}");
    assert!(!nowhere.exists());
    company.close().await;
}

async fn an_account_that_waits_for_a_confirmation_is_on_home_list_and_its_page_with_the_cure(
    engine: DatabaseEngine,
) {
    let company = Company::crawled(engine).await;
    let id = company.account("analytics-prod");
    let said = async |company: &Company, name: &str, query: &str| {
        let visit = Visit {
            backend: Arc::new(company.as_("maya.okafor").await),
            params: BTreeMap::from([("id".to_owned(), id.to_string())]),
            query: BTreeMap::new(),
            url: format!("/?{query}"),
            form: FormState::default(),
        };
        let page = match name {
            "home" => pages::home::page(visit).await,
            "accounts" => pages::accounts::page(visit).await,
            _ => pages::account::page(visit).await,
        };
        render(Surroundings::default(), page.unwrap().draw)
    };
    let badge = "title=\"AWS reports ";
    for name in ["home", "accounts", "account"] {
        assert!(!said(&company, name, "").await.contains(badge), "{name}");
    }
    let mut loosened = Organisation::sample();
    for account in &mut loosened.accounts {
        if *account.name == *"analytics-prod" {
            account.tags.insert("environment".into(), "staging".into());
        }
    }
    let company = company.reopened(loosened).await;
    company.sync().await;
    let home = said(&company, "home", "").await;
    assert!(
        home.replace("<!>", "")
            .contains(", it counts as production<"),
        "{home}"
    );
    assert!(
        home.contains("href=\"/accounts?classification=waiting\""),
        "{home}"
    );
    let confirm =
        format!("[[confirmed]]\naccount = \"{id}\"\nenvironment = \"staging\"\npci = \"out\"");
    let listed = said(&company, "accounts", "classification=waiting").await;
    assert!(listed.contains(badge), "{listed}");
    assert!(listed.contains("analytics-prod"));
    assert!(!listed.contains("cards-prod"), "the filter keeps no others");
    assert!(listed.contains(&confirm), "{listed}");
    let account = said(&company, "account", "").await;
    assert!(account.contains(badge), "{account}");
    assert!(account.contains(&confirm), "{account}");
    for page in [&listed, &account] {
        assert!(page.contains("Keep production"), "{page}");
        assert!(page.contains("Ask to accept staging"), "{page}");
        let (_, seen) = page
            .split_once("<dt>First seen")
            .expect("when it was first seen");
        let (seen, by) = seen
            .split_once("Changed by")
            .expect("by whom it was changed");
        assert!(seen.contains("<time"), "the reads are known: {seen}");
        assert!(
            by.split_once("</dd>")
                .is_some_and(|(by, _)| by.contains("not known")),
            "{by}"
        );
        assert!(page.contains("counts as staging."), "{page}");
    }
    assert!(!listed.contains("Select all"), "one row has its own box");
    company.close().await;
}
