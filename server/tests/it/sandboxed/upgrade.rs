//! What the versions before this one left is served by this one: temporary access that is under way ends, a waiting change
//! can be approved, an approved one starts, and the ledger is valid. The fixtures are never edited.

use std::{
    fs,
    path::{Path, PathBuf},
};

use app::backend::{
    ChangesPort as _, DecisionInput, DecisionPort as _, Denied, LedgerComparison, PortResult,
};
use app::lists::ListChoice;
use domain::{
    approval::{Decision, Mfa},
    authorize::{Actor, IdentityState, Role},
    change::State,
    ids::{ChangeId, PersonId},
    person::Subject,
    time::{Duration, Timestamp},
};
use serde::Deserialize;
use server::{
    engine::{
        declarations,
        seal::{Adoption, Fault, SignedPart},
    },
    service::{Service, caller::CallingPerson, journal::HostAgreement},
    store::person,
};

use super::sandbox_server::Company;
use crate::{
    callers::InBrowser,
    database::{Database, DatabaseEngine, row_keys},
};

crate::engines::on_both_engines! {
    what_an_earlier_version_left_is_carried_on,
}

/// The changes of a fixture.
#[derive(Debug, Deserialize)]
struct Left {
    finished: ChangeId,
    /// Temporary access of one hour, under way.
    window: ChangeId,
    /// It has one of two approvals.
    waiting: ChangeId,
    /// It did not start before the process ended.
    approved: ChangeId,
}

/// The fixtures, oldest first.
fn versions() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures/upgrade");
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = paths.filter(|path| path.is_dir()).collect();
    folders.sort();
    assert!(!folders.is_empty());
    folders
}

/// Opens what a version left, a minute after its last entry.
async fn left_by(engine: DatabaseEngine, folder: &Path) -> (Company, Left) {
    let dump = fs::read_to_string(folder.join("database.sql")).unwrap();
    let database = Database::upgraded(engine, &dump).await;
    let keys = database.folder().join("keys");
    fs::create_dir(&keys).unwrap();
    for key in fs::read_dir(folder.join("keys")).unwrap() {
        let key = key.unwrap();
        fs::copy(key.path(), keys.join(key.file_name())).unwrap();
    }
    let (last,): (i64,) = sqlx::query_as("select max(occurred_at) from ledger_entry")
        .fetch_one(database.store.read())
        .await
        .unwrap();
    let at = Timestamp(last) + Duration::minutes(1);
    let aws = folder.join("aws.json");
    let company = Company::left_by(database, &aws, "leastwise/sandbox", at).await;
    adopted(&company, &keys).await;
    server::service::stored_state::restore(&company.app_state)
        .await
        .unwrap();
    let changes = fs::read_to_string(folder.join("changes.json")).unwrap();
    (company, serde_json::from_str(&changes).unwrap())
}

/// Gives the entries MACs, also those that the earlier version had not signed when it was killed.
async fn adopted(company: &Company, keys: &Path) {
    let (store, journal) = (&company.app_state.store, &company.app_state.journal);
    let at = company.app_state.clock.now();
    let signed = SignedPart::read(store, journal.log(), keys).await.unwrap();
    let refused = Adoption::of_earlier_version(store, journal, signed.newest).await;
    assert!(matches!(refused, Err(Fault::NotProven { count: 3, .. })));
    let begun = Adoption::with_row_key(store, journal, &row_keys(), signed.newest, at).await;
    let [proposed_by, confirmed_by] = [1, 2]
        .map(|n| PersonId::parse(&format!("0190c0de-0000-7000-8000-00000000000{n}")).unwrap());
    let agreement = HostAgreement {
        proposed_by,
        confirmed_by,
        reason: "it was killed".into(),
    };
    begun
        .unwrap()
        .unwrap()
        .accepted_by(&agreement)
        .await
        .unwrap();
}

/// A person, signed in as the earlier version knew them.
async fn signed_in(company: &Company, name: &str) -> Service {
    let state = company.held_by_aws().await;
    let pool = &state.pool;
    let read_model = company.app_state.read_model();
    let user = company.user(name);
    let known = read_model.snapshot.person(&user).unwrap().clone();
    let granted = person::roles_of(
        &mut company.app_state.store.connection().await.unwrap(),
        &known,
    )
    .await
    .unwrap();
    let approver = granted.iter().find(|grant| grant.role == Role::Approver);
    let calling = CallingPerson {
        actor: Actor {
            person: Some(known.clone()),
            roles: granted.iter().map(|grant| grant.role).collect(),
            approver_since: approver.map(|grant| grant.granted_at),
            mfa: Mfa::Proven,
            identity: IdentityState::Active,
        },
        person: known,
        user: Some(user),
        subject: Subject {
            iss: format!(
                "https://cognito-idp.{}.amazonaws.com/{}",
                pool.region, pool.id
            ),
            sub: pool.user(name).unwrap().sub.clone(),
        },
        name: name.into(),
        self_reported: None,
    };
    let signed = InBrowser {
        calling,
        authenticated_at: company.app_state.clock.now(),
    };
    Service::new(company.app_state.clone(), signed.caller())
}

/// Approves what the page shows, once more if the change has to be reviewed again: if the policies of this version are
/// others, approvals by earlier ones are void.
async fn approve(company: &Company, name: &str, id: &ChangeId) {
    match decide(company, name, id).await {
        Err(Denied::Conflict(_)) => decide(company, name, id).await.unwrap(),
        decided => decided.unwrap(),
    }
}

/// Approves what the page shows.
async fn decide(company: &Company, name: &str, id: &ChangeId) -> PortResult<()> {
    let service = signed_in(company, name).await;
    let effect = service.change(id).await.unwrap().preview.effect.0;
    let input = DecisionInput {
        decision: Decision::Approve,
        reason: "looks right to me".into(),
        effect,
    };
    service.decide(id, input).await
}

async fn what_an_earlier_version_left_is_carried_on(engine: DatabaseEngine) {
    for folder in versions() {
        let (company, left) = left_by(engine, &folder).await;
        let maya = signed_in(&company, "maya.okafor").await;
        let listed = maya.changes(&ListChoice::default()).await.unwrap();
        for row in &listed.rows {
            assert_eq!(row.ledger, LedgerComparison::Matches, "{row:?}");
        }
        for (id, state) in [
            (&left.finished, State::Verified),
            (&left.window, State::Verified),
            (&left.waiting, State::Waiting),
            (&left.approved, State::Approved),
        ] {
            assert!(listed.rows.iter().any(|row| row.id == *id));
            let view = maya.change(id).await.unwrap();
            assert_eq!((view.row.state, &view.mismatch), (state, &None));
        }
        assert_eq!(
            company.stored(&left.waiting).await.change.approvals.len(),
            1
        );

        let what = company.of_group("contractors", "ReadOnly", "engineering-sandbox");
        assert!(company.holds(&what).await, "the window is under way");
        let life = company.engine();
        // It needed no approval under the earlier policies. ReadOnlyAccess returns credentials, so now it needs one.
        company
            .until("the change goes back to waiting", || async {
                company.state(&left.approved).await == State::Waiting
            })
            .await;
        approve(&company, "ines.carvalho", &left.approved).await;
        assert_eq!(company.end_of(&left.approved).await, State::Verified);
        let next = company.of_group("support-desk", "ReadOnly", "engineering-sandbox");
        assert!(company.holds(&next).await);

        // SupportMetrics of the earlier version reads alarms, which are settings: standing access to production PCI needs a
        // date of its review, which a change of the earlier version does not have.
        let refused = decide(&company, "kwame.boateng", &left.waiting).await;
        let Err(Denied::Conflict(why)) = refused else {
            panic!("{refused:?}")
        };
        assert!(why.contains("blocked by policy"), "{why}");
        let agreed = company.of_group("support-desk", "SupportMetrics", "tokens-prod");
        assert!(!company.holds(&agreed).await);
        assert!(company.holds(&what).await, "its hour is not over");

        company.app_state.clock.advance(Duration::hours(1));
        company
            .until("the temporary access is removed", || async {
                !company.holds(&what).await
            })
            .await;
        company
            .until("the removal is recorded", || async {
                !company.entries("grant.ended").await.is_empty()
            })
            .await;
        let granted = company.of_group("contractors", "ReadOnly", "analytics-dev");
        assert!(company.holds(&granted).await, "what has no end stays");
        declarations::end_due(&company.app_state).await.unwrap();
        drop(life);
        company.close().await;
    }
}
