//! Several processes on one database: one of them holds the engine lease, and each shows what the others stored.

use std::{collections::BTreeMap, sync::Arc};

use super::sandbox_server::{Company, LoopGuard, grant, remove};
use crate::wait::until;
use app::backend::ChangeForm;
use domain::{
    change::State,
    engine::{
        Generation, Listing,
        lease::{LeaseLength, ProcessRole},
    },
    ids::{Assignment, ChangeId},
    snapshot::Parts,
    time::Duration,
};
use server::{
    engine::heartbeat::{self, Heartbeat},
    service::{
        app_state::AppState,
        publication::{self, PATIENCE},
        single_reads, stored_state,
    },
    store::{
        self, StoreError,
        engine::lease::{StoredLease, read, release, renew, take},
    },
};

crate::engines::on_both_engines! {
    &Company:
    a_lease_that_two_processes_see_is_taken_by_one,
    what_a_process_stored_is_what_the_others_show,
    a_read_of_a_process_that_lags_behind_is_stored_after_what_it_missed,
    roles_of_accounts_in_the_organization_are_known_after_a_restart,
    a_submission_while_the_engine_moves_other_changes_is_not_refused,
    the_rows_of_processes_show_who_lives,
}

const LENGTH: LeaseLength = LeaseLength::DEFAULT;
pub(super) const GROUP: &str = "contractors";
pub(super) const SET: &str = "LedgerDataReader";
/// Development outside PCI: an administrator needs no approval.
pub(super) const ACCOUNT: &str = "analytics-dev";

async fn stored_lease(company: &Company) -> Option<StoredLease> {
    let mut conn = company.app_state.store.connection().await.unwrap();
    read(&mut conn).await.unwrap()
}

async fn catch_up(state: &Arc<AppState>) {
    let turn = state.observing.lock().await;
    stored_state::follow(state, &turn).await.unwrap();
    published(state).await;
}

/// Waits until the read model shows what was stored so far.
async fn published(state: &AppState) {
    let receipt = publication::everything(state);
    receipt.shown(PATIENCE).await.unwrap();
}

pub(super) fn shows(state: &AppState, what: &Assignment) -> bool {
    let read_model = state.read_model();
    let pair = read_model.snapshot.pair(&what.pair);
    pair.is_some_and(|pair| pair.principals.contains_key(&what.principal))
}

async fn a_lease_that_two_processes_see_is_taken_by_one(company: &Company) {
    let store = &company.app_state.store;
    assert_eq!(stored_lease(company).await, None);
    let mut tx = store.write().await.unwrap();
    let first = take(&mut tx, "one", None, LENGTH).await.unwrap();
    tx.commit().await.unwrap();
    let seen = stored_lease(company).await.unwrap();
    assert_eq!(seen.owner.as_deref(), Some("one"));
    assert_eq!(
        seen.length,
        LENGTH.get(),
        "others wait as long as the holder counts on"
    );

    // Both saw the same mark; the second one is late.
    let mut tx = store.write().await.unwrap();
    let second = take(&mut tx, "two", Some(seen.mark), LENGTH).await.unwrap();
    assert!(second > first);
    tx.commit().await.unwrap();
    let mut tx = store.write().await.unwrap();
    let late = take(&mut tx, "three", Some(seen.mark), LENGTH).await;
    assert!(matches!(late, Err(StoreError::Conflict(_))), "{late:?}");
    drop(tx);

    // The first one can neither renew, nor commit, nor give away what it does not hold.
    let mut conn = store.connection().await.unwrap();
    let mut own = store.own_connection().await.unwrap();
    let renewed = renew(&mut own, "one", first).await;
    assert!(
        matches!(renewed, Err(StoreError::Conflict(_))),
        "{renewed:?}"
    );
    release(&mut conn, "one").await.unwrap();
    renew(&mut own, "two", second).await.unwrap();
    drop(conn);
    let mut tx = store.write().await.unwrap();
    let held = store::engine::hold(&mut tx, first).await;
    assert!(matches!(held, Err(StoreError::Conflict(_))), "{held:?}");
    drop(tx);
    let mut conn = store.connection().await.unwrap();
    release(&mut conn, "two").await.unwrap();
    drop(conn);
    assert_eq!(stored_lease(company).await.unwrap().owner, None);
}

async fn what_a_process_stored_is_what_the_others_show(company: &Company) {
    let other = company.second_process(LeaseLength::DEFAULT).await;
    let what = company.of_group(GROUP, SET, ACCOUNT);
    company.assign_outside(&what).await;
    // A crawl.
    assert!(!shows(&other, &what));
    company.sync().await;
    catch_up(&other).await;
    assert!(shows(&other, &what));
    let (ours, theirs) = (company.app_state.read_model(), other.read_model());
    let (ours, theirs) = (ours.snapshot.parts(), theirs.snapshot.parts());
    let classes = |parts: &Parts| {
        let accounts = parts.accounts.iter();
        let classes = accounts.map(|(id, (_, class))| (id.clone(), class.strictness()));
        classes.collect::<BTreeMap<_, _>>()
    };
    assert_eq!(classes(ours), classes(theirs));
    let count = |parts: &Parts| {
        parts
            .members
            .values()
            .map(|members| members.len())
            .sum::<usize>()
    };
    assert_eq!(count(ours), count(theirs));

    // A single read.
    company.unassign_outside(&what).await;
    let listed = company
        .app_state
        .aws
        .assignments(&company.app_state.instance, &what.pair)
        .await
        .unwrap();
    let listing = Listing::Pair {
        pair: what.pair.clone(),
        principals: listed,
    };
    company.app_state.clock.advance(Duration::minutes(1));
    let as_of = company.app_state.clock.now();
    single_reads::note(&company.app_state, &listing, as_of).await;
    published(&company.app_state).await;
    assert!(!shows(&company.app_state, &what));
    assert!(shows(&other, &what), "nothing has told it yet");
    catch_up(&other).await;
    assert!(!shows(&other, &what));
}

async fn a_read_of_a_process_that_lags_behind_is_stored_after_what_it_missed(company: &Company) {
    let other = company.second_process(LeaseLength::DEFAULT).await;
    let what = company.of_group(GROUP, SET, ACCOUNT);
    company.assign_outside(&what).await;
    company.sync().await;
    let seen = company.entries("outside.seen").await.len();
    assert_eq!(seen, 1, "the crawl found it");
    // The other process reads the same pair. It must not find it a second time.
    company.app_state.clock.advance(Duration::minutes(1));
    let as_of = other.clock.now();
    let listed = other.aws.assignments(&other.instance, &what.pair);
    let listing = Listing::Pair {
        pair: what.pair.clone(),
        principals: listed.await.unwrap(),
    };
    single_reads::note(&other, &listing, as_of).await;
    published(&other).await;
    assert!(shows(&other, &what));
    assert_eq!(company.entries("outside.seen").await.len(), seen);
    catch_up(&company.app_state).await;
    let read_model = company.app_state.read_model();
    let pair = read_model.snapshot.pair(&what.pair).unwrap();
    assert_eq!(pair.as_of, as_of, "the newer read of the other process");
}

async fn roles_of_accounts_in_the_organization_are_known_after_a_restart(company: &Company) {
    let before = company.app_state.read_model().special.clone();
    assert!(before.management.is_some());
    let other = company.second_process(LeaseLength::DEFAULT).await;
    assert_eq!(other.read_model().special, before);
}

async fn a_submission_while_the_engine_moves_other_changes_is_not_refused(company: &Company) {
    let _life = company.engine();
    let groups = [GROUP, "support-desk", "finance-billing"];
    let kinds: [fn(&str, &str, &str) -> ChangeForm; 2] = [
        |group, set, account| grant(group, set, account, "standing"),
        remove,
    ];
    for kind in kinds {
        // The engine carries out the first ones while the others are submitted.
        let mut changes: Vec<ChangeId> = Vec::new();
        for group in groups {
            let form = kind(group, SET, ACCOUNT);
            changes.push(company.ask("maya.okafor", &form).await);
            company.app_state.wake_engine.notify_one();
        }
        for id in &changes {
            assert_eq!(company.end_of(id).await, State::Verified);
        }
    }
}

async fn the_rows_of_processes_show_who_lives(company: &Company) {
    let state = &company.app_state;
    let beats = Heartbeat::new(state.clone(), 10.0);
    let _loop = LoopGuard::of(beats.run());
    let rows = async || {
        let mut conn = state.store.connection().await.unwrap();
        store::process::all(&mut conn).await.unwrap()
    };
    until("the process has a row", async || {
        rows()
            .await
            .iter()
            .any(|row| row.role == ProcessRole::Standby)
    })
    .await;
    state.engine_lease.hold(Generation(1), None);
    until("the row says who runs the engine", async || {
        rows()
            .await
            .iter()
            .any(|row| row.role == ProcessRole::Engine && row.id == state.engine_lease.owner())
    })
    .await;
    heartbeat::farewell(state).await.unwrap();
}
