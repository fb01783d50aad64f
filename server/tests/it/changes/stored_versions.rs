//! What every earlier version stored is read, shown, and matches the ledger. The fixtures are never edited.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use app::backend::{ChangesPort as _, ITEMS_PER_PAGE, LedgerComparison, LedgerPort as _};
use app::lists::ListChoice;
use domain::{
    classification::DeclarationProof,
    engine::{Item, StepAnswer},
    ids::ChangeId,
    ledger::tree::Frontier,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use server::{
    cli::ledger::{LedgerCommand, LedgerLocation, VerifyArgs, execute},
    store::{
        declaration, engine,
        ledger::{self, EntryProof},
    },
};

use super::{classify, support::Org};
use crate::{database::DatabaseEngine, entries::entries};

crate::engines::on_both_engines! {
    what_every_earlier_version_stored_is_read_shown_and_as_the_ledger_says,
    a_row_of_an_earlier_version_that_was_altered_is_found,
}

/// What a version showed of a change.
#[derive(Debug, Serialize, Deserialize)]
pub struct Shown {
    pub id: ChangeId,
    pub state: String,
    pub items: usize,
    pub title: String,
    pub entries: Vec<String>,
}

/// The fixtures, oldest first.
fn versions() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures/stored");
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = paths.filter(|path| path.is_dir()).collect();
    folders.sort();
    assert!(!folders.is_empty());
    folders
}

fn read(folder: &Path, file: &str) -> String {
    fs::read_to_string(folder.join(file)).unwrap()
}

/// The columns that a migration removed since.
const REMOVED: [(&str, &str); 4] = [
    ("ledger_entry", "target_id"),
    ("ledger_entry", "grant_id"),
    ("ledger_entry", "session"),
    ("role_grant", "granted_by"),
];

async fn restored(engine: DatabaseEngine, folder: &Path) -> Org {
    let tables: Vec<(String, Vec<Map<String, Value>>)> =
        serde_json::from_str(&read(folder, "tables.json")).unwrap();
    let org = Org::empty(engine).await;
    for (table, rows) in tables {
        for mut row in rows {
            row.retain(|column, _| !REMOVED.contains(&(&*table, &**column)));
            org.insert(&table, &row).await;
        }
    }
    // The test that wrote the first fixtures assigned sign-ins without an entry. No version does: without a role, which the
    // configuration granted, such a row belongs to nobody.
    org.try_by_hand(
        "delete from subject where person_id not in (select person_id from role_grant) \
         and not exists (select 1 from ledger_entry where type = 'subject.linked')",
    )
    .await
    .unwrap();
    // These versions wrote no MACs. The checkpoints that prove the rows are compared by `verify`.
    let mut tx = org.app_state.store.write().await.unwrap();
    let size = ledger::begin_adoption(&mut tx).await.unwrap();
    let (log, mut tree) = (org.app_state.journal.log().clone(), Frontier::default());
    ledger::add_macs(&mut tx, &log, &mut tree, size, EntryProof::Chain)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    org.publish(org.parts());
    org
}

async fn verify(org: &Org, folder: &Path) -> (u8, String) {
    let args = VerifyArgs {
        place: LedgerLocation {
            database: org.url().to_owned(),
            keys: None,
            vkey: Some(read(folder, "ledger.vkey").trim().to_owned()),
        },
        bundle: None,
        checkpoint: Some(folder.join("checkpoints.txt")),
        json: false,
    };
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let code = execute(LedgerCommand::Verify(args), &mut out, &mut notes)
        .await
        .unwrap();
    (code, String::from_utf8(out).unwrap())
}

async fn what_every_earlier_version_stored_is_read_shown_and_as_the_ledger_says(
    engine: DatabaseEngine,
) {
    for folder in versions() {
        is_read(engine, &folder).await;
    }
}

/// Restores what a version stored and compares it with what that version showed.
pub async fn is_read(engine: DatabaseEngine, folder: &Path) {
    let org = restored(engine, folder).await;
    let (code, told) = verify(&org, folder).await;
    assert_eq!(code, 0, "{}: {told}", folder.display());
    let changes: BTreeMap<String, Shown> =
        serde_json::from_str(&read(folder, "changes.json")).unwrap();
    let ann = org.as_("ann").await;
    let listed = ann.changes(&ListChoice::default()).await.unwrap();
    assert_eq!(listed.total, changes.len());
    for (name, shown) in changes {
        let stored = org.stored(&shown.id).await;
        assert_eq!(stored.altered, None, "{name}");
        assert!(stored.altered_decisions.is_empty(), "{name}");
        assert_eq!(stored.change.state.as_str(), shown.state, "{name}");
        let operations = stored.change.proposal.operations.len();
        assert_eq!(operations, shown.items, "{name}");
        assert_eq!(org.entries(&shown.id).await, shown.entries, "{name}");
        let view = ann.change(&shown.id).await.unwrap();
        assert_eq!(view.mismatch, None, "{name}");
        assert_eq!(view.row.title.to_string(), shown.title, "{name}");
        let shown_first = shown.items.min(ITEMS_PER_PAGE);
        assert_eq!(view.operations.len(), shown_first, "{name}");
        let row = listed.rows.iter().find(|row| row.id == shown.id).unwrap();
        assert_eq!(row.ledger, LedgerComparison::Matches, "{name}");
        assert_eq!(
            (row.title.to_string(), row.items),
            (shown.title.clone(), shown.items),
            "{name}"
        );
    }
    let page = ann.entries(&ListChoice::default()).await.unwrap();
    for row in entries(page) {
        assert!(row.meaning.is_some(), "{row:?}");
        ann.entry(row.seq).await.unwrap();
    }
    is_continued(&org, folder).await;
}

/// The sagas that were under way are continued as they were planned, and every declaration in force counts.
async fn is_continued(org: &Org, folder: &Path) {
    let mut tx = org.app_state.store.write().await.unwrap();
    let rows = engine::restore(&mut tx, org.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    assert!(rows.altered.is_empty(), "{}", folder.display());
    for row in &rows.changes {
        for (index, item) in row.items.iter().enumerate() {
            let Item::Saga { plan } = &item.item else {
                continue;
            };
            assert!(plan.is_understood());
            let said = classify::content(org, &row.change, plan).await;
            assert_eq!(said, classify::shown(&plan.seen));
            let done = classify::step(org, &row.change, index, plan).await;
            assert_eq!(done, StepAnswer::Done);
            let said = classify::content(org, &row.change, plan).await;
            assert_eq!(said, classify::shown(&plan.steps[0].leaves));
        }
    }
    let mut conn = org.app_state.store.connection().await.unwrap();
    let declared = declaration::all_in_force(&mut conn).await.unwrap();
    for (account, one) in declared {
        assert_eq!(one.proof, DeclarationProof::Confirmed, "{account}");
    }
}

async fn a_row_of_an_earlier_version_that_was_altered_is_found(engine: DatabaseEngine) {
    let folder = &versions()[0];
    let changes: BTreeMap<String, Shown> =
        serde_json::from_str(&read(folder, "changes.json")).unwrap();
    let (done, others) = (&changes["done"].id, &changes["several"].id);
    for forged in [
        format!(
            "update change set proposal = replace(proposal, '3600000', '7200000') where id = '{done}'"
        ),
        format!(
            "insert into change_item (change_id, number, version, document) values ('{done}', 0, 1, '{{}}')"
        ),
        format!(
            "update change set proposal = (select proposal from change where id = '{others}') where id = '{done}'"
        ),
    ] {
        let org = restored(engine, folder).await;
        org.by_hand(forged.clone()).await;
        let (code, told) = verify(&org, folder).await;
        assert_eq!(code, 1, "{forged}");
        assert!(
            told.contains(&format!("the items of change {done} differ")),
            "{told}"
        );
        let altered = org.found(done).await.altered();
        assert!(altered.is_some(), "{forged}");
    }
}
