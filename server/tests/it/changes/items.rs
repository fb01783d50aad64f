//! The items of changes: rows of their own, proven by the digest in the ledger, and read-only if this version does
//! not understand one of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
    time::Instant,
};

use app::lists::ListChoice;
use app::{
    backend::{
        Backend, ChangesPort as _, DecisionInput, DecisionPort as _, Denied, EntryItem,
        InboxPosition, ItemsProof, LedgerComparison, LedgerPort as _, SentencePart,
        WithdrawalPort as _, sentence_words,
    },
    pages,
    routes::{FormState, Visit},
    shell::{Surroundings, render},
};
use domain::{
    approval::{Decision, Mfa},
    change::{Change, DECIDE_WITHIN, Operation, Proposal, State, StoredItem, UnreadableCause},
    engine::StartVerdict,
    grant::Term,
    ids::{AccountId, Assignment, ChangeId, Pair, Principal},
    ledger::{MAX_LEAF, items, projection::Lifecycle},
    time::{Duration, Timestamp},
};
use serde_json::Value;
use server::{
    cli::ledger::{ExportArgs, LedgerCommand, LedgerLocation, VerifyArgs, execute},
    clock,
    engine::seal::Sealer,
    service::journal::EntryActor,
    store::change::{self, FoundChange},
};

use super::support::{Org, grant, person_id, set, user};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    many_items_are_rows_and_the_ledger_holds_their_digest_and_number,
    a_list_shows_how_many_items_a_change_has_without_loading_them,
    few_items_are_readable_in_the_ledger,
    an_item_that_was_altered_added_removed_or_swapped_stops_the_change_and_is_named,
    items_that_nobody_requested_are_named,
    an_item_is_never_edited_or_deleted_by_the_server,
    a_bundle_holds_the_items_and_names_what_was_changed,
    a_change_with_an_item_of_a_newer_version_is_shown_and_withdrawn_and_nothing_else,
    a_change_of_a_newer_version_that_was_altered_says_so,
    what_a_newer_version_started_counts_for_other_changes_as_far_as_it_is_understood,
}

/// The operations of a large change, each on another account and for another time.
fn many(count: usize) -> Vec<Operation> {
    (0..count)
        .map(|n| Operation::Assign {
            assignment: Assignment {
                pair: Pair {
                    account: AccountId::parse(&format!("{:012}", 500_000_000_000 + n)).unwrap(),
                    set: set("viewer"),
                },
                principal: Principal::User(user("eve")),
            },
            term: Term::For(Duration::minutes(15 + i64::try_from(n).unwrap())),
        })
        .collect()
}

/// Stores a change with these items as the server does: the rows, then the entry.
pub async fn store(org: &Org, items: &[StoredItem], state: State) -> ChangeId {
    let like = org
        .ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
        .await;
    store_like(org, &like, items, state).await
}

/// As [`store`], with everything but the items as in another change.
async fn store_like(org: &Org, like: &ChangeId, items: &[StoredItem], state: State) -> ChangeId {
    store_from(org, like, items, state, None).await
}

/// As [`store_like`], for a change that starts at an instant at the earliest.
pub async fn store_from(
    org: &Org,
    like: &ChangeId,
    items: &[StoredItem],
    state: State,
    not_before: Option<Timestamp>,
) -> ChangeId {
    let mut stored = org.stored(like).await;
    let known: Vec<Operation> = items.iter().map_while(StoredItem::read).collect();
    stored.change = Change {
        id: clock::change_id(),
        proposal: Proposal {
            operations: known.clone(),
            justification: "review of the quarter".into(),
            ticket: None,
            review_on: None,
            not_before,
        },
        submitted: org.clock.now(),
        decide_by: org.clock.now() + DECIDE_WITHIN,
        state,
        ..stored.change
    };
    stored.lifecycle = Lifecycle::NotStarted;
    let id = stored.change.id.clone();
    let mut tx = org.app_state.store.write().await.unwrap();
    change::insert(&mut tx, &stored, &clock::token(), &BTreeSet::new())
        .await
        .unwrap();
    for item in &items[known.len()..] {
        sqlx::query("insert into change_item (change_id, number, version, document) values ($1, $2, $3, $4)")
            .bind(id.as_str())
            .bind(item.number)
            .bind(item.version)
            .bind(item.document.as_str())
            .execute(tx.conn())
            .await
            .unwrap();
    }
    let who = EntryActor {
        person: Some(stored.change.requester.clone()),
        subject: stored.requested_with.clone(),
        mfa: Some(Mfa::Proven),
        ..EntryActor::default()
    };
    let journal = &org.app_state.journal;
    let entry = journal
        .change_submitted(&who, &stored.change)
        .shows(change::effect_document(&stored.effect));
    let entry = items::facts(items)
        .into_iter()
        .fold(entry, |entry, (name, fact)| entry.fact(name, fact));
    journal.append(&mut tx, entry).await.unwrap();
    tx.commit().await.unwrap();
    id
}

pub async fn store_many(org: &Org, count: usize) -> ChangeId {
    store(org, &StoredItem::of_all(&many(count)), State::Waiting).await
}

/// A known item, and two that a newer version wrote: one of an unknown kind, one with a further member.
fn of_a_newer_version() -> Vec<StoredItem> {
    let mut items = StoredItem::of_all(&many(2));
    let added = items[1]
        .document
        .replace("{\"kind\"", "{\"until\":5,\"kind\"");
    assert_ne!(added, items[1].document);
    items[1].document = added;
    items.push(StoredItem {
        number: 2,
        version: 1,
        document: "{\"kind\":\"delete_everything\",\"of\":\"everybody\"}".into(),
    });
    items
}

/// Returns the request of a change: the number of its entry, and its leaf.
pub async fn request(org: &Org, id: &ChangeId) -> (u64, Value) {
    let (seq, leaf): (i64, String) = sqlx::query_as(
        "select seq, leaf from ledger_entry where change_id = $1 and type = 'change.submitted'",
    )
    .bind(id.as_str())
    .fetch_one(org.app_state.store.read())
    .await
    .unwrap();
    assert!(leaf.len() <= MAX_LEAF, "{} bytes", leaf.len());
    (
        u64::try_from(seq).unwrap(),
        serde_json::from_str(&leaf).unwrap(),
    )
}

async fn visit(org: &Org, name: &str, id: &ChangeId, items: &str) -> Visit {
    let backend: Arc<dyn Backend> = Arc::new(org.as_(name).await);
    Visit {
        backend,
        params: BTreeMap::from([("id".to_owned(), id.to_string())]),
        query: BTreeMap::from([("items".to_owned(), items.to_owned())]),
        url: "/".into(),
        form: FormState::default(),
    }
}

pub async fn page(org: &Org, name: &str, id: &ChangeId, items: &str) -> String {
    let page = pages::change::page(visit(org, name, id, items).await).await;
    render(Surroundings::default(), page.unwrap().draw)
}

/// Seals the ledger and returns the output of `ledger verify` with its exit code.
pub async fn verify(org: &Org) -> (u8, String) {
    let keys = seal(org).await;
    verify_with(VerifyArgs {
        place: LedgerLocation {
            database: org.url().to_owned(),
            keys: Some(keys),
            vkey: None,
        },
        bundle: None,
        checkpoint: None,
        json: false,
    })
    .await
}

async fn verify_with(args: VerifyArgs) -> (u8, String) {
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let code = execute(LedgerCommand::Verify(args), &mut out, &mut notes)
        .await
        .unwrap();
    (code, String::from_utf8(out).unwrap())
}

pub async fn seal(org: &Org) -> PathBuf {
    let keys = org.folder().join("keys");
    let sealer = Sealer::open(
        org.app_state.store.clone(),
        org.clock.clone(),
        org.app_state.journal.clone(),
        &keys,
        None,
    )
    .await
    .unwrap();
    sealer.seal_now().await.unwrap();
    keys
}

async fn many_items_are_rows_and_the_ledger_holds_their_digest_and_number(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = store_many(&org, 120).await;
    let stored = org.stored(&id).await;
    assert_eq!(
        (stored.altered, stored.change.proposal.operations),
        (None, many(120))
    );
    let (seq, leaf) = request(&org, &id).await;
    assert_eq!(leaf.pointer("/data/operations"), None);
    assert_eq!(leaf.pointer("/data/items/count"), Some(&120.into()));
    assert_eq!(leaf.pointer("/data/items/kinds/assign"), Some(&120.into()));
    assert_eq!(leaf["data"]["accounts"].as_array().unwrap().len(), 100);
    let (code, told) = verify(&org).await;
    assert_eq!(code, 0, "{told}");
    let ann = org.as_("ann").await;
    let view = ann.change(&id).await.unwrap();
    assert_eq!((view.operations.len(), view.row.items), (50, 120));
    let last = ann.change_items(&id, 3).await.unwrap();
    assert_eq!((last.rows.len(), last.number, last.total), (20, 3, 120));
    assert!(
        sentence_words(&last.rows[19].what).contains("2 hours 14 minutes"),
        "{:?}",
        last.rows[19]
    );
    let html = page(&org, "ann", &id, "3").await;
    assert!(html.contains("2 hours 14 minutes") && !html.contains("1 hour 54 minutes"));
    assert!(html.contains("101 to 120 of 120 items"), "{html}");
    assert!(html.contains(&format!("href=\"/changes/{id}?items=2#items\"")));
    let entry = ann.entry(seq).await.unwrap();
    let sentence: String = entry.row.sentence.iter().map(SentencePart::words).collect();
    assert!(sentence.contains("a change of 120 items"), "{sentence}");
    let shown = ann.entry_items(seq, 2).await.unwrap();
    assert_eq!(
        (shown.proven, shown.page.rows.len()),
        (ItemsProof::Proven, 50)
    );
    assert!(
        matches!(&shown.page.rows[0], EntryItem::Known(item) if sentence_words(item).contains("1 hour 5 minutes")),
        "{:?}",
        shown.page.rows
    );
}

async fn a_list_shows_how_many_items_a_change_has_without_loading_them(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = store_many(&org, 120).await;
    let ann = org.as_("ann").await;
    let list = ann.changes(&ListChoice::default()).await.unwrap();
    let row = list.rows.iter().find(|row| row.id == id).unwrap();
    assert_eq!((row.items, row.ledger), (120, LedgerComparison::Matches));
    let title = row.title.to_string();
    assert!(title.ends_with(" and 119 more"), "{title}");
    // The first item and the number are compared.
    org.without_triggers("change_item").await;
    org.by_hand(format!(
        "delete from change_item where change_id = '{id}' and number = 60"
    ))
    .await;
    let list = ann.changes(&ListChoice::default()).await.unwrap();
    let row = list.rows.iter().find(|row| row.id == id).unwrap();
    assert_eq!((row.items, row.ledger), (119, LedgerComparison::Differs));
}

async fn few_items_are_readable_in_the_ledger(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = store_many(&org, 3).await;
    let (seq, leaf) = request(&org, &id).await;
    assert_eq!(leaf["data"]["operations"].as_array().unwrap().len(), 3);
    assert_eq!(leaf.pointer("/data/items/count"), Some(&3.into()));
    assert_eq!(org.as_("ann").await.entry(seq).await.unwrap().items, None);
    assert_eq!(org.stored(&id).await.altered, None);
}

async fn an_item_that_was_altered_added_removed_or_swapped_stops_the_change_and_is_named(
    engine: DatabaseEngine,
) {
    for count in [2, 120] {
        for forged in [
            "update change_item set document = replace(document, '500000000001', '500000000999') \
             where change_id = 'ID' and number = 1",
            "update change_item set document = replace(document, '{\"kind\"', '{ \"kind\"') \
             where change_id = 'ID' and number = 1",
            "update change_item set version = 0 where change_id = 'ID' and number = 1",
            "insert into change_item (change_id, number, version, document) \
             select change_id, 5000, version, document from change_item where change_id = 'ID' and number = 1",
            "delete from change_item where change_id = 'ID' and number = 1",
            "delete from change_item where change_id = 'ID'",
            "update change_item set number = -1 where change_id = 'ID' and number = 1",
            "update change set proposal = replace(proposal, '{', '{\"operations\":[],') where id = 'ID'",
        ] {
            let org = Org::on(engine).await;
            let items = StoredItem::of_all(&many(count));
            let id = store(&org, &items, State::Approved).await;
            assert_eq!(org.found(&id).await.altered(), None);
            org.without_triggers("change_item").await;
            org.by_hand(forged.replace("ID", id.as_str())).await;
            let found = org.found(&id).await;
            assert!(found.altered().is_some(), "{forged}");
            match org.fresh(&id).await {
                StartVerdict::Refused(reason) => {
                    assert!(reason.contains("differs from the request"), "{reason}");
                }
                StartVerdict::NoLongerWanted => {
                    assert!(matches!(found, FoundChange::Unreadable(_)));
                }
                other => panic!("{forged}: {other:?}"),
            }
            let html = page(&org, "ann", &id, "").await;
            assert!(
                html.contains("This change does not match the ledger"),
                "{forged}"
            );
            let (code, told) = verify(&org).await;
            assert_eq!(code, 1, "{forged}: {told}");
            let named = told.contains(&format!("change_item: the items of change {id} "))
                || told.contains(&format!("change: the items of change {id} differ"));
            assert!(named, "{forged}: {told}");
            if count > 100 && !forged.contains("proposal") {
                let (seq, _) = request(&org, &id).await;
                let shown = org.as_("ann").await.entry_items(seq, 1).await.unwrap();
                assert_eq!(shown.proven, ItemsProof::Altered, "{forged}");
            }
        }
    }
}

async fn items_that_nobody_requested_are_named(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = store_many(&org, 2).await;
    let forged = "0190c0de-0000-7000-8000-00000000dead";
    org.by_hand(format!(
        "insert into change (id, requester, proposal, submitted_at, decide_by, verdict, effect, effect_hash, \
         gaining, state, version, updated_at, form_key, mfa) select '{forged}', requester, proposal, \
         submitted_at, decide_by, verdict, effect, effect_hash, gaining, 'approved', 1, updated_at, 'k', mfa \
         from change where id = '{id}'"
    ))
    .await;
    org.by_hand(format!(
        "insert into change_item (change_id, number, version, document) \
         select '{forged}', number, version, document from change_item where change_id = '{id}'"
    ))
    .await;
    let (code, told) = verify(&org).await;
    assert_eq!(code, 1);
    assert!(
        told.contains(&format!("the items of change {forged} have no entry")),
        "{told}"
    );
}

async fn an_item_is_never_edited_or_deleted_by_the_server(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    store_many(&org, 2).await;
    for statement in [
        "update change_item set version = 2",
        "delete from change_item",
    ] {
        assert!(org.try_by_hand(statement).await.is_err(), "{statement}");
    }
}

async fn a_bundle_holds_the_items_and_names_what_was_changed(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let (few, large, other) = (
        store_many(&org, 2).await,
        store_many(&org, 120).await,
        store_many(&org, 60).await,
    );
    let keys = seal(&org).await;
    let folder = org.folder().join("bundle");
    let place = LedgerLocation {
        database: org.url().to_owned(),
        keys: Some(keys.clone()),
        vkey: None,
    };
    let export = LedgerCommand::Export(ExportArgs {
        folder: folder.clone(),
        place: place.clone(),
        with_private: false,
    });
    assert_eq!(
        execute(export, &mut Vec::new(), &mut Vec::new())
            .await
            .unwrap(),
        0
    );
    let check = VerifyArgs {
        place,
        bundle: Some(folder.clone()),
        checkpoint: None,
        json: false,
    };
    let (code, told) = verify_with(check.clone()).await;
    assert_eq!(code, 0, "{told}");
    let file = folder.join("items.jsonl");
    let whole = std::fs::read_to_string(&file).unwrap();
    // Small changes have their items in the entry.
    assert_eq!(whole.lines().count(), 180);
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    let without = |left_out: usize| -> String {
        let kept = lines.iter().enumerate().filter(|(at, _)| *at != left_out);
        kept.map(|(_, line)| *line).collect()
    };
    for (forged, change) in [
        (whole.replace("500000000119", "500000000999"), &large),
        (without(7), &large),
        (
            format!(
                "{whole}{}",
                lines[179].replace("\"number\":59", "\"number\":60")
            ),
            &other,
        ),
        (lines[..120].concat(), &other),
    ] {
        std::fs::write(&file, forged).unwrap();
        let (code, told) = verify_with(check.clone()).await;
        assert_eq!(code, 1, "{told}");
        assert!(
            told.contains(&format!("the items of change {change} (entry ")),
            "{told}"
        );
        assert!(!told.contains(few.as_str()));
    }
    // Without the file, and without its line in the manifest, which nobody signs.
    std::fs::remove_file(&file).unwrap();
    let manifest = folder.join("manifest.json");
    let mut stated: Value =
        serde_json::from_str(&std::fs::read_to_string(&manifest).unwrap()).unwrap();
    stated["files"]
        .as_object_mut()
        .unwrap()
        .remove("items.jsonl")
        .unwrap();
    std::fs::write(&manifest, stated.to_string()).unwrap();
    let (code, told) = verify_with(check).await;
    assert_eq!(code, 1);
    assert!(
        told.contains("are missing, but the ledger has its request"),
        "{told}"
    );
}

async fn a_change_with_an_item_of_a_newer_version_is_shown_and_withdrawn_and_nothing_else(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let items = of_a_newer_version();
    let (waiting, approved) = (
        store(&org, &items, State::Waiting).await,
        store(&org, &items, State::Approved).await,
    );
    let other = org
        .ask("ann", &grant("eve", "viewer", "web-dev", "60"))
        .await;
    for id in [&waiting, &approved] {
        let FoundChange::Unreadable(row) = org.found(id).await else {
            panic!("an item is not understood");
        };
        assert_eq!(row.altered, None);
        let (code, told) = verify(&org).await;
        assert_eq!(code, 0, "{told}");
        let ann = org.as_("ann").await;
        let denied = Denied::NotUnderstood(UnreadableCause::NewerVersion);
        assert_eq!(ann.change(id).await.unwrap_err(), denied);
        let html = page(&org, "ann", id, "").await;
        for shown in [
            "A newer version of Leastwise requested this change: 2 of its 3 items are of a kind or version that this version does not know",
            "Grant viewer on",
            "delete_everything",
            "review of the quarter",
            "/withdraw",
        ] {
            assert!(html.contains(shown), "{shown}: {html}");
        }
        assert!(!html.contains("/decide"));
        let list = ann.changes(&ListChoice::default()).await.unwrap();
        let row = list.rows.iter().find(|row| row.id == *id).unwrap();
        assert_eq!((row.items, row.ledger), (3, LedgerComparison::Matches));
        assert_eq!(
            row.title.to_string(),
            "A change of 3 items that this version of Leastwise does not understand"
        );
        let events = ann.change_events(id).await;
        assert!(events.is_ok());
    }
    let inbox = org
        .as_("bob")
        .await
        .inbox(InboxPosition::Page(1))
        .await
        .unwrap();
    assert!(inbox.rows.iter().all(|view| view.row.id != waiting));
    let input = DecisionInput {
        decision: Decision::Approve,
        reason: "looks right to me".into(),
        effect: org.effect_hash(&waiting).await,
    };
    let told = org.as_("bob").await.decide(&waiting, input).await;
    let Err(Denied::Conflict(told)) = told else {
        panic!("{told:?}");
    };
    assert!(
        told.contains("A newer version of Leastwise requested this change"),
        "{told}"
    );
    assert_eq!(org.fresh(&approved).await, StartVerdict::NoLongerWanted);
    assert_eq!(org.found(&approved).await.state(), State::Approved);
    assert_eq!(org.fresh(&other).await, StartVerdict::StillAllowed);
    assert_eq!(
        org.as_("bob").await.withdraw(&waiting).await.unwrap_err(),
        Denied::Forbidden("Only the requester can withdraw this change.")
    );
    for id in [&waiting, &approved] {
        org.as_("ann").await.withdraw(id).await.unwrap();
        assert_eq!(org.found(id).await.state(), State::Withdrawn);
        let entries = org.entries(id).await;
        assert_eq!(entries, ["change.submitted", "change.withdrawn"]);
        assert!(
            page(&org, "ann", id, "")
                .await
                .contains("The change is over.")
        );
    }
}

async fn a_change_of_a_newer_version_that_was_altered_says_so(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = store(&org, &of_a_newer_version(), State::Approved).await;
    org.without_triggers("change_item").await;
    org.by_hand(format!(
        "update change_item set document = replace(document, 'everybody', 'nobody') where change_id = '{id}'"
    ))
    .await;
    let denied = org.as_("ann").await.change(&id).await.unwrap_err();
    assert_eq!(denied, Denied::NotUnderstood(UnreadableCause::Altered));
    let html = page(&org, "ann", &id, "").await;
    assert!(html.contains("This change does not match the ledger"));
    assert!(!html.contains("A newer version of Leastwise requested this change:"));
    assert_eq!(org.fresh(&id).await, StartVerdict::NoLongerWanted);
    assert_eq!(verify(&org).await.0, 1);
}

async fn what_a_newer_version_started_counts_for_other_changes_as_far_as_it_is_understood(
    engine: DatabaseEngine,
) {
    // Eve joins the operators by a change that this version does not understand as a whole.
    let org = Org::on(engine).await;
    let mut items = StoredItem::of_all(&[Operation::AddMember {
        group: super::support::group("operators"),
        user: user("fay"),
    }]);
    items.push(StoredItem {
        number: 1,
        ..of_a_newer_version().remove(2)
    });
    let form = grant("operators", "viewer", "cards-prod", "60");
    let gaining = async |org: &Org| {
        let id = org.ask("ann", &form).await;
        org.stored(&id).await.gaining.contains(&person_id("fay"))
    };
    assert!(!gaining(&org).await);
    store(&org, &items, State::Approved).await;
    assert!(gaining(&org).await);
}

/// Measures what many items cost. `--ignored --nocapture manual_the_cost_of_many_items`.
#[test]
#[ignore = "measures, and takes long in a debug build"]
#[expect(clippy::disallowed_methods, reason = "this is a stopwatch")]
fn manual_the_cost_of_many_items() {
    crate::engines::run(DatabaseEngine::Sqlite, async |engine| {
        for (count, changes) in [(1, 50), (500, 50), (2_000, 50)] {
            let org = Org::on(engine).await;
            let items = StoredItem::of_all(&many(count));
            let like = store(&org, &items, State::Waiting).await;
            let at = Instant::now();
            let mut ids = Vec::new();
            for _ in 0..changes {
                ids.push(store_like(&org, &like, &items, State::Waiting).await);
            }
            println!(
                "{count} items: load one and insert another {:?} each",
                at.elapsed() / changes
            );
            let at = Instant::now();
            for id in &ids {
                assert_eq!(org.found(id).await.altered(), None);
            }
            println!("{count} items: load {:?} each", at.elapsed() / changes);
            let ann = org.as_("ann").await;
            let at = Instant::now();
            let rows = ann
                .changes(&ListChoice::default())
                .await
                .unwrap()
                .rows
                .len();
            println!("{count} items: a list of {rows} in {:?}", at.elapsed());
            let at = Instant::now();
            ann.change(&ids[0]).await.unwrap();
            println!("{count} items: the page in {:?}", at.elapsed());
            let at = Instant::now();
            let (code, told) = verify(&org).await;
            assert_eq!(code, 0, "{told}");
            println!(
                "{count} items: ledger verify of {changes} changes in {:?}",
                at.elapsed()
            );
        }
    });
}
