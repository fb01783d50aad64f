//! The crawl: our state equals the state of AWS, failed reads delete nothing, drift is
//! recorded, and every first-seen time is correct.

use std::collections::{BTreeMap, BTreeSet};

use app::backend::{ChangeForm, ReportChoice, ReportPort as _};
use domain::{
    change::State,
    classification::{Environment, Pci, Source},
    drift::Drift,
    ids::{Assignment, Pair, Principal},
    snapshot::{Gap, Parts, Provisioned},
    time::{Duration, Timestamp},
};
use sandbox::org::Organisation;
use serde_json::json;
use server::store;
use sqlx::Row as _;

use super::sandbox_server::{Company, START, grant, permitted};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    whatever_one_operation_is_denied_nothing_known_is_lost_or_loosened,
    a_classification_tightens_at_once_and_waits_where_it_would_loosen,
    what_we_hold_is_what_aws_holds,
    &Company:
    orphans_and_sets_that_were_edited_and_not_provisioned_are_found,
    a_restart_holds_what_the_crawl_held,
    a_crawl_that_breaks_on_some_accounts_deletes_nothing_there_and_says_so,
    what_is_done_outside_is_on_record_and_what_we_do_is_not,
    every_first_sight_and_last_confirmation_is_right_after_three_crawls,
    a_member_that_we_added_was_not_seen_before_we_added_them,
}

type Row = (String, String, String, String);

fn assignments(parts: &Parts) -> BTreeSet<Row> {
    let rows = parts.pairs.iter().flat_map(|(pair, read)| {
        let (account, set) = (pair.account.to_string(), pair.set.to_string());
        let row = move |who: &Principal| {
            (
                account.clone(),
                set.clone(),
                who.kind().to_owned(),
                who.id().to_owned(),
            )
        };
        read.principals.keys().map(row)
    });
    rows.collect()
}

fn assignments_of(held: &Organisation) -> BTreeSet<Row> {
    let row = |one: &sandbox::org::Assignment| {
        let kind = one.principal_type.as_str().to_owned();
        (
            one.account.to_string(),
            one.permission_set.to_string(),
            kind,
            one.principal_id.to_string(),
        )
    };
    held.assignments.iter().map(row).collect()
}

fn texts<T: ToString>(all: impl IntoIterator<Item = T>) -> BTreeSet<String> {
    all.into_iter().map(|one| one.to_string()).collect()
}

async fn what_we_hold_is_what_aws_holds(engine: DatabaseEngine) {
    let company = Company::crawled(engine).await;
    let held = company.held_by_aws().await;
    let read_model = company.app_state.read_model();
    let parts = read_model.snapshot.parts();
    assert!(
        held.assignments.len() > 60,
        "otherwise the sample tests nothing"
    );
    assert_eq!(assignments(parts), assignments_of(&held));
    assert_eq!(
        texts(parts.accounts.keys()),
        texts(held.accounts.iter().map(|one| &one.id))
    );
    assert_eq!(
        texts(parts.users.keys()),
        texts(held.users.iter().map(|one| &one.id))
    );
    assert_eq!(
        texts(parts.groups.keys()),
        texts(held.groups.iter().map(|one| &one.id))
    );
    assert_eq!(
        texts(parts.units.keys()),
        texts(held.units.iter().map(|one| &one.id).chain([&held.root_id]))
    );
    let ours = parts
        .members
        .iter()
        .flat_map(|(group, users)| users.iter().map(move |user| format!("{group} {user}")));
    let theirs = held
        .memberships
        .iter()
        .map(|one| format!("{} {}", one.group, one.user));
    assert_eq!(texts(ours), texts(theirs));
    for set in &held.permission_sets {
        let ours = parts
            .sets
            .values()
            .find(|one| one.arn.as_str() == &*set.arn)
            .unwrap();
        assert_eq!(ours.name, set.name);
        assert_eq!(
            texts(&ours.content.managed),
            texts(&set.managed_policies),
            "{}",
            set.name
        );
        assert_eq!(ours.content.inline, set.inline_policy, "{}", set.name);
        assert_eq!(
            ours.content.customer.len(),
            set.customer_policies.len(),
            "{}",
            set.name
        );
    }
    assert_eq!(parts.sets.len(), held.permission_sets.len());
    assert_eq!(parts.coverage.complete_at, Some(START));
    company.close().await;
}

async fn orphans_and_sets_that_were_edited_and_not_provisioned_are_found(company: &Company) {
    let held = company.held_by_aws().await;
    let known: BTreeSet<_> = held
        .users
        .iter()
        .map(|one| &one.id)
        .chain(held.groups.iter().map(|one| &one.id))
        .collect();
    let gone = held
        .assignments
        .iter()
        .filter(|one| !known.contains(&one.principal_id))
        .count();
    let report = company.sync().await;
    assert_eq!((report.orphans.known(), gone), (Some(1), 1));

    let read_model = company.app_state.read_model();
    let pairs = read_model.snapshot.parts().pairs.iter();
    let outdated: BTreeSet<&Pair> = pairs
        .filter(|(_, read)| read.provisioned == Provisioned::Outdated)
        .map(|(pair, _)| pair)
        .collect();
    let expected = ["cards-prod", "ledger-prod", "web-prod"]
        .map(|account| company.pair("DatabaseOperator", account));
    assert_eq!(outdated, expected.iter().collect());
}

async fn a_restart_holds_what_the_crawl_held(company: &Company) {
    let after_restart = company.another_core().await;
    server::service::stored_state::restore(&after_restart)
        .await
        .unwrap();
    let (before, after) = (company.app_state.read_model(), after_restart.read_model());
    let (before, after) = (before.snapshot.parts(), after.snapshot.parts());
    // The source of a classification may differ until the next crawl; the classification may not.
    let classes = |parts: &Parts| -> Vec<_> {
        parts
            .accounts
            .values()
            .map(|(account, class)| (account.clone(), class.strictness()))
            .collect()
    };
    assert_eq!(classes(before), classes(after));
    assert_eq!(before.users, after.users);
    assert_eq!(before.groups, after.groups);
    let filled = |parts: &Parts| -> BTreeMap<_, _> {
        let members = parts.members.clone();
        let filled = members.iter().filter(|(_, users)| !users.is_empty());
        filled
            .map(|(group, users)| (group.clone(), users.clone()))
            .collect()
    };
    assert_eq!(filled(before), filled(after));
    assert_eq!(before.members_as_of, after.members_as_of);
    assert_eq!(before.sets, after.sets);
    assert_eq!(before.pairs, after.pairs);
    assert_eq!(before.persons, after.persons);
    assert_eq!(before.units, after.units);
}

async fn a_crawl_that_breaks_on_some_accounts_deletes_nothing_there_and_says_so(company: &Company) {
    let (denied, read) = (company.account("cards-prod"), company.account("web-prod"));
    let hidden = company.of_group("support-desk", "SupportMetrics", "cards-prod");
    let seen = company.of_group("support-desk", "SupportMetrics", "web-prod");
    company.unassign_outside(&hidden).await;
    company.unassign_outside(&seen).await;
    company.faults(json!([
        { "operation": "ListAccountAssignments", "account_id": denied.as_str(), "kind": "access_denied" },
        { "operation": "ListAccountAssignments", "account_id": company.account("tokens-prod").as_str(), "kind": "internal" },
    ]))
    .await;
    let before = company.app_state.read_model();
    let complete_at = before.snapshot.parts().coverage.complete_at;
    company.app_state.clock.advance(Duration::minutes(10));
    let report = company.sync().await;

    let read_model = company.app_state.read_model();
    let of = |read_model: &server::service::app_state::ReadModel,
              account|
     -> Vec<(Pair, domain::snapshot::PairRead)> {
        read_model
            .snapshot
            .pairs_in(account)
            .map(|(pair, read)| (pair.clone(), read.clone()))
            .collect()
    };
    // The last assignment of a pair also removed the role: the list of accounts shows it, and could be read.
    let kept = of(&before, &denied)
        .into_iter()
        .filter(|(pair, _)| *pair != hidden.pair)
        .collect::<Vec<_>>();
    let now = of(&read_model, &denied)
        .into_iter()
        .filter(|(pair, _)| *pair != hidden.pair)
        .collect::<Vec<_>>();
    assert!(kept.len() > 3);
    assert_eq!(kept, now, "unchanged, with the older time");
    assert!(
        !of(&read_model, &read)
            .iter()
            .any(|(pair, _)| *pair == seen.pair),
        "the part that could be read was removed"
    );
    assert!(!report.complete);
    assert_eq!(
        read_model.snapshot.parts().coverage.complete_at,
        complete_at
    );
    let unread = &read_model.snapshot.parts().coverage.unread;
    let of_account = |account: &domain::ids::AccountId| {
        unread
            .iter()
            .filter(|one| matches!(&one.what, Gap::AssignmentsOf(pair) if pair.account == *account))
            .count()
    };
    assert_eq!(of_account(&denied), kept.len(), "{unread:?}");
    assert!(
        of_account(&company.account("tokens-prod")) > 0,
        "{unread:?}"
    );
    assert_eq!(of_account(&read), 0, "{unread:?}");
    assert!(
        unread.iter().any(|one| one.why == "AccessDeniedException"),
        "{unread:?}"
    );

    // The report shows it as well.
    let auditor = company.as_("maya.okafor").await;
    let told = auditor
        .access_report(&ReportChoice::default())
        .await
        .unwrap()
        .head
        .freshness;
    assert!(
        told.unread
            .iter()
            .any(|line| line.contains(denied.as_str())),
        "{:?}",
        told.unread
    );

    company.faults(json!([])).await;
    company.app_state.clock.advance(Duration::minutes(10));
    let report = company.sync().await;
    assert!(report.complete, "{:?}", report.unread);
    assert_eq!(
        assignments(company.app_state.read_model().snapshot.parts()),
        assignments_of(&company.held_by_aws().await)
    );
}

/// Denies each operation of a crawl in turn: nothing is lost in any case.
async fn whatever_one_operation_is_denied_nothing_known_is_lost_or_loosened(
    engine: DatabaseEngine,
) {
    let company = Company::crawled(engine).await;
    let calls = company.calls_since(0).await;
    let operations: BTreeSet<(String, String)> = calls
        .into_iter()
        .map(|call| (call.service, call.operation))
        // The instance is chosen at the start.
        .filter(|one| !["ListInstances", "DescribeInstance"].contains(&one.1.as_str()))
        .collect();
    assert!(operations.len() > 12, "{operations:?}");
    let before = company.app_state.read_model();
    let before = before.snapshot.parts();
    for (service, operation) in operations {
        company
            .faults(
                json!([{ "service": service, "operation": operation, "kind": "access_denied" }]),
            )
            .await;
        company.app_state.clock.advance(Duration::minutes(1));
        let report = company.sync().await;
        let read_model = company.app_state.read_model();
        let after = read_model.snapshot.parts();
        assert!(
            !report.complete,
            "{operation}: a crawl without it is not complete"
        );
        assert_eq!(assignments(before), assignments(after), "{operation}");
        assert_eq!(before.accounts, after.accounts, "{operation}");
        assert_eq!(before.sets, after.sets, "{operation}");
        assert_eq!(before.users, after.users, "{operation}");
        assert_eq!(before.groups, after.groups, "{operation}");
        assert_eq!(before.members, after.members, "{operation}");
        assert_eq!(report.drift, 0, "{operation}: nothing changed");
    }
    company.close().await;
}

async fn what_is_done_outside_is_on_record_and_what_we_do_is_not(company: &Company) {
    let _life = company.engine();
    let ours = company
        .ask(
            "maya.okafor",
            &grant(
                "contractors",
                "LedgerDataReader",
                "analytics-dev",
                "standing",
            ),
        )
        .await;
    assert_eq!(company.end_of(&ours).await, State::Verified);
    let joined = ChangeForm {
        kind: "join".into(),
        who: "peter.lang".into(),
        set: "contractors".into(),
        ..ChangeForm::default()
    };
    let joined = company.ask("maya.okafor", &joined).await;
    let state = company.state(&joined).await;
    if state == State::Waiting {
        company.approve("ines.carvalho", &joined).await.unwrap();
    }
    {
        let _crawler = company.crawler();
        assert_eq!(company.end_of(&joined).await, State::Verified);
    }
    company.app_state.clock.advance(Duration::minutes(1));
    assert_eq!(
        company.sync().await.drift,
        0,
        "our own writes are not drift"
    );

    let theirs = company.of_group("contractors", "ReadOnly", "merchant-portal-staging");
    company.assign_outside(&theirs).await;
    let (group, user) = (
        company.group("incident-responders"),
        company.user("owen.price"),
    );
    company
        .outside
        .add_member(&company.app_state.instance, &group, &user, &permitted())
        .await
        .unwrap();
    let removed = company.of_group("support-desk", "SupportMetrics", "web-prod");
    company.unassign_outside(&removed).await;
    company.app_state.clock.advance(Duration::minutes(1));
    assert_eq!(company.sync().await.drift, 3);

    let expected = BTreeSet::from([
        Drift::Assigned {
            assignment: theirs.clone(),
        },
        Drift::Unassigned {
            assignment: removed,
        },
        Drift::Joined { group, user },
    ]);
    let (seen, total) = {
        let mut conn = company.app_state.store.connection().await.unwrap();
        store::crawl::drift_events(&mut conn, 100).await.unwrap()
    };
    assert_eq!(
        (
            seen.into_iter()
                .map(|one| one.drift)
                .collect::<BTreeSet<_>>(),
            total
        ),
        (expected, 3)
    );
    let entries = company.entries("outside.seen").await;
    assert_eq!(entries.len(), 3, "{entries:?}");
    let account = theirs.pair.account.to_string();
    assert!(
        entries
            .iter()
            .any(|entry| entry.to_string().contains(&account)),
        "{entries:?}"
    );

    company.app_state.clock.advance(Duration::minutes(1));
    assert_eq!(company.sync().await.drift, 0, "recorded once");
}

/// Returns first seen, last confirmed and gone seen of every span of an assignment, oldest first.
async fn spans(company: &Company, what: &Assignment) -> Vec<(i64, i64, Option<i64>)> {
    let rows = sqlx::query(
        "select first_seen, last_confirmed, gone_seen from assignment_span where account_id = $1 \
         and set_arn = $2 and principal_id = $3 order by first_seen",
    )
    .bind(what.pair.account.as_str())
    .bind(what.pair.set.as_str())
    .bind(what.principal.id())
    .fetch_all(company.app_state.store.read())
    .await
    .unwrap();
    rows.iter()
        .map(|row| (row.get(0), row.get(1), row.get(2)))
        .collect()
}

async fn member_spans(company: &Company, group: &str, user: &str) -> Vec<(i64, i64, Option<i64>)> {
    let rows = sqlx::query(
        "select first_seen, last_confirmed, gone_seen from membership_span where group_id = $1 \
         and user_id = $2 order by first_seen",
    )
    .bind(company.group(group).as_str())
    .bind(company.user(user).as_str())
    .fetch_all(company.app_state.store.read())
    .await
    .unwrap();
    rows.iter()
        .map(|row| (row.get(0), row.get(1), row.get(2)))
        .collect()
}

/// Returns when a pair was last read, according to the database.
async fn read_at(company: &Company, pair: &Pair) -> Option<i64> {
    let row = sqlx::query("select as_of from pair_read where account_id = $1 and set_arn = $2")
        .bind(pair.account.as_str())
        .bind(pair.set.as_str())
        .fetch_optional(company.app_state.store.read())
        .await
        .unwrap();
    row.map(|row| row.get(0))
}

async fn every_first_sight_and_last_confirmation_is_right_after_three_crawls(company: &Company) {
    let stays = company.of_group("contractors", "ReadOnly", "web-dev");
    // One that is alone in its pair, and one of several in its pair.
    let goes = company.of_group("data-analysts", "PowerUser", "analytics-dev");
    let beside = company.of_group("platform-admins", "ReadOnly", "log-archive");
    let comes = company.of_group("contractors", "ReadOnly", "analytics-dev");
    let (group, user) = (company.group("contractors"), company.user("peter.lang"));
    let instance = company.app_state.instance.clone();
    let first = START.0;

    company.assign_outside(&comes).await;
    company
        .outside
        .add_member(&instance, &group, &user, &permitted())
        .await
        .unwrap();
    let second = at(company, 10).await;
    company.sync().await;

    company.unassign_outside(&comes).await;
    company.unassign_outside(&goes).await;
    company.unassign_outside(&beside).await;
    company
        .outside
        .remove_member(&instance, &group, &user, &permitted())
        .await
        .unwrap();
    let third = at(company, 20).await;
    company.sync().await;

    assert_eq!(spans(company, &stays).await, [(first, first, None)]);
    assert_eq!(
        read_at(company, &stays.pair).await,
        Some(third),
        "an open span is confirmed by its pair"
    );
    assert_eq!(
        spans(company, &comes).await,
        [(second, second, Some(third))]
    );
    assert_eq!(spans(company, &goes).await, [(first, second, Some(third))]);
    assert_eq!(
        spans(company, &beside).await,
        [(first, second, Some(third))]
    );
    assert_eq!(
        member_spans(company, "contractors", "peter.lang").await,
        [(second, second, Some(third))]
    );
    assert_eq!(
        member_spans(company, "contractors", "anton.berg").await,
        [(first, first, None)]
    );

    company.assign_outside(&comes).await;
    let fourth = at(company, 30).await;
    company.sync().await;
    assert_eq!(
        spans(company, &comes).await,
        [(second, second, Some(third)), (fourth, fourth, None)]
    );
    let held = company.app_state.read_model();
    let since = held.snapshot.pair(&comes.pair).unwrap().principals[&comes.principal];
    assert_eq!(
        since,
        Timestamp(fourth),
        "a page shows the start of the uninterrupted span"
    );
}

/// Sets the clock to some minutes after the start; waiting for AWS has moved it by less.
async fn at(company: &Company, minutes: i64) -> i64 {
    let target = START + Duration::minutes(minutes);
    let left = target.since(company.app_state.clock.now());
    assert!(left.0 > 0, "AWS took too long for this test");
    company.app_state.clock.advance(left);
    target.0
}

async fn a_member_that_we_added_was_not_seen_before_we_added_them(company: &Company) {
    let _life = company.engine();
    company.app_state.clock.advance(Duration::minutes(10));
    let asked = company.app_state.clock.now().0;
    let change_form = |kind: &str| ChangeForm {
        kind: kind.into(),
        who: "peter.lang".into(),
        set: "contractors".into(),
        ..ChangeForm::default()
    };
    let joined = company.ask("maya.okafor", &change_form("join")).await;
    if company.state(&joined).await == State::Waiting {
        company.approve("ines.carvalho", &joined).await.unwrap();
    }
    {
        // Only a crawl shows where a group is assigned.
        let _crawler = company.crawler();
        assert_eq!(company.end_of(&joined).await, State::Verified);
    }
    let [(first, _, None)] = member_spans(company, "contractors", "peter.lang").await[..] else {
        panic!("one open span")
    };
    assert!(
        first >= asked,
        "first seen {} ms before the request",
        asked - first
    );

    let (group, user) = (company.group("contractors"), company.user("peter.lang"));
    company
        .until("pages show the membership", || async {
            let read_model = company.app_state.read_model();
            read_model
                .snapshot
                .members(&group)
                .any(|member| *member == user)
        })
        .await;
    company.app_state.clock.advance(Duration::minutes(10));
    let asked = company.app_state.clock.now().0;
    let left = company.ask("maya.okafor", &change_form("leave")).await;
    assert_eq!(company.end_of(&left).await, State::Verified);
    let [(_, _, Some(gone))] = member_spans(company, "contractors", "peter.lang").await[..] else {
        panic!("one closed span")
    };
    assert!(gone >= asked, "gone {} ms before the request", asked - gone);
}

async fn a_classification_tightens_at_once_and_waits_where_it_would_loosen(engine: DatabaseEngine) {
    let company = Company::on(engine).await;
    let mut changed = Organisation::sample();
    for account in &mut changed.accounts {
        let tags: &[(&str, &str)] = match &*account.name {
            "web-dev" => &[("environment", "production"), ("pci", "in")],
            "cards-prod" => &[("environment", "development"), ("pci", "out")],
            "web-prod" => &[],
            _ => continue,
        };
        if &*account.name == "cards-prod" {
            // Its OU names production PCI, which counts whatever the tags say.
            account.parent = "ou-hb01-data000000".into();
        }
        account.tags = tags
            .iter()
            .map(|(key, value)| ((*key).into(), (*value).into()))
            .collect();
    }
    let company = company.reopened(changed).await;
    company.sync().await;
    let class = |name: &str| {
        let read_model = company.app_state.read_model();
        read_model
            .snapshot
            .account(&company.account(name))
            .unwrap()
            .1
    };
    let tightened = class("web-dev");
    assert_eq!(tightened.strictness(), (Environment::Production, Pci::In));
    assert!(tightened.waiting.is_none() && tightened.counts_as_production_pci());
    let held = class("cards-prod");
    assert_eq!(held.strictness(), (Environment::Production, Pci::In));
    assert_eq!(held.waiting, Some((Environment::Development, Pci::Out)));
    assert_eq!(
        (held.environment_source, held.pci_source),
        (Source::Record, Source::Record)
    );
    // Without tags, the OUs decide: still production, still outside PCI.
    assert_eq!(
        class("web-prod").strictness(),
        (Environment::Production, Pci::Out)
    );

    // The less strict classification of AWS is not adopted, however often it is read, even after a restart.
    let company = company
        .reopened({
            let mut again = Organisation::sample();
            let account = again
                .accounts
                .iter_mut()
                .find(|one| &*one.name == "cards-prod")
                .unwrap();
            account.tags = [("environment".into(), "sandbox".into())].into();
            again
        })
        .await;
    company.sync().await;
    let read_model = company.app_state.read_model();
    let of = |name: &str| {
        read_model
            .snapshot
            .account(&company.account(name))
            .unwrap()
            .1
    };
    assert_eq!(
        of("cards-prod").strictness(),
        (Environment::Production, Pci::In)
    );
    assert_eq!(
        of("web-dev").strictness(),
        (Environment::Production, Pci::In),
        "a reverted tag also waits for confirmation"
    );
    assert_eq!(
        of("web-dev").waiting,
        Some((Environment::Development, Pci::Out))
    );
    company.close().await;
}
