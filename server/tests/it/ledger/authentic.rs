//! What a writer of the database without the row key can do to the ledger: it is noticed, does not count, and is not signed.

use std::collections::BTreeMap;

use app::{
    backend::{EntryAuthenticity, OperationsPort as _},
    pages,
    routes::{FormState, Visit},
    shell::{Surroundings, render},
};
use domain::{engine::lease::LeaseLength, ledger::Hash};
use server::{
    row_key::RowKeys,
    service::journal::EntryBuilder,
    store::{
        Durability,
        ledger::{Authenticity, EntryFlaw, LedgerError, NotAuthentic},
    },
};
use sqlx::AssertSqlSafe;

use super::*;

/// Another process on the same database, with these keys.
pub(super) async fn another_with(scene: &Scene, keys: RowKeys) -> (Store, Journal) {
    let store = Store::open_with(&scene.db.url, Durability::Process, LeaseLength::DEFAULT)
        .await
        .unwrap()
        .with_row_keys(keys);
    let journal = Journal::new(store.clone(), scene.clock.clone(), log(), "another".into());
    (store, journal)
}

pub(super) async fn another(scene: &Scene) -> (Store, Journal) {
    another_with(scene, row_keys()).await
}

pub(super) async fn append_to(
    store: &Store,
    journal: &Journal,
    entry: EntryBuilder,
) -> Result<u64, StoreError> {
    let mut tx = store.write().await?;
    let seq = journal.append(&mut tx, entry).await?;
    tx.commit().await?;
    Ok(seq)
}

/// Returns the entry at which an append is refused.
async fn refused(scene: &Scene) -> NotAuthentic {
    let entry = scene.journal.log_started();
    let error = append_to(&scene.db.store, &scene.journal, entry)
        .await
        .unwrap_err();
    assert!(error.is_unavailable(), "{error:?}");
    match error {
        StoreError::Ledger(LedgerError::NotAuthentic(what)) => what,
        other => panic!("{other:?}"),
    }
}

/// Appends an entry as a writer of the database without the row key: leaf, tree and head are right.
pub(super) async fn forge(scene: &Scene, entry: EntryBuilder) -> u64 {
    let (store, journal) = another(scene).await;
    let seq = append_to(&store, &journal, entry).await.unwrap();
    store.close().await;
    let without = format!("delete from ledger_mac where seq = {seq}");
    assert_eq!(scene.db.by_hand(&without).await.unwrap(), 1);
    seq
}

pub(super) fn bob() -> PersonId {
    PersonId::parse("0190c0de-0000-7000-8000-000000000002").unwrap()
}

pub(super) async fn put_in_person(scene: &Scene, person: &PersonId) {
    let row = format!(
        "insert into person (id, created_at) values ('{person}', 0) on conflict (id) do nothing"
    );
    scene.db.by_hand(&row).await.unwrap();
}

/// Stores a role of a person, without its entry.
pub(super) async fn put_in_role(scene: &Scene, person: &PersonId) {
    put_in_person(scene, person).await;
    let row = format!(
        "insert into role_grant (person_id, role, granted_at) \
         values ('{person}', 'administrator', {})",
        scene.clock.now().0
    );
    scene.db.by_hand(&row).await.unwrap();
}

pub(super) fn role_entry(scene: &Scene, person: &PersonId) -> EntryBuilder {
    let (who, now) = (EntryActor::leastwise(), scene.clock.now());
    scene
        .journal
        .role_granted(&who, person, Role::Administrator, now)
}

pub(super) async fn is_administrator(scene: &Scene, person: &PersonId) -> bool {
    let held = person::roles_of(&mut scene.db.store.connection().await.unwrap(), person)
        .await
        .unwrap();
    held.iter().any(|grant| grant.role == Role::Administrator)
}

/// Returns the head as SQL writes it.
async fn head_sql(scene: &Scene) -> String {
    let head = ledger::head(&scene.db.store).await.unwrap().unwrap();
    format!(
        "update ledger_head set size = {}, last_hash = '{}'",
        head.size,
        head.last_hash.hex()
    )
}

pub async fn an_entry_appended_by_hand_does_not_count_and_nothing_follows_it(scene: &Scene) {
    scene.append_some(2).await;
    let sealer = scene.sealer().await.unwrap();
    sealer.seal_now().await.unwrap();
    put_in_role(scene, &bob()).await;
    let forged = forge(scene, role_entry(scene, &bob())).await;
    assert!(!is_administrator(scene, &bob()).await);
    // With the MAC of another entry.
    let copy = format!(
        "insert into ledger_mac (seq, key_id, mac, prev) select {forged}, key_id, mac, prev from ledger_mac \
         where seq = {}",
        forged - 1
    );
    scene.db.by_hand(&copy).await.unwrap();
    assert!(!is_administrator(scene, &bob()).await);
    let expected = NotAuthentic {
        seq: forged,
        why: EntryFlaw::Mac,
    };
    assert_eq!(refused(scene).await, expected);
    let ann = scene.service(&[Role::Administrator]).await;
    let answer = ann.request_crawl().await;
    assert_eq!(answer, Err(Denied::LedgerNotAuthentic));
    let fault = sealer.seal_now().await.unwrap_err();
    assert!(
        matches!(fault, Fault::NotAuthentic(what) if what == expected),
        "{fault}"
    );
    let newest = ledger::newest_checkpoint(&scene.db.store).await.unwrap();
    assert_eq!(newest.unwrap().size, forged);
    let trouble = sealer.trouble().unwrap();
    assert!(
        trouble.contains(&format!("entry {forged} of the ledger has no valid MAC")),
        "{trouble}"
    );
    let (code, out) = told(scene).await;
    let line = format!("ledger_mac: entry {forged} has no valid MAC");
    assert!(code == 1 && out.contains(&line), "{out}");
    assert!(matches!(scene.sealer().await, Err(Fault::NotAuthentic(what)) if what == expected));
}

pub async fn an_entry_beyond_the_head_is_named_and_stops_appends(scene: &Scene) {
    scene.append_some(2).await;
    scene.sealer().await.unwrap().seal_now().await.unwrap();
    let head = head_sql(scene).await;
    put_in_role(scene, &bob()).await;
    let forged = forge(scene, role_entry(scene, &bob())).await;
    scene.drop_triggers().await;
    scene.db.by_hand(&head).await.unwrap();
    assert!(!is_administrator(scene, &bob()).await);
    assert_eq!(refused(scene).await.seq, forged);
    let (code, out) = told(scene).await;
    assert_eq!(code, 1);
    for line in [
        format!("ledger_mac: entry {forged} has no valid MAC"),
        "ledger_head: the head states 2 entries".to_owned(),
    ] {
        assert!(out.contains(&line), "{out}");
    }
}

pub async fn an_old_head_that_is_put_back_stops_appends(scene: &Scene) {
    scene.append_some(2).await;
    let head = head_sql(scene).await;
    scene.append(3).await;
    scene.drop_triggers().await;
    scene.db.by_hand(&head).await.unwrap();
    let expected = NotAuthentic {
        seq: 2,
        why: EntryFlaw::Head,
    };
    assert_eq!(refused(scene).await, expected);
    let fault = scene.sealer().await.err().unwrap();
    assert!(
        matches!(fault, Fault::NotAuthentic(what) if what == expected),
        "{fault}"
    );
}

pub async fn an_entry_overwritten_after_it_was_verified_does_not_count(scene: &Scene) {
    let ann = ann().person.unwrap();
    put_in_role(scene, &ann).await;
    put_in_role(scene, &bob()).await;
    let entry = role_entry(scene, &ann);
    append_to(&scene.db.store, &scene.journal, entry)
        .await
        .unwrap();
    scene.append(1).await;
    let sealer = scene.sealer().await.unwrap();
    sealer.seal_now().await.unwrap();
    assert!(is_administrator(scene, &ann).await);
    let (leaf,): (String,) = sqlx::query_as("select leaf from ledger_entry where seq = 0")
        .fetch_one(scene.db.store.read())
        .await
        .unwrap();
    let leaf = leaf.replace(ann.as_str(), bob().as_str());
    let hash = Hash::leaf(leaf.as_bytes()).hex();
    scene.drop_triggers().await;
    for by_hand in [
        format!("update ledger_entry set leaf = '{leaf}', leaf_hash = '{hash}' where seq = 0"),
        format!("update ledger_hash set hash = '{hash}' where idx = 0"),
    ] {
        assert_eq!(scene.db.by_hand(&by_hand).await.unwrap(), 1);
    }
    assert!(!is_administrator(scene, &bob()).await);
    assert!(
        is_administrator(scene, &ann).await,
        "what was verified keeps its meaning"
    );
    // A process that starts reads the row as it is now.
    let (store, _) = another(scene).await;
    for person in [&ann, &bob()] {
        let held = person::roles_of(&mut store.connection().await.unwrap(), person).await;
        assert_eq!(held.unwrap(), []);
    }
    let (code, out) = told(scene).await;
    assert!(
        code == 1 && out.contains("ledger_mac: entry 0 has no valid MAC"),
        "{out}"
    );
}

pub async fn an_end_that_was_overwritten_after_it_was_verified_is_not_continued(scene: &Scene) {
    scene.append_some(3).await;
    scene.drop_triggers().await;
    let change = "update ledger_entry set leaf = replace(leaf, '111111000002', '111111000099') where seq = 2";
    assert_eq!(scene.db.by_hand(change).await.unwrap(), 1);
    let expected = NotAuthentic {
        seq: 2,
        why: EntryFlaw::Altered,
    };
    assert_eq!(refused(scene).await, expected);
    let (store, journal) = another(scene).await;
    let entry = journal.log_started();
    let refused = append_to(&store, &journal, entry).await.unwrap_err();
    assert!(matches!(
        refused,
        StoreError::Ledger(LedgerError::NotAuthentic(NotAuthentic {
            seq: 2,
            why: EntryFlaw::Mac
        }))
    ));
    store.close().await;
}

pub async fn an_entry_of_another_log_with_the_same_key_does_not_count(scene: &Scene) {
    let other = Database::fresh(scene.db.store.engine()).await;
    let name = LogName::parse("leastwise.example/another").unwrap();
    let journal = Journal::new(
        other.store.clone(),
        scene.clock.clone(),
        name,
        "other".into(),
    );
    append_to(&other.store, &journal, journal.log_started())
        .await
        .unwrap();
    for table in ["ledger_entry", "ledger_hash", "ledger_mac"] {
        let columns = match table {
            "ledger_entry" => "seq, type, occurred_at, outcome, leaf, leaf_hash",
            "ledger_hash" => "idx, hash",
            _ => "seq, key_id, mac, prev",
        };
        copy_rows(scene, &other, table, columns).await;
    }
    let head = format!(
        "insert into ledger_head (id, log, size, last_hash) select 'head', '{}', 1, leaf_hash from ledger_entry",
        log()
    );
    scene.db.by_hand(&head).await.unwrap();
    let expected = NotAuthentic {
        seq: 0,
        why: EntryFlaw::Mac,
    };
    assert_eq!(refused(scene).await, expected);
    other.store.close().await;
}

/// Copies rows as text and numbers.
async fn copy_rows(scene: &Scene, from: &Database, table: &str, columns: &str) {
    use sqlx::Row as _;
    let select = format!("select {columns} from {table}");
    let rows = sqlx::query(AssertSqlSafe(select))
        .fetch_all(from.store.read())
        .await
        .unwrap();
    for row in rows {
        let values: Vec<String> = (0..columns.split(", ").count())
            .map(|at| match row.try_get::<i64, _>(at) {
                Ok(number) => number.to_string(),
                Err(_) => format!("'{}'", row.get::<String, _>(at)),
            })
            .collect();
        let insert = format!(
            "insert into {table} ({columns}) values ({})",
            values.join(", ")
        );
        scene.db.by_hand(&insert).await.unwrap();
    }
}

/// A row key of another installation.
pub(super) const OTHER_KEY: &str =
    "1111111111111111111111111111111111111111111111111111111111111111";

pub(super) async fn register(store: &Store, keys: &RowKeys) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    ledger::register_row_keys(&mut tx, keys, START).await?;
    tx.commit().await
}

pub async fn a_process_with_another_row_key_does_not_start(scene: &Scene) {
    register(&scene.db.store, &row_keys()).await.unwrap();
    scene.append_some(2).await;
    let keys = RowKeys::parse(OTHER_KEY).unwrap();
    let (store, journal) = another_with(scene, keys.clone()).await;
    let refused = register(&store, &keys).await.unwrap_err();
    let StoreError::Ledger(error @ LedgerError::OtherRowKey { .. }) = refused else {
        panic!("{refused:?}");
    };
    let words = error.to_string();
    assert!(
        words.contains(row_keys().id().as_str()) && words.contains(keys.id().as_str()),
        "{words}"
    );
    assert!(!words.contains("1111"), "{words}");
    // Nor does it count anything, or write.
    let refused = append_to(&store, &journal, journal.log_started()).await;
    assert!(matches!(
        refused,
        Err(StoreError::Ledger(LedgerError::NotAuthentic(_)))
    ));
    store.close().await;
}

pub async fn after_a_rotation_the_earlier_key_only_verifies(scene: &Scene) {
    register(&scene.db.store, &row_keys()).await.unwrap();
    scene.append_some(2).await;
    scene.sealer().await.unwrap().seal_now().await.unwrap();
    let both = format!("{OTHER_KEY}\n{}\n", crate::database::ROW_KEY);
    let keys = RowKeys::parse(&both).unwrap();
    let (store, journal) = another_with(scene, keys.clone()).await;
    register(&store, &keys).await.unwrap();
    assert_eq!(
        append_to(&store, &journal, journal.log_started())
            .await
            .unwrap(),
        2
    );
    let made: Vec<(String,)> = sqlx::query_as("select key_id from ledger_mac order by seq")
        .fetch_all(store.read())
        .await
        .unwrap();
    let made: Vec<&str> = made.iter().map(|(id,)| id.as_str()).collect();
    let old = row_keys();
    assert_eq!(
        made,
        [old.id().as_str(), old.id().as_str(), keys.id().as_str()]
    );
    store.close().await;
    std::fs::write(scene.keys().join("row.key"), both).unwrap();
    assert_eq!(told(scene).await.0, 0);
    // A process that has only the earlier key cannot verify what the new one wrote.
    assert!(register(&scene.db.store, &old).await.is_err());
    assert_eq!(refused(scene).await.seq, 2);
}

pub async fn an_end_that_was_cut_off_is_noticed_at_once_and_at_the_next_start(scene: &Scene) {
    scene.append_some(3).await;
    let sealer = scene.sealer().await.unwrap();
    sealer.seal_now().await.unwrap();
    let head = head_sql(scene).await;
    scene.append_some(2).await;
    sealer.keep_end().await.unwrap();
    scene.drop_triggers().await;
    for table in ["entry", "mac", "private", "token"] {
        let cut = format!("delete from ledger_{table} where seq >= 3");
        scene.db.by_hand(&cut).await.unwrap();
    }
    let first = tree::leaf_index(3).unwrap();
    let cut = format!("delete from ledger_hash where idx >= {first}");
    scene.db.by_hand(&cut).await.unwrap();
    scene.db.by_hand(&head).await.unwrap();
    let expected = NotAuthentic {
        seq: 4,
        why: EntryFlaw::Altered,
    };
    assert_eq!(refused(scene).await, expected);
    sealer.keep_end().await.unwrap();
    assert!(
        sealer
            .trouble()
            .unwrap()
            .contains("entry 4 of the ledger was altered or removed")
    );
    let (store, journal) = another(scene).await;
    let start = async || scene.sealer_of(&store, &journal).await;
    let fault = start().await.err().unwrap();
    assert!(matches!(fault, Fault::CutOff { seq: 4, .. }), "{fault}");
    assert!(
        fault
            .to_string()
            .contains("leastwise ledger accept-restore"),
        "{fault}"
    );
    // Without the file, the cut is not noticed.
    std::fs::remove_file(scene.keys().join("ledger.end")).unwrap();
    start().await.unwrap();
    store.close().await;
}

pub async fn a_log_of_an_earlier_version_gets_macs_for_what_is_signed(scene: &Scene) {
    scene.append_some(3).await;
    scene.sealer().await.unwrap().seal_now().await.unwrap();
    scene.db.by_hand("delete from ledger_mac").await.unwrap();
    let (store, journal) = another(scene).await;
    let start = async || scene.sealer_of(&store, &journal).await;
    start().await.unwrap().seal_now().await.unwrap();
    let newest = crate::entries::newest(&store, Some(100), 100).await;
    assert_eq!(newest.len(), 4, "the adoption is an entry");
    assert!(
        newest[0].leaf.contains("ledger.adopted"),
        "{}",
        newest[0].leaf
    );
    let (code, report) = scene.verify().await;
    assert_eq!(
        (code, &report["macs_checked"]),
        (0, &true.into()),
        "{report}"
    );
    // Nothing proves an entry behind the newest checkpoint.
    append_to(&store, &journal, journal.log_started())
        .await
        .unwrap();
    scene.db.by_hand("delete from ledger_mac").await.unwrap();
    let (store, journal) = another(scene).await;
    let refused = scene.sealer_of(&store, &journal).await;
    assert!(matches!(
        refused,
        Err(Fault::NotProven { first: 4, count: 1 })
    ));
    // An altered entry gets none.
    scene.drop_triggers().await;
    let change = "update ledger_entry set leaf = replace(leaf, '111111000001', '111111000099') where seq = 1";
    scene.db.by_hand(change).await.unwrap();
    let (store, journal) = another(scene).await;
    let refused = scene.sealer_of(&store, &journal).await;
    assert!(matches!(refused, Err(Fault::Rewritten { size: 4 })));
}

pub async fn a_verification_without_the_row_key_says_what_it_did_not_check(scene: &Scene) {
    scene.append_some(2).await;
    scene.sealer().await.unwrap().seal_now().await.unwrap();
    let without_macs = async || {
        let (code, report) = scene.verify().await;
        assert_eq!(code, 0, "{report}");
        let codes = report["not_checked"].as_array().unwrap().clone();
        codes.contains(&"macs".into())
    };
    let people = async || {
        let args = VerifyArgs {
            place: scene.place(),
            bundle: None,
            checkpoint: None,
            json: false,
        };
        let (mut out, mut notes) = (Vec::new(), Vec::new());
        let code = execute(LedgerCommand::Verify(args), &mut out, &mut notes).await;
        assert_eq!(code.unwrap(), 0);
        String::from_utf8(out).unwrap()
    };
    assert!(!without_macs().await);
    let all = people().await;
    assert!(all.starts_with("The ledger is valid: "), "{all}");
    std::fs::remove_file(scene.keys().join("row.key")).unwrap();
    assert!(without_macs().await);
    let part = people().await;
    assert!(
        part.starts_with("The ledger is valid as far as it was checked: "),
        "{part}"
    );
    assert!(part.contains("Not checked: the MACs"), "{part}");
}

/// What a look at the ledger finds first.
async fn looked(store: &Store) -> Option<NotAuthentic> {
    let mut conn = store.connection().await.unwrap();
    ledger::catch_up(&mut conn).await.unwrap().fault
}

pub async fn a_head_that_states_another_end_is_named_before_anything_is_appended(scene: &Scene) {
    scene.append_some(3).await;
    let sealer = scene.sealer().await.unwrap();
    let head = head_sql(scene).await;
    scene.drop_triggers().await;
    for (altered, seq) in [
        ("update ledger_head set size = 2", 2),
        ("update ledger_head set size = 99", 3),
        ("update ledger_head set last_hash = 'nothing'", 3),
        ("update ledger_head set id = 'away'", 0),
    ] {
        scene.db.by_hand(altered).await.unwrap();
        sealer.keep_end().await.unwrap();
        let trouble = sealer.trouble().expect(altered);
        let words = format!("entry {seq} of the ledger is not the end that the head");
        assert!(trouble.contains(&words), "{altered}: {trouble}");
        // Every entry is authentic all the same.
        let newest = crate::entries::newest(&scene.db.store, Some(3), 5).await;
        assert!(
            newest
                .iter()
                .all(|entry| entry.authenticity == Authenticity::Authentic)
        );
        scene
            .db
            .by_hand("update ledger_head set id = 'head'")
            .await
            .unwrap();
        scene.db.by_hand(&head).await.unwrap();
        sealer.keep_end().await.unwrap();
        assert_eq!(sealer.trouble(), None, "{altered}");
    }
    // A log without entries, too.
    let empty = Scene::on(scene.db.store.engine()).await;
    assert_eq!(looked(&empty.db.store).await, None);
    let head = format!(
        "insert into ledger_head (id, log, size, last_hash) values ('head', '{}', 5, '{}')",
        log(),
        Hash::ZERO.hex()
    );
    empty.db.by_hand(&head).await.unwrap();
    let fault = NotAuthentic {
        seq: 0,
        why: EntryFlaw::Head,
    };
    assert_eq!(looked(&empty.db.store).await, Some(fault));
    empty.close().await;
}

pub async fn appends_that_are_not_committed_yet_raise_no_false_alarm(scene: &Scene) {
    let (other, journal) = another(scene).await;
    assert_eq!(looked(&other).await, None, "there is no entry yet");
    let mut tx = scene.db.store.write().await.unwrap();
    for _ in 0..2 {
        let entry = scene.journal.log_started();
        scene.journal.append(&mut tx, entry).await.unwrap();
        assert_eq!(looked(&other).await, None);
    }
    tx.commit().await.unwrap();
    let appends = async {
        for _ in 0..40 {
            let entry = journal.log_started();
            append_to(&other, &journal, entry).await.unwrap();
        }
    };
    let looks = async {
        for _ in 0..80 {
            assert_eq!(looked(&scene.db.store).await, None);
        }
    };
    tokio::join!(appends, looks);
    assert_eq!(scene.append(1).await, 42);
    other.close().await;
}

pub async fn an_entry_that_is_not_authentic_is_shown_and_exported_as_such(scene: &Scene) {
    scene.append_some(3).await;
    scene.sealer().await.unwrap().seal_now().await.unwrap();
    let auditor = Arc::new(scene.service(&[Role::Auditor]).await);
    let shown = async || {
        let page = auditor.entries(&ListChoice::default()).await.unwrap();
        let rows = entries(page).into_iter();
        let forged = rows.filter(|row| row.authenticity == EntryAuthenticity::NotAuthentic);
        forged.map(|row| row.seq).collect::<Vec<u64>>()
    };
    // This read is an entry. The further ones of this minute are counted.
    assert_eq!(shown().await, Vec::<u64>::new());
    put_in_person(scene, &bob()).await;
    let forged = forge(scene, role_entry(scene, &bob())).await;
    assert_eq!(shown().await, [forged]);
    assert_eq!(
        auditor.leaf(0).await.unwrap().authenticity,
        EntryAuthenticity::Authentic
    );
    let view = auditor.entry(forged).await.unwrap();
    assert_eq!(view.row.authenticity, EntryAuthenticity::NotAuthentic);
    let leaf = auditor.leaf(forged).await.unwrap();
    assert_eq!(leaf.authenticity, EntryAuthenticity::NotAuthentic);
    let visit = || Visit {
        backend: auditor.clone(),
        params: BTreeMap::from([("seq".to_owned(), forged.to_string())]),
        query: BTreeMap::new(),
        url: "/".into(),
        form: FormState::default(),
    };
    let list = pages::ledger::page(visit()).await.unwrap().draw;
    let list = render(Surroundings::default(), list);
    assert_eq!(list.matches(">Not authentic</span>").count(), 1, "{list}");
    let page = pages::entry::page(visit()).await.unwrap().draw;
    let page = render(Surroundings::default(), page);
    assert!(page.contains("This entry is not authentic"), "{page}");
    let (code, manifest, notes) = exported(scene, "forged").await;
    assert_eq!(
        (code, &manifest["first_not_authentic"]),
        (1, &forged.into())
    );
    assert!(
        notes.contains(&format!("Entry {forged} and those after it")),
        "{notes}"
    );
    // An entry in the middle, which every process has verified.
    scene.drop_triggers().await;
    let change = "update ledger_entry set leaf = replace(leaf, '111111000001', '111111000099') where seq = 1";
    assert_eq!(scene.db.by_hand(change).await.unwrap(), 1);
    assert_eq!(shown().await, [forged, 1]);
    let (code, manifest, _) = exported(scene, "altered").await;
    assert_eq!((code, &manifest["first_not_authentic"]), (1, &1.into()));
    let bundle = VerifyArgs {
        place: scene.place(),
        bundle: Some(scene.db.folder().join("altered")),
        checkpoint: None,
        json: true,
    };
    let (code, report) = scene.verify_with(bundle).await;
    let findings = report["findings"].as_array().unwrap();
    let named = findings.iter().any(|one| one["code"] == "not_authentic");
    assert!(code == 1 && named, "{report}");
}

/// Exports the ledger. Returns the exit code, the manifest and the notes.
async fn exported(scene: &Scene, name: &str) -> (u8, Value, String) {
    let folder = scene.db.folder().join(name);
    let args = ExportArgs {
        folder: folder.clone(),
        place: scene.place(),
        with_private: false,
    };
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let code = execute(LedgerCommand::Export(args), &mut out, &mut notes)
        .await
        .unwrap();
    let manifest = std::fs::read(folder.join("manifest.json")).unwrap();
    let manifest = serde_json::from_slice(&manifest).unwrap();
    (code, manifest, String::from_utf8(notes).unwrap())
}
