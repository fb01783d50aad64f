//! The list of entries: what it finds, in which pages, what it folds, and what its file has.

use app::{
    backend::{EntryLine, EntryPage, EntryRelation, Extent, FoldedAs},
    lists::{Start, entries::ENTRIES},
};
use domain::{
    engine::{AccessResource, OperationKind},
    ids::{GroupId, OperationId, UserId},
    ledger::{PrivateValue, Salt},
};
use server::service::journal::EntryBuilder;

use super::*;

fn chosen(query: &str) -> ListChoice {
    let (choice, dropped) = ListChoice::parse(&ENTRIES, &format!("/ledger?{query}"));
    assert_eq!(dropped, [], "{query}");
    choice
}

fn numbers(page: EntryPage) -> Vec<u64> {
    entries(page).iter().map(|row| row.seq).collect()
}

async fn append(scene: &Scene, entry: EntryBuilder) -> u64 {
    let mut tx = scene.db.store.write().await.unwrap();
    let seq = scene.journal.append(&mut tx, entry).await.unwrap();
    tx.commit().await.unwrap();
    seq
}

fn bob() -> EntryActor {
    EntryActor {
        person: Some(PersonId::parse("0190c0de-0000-7000-8000-000000000002").unwrap()),
        name: Some("Bob Ray".to_owned()),
        session: Some("s-2".to_owned()),
        ..ann()
    }
}

pub async fn an_entry_is_found_by_its_words_newest_first(scene: &Scene) {
    scene.append_some(60).await;
    let denied =
        scene
            .journal
            .access_denied(&ann(), Action::Decide, "Your roles do not include this.");
    scene.journal.note(denied).await.unwrap();
    let auditor = scene.service(&[Role::Auditor]).await;
    let list = async |choice: ListChoice| auditor.entries(&choice).await.unwrap();
    let found = entries(list(words("Ann GRANT 111111000007")).await);
    assert_eq!(found.iter().map(|row| row.seq).collect::<Vec<_>>(), [7]);
    assert_eq!(
        sentence(&found[0]),
        "The access window of account Payments Ledger (111111000007) started"
    );
    let many = list(words("192.0.2.7 started")).await.list;
    assert_eq!((many.total, many.rows.len()), (60, 50));
    let none = list(words("ann nobody")).await.list;
    // 60 grants, the refusal, and the recorded read of the ledger.
    assert_eq!((none.total, none.known), (0, 62));
    // A part of a search may be in the title of the event: *Access denied*.
    let denied = list(words("access denied")).await;
    assert_eq!(numbers(denied), [60]);
    let only = entries(list(chosen("outcome=denied")).await);
    assert_eq!(only.len(), 1);
    // As in an entry of an earlier version, which named the actor as the sign-in did.
    assert_eq!(
        sentence(&only[0]),
        "Ann Lee (self-reported name) was denied an action: Your roles do not include this"
    );
    // Ten reads within a minute are one entry and a count.
    assert_eq!(list(words("viewed")).await.list.total, 1);
}

pub async fn the_pages_of_a_long_list_begin_before_and_after_numbers(scene: &Scene) {
    scene.append_some(120).await;
    let auditor = scene.service(&[Role::Auditor]).await;
    let list = async |choice: &ListChoice| auditor.entries(choice).await.unwrap();
    let choice = chosen("what=access");
    let first = list(&choice).await;
    let place = first.list.sequence.unwrap();
    assert_eq!((first.list.total, first.list.known), (120, 121));
    assert_eq!(
        (place.extent, place.position, place.newer, place.older),
        (Extent::All, Some(0), None, Some(70))
    );
    let second = list(&choice.from(Start::Before(70))).await;
    let place = second.list.sequence.unwrap();
    assert_eq!(
        (place.position, place.newer, place.older),
        (Some(50), Some(69), Some(20))
    );
    assert_eq!(numbers(second), (20..70).rev().collect::<Vec<u64>>());
    let back = list(&choice.from(Start::After(69))).await;
    assert_eq!(numbers(back), numbers(first));
    let third = list(&choice.from(Start::Before(20))).await;
    assert_eq!(third.list.sequence.unwrap().older, None);
    assert_eq!(numbers(third), (0..20).rev().collect::<Vec<u64>>());
    let oldest = list(&chosen("what=access&sort=entry")).await;
    assert_eq!(oldest.list.sequence.unwrap().newer, Some(49));
    assert_eq!(numbers(oldest), (0..50).collect::<Vec<u64>>());
    // Without a filter nothing is counted: the head states the number.
    let all = list(&ListChoice::default()).await.list;
    assert_eq!((all.total, all.rows.len()), (121, 50));
    // Far beyond either end there is the nearest page.
    for far in [Start::After(4_000), Start::Before(0)] {
        let page = list(&ListChoice::default().from(far)).await;
        assert!(!page.list.rows.is_empty(), "{far:?}");
    }
}

pub async fn filters_narrow_each_other_and_their_values_widen(scene: &Scene) {
    scene.append_some(3).await;
    append(
        scene,
        scene.journal.access_denied(&bob(), Action::Decide, "No."),
    )
    .await;
    scene.clock.advance(Duration::days(3));
    let late = append(
        scene,
        scene.journal.access_denied(&ann(), Action::Decide, "No."),
    )
    .await;
    let auditor = scene.service(&[Role::Auditor]).await;
    let found = async |query: &str| {
        let page = auditor.entries(&chosen(query)).await.unwrap();
        let mut seqs = numbers(page);
        // The read itself.
        seqs.retain(|seq| *seq <= late);
        seqs
    };
    assert_eq!(found("outcome=denied").await, [4, 3]);
    assert_eq!(
        found("outcome=denied&outcome=success").await,
        [4, 3, 2, 1, 0]
    );
    assert_eq!(found("outcome=denied&who=Bob").await, [3]);
    let bob = bob().person.unwrap();
    assert_eq!(found(&format!("who={bob}")).await, [3]);
    assert_eq!(found("account=111111000001").await, [1]);
    assert_eq!(found("account=no-such-account").await, [0_u64; 0]);
    assert_eq!(found("what=sessions&what=access&q=ann").await, [4, 2, 1, 0]);
    let day = |at: Timestamp| at.rfc3339()[..10].to_owned();
    let (first, last) = (day(START), day(START + Duration::days(3)));
    assert_eq!(found(&format!("from={last}")).await, [4]);
    assert_eq!(found(&format!("until={first}")).await, [3, 2, 1, 0]);
    assert_eq!(
        found(&format!("from={first}&until={first}&who=Bob")).await,
        [3]
    );
    assert_eq!(found("from=2099-01-01").await, [0_u64; 0]);
}

pub async fn crawls_that_found_nothing_new_are_folded_where_they_are(scene: &Scene) {
    let crawl = |outcome, outside: u64| {
        let facts = [("accounts", 3), ("outside", outside), ("pairs", 9)];
        scene.journal.sync_completed(outcome, facts)
    };
    scene.append_some(1).await;
    for _ in 0..3 {
        append(scene, crawl(Outcome::Success, 0)).await;
    }
    append(scene, crawl(Outcome::Success, 2)).await;
    append(scene, crawl(Outcome::Failure, 0)).await;
    append(scene, crawl(Outcome::Success, 0)).await;
    let auditor = scene.service(&[Role::Auditor]).await;
    let list = async |choice: &ListChoice| auditor.entries(choice).await.unwrap();
    let page = list(&ListChoice::default()).await;
    let crawls = FoldedAs::Crawls;
    assert_eq!(folded(&page), [(crawls, 1, 6, 6), (crawls, 3, 1, 3)]);
    let href = page.list.rows.iter().find_map(|line| match line {
        EntryLine::Folded(folded) if folded.count == 3 => Some(folded.href.clone()),
        _ => None,
    });
    assert_eq!(href.as_deref(), Some("/ledger?syncs=each&before=4"));
    assert_eq!(numbers(page), [7, 5, 4, 0]);
    let (each, _) = ListChoice::parse(&ENTRIES, &href.unwrap());
    assert_eq!(numbers(list(&each).await), [3, 2, 1, 0]);
    assert_eq!(
        numbers(list(&chosen("what=jobs")).await),
        [6, 5, 4, 3, 2, 1]
    );
}

/// Returns what a page folds: as what, how many entries, and the first and the last of them.
fn folded(page: &EntryPage) -> Vec<(FoldedAs, usize, u64, u64)> {
    let rows = page.list.rows.iter();
    rows.filter_map(|line| match line {
        EntryLine::Folded(one) => Some((one.fold, one.count, one.first, one.last)),
        EntryLine::Entry(_) => None,
    })
    .collect()
}

fn signed_in(scene: &Scene) -> EntryBuilder {
    let kind = EventKind::SessionStarted;
    scene.journal.entry(kind, Outcome::Success, &ann())
}

pub async fn the_setup_is_one_row_until_somebody_looks_for_something(scene: &Scene) {
    let journal = &scene.journal;
    let facts = [("accounts", 3), ("outside", 0), ("pairs", 9)];
    let rules = EventKind::RulesActivated;
    append(scene, journal.log_started()).await;
    let leastwise = EntryActor::leastwise();
    append(scene, journal.entry(rules, Outcome::Success, &leastwise)).await;
    append(scene, journal.sync_completed(Outcome::Success, facts)).await;
    append(scene, journal.access_denied(&bob(), Action::Decide, "No.")).await;
    append(scene, journal.log_stopped()).await;
    append(scene, signed_in(scene)).await;
    append(scene, journal.log_started()).await;
    append(scene, journal.sync_completed(Outcome::Success, facts)).await;
    let auditor = scene.service(&[Role::Auditor]).await;
    let list = async |choice: &ListChoice| auditor.entries(choice).await.unwrap();
    let page = list(&ListChoice::default()).await;
    assert_eq!(
        folded(&page),
        [
            (FoldedAs::Crawls, 1, 7, 7),
            (FoldedAs::Setup, 1, 4, 4),
            (FoldedAs::Setup, 3, 0, 2)
        ]
    );
    assert_eq!(numbers(page), [8, 6, 5, 3]);
    let each = list(&chosen("syncs=each")).await;
    assert_eq!(numbers(each), [8, 7, 6, 5, 4, 3, 2, 1, 0]);
    // Somebody who looks for something finds it.
    let of_system = list(&chosen("what=system")).await;
    assert_eq!(numbers(of_system), [6, 4, 0]);
    // One that Leastwise did not write is never folded.
    let without = "delete from ledger_mac where seq = 1";
    assert_eq!(scene.db.by_hand(without).await.unwrap(), 1);
    let page = list(&ListChoice::default()).await;
    let setup = (FoldedAs::Setup, 1, 4, 4);
    assert!(folded(&page).contains(&setup), "{:?}", folded(&page));
    let shown = entries(page);
    let forged: Vec<u64> = shown
        .iter()
        .filter(|row| !row.is_authentic())
        .map(|row| row.seq)
        .collect();
    assert!(forged.contains(&1), "{forged:?}");
}

pub async fn sign_ins_and_links_one_after_the_other_are_one_row_if_all_count(scene: &Scene) {
    let link = || {
        let leastwise = EntryActor::leastwise();
        let kind = EventKind::IdentityLinked;
        scene.journal.entry(kind, Outcome::Success, &leastwise)
    };
    let failed = || {
        let kind = EventKind::SessionStarted;
        scene.journal.entry(kind, Outcome::Failure, &ann())
    };
    append(scene, signed_in(scene)).await;
    append(scene, signed_in(scene)).await;
    append(scene, failed()).await;
    append(scene, signed_in(scene)).await;
    for _ in 0..3 {
        append(scene, link()).await;
    }
    let auditor = scene.service(&[Role::Auditor]).await;
    let list = async |choice: &ListChoice| auditor.entries(choice).await.unwrap();
    let (sign_ins, links) = ((FoldedAs::SignIns, 2, 0, 1), (FoldedAs::Links, 3, 4, 6));
    let page = list(&ListChoice::default()).await;
    assert_eq!(folded(&page), [links, sign_ins]);
    // One that is alone says more by itself, and so does one that failed.
    assert_eq!(numbers(page), [7, 3, 2]);
    // Somebody who looks for something finds each.
    let of_sessions = list(&chosen("what=sessions")).await;
    assert!(folded(&of_sessions).is_empty());
    assert_eq!(numbers(of_sessions), [3, 2, 1, 0]);
    // A row of which Leastwise did not write everything is not folded.
    let without = "delete from ledger_mac where seq = 5";
    assert_eq!(scene.db.by_hand(without).await.unwrap(), 1);
    let page = list(&ListChoice::default()).await;
    assert!(!folded(&page).contains(&links), "{:?}", folded(&page));
    let shown = numbers(page);
    assert!([4, 5, 6].iter().all(|seq| shown.contains(seq)), "{shown:?}");
}

pub async fn what_was_pending_shows_what_became_of_it(scene: &Scene) {
    let key = |user: &str| AccessResource::Membership {
        group: GroupId::parse("00000000-0000-4000-8000-000000000009").unwrap(),
        user: UserId::parse(user).unwrap(),
    };
    let (one, other) = (
        key("00000000-0000-4000-8000-000000000001"),
        key("00000000-0000-4000-8000-000000000002"),
    );
    let operation = OperationId::parse("00000008-0000-4000-8000-000000000001").unwrap();
    let write = OperationKind::Create;
    let journal = &scene.journal;
    append(
        scene,
        journal.operation_intended(None, &operation, &one, write),
    )
    .await;
    append(
        scene,
        journal.operation_intended(None, &operation, &other, write),
    )
    .await;
    append(
        scene,
        journal.operation_failed(&operation, &one, "refused", "No."),
    )
    .await;
    let change = ChangeId::parse("00000004-0000-4000-8000-000000000001").unwrap();
    let started = journal.entry(EventKind::ChangeStarted, Outcome::Pending, &ann());
    append(scene, started.change(&change)).await;
    append(scene, journal.change_withdrawn(&ann(), &change)).await;
    let auditor = scene.service(&[Role::Auditor]).await;
    let rows = entries(auditor.entries(&ListChoice::default()).await.unwrap());
    let result = |seq: u64| {
        let row = rows.iter().find(|row| row.seq == seq).unwrap();
        row.result.as_ref().map(|result| (result.seq, result.label))
    };
    assert_eq!(result(0), Some((2, "Failed")));
    assert_eq!(result(1), None);
    assert_eq!(result(3), Some((4, "Withdrawn")));
    assert_eq!(result(4), None);
}

pub async fn the_entries_of_a_session_are_those_of_its_person(scene: &Scene) {
    for who in [ann(), bob(), ann()] {
        append(
            scene,
            scene.journal.access_denied(&who, Action::Decide, "No."),
        )
        .await;
    }
    let later = EntryActor {
        session: Some("s-3".to_owned()),
        ..ann()
    };
    append(
        scene,
        scene.journal.access_denied(&later, Action::Decide, "No."),
    )
    .await;
    let auditor = scene.service(&[Role::Auditor]).await;
    let of_session = async |seq: u64| {
        let related = auditor.entry(seq).await.unwrap().related.into_iter();
        let mut sessions = related.filter(|one| one.relation == EntryRelation::Session);
        let link = sessions.next().unwrap().entries;
        let (_, query) = link.split_once('?').unwrap();
        let mut found = numbers(auditor.entries(&chosen(query)).await.unwrap());
        // The reads themselves are in the session that reads.
        found.retain(|seq| *seq < 4);
        found
    };
    assert_eq!(of_session(2).await, [2, 0]);
    assert_eq!(of_session(1).await, [1]);
    assert_eq!(of_session(3).await, [3]);
    // A session that somebody typed, without its person.
    let unknown = "0".repeat(64);
    let found = auditor
        .entries(&chosen(&format!("session={unknown}")))
        .await;
    assert_eq!(numbers(found.unwrap()), [0_u64; 0]);
}

pub async fn the_file_has_what_is_filtered_with_proofs_and_is_recorded(scene: &Scene) {
    scene.append_some(70).await;
    append(
        scene,
        scene.journal.access_denied(&bob(), Action::Decide, "No."),
    )
    .await;
    scene.sealer().await.unwrap().seal_now().await.unwrap();
    let auditor = scene.service(&[Role::Auditor]).await;
    let choice = chosen("what=access&sort=entry");
    let file = async |choice: &ListChoice, format| {
        let file = auditor.entries_file(choice, format).await.unwrap();
        file.body.flatten().collect::<Vec<u8>>()
    };
    let bytes = file(&choice, FileFormat::Json).await;
    let json: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(json["row_count"], 70);
    assert_eq!(json["filter"], "/ledger?what=access&sort=entry");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let size = json["checkpoint"]["size"].as_u64().unwrap();
    let root = Hash::parse_hex(text(&json["checkpoint"]["root"]).as_bytes()).unwrap();
    let note = text(&json["checkpoint"]["note"]);
    assert!(note.contains(&format!("\n{size}\n")), "{note}");
    for (seq, row) in (0..).zip(json["rows"].as_array().unwrap()) {
        assert_eq!(row["entry"], seq);
        let leaf = text(&row["leaf"]);
        let hash = Hash::leaf(leaf.as_bytes());
        assert_eq!(text(&row["leaf_hash"]), hash.hex());
        let proof: Vec<Hash> = row["proof"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| Hash::parse_hex(text(one).as_bytes()).unwrap())
            .collect();
        tree::verify_inclusion(&proof, size, root, seq, hash).unwrap();
        let name = row["private"].as_array().unwrap().iter();
        let name = name
            .clone()
            .find(|one| one["path"] == "/actor/name")
            .unwrap();
        assert_eq!(name["value"], "Ann Lee");
        let salt: [u8; 32] = hex::decode(text(&name["salt"]))
            .unwrap()
            .try_into()
            .unwrap();
        let value = PrivateValue {
            path: "/actor/name".to_owned(),
            salt: Salt(salt),
            value: "Ann Lee".to_owned(),
        };
        assert!(leaf.contains(&value.hash().hex()));
    }
    let csv = String::from_utf8(file(&choice, FileFormat::Csv).await).unwrap();
    assert_eq!(csv.lines().count(), 71);
    assert!(
        csv.starts_with("\"entry\",\"time\",\"event\",\"outcome\","),
        "{csv}"
    );
    // Each download is an entry, with the digest of its bytes.
    let downloads = entries(auditor.entries(&words("downloaded")).await.unwrap());
    assert_eq!(downloads.len(), 2);
    assert_eq!(
        sentence(&downloads[1]),
        "Ann Lee (self-reported name) downloaded 70 entries of the ledger as JSON"
    );
    let recorded = auditor.entry(downloads[1].seq).await.unwrap();
    let digest = Hash(
        sha2::Digest::finalize(sha2::Digest::chain_update(
            <sha2::Sha256 as sha2::Digest>::new(),
            &bytes,
        ))
        .into(),
    );
    assert!(recorded.leaf.contains(&digest.hex()));
    // What is not signed yet has no proof, and says so.
    let unsigned = file(&chosen("what=reads"), FileFormat::Json).await;
    let unsigned: Value = serde_json::from_slice(&unsigned).unwrap();
    assert_eq!(unsigned["rows"][0]["proof"], Value::Null);
}
