//! Reads of AWS that are short, refused or of another instance: what was not read is not known, and never a zero.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};

use app::backend::ChangeForm;
use domain::{
    access,
    change::State,
    classification::Classification,
    ids::{AccountId, Pair, Principal},
    snapshot::Parts,
    time::Duration,
};
use sandbox::org::{
    AccountInstance, AccountState, Assignment, InstanceStatus, Organisation, PrincipalType,
};
use serde_json::{Value, json};
use server::service::jobs;

use super::{
    sandbox_server::{Company, access as access_to, http_client, inject, local},
    site::{Browser, Site},
};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    no_page_of_any_list_that_aws_cuts_hides_anything,
    a_fresh_start_without_the_identity_store_is_not_ready_and_shows_no_numbers,
    each_right_that_aws_denies_is_named,
    an_orphan_is_a_row_of_the_report_and_stands_beside_the_number_of_people,
    an_account_that_left_the_organization_has_a_page_and_holds_up_nothing,
    a_group_of_an_account_that_left_the_organization_gets_its_new_member,
    an_active_account_whose_assignments_are_not_found_is_not_read,
    a_closed_account_shows_its_state_wherever_it_is_named,
    a_database_of_another_instance_is_not_emptied,
    a_user_without_a_name_is_shown_by_the_id,
}

/// Which list operations the server calls, by service: every operation of the SDK crates whose response has a token.
fn lists_in_use() -> BTreeSet<(String, String)> {
    let host = Command::new("rustc")
        .args(["--print", "host-tuple"])
        .output()
        .unwrap();
    let host = String::from_utf8(host.stdout).unwrap();
    let metadata = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--offline",
            "--filter-platform",
            host.trim(),
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        metadata.status.success(),
        "{}",
        String::from_utf8_lossy(&metadata.stderr)
    );
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let sources = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let services = [
        ("aws-sdk-ssoadmin", "sso-admin"),
        ("aws-sdk-identitystore", "identitystore"),
        ("aws-sdk-organizations", "organizations"),
        ("aws-sdk-cognitoidentityprovider", "cognito-idp"),
    ];
    let packages = metadata["packages"].as_array().unwrap();
    let sdks: BTreeMap<&str, &str> = packages
        .iter()
        .filter_map(|package| {
            Some((
                package["name"].as_str()?,
                package["manifest_path"].as_str()?,
            ))
        })
        .filter(|(name, _)| name.starts_with("aws-sdk-"))
        .collect();
    let mut called = BTreeSet::new();
    for (sdk, manifest) in sdks {
        let operations = Path::new(manifest).parent().unwrap().join("src/operation");
        let service = services.iter().find(|(name, _)| *name == sdk);
        for operation in fs::read_dir(operations).unwrap() {
            let operation = operation.unwrap();
            let name = operation.file_name().into_string().unwrap();
            let output = operation.path().join(format!("_{name}_output.rs"));
            let Ok(output) = fs::read_to_string(output) else {
                continue;
            };
            let paged = ["next_token", "pagination_token", "next_marker", "marker"]
                .iter()
                .any(|token| output.contains(&format!("pub fn {token}(&self)")));
            let listed = name.starts_with("list_") || name.contains("_list_");
            if !(paged || listed) || !sources.contains(&format!(".{name}()")) {
                continue;
            }
            let (_, service) = service.unwrap_or_else(|| panic!("{sdk} is not in the sandbox"));
            // Two services have operations of the same name; the sandbox receives the one that is called.
            called.insert(((*service).to_owned(), camel(&name)));
        }
    }
    called
}

fn sources(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text += &sources(&path);
        } else {
            text += &fs::read_to_string(&path).unwrap();
        }
    }
    text
}

fn camel(snake: &str) -> String {
    let words = snake.split('_').map(|word| {
        let (first, rest) = word.split_at(1);
        first.to_uppercase() + rest
    });
    words.collect()
}

/// Everything observed, without times.
fn observed(parts: &Parts) -> impl PartialEq + std::fmt::Debug + use<> {
    let pairs: BTreeMap<Pair, BTreeSet<Principal>> = parts
        .pairs
        .iter()
        .map(|(pair, read)| (pair.clone(), read.principals.keys().cloned().collect()))
        .collect();
    (
        (parts.accounts.clone(), parts.units.clone()),
        (
            parts.users.clone(),
            parts.groups.clone(),
            parts.members.clone(),
        ),
        (parts.sets.clone(), pairs),
    )
}

/// Cuts each list that the server reads in every way that the sandbox can. A new list call without paging fails here, and
/// a list that this test does not reach as well.
async fn no_page_of_any_list_that_aws_cuts_hides_anything(engine: DatabaseEngine) {
    let mut company = Company::crawled(engine).await;
    company.in_management().await;
    company.sync().await;
    let before = observed(company.app_state.read_model().snapshot.parts());
    let group = Principal::Group(company.group("platform-admins"));
    let pool = company.app_state.settings.pool.clone();
    let instance = company.app_state.instance.clone();
    let uses = async |company: &Company| {
        let aws = &company.app_state.aws;
        let pairs = aws.pairs_of(&instance, &group).await.map_err(drop);
        let user = aws.pool_user(&pool, "maya.okafor").await.map_err(drop);
        let chosen = aws.instance().await.map_err(drop);
        let attribute = aws.pool_attribute(&pool, "email").await.map_err(drop);
        let group = aws.subjects_in_group(&pool, "leastwise-approvers").await;
        (
            pairs,
            user.map(|user| user.groups),
            chosen,
            attribute,
            group.map_err(drop),
        )
    };
    let whole = uses(&company).await;
    assert!(whole.0.is_ok() && whole.1.is_ok() && whole.2.is_ok() && whole.3.is_ok());
    assert!(whole.4.is_ok());

    let (mut reached, mut wrong) = (BTreeSet::new(), Vec::new());
    let called = company.calls_since(0).await;
    let called: BTreeSet<_> = called
        .into_iter()
        .map(|call| (call.service, call.operation))
        .collect();
    for (service, operation) in lists_in_use() {
        if !called.contains(&(service.clone(), operation.clone())) {
            continue;
        }
        reached.insert(operation.clone());
        for kind in [
            "truncate_page",
            "empty_page",
            "repeat_token",
            "error_after_first_page",
        ] {
            company
                .faults(json!([{ "service": service, "operation": operation, "kind": kind }]))
                .await;
            company.app_state.clock.advance(Duration::minutes(1));
            let report = company.sync().await;
            let now = observed(company.app_state.read_model().snapshot.parts());
            let one = uses(&company).await;
            let right = if ["truncate_page", "empty_page"].contains(&kind) {
                report.complete && one == whole
            } else {
                !report.complete
                    || one.0.is_err()
                    || one.1.is_err()
                    || one.2.is_err()
                    || one.3.is_err()
                    || one.4.is_err()
            };
            if before != now || report.drift > 0 || !right {
                wrong.push(format!("{kind} of {operation}"));
                company.faults(json!([])).await;
                company.sync().await;
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new(), "taken for the whole list");
    company.faults(json!([])).await;
    let expected: BTreeSet<String> = lists_in_use().into_iter().map(|(_, name)| name).collect();
    assert_eq!(reached, expected, "each list is read by this test");
    assert!(reached.len() >= 14, "{reached:?}");
    company.close().await;
}

/// Denies each read of a crawl in turn: `check-config`, `/readyz` and the pages say which right is missing.
async fn each_right_that_aws_denies_is_named(engine: DatabaseEngine) {
    let company = Company::on(engine).await;
    company.sync().await;
    let reads: BTreeSet<String> = company
        .calls_since(0)
        .await
        .into_iter()
        .map(|call| call.operation)
        .filter(|name| !["ListInstances", "DescribeInstance"].contains(&name.as_str()))
        .collect();
    assert!(reads.len() >= 16, "{reads:?}");
    let (aws, instance) = (&company.app_state.aws, &company.app_state.instance);
    assert_eq!(aws.unreadable(instance).await, []);
    for read in reads {
        company
            .faults(json!([{ "operation": read, "kind": "access_denied" }]))
            .await;
        let unread = aws.unreadable(instance).await;
        let named: Vec<String> = unread.iter().map(|one| one.explain(aws)).collect();
        let right = format!(":{read}");
        assert!(
            named.iter().any(|words| words.contains(&right)),
            "{read}: {named:?}"
        );
    }
    company.close().await;
}

async fn ready(site: &Site) -> (u16, String) {
    let answer = http_client()
        .get(format!("{}/readyz", site.base))
        .send()
        .await
        .unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// Opens every page about people and groups while users and groups were never read.
async fn says_nothing_that_it_does_not_know(site: &Site, maya: &mut Browser) {
    let account = {
        let read_model = site.app_state.read_model();
        let mut accounts = read_model.snapshot.parts().accounts.values();
        accounts
            .find(|(account, _)| account.name == "cards-prod")
            .unwrap()
            .0
            .id
            .clone()
    };
    for path in [
        &format!("/accounts/{account}"),
        "/accounts",
        "/people",
        "/groups",
        "/permission-sets",
        "/reports/production-pci",
    ] {
        let page = maya.get(path).await;
        assert_eq!(page.status.as_u16(), 200, "{path}");
        for wrong in [
            "Orphaned",
            ">Disabled<",
            "Deleted from the directory",
            "No users",
            "No groups",
            "No one can reach",
        ] {
            assert!(
                !page.body.contains(wrong),
                "{path} says {wrong}: {}",
                page.body
            );
        }
    }
    for path in [
        "/people",
        "/groups",
        "/permission-sets",
        "/reports/production-pci",
    ] {
        let page = maya.get(path).await.body;
        assert!(
            !page.contains("<span data-value>0</span>"),
            "{path}: {page}"
        );
        assert!(page.contains("Not known"), "{path}: {page}");
    }
}

async fn a_fresh_start_without_the_identity_store_is_not_ready_and_shows_no_numbers(
    engine: DatabaseEngine,
) {
    let denied = json!([{
        "service": "identitystore", "kind": "access_denied", "reason": "KMS_ACCESS_DENIED",
    }]);
    let site = Site::unready(engine, Organisation::sample(), denied).await;
    site.app_state.restored().await;
    crate::wait::until("the first crawl is over", async || {
        site.app_state
            .read_model()
            .snapshot
            .parts()
            .coverage
            .newest
            .is_some()
    })
    .await;
    let (status, missing) = ready(&site).await;
    assert_eq!(
        status, 503,
        "nothing is known of users and groups: {missing}"
    );
    for words in [
        "list of users",
        "list of groups",
        "identitystore:ListUsers",
        "kms:Decrypt",
    ] {
        assert!(missing.contains(words), "{words}: {missing}");
    }
    let mut maya = site.signed_in("maya.okafor").await;
    let home = maya.get("/").await.body;
    assert!(!home.contains("<span data-value>0</span>"), "{home}");
    assert!(home.contains("Not known"), "{home}");
    assert!(!home.contains("No one can reach production PCI"), "{home}");
    assert!(
        home.contains("kms:Decrypt"),
        "the page names the right: {home}"
    );
    says_nothing_that_it_does_not_know(&site, &mut maya).await;
    let json = maya.get("/reports/production-pci.json").await.body;
    let report: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(report["people"], Value::Null, "{json}");
    site.faults(json!([])).await;
    jobs::request_crawl(&site.app_state).await.unwrap();
    crate::wait::until("the next crawl is complete", async || {
        ready(&site).await.0 == 200
    })
    .await;
    let home = maya.get("/").await.body;
    assert!(!home.contains("Not known"), "{home}");
    let drift = !home.contains(" outside Leastwise");
    assert!(
        drift,
        "what is read for the first time is not a change: {home}"
    );
    site.close().await;
}

async fn an_orphan_is_a_row_of_the_report_and_stands_beside_the_number_of_people(
    engine: DatabaseEngine,
) {
    let mut sample = Organisation::sample();
    let gone = sample
        .groups
        .iter()
        .find(|group| &*group.display_name == "database-operators");
    let gone = gone.unwrap().id.clone();
    sample.groups.retain(|group| group.id != gone);
    sample.memberships.retain(|held| held.group != gone);
    let site = Site::on(engine, sample).await;
    let (expected, of_groups) = {
        let read_model = site.app_state.read_model();
        let snapshot = &read_model.snapshot;
        let guarded = |account: &AccountId| {
            let class = snapshot.account(account).map(|(_, class)| class);
            class.is_some_and(Classification::counts_as_production_pci)
        };
        let orphans: Vec<_> = access::orphans(snapshot)
            .filter(|(pair, _)| guarded(&pair.account))
            .collect();
        let of_groups = orphans.iter().filter(|(_, who)| who.id() == &*gone).count();
        (orphans.len(), of_groups)
    };
    assert!(
        of_groups > 0 && expected > of_groups,
        "{expected} {of_groups}"
    );
    let mut maya = site.signed_in("maya.okafor").await;
    let json = maya.get("/reports/production-pci.json").await.body;
    let report: Value = serde_json::from_str(&json).unwrap();
    let rows = report["rows"].as_array().unwrap();
    let orphans: Vec<&Value> = rows.iter().filter(|row| row["orphaned"] == true).collect();
    let of_group = orphans
        .iter()
        .filter(|row| row["person_id"].as_str() == Some(&*gone))
        .count();
    assert_eq!((orphans.len(), of_group), (expected, of_groups), "{json}");
    assert_eq!(report["row_count"].as_u64().unwrap(), rows.len() as u64);
    let text = maya.get("/reports/production-pci.csv").await.body;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let column = reader
        .headers()
        .unwrap()
        .iter()
        .position(|one| one == "orphaned")
        .unwrap();
    assert_eq!(
        reader
            .records()
            .filter(|row| &row.as_ref().unwrap()[column] == "yes")
            .count(),
        expected
    );
    let page = maya.get("/reports/production-pci").await.body;
    assert_eq!(
        page.matches("Orphaned user").count() + page.matches("Orphaned group").count(),
        expected,
        "{page}"
    );
    let found = maya
        .get(&format!("/reports/production-pci?q={gone}"))
        .await
        .body;
    assert!(
        found.contains("Orphaned group"),
        "a search finds them: {found}"
    );
    let home = maya.get("/").await.body;
    assert!(
        home.contains(&format!("{expected} orphaned assignments")),
        "{home}"
    );
    assert!(
        home.contains("disabled"),
        "disabled people are counted apart: {home}"
    );
    site.close().await;
}

/// The sample with an assignment of the contractors to an account that is not in the organization.
fn with_departed() -> Organisation {
    let mut sample = Organisation::sample();
    let mut groups = sample.groups.iter();
    let group = groups
        .find(|group| &*group.display_name == "contractors")
        .unwrap();
    let gone = Assignment {
        account: DEPARTED.into(),
        permission_set: sample.assignments[0].permission_set.clone(),
        principal_type: PrincipalType::Group,
        principal_id: group.id.clone(),
    };
    sample.assignments.push(gone);
    sample
}

const DEPARTED: &str = "999988887777";

async fn an_account_that_left_the_organization_has_a_page_and_holds_up_nothing(
    engine: DatabaseEngine,
) {
    let site = Site::on(engine, with_departed()).await;
    let coverage = site
        .app_state
        .read_model()
        .snapshot
        .parts()
        .coverage
        .clone();
    assert!(
        coverage.unread.is_empty() && coverage.complete_at.is_some(),
        "{coverage:?}"
    );
    let mut maya = site.signed_in("maya.okafor").await;
    let page = maya.get(&format!("/accounts/{DEPARTED}")).await;
    assert_eq!(page.status.as_u16(), 200, "{}", page.body);
    assert!(
        page.body.contains("Not in the organization"),
        "{}",
        page.body
    );
    let none = maya.get("/accounts/111100002222").await;
    assert_eq!(none.status.as_u16(), 404, "an account that nothing names");
    site.close().await;
}

async fn a_group_of_an_account_that_left_the_organization_gets_its_new_member(
    engine: DatabaseEngine,
) {
    let mut company = Company::crawled_of(engine, with_departed()).await;
    // In this account AWS lists the pairs of a group.
    company.in_management().await;
    let join = ChangeForm {
        kind: "join".into(),
        who: "peter.lang".into(),
        set: "contractors".into(),
        ..ChangeForm::default()
    };
    let _life = company.engine();
    let _crawler = company.crawler();
    let change = company.ask("maya.okafor", &join).await;
    if company.state(&change).await == State::Waiting {
        company.approve("ines.carvalho", &change).await.unwrap();
    }
    assert_eq!(company.end_of(&change).await, State::Verified);
    company.app_state.store.close().await;
}

async fn an_active_account_whose_assignments_are_not_found_is_not_read(engine: DatabaseEngine) {
    let company = Company::on(engine).await;
    company
        .faults(json!([{ "operation": "ListAccountAssignments", "account_id": company.account("cards-prod").as_str(), "kind": "not_found" }]))
        .await;
    let before = observed(company.app_state.read_model().snapshot.parts());
    company.app_state.clock.advance(Duration::minutes(1));
    let report = company.sync().await;
    assert!(
        !report.complete,
        "an active account is not harmless because AWS does not find it"
    );
    assert_eq!(
        before,
        observed(company.app_state.read_model().snapshot.parts())
    );
    company.close().await;
}

async fn a_closed_account_shows_its_state_wherever_it_is_named(engine: DatabaseEngine) {
    let mut sample = Organisation::sample();
    let account = sample
        .accounts
        .iter_mut()
        .find(|one| &*one.name == "cards-prod")
        .unwrap();
    account.state = AccountState::Closed;
    let id = account.id.clone();
    let site = Site::on(engine, sample).await;
    let mut maya = site.signed_in("maya.okafor").await;
    for path in [
        &format!("/accounts/{id}"),
        "/accounts",
        "/reports/production-pci",
        "/",
    ] {
        let page = maya.get(path).await.body;
        assert!(
            page.contains(">Closed<") || page.contains("Closed</span>"),
            "{path}: {page}"
        );
    }
    let json = maya.get("/reports/production-pci.json").await.body;
    let report: Value = serde_json::from_str(&json).unwrap();
    let rows = report["rows"].as_array().unwrap().iter();
    let states: BTreeSet<&str> = rows
        .filter(|row| row["account_id"].as_str() == Some(&*id))
        .map(|row| row["account_state"].as_str().unwrap())
        .collect();
    assert_eq!(states, BTreeSet::from(["CLOSED"]));
    site.close().await;
}

async fn a_database_of_another_instance_is_not_emptied(engine: DatabaseEngine) {
    let company = Company::on(engine).await;
    let mut other = Organisation::sample();
    let (old, new) = ("ssoins-6804a1f0c27d93be", "ssoins-0000111122223333");
    other.instance_arn = other.instance_arn.replace(old, new).into();
    other.permission_sets.clear();
    other.assignments.clear();
    other.provisioned_roles.clear();
    let company = company.reopened(other).await;
    let before = observed(company.app_state.read_model().snapshot.parts());
    let refused =
        server::engine::sync::once(&company.app_state, &std::sync::Arc::default(), None).await;
    let refused = refused
        .expect_err("a crawl of another instance")
        .to_string();
    assert!(refused.contains(old) && refused.contains(new), "{refused}");
    assert_eq!(
        before,
        observed(company.app_state.read_model().snapshot.parts())
    );
    company.app_state.store.close().await;
}

async fn a_user_without_a_name_is_shown_by_the_id(engine: DatabaseEngine) {
    let mut sample = Organisation::sample();
    let user = sample
        .users
        .iter_mut()
        .find(|user| &*user.user_name == "daniel.weiss")
        .unwrap();
    user.display_name = Some("".into());
    user.user_name = "".into();
    let user = user.id.clone();
    let group = sample
        .groups
        .iter_mut()
        .find(|group| &*group.display_name == "cards-engineers")
        .unwrap();
    group.display_name = "".into();
    let group = group.id.clone();
    let site = Site::on(engine, sample).await;
    let mut maya = site.signed_in("maya.okafor").await;
    for (path, id) in [
        (format!("/people/{user}"), &user),
        (format!("/groups/{group}"), &group),
    ] {
        let page = maya.get(&path).await.body;
        assert!(
            page.contains(&format!(">{id}</bdi></h1>")),
            "{path}: {page}"
        );
    }
    site.close().await;
}

/// Instances of the account in which Leastwise runs come first, on several pages, and none of them is chosen.
#[tokio::test]
async fn the_instance_is_chosen_by_owner_and_status_over_all_pages() {
    let mut sample = Organisation::sample();
    let own = sample.delegated_admin_account.clone();
    let statuses = [
        InstanceStatus::Active,
        InstanceStatus::CreateInProgress,
        InstanceStatus::CreateFailed,
        InstanceStatus::DeleteInProgress,
    ];
    for number in 0..130 {
        sample.account_instances.push(AccountInstance {
            arn: format!("arn:aws:sso:::instance/ssoins-{number:016}").into(),
            identity_store_id: format!("d-{number:010}").into(),
            owner: own.clone(),
            status: statuses[number % 4],
        });
    }
    let aws = local(sample.clone()).start().await.unwrap();
    let client = server::aws::Aws::connect(&access_to(&aws)).await;
    let chosen = client.instance().await.unwrap();
    assert_eq!(chosen.arn.as_str(), &*sample.instance_arn);

    for (status, word) in [
        (InstanceStatus::CreateInProgress, "being created"),
        (InstanceStatus::CreateFailed, "could not be created"),
        (InstanceStatus::DeleteInProgress, "being deleted"),
    ] {
        sample.instance_status = status;
        sample.account_instances.truncate(1);
        let aws = local(sample.clone()).start().await.unwrap();
        let client = server::aws::Aws::connect(&access_to(&aws)).await;
        let refused = client.instance().await.unwrap_err().to_string();
        assert!(
            refused.contains(&*sample.instance_arn) && refused.contains(word),
            "{refused}"
        );
        assert!(refused.contains("account instance"), "{refused}");
    }
}

#[tokio::test]
async fn without_an_instance_the_error_names_the_region() {
    let aws = local(Organisation::sample()).start().await.unwrap();
    inject(
        &aws,
        json!([{ "operation": "ListInstances", "kind": "empty_list" }]),
    )
    .await;
    let client = server::aws::Aws::connect(&access_to(&aws)).await;
    let refused = client.instance().await.unwrap_err().to_string();
    assert!(refused.contains("eu-west-1"), "{refused}");
}
