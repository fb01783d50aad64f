//! Begins with a stored projection, and what a writer of the database without the row key can do to it: nothing that counts.
//! Also what is read again of changes that ended.

use domain::ledger::projection::{Lifecycle, Projection};

use super::{
    authentic::{another, append_to, bob, forge, is_administrator, put_in_role, role_entry},
    *,
};

/// Grants a role to a person, in row and entry.
async fn grant(scene: &Scene, person: &PersonId) {
    put_in_role(scene, person).await;
    append(scene, role_entry(scene, person)).await;
}

async fn append(scene: &Scene, entry: server::service::journal::EntryBuilder) -> u64 {
    append_to(&scene.db.store, &scene.journal, entry)
        .await
        .unwrap()
}

/// Stores the projection of all entries, whether it is due or not.
pub(super) async fn store_projection(scene: &Scene) {
    let store = &scene.db.store;
    let mut conn = store.connection().await.unwrap();
    ledger::catch_up(&mut conn).await.unwrap();
    drop(conn);
    let (end, projection) = store.tail().to_store(|_, _| true).unwrap();
    let json = serde_json::to_string(&projection).unwrap();
    let mut tx = store.write().await.unwrap();
    ledger::store_projection(&mut tx, &log(), &end, &json)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

/// Returns the sizes of the ends of which projections are stored.
pub(super) async fn stored(scene: &Scene) -> Vec<u64> {
    let mut conn = scene.db.store.connection().await.unwrap();
    let stored = ledger::stored_projections(&mut conn).await.unwrap();
    stored.into_iter().filter_map(|one| one.size).collect()
}

/// What a process that starts now finds: who is an administrator, and the entry that does not count.
async fn at_a_start(scene: &Scene) -> (Vec<PersonId>, Option<u64>) {
    let (store, _) = another(scene).await;
    let mut conn = store.connection().await.unwrap();
    let fault = ledger::catch_up(&mut conn).await.unwrap().fault;
    let held = person::everyone_with_a_role(&mut conn).await.unwrap();
    drop(conn);
    store.close().await;
    let held = held.into_iter().map(|(person, _)| person).collect();
    (held, fault.map(|fault| fault.seq))
}

fn ann_id() -> PersonId {
    ann().person.unwrap()
}

pub async fn a_start_applies_the_entries_behind_the_stored_projection(scene: &Scene) {
    grant(scene, &ann_id()).await;
    scene.append_some(3).await;
    store_projection(scene).await;
    grant(scene, &bob()).await;
    scene.sealer().await.unwrap().seal_now().await.unwrap();
    let both = vec![ann_id(), bob()];
    assert_eq!(at_a_start(scene).await, (both.clone(), None));
    let (code, out) = told(scene).await;
    assert_eq!(code, 0, "{out}");
    // An entry before its end is not verified again at a start. The verification of the whole ledger names it.
    scene.drop_triggers().await;
    let change = "update ledger_entry set leaf = replace(leaf, '111111000001', '111111000099') where seq = 2";
    assert_eq!(scene.db.by_hand(change).await.unwrap(), 1);
    assert_eq!(at_a_start(scene).await, (both, None));
    let (code, out) = told(scene).await;
    assert!(
        code == 1 && out.contains("ledger_mac: entry 2 has no valid MAC"),
        "{out}"
    );
    // What is behind it does not count without a MAC, as ever.
    let forged = forge(scene, role_entry(scene, &bob())).await;
    assert_eq!(at_a_start(scene).await.1, Some(forged));
    scene
        .db
        .by_hand("delete from ledger_projection")
        .await
        .unwrap();
    assert_eq!(at_a_start(scene).await, (vec![ann_id()], Some(2)));
}

pub async fn a_stored_projection_that_leastwise_did_not_write_is_not_used(scene: &Scene) {
    grant(scene, &ann_id()).await;
    scene.append_some(2).await;
    store_projection(scene).await;
    scene.append(2).await;
    scene.sealer().await.unwrap().seal_now().await.unwrap();
    // Bob has Ann's role in every altered projection.
    let bob_in = format!("document = replace(document, '{}', '{}')", ann_id(), bob());
    let other = Hash::of(b"another").hex();
    let (_, first) = stored_columns(scene).await;
    for change in [
        bob_in.clone(),
        format!("{bob_in}, mac = '{other}'"),
        "size = 2".to_owned(),
        "size = 9".to_owned(),
        format!("format = {}", Projection::FORMAT + 1),
        format!("end_mac = '{other}'"),
        format!("end_leaf = '{other}'"),
        "key_id = '0000000000000000'".to_owned(),
        "document = '{'".to_owned(),
    ] {
        let update = format!("update ledger_projection set {change}");
        assert_eq!(scene.db.by_hand(&update).await.unwrap(), 1);
        assert_eq!(at_a_start(scene).await, (vec![ann_id()], None), "{change}");
        let (code, out) = told(scene).await;
        assert!(
            code == 1 && out.contains("ledger_projection: the projection of"),
            "{change}: {out}"
        );
        let (_, report) = scene.verify().await;
        let finding = &report["findings"][0];
        assert_eq!(finding["code"], "stored_projection_differs", "{report}");
        scene
            .db
            .by_hand("delete from ledger_projection")
            .await
            .unwrap();
        scene.db.by_hand(&first).await.unwrap();
        assert_eq!(told(scene).await.0, 0);
    }
}

/// Returns the end of the newest stored projection, and the statement that stores it as it is.
async fn stored_columns(scene: &Scene) -> (i64, String) {
    type Row = (i64, i64, String, String, String, String, String);
    let (size, format, end_mac, end_leaf, document, key, mac): Row = sqlx::query_as(
        "select size, format, end_mac, end_leaf, document, key_id, mac from ledger_projection order by size desc",
    )
    .fetch_one(scene.db.store.read())
    .await
    .unwrap();
    let insert = format!(
        "insert into ledger_projection (size, format, end_mac, end_leaf, document, key_id, mac) \
         values ({size}, {format}, '{end_mac}', '{end_leaf}', '{document}', '{key}', '{mac}')"
    );
    (size, insert)
}

pub async fn an_older_stored_projection_that_is_put_back_changes_nothing(scene: &Scene) {
    grant(scene, &ann_id()).await;
    grant(scene, &bob()).await;
    store_projection(scene).await;
    let (old, put_back) = stored_columns(scene).await;
    let ended = scene
        .journal
        .role_ended(&ann(), &bob(), Role::Administrator, START);
    append(scene, ended).await;
    assert!(!is_administrator(scene, &bob()).await);
    for _ in 0..2 {
        scene.append(1).await;
        store_projection(scene).await;
    }
    assert_eq!(stored(scene).await, [4, 5], "two are kept");
    scene
        .db
        .by_hand("delete from ledger_projection")
        .await
        .unwrap();
    scene.db.by_hand(&put_back).await.unwrap();
    assert_eq!(old, 2);
    assert_eq!(at_a_start(scene).await, (vec![ann_id()], None));
}

pub async fn a_stored_projection_beyond_the_end_counts_as_none(scene: &Scene) {
    grant(scene, &ann_id()).await;
    store_projection(scene).await;
    grant(scene, &bob()).await;
    store_projection(scene).await;
    assert_eq!(stored(scene).await, [1, 2]);
    // Creates the key, without which nothing is verified.
    scene.sealer().await.unwrap();
    scene.drop_triggers().await;
    for cut in [
        "delete from ledger_entry where seq = 1",
        "delete from ledger_mac where seq = 1",
    ] {
        scene.db.by_hand(cut).await.unwrap();
    }
    // The head still states the entry that is missing.
    assert_eq!(at_a_start(scene).await, (vec![ann_id()], Some(1)));
    let (_, out) = told(scene).await;
    assert!(
        out.contains("ledger_projection: the projection of 2 entries: the ledger has no such end"),
        "{out}"
    );
    // Another entry in its place, as after a loss that people accepted.
    let (store, journal) = another(scene).await;
    let head = "update ledger_head set size = 1, last_hash = (select leaf_hash from ledger_entry where seq = 0)";
    scene.db.by_hand(head).await.unwrap();
    let first = tree::leaf_index(1).unwrap();
    let cut = format!("delete from ledger_hash where idx >= {first}");
    scene.db.by_hand(&cut).await.unwrap();
    let mut tx = store.write().await.unwrap();
    journal
        .append(&mut tx, journal.log_started())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    store.close().await;
    assert_eq!(at_a_start(scene).await, (vec![ann_id()], None));
}

pub async fn a_deleted_entry_is_named_and_not_the_one_after_it(scene: &Scene) {
    grant(scene, &ann_id()).await;
    scene.append_some(4).await;
    scene.sealer().await.unwrap();
    scene.drop_triggers().await;
    for cut in [
        "delete from ledger_entry where seq = 2",
        "delete from ledger_mac where seq = 2",
    ] {
        scene.db.by_hand(cut).await.unwrap();
    }
    let (store, _) = another(scene).await;
    let mut conn = store.connection().await.unwrap();
    let fault = ledger::catch_up(&mut conn).await.unwrap().fault.unwrap();
    assert_eq!(fault.to_string(), "entry 2 of the ledger is missing");
    drop(conn);
    store.close().await;
    let (code, out) = told(scene).await;
    assert_eq!(code, 1);
    for said in [
        "Entry 2 is invalid: it is missing: entry 3 is in its place.",
        "ledger_mac: entry 2 is missing: entry 3 follows.",
    ] {
        assert!(out.contains(said), "{out}");
    }
}

pub async fn a_change_that_ended_is_read_again_as_it_was_or_not_at_all(scene: &Scene) {
    let id = ChangeId::parse("0190c0de-0000-7000-8000-0000000000c1").unwrap();
    for kind in [
        EventKind::ChangeSubmitted,
        EventKind::ChangeApproved,
        EventKind::ChangeStarted,
        EventKind::ChangeVerified,
    ] {
        let entry = scene.journal.entry(kind, Outcome::Success, &ann());
        let effect = Hash::of(b"effect");
        let entry = entry.change(&id).fact("effect", "e").shows(effect);
        append(scene, entry).await;
    }
    let decisions = async || {
        let mut conn = scene.db.store.connection().await.unwrap();
        let ids = std::slice::from_ref(&id);
        let mut found = ledger::decisions_on(&mut conn, ids).await.unwrap();
        let decisions = found.remove(&id).unwrap();
        assert_eq!(decisions.history.lifecycle, Lifecycle::Ended);
        (decisions.history.submitted.is_some(), decisions.given.len())
    };
    assert_eq!(decisions().await, (true, 1));
    // Its own transaction sees what it appended.
    let mut tx = scene.db.store.write().await.unwrap();
    let entry = scene
        .journal
        .entry(EventKind::ChangeDeclined, Outcome::Success, &ann());
    let entry = entry.change(&id).fact("effect", "e");
    scene.journal.append(&mut tx, entry).await.unwrap();
    let ids = std::slice::from_ref(&id);
    let found = ledger::decisions_on(tx.conn(), ids).await.unwrap();
    assert_eq!(found[&id].given.len(), 2);
    drop(tx);
    assert_eq!(decisions().await, (true, 1));
    scene.drop_triggers().await;
    let text = "update ledger_entry set leaf = replace(leaf, '\"effect\":\"e\"', '\"effect\":\"f\"') where seq = 1";
    assert_eq!(scene.db.by_hand(text).await.unwrap(), 1);
    assert_eq!(decisions().await, (false, 0), "an altered entry");
}
