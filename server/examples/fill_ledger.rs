//! Appends entries of ordinary kinds to the ledger of a database, signs them and stores their projection, for `cargo xtask
//! bench ledger`: `fill_ledger DATABASE KEYS ENTRIES`. With `forget-projection` in place of a number, deletes what is stored of
//! the projection.
//!
//! Never for a database that is used: nothing of it happened.

use std::path::Path;

use domain::{
    approval::Mfa,
    engine::AccessResource,
    grant::Window,
    ids::{ChangeId, GrantId, GroupId, OperationId, PersonId, UserId},
    ledger::{EventKind, Hash, Outcome, projection::sessions::BOUND},
    time::{Duration, Timestamp},
};
use serde_json::json;
use server::{
    clock::{self, Clock},
    config::{DatabaseArgs, ENGINE_LEASE_SECONDS},
    engine::seal::Sealer,
    service::journal::{EntryActor, EntryBuilder, Journal},
    state::{self, StoreUser},
    store::ledger,
};

/// The number of entries per transaction.
const AT_ONCE: usize = 200;
/// The time between two groups of entries: 100,000 entries are about five weeks.
const PAUSE: Duration = Duration::seconds(600);

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, keys, count] = arguments.as_slice() else {
        return Err("fill_ledger DATABASE KEYS ENTRIES|forget-projection".into());
    };
    let database = DatabaseArgs {
        url: url.clone(),
        keys: keys.into(),
        log_name: None,
        engine_lease_seconds: ENGINE_LEASE_SECONDS,
    };
    let store = state::open_store(&database, StoreUser::Command).await?;
    if count == "forget-projection" {
        let mut tx = store.write().await?;
        ledger::forget_projections(&mut tx).await?;
        tx.commit().await?;
        store.close().await;
        return Ok(());
    }
    let count: usize = count.parse()?;
    let log = state::log_name(&database, &store).await?;
    store.set_log(&log);
    let journal = Journal::new(store.clone(), Clock::System, log, "bench".into());
    let sealer = Sealer::open(
        store.clone(),
        Clock::System,
        journal.clone(),
        Path::new(keys),
        None,
    )
    .await?;
    let mut at = Clock::System.now() - Duration(PAUSE.0 * i64::try_from(count / 20)?);
    let (mut waiting, mut appended) = (Vec::new(), 0);
    while appended < count {
        waiting.extend(group(&journal, at)?);
        at = at + PAUSE;
        if waiting.len() >= AT_ONCE {
            appended += waiting.len();
            let mut tx = store.write().await?;
            journal
                .append_many(&mut tx, std::mem::take(&mut waiting))
                .await?;
            tx.commit().await?;
        }
    }
    sealer.close().await?;
    store.close().await;
    Ok(())
}

fn uuid() -> String {
    clock::row_id()
}

/// Sessions, a change from its request to its end with what it writes to AWS, a crawl, and a refusal.
fn group(journal: &Journal, at: Timestamp) -> Result<Vec<EntryBuilder>, Failure> {
    let person = PersonId::parse("0190c0de-0000-7000-8000-000000000001")?;
    let who = |session: &str| EntryActor {
        person: Some(person.clone()),
        name: Some("Ann Lee".to_owned()),
        session: Some(session.to_owned()),
        mfa: Some(Mfa::Proven),
        client_ip: Some([192, 0, 2, 7].into()),
        request: Some(uuid()),
        ..EntryActor::default()
    };
    let entry = |kind, who: &EntryActor| journal.entry(kind, Outcome::Success, who).at(at);
    let mut all = Vec::new();
    for _ in 0..5 {
        let who = who(&uuid());
        let bound = Hash::of(uuid().as_bytes()).hex();
        all.push(entry(EventKind::SessionStarted, &who).fact(BOUND, bound));
        all.push(entry(EventKind::SessionEnded, &who).reason("the person signed out"));
    }
    let (who, system) = (who(&uuid()), EntryActor::leastwise());
    let change = ChangeId::parse(&uuid())?;
    let key = AccessResource::Membership {
        group: GroupId::parse(&uuid())?,
        user: UserId::parse(&uuid())?,
    };
    let window = Window {
        grant: GrantId::parse(&uuid())?,
        change: change.clone(),
        starts: at,
        ends: Some(at + Duration::hours(4)),
        ended: None,
    };
    // As earlier versions recorded a request: the items are in the entry, and there is no row of them.
    let items =
        json!([{"kind": "grant", "group": uuid(), "user": uuid(), "term": {"for": 14_400_000}}]);
    let submitted = entry(EventKind::ChangeSubmitted, &who)
        .change(&change)
        .justification("The quarterly closing needs it.")
        .ticket(Some("OPS-4711"))
        .fact("effect", Hash::of(change.as_str().as_bytes()).hex())
        .fact("operations", items)
        .shows(Hash::of(b"effect"));
    all.push(submitted);
    for kind in [EventKind::ChangeStarted, EventKind::ChangeVerified] {
        all.push(entry(kind, &system).change(&change));
    }
    let operation = OperationId::parse(&uuid())?;
    for kind in [EventKind::OperationIntended, EventKind::OperationVerified] {
        let entry = entry(kind, &system).change(&change).operation(&operation);
        all.push(entry.key(&key).api("identitystore:CreateGroupMembership"));
    }
    all.push(
        journal
            .grant_started(&key, &window, Duration::hours(1))
            .at(at),
    );
    all.push(journal.grant_closed(&key, &window.grant, at));
    all.push(entry(EventKind::SyncCompleted, &system).fact("accounts", 3_000));
    let denied = journal.entry(EventKind::AccessDenied, Outcome::Denied, &who);
    all.push(denied.at(at).reason("only auditors read the ledger"));
    Ok(all)
}
