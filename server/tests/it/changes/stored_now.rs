//! What this version stores is read after an export as what earlier versions stored is. With `LEASTWISE_WRITE_FIXTURE=NAME`
//! the export becomes a fixture, before the next version stores anything in another form.

use std::{collections::BTreeMap, fs, path::Path};

use app::backend::{ChangesPort as _, WithdrawalPort as _};
use app::lists::ListChoice;
use domain::{
    approval::Decision,
    change::{Operation, State, StoredItem},
    engine::{
        Cause, ChangePhase, ChangeRow, Commit, Item, ItemResult, ItemRow, ProgressRow, StepPhase,
        StepRow, Write,
    },
    ids::{ChangeId, PersonId},
    subject::{
        Work,
        identity_link::{ObservedIdentity, OpenMatter},
    },
    time::Duration,
};
use serde_json::{Map, Value};
use server::engine::commit;
use sqlx::{AssertSqlSafe, Column as _, Row as _};

use super::{
    classify::{self, IN_PRODUCTION, OUT_OF_DEVELOPMENT, form},
    items::{seal, store, store_from, store_many},
    saga_items::applying,
    stored_versions::{Shown, is_read},
    support::{Org, grant, join, user},
};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    what_this_version_stores_is_read_after_an_export,
}

/// The tables, in the order of their creation.
const TABLES: [&str; 18] = [
    "ledger_head",
    "ledger_entry",
    "ledger_token",
    "ledger_hash",
    "ledger_private",
    "ledger_checkpoint",
    "person",
    "subject",
    "role_grant",
    "change",
    "change_target",
    "approval",
    "engine_generation",
    "engine_change",
    "engine_item",
    "change_item",
    "account_declaration",
    "identity_user",
];

/// Returns the row of the engine for a change of sagas that starts now.
async fn started(org: &Org, id: &ChangeId) -> ChangeRow {
    let operations = org.stored(id).await.change.proposal.operations;
    let items = operations.iter().map(|item| match item.subject().work() {
        Work::Saga(plan) => ItemRow {
            item: Item::Saga { plan: plan.into() },
            result: None,
        },
        other => panic!("{other:?}"),
    });
    let row = ChangeRow {
        change: id.clone(),
        items: items.collect(),
        phase: ChangePhase::Applying,
        not_before: None,
        started: Some(org.clock.now()),
    };
    let commit = Commit {
        number: 1,
        generation: org.generation().await,
        writes: vec![Write::Change(row.clone())],
        events: vec![applying(&row)],
    };
    commit::store(&org.app_state, commit).await.unwrap();
    row
}

/// Carries out the sagas of a change, with the rows of the engine.
async fn carried(org: &Org, id: &ChangeId) {
    let row = started(org, id).await;
    let at = org.clock.now();
    classify::carry_out(org, id).await;
    let result = ItemResult::Carried {
        verified_at: at,
        how: Cause::OurWrite,
    };
    let items = row.items.into_iter().map(|item| ItemRow {
        result: Some(result.clone()),
        ..item
    });
    let progress = ProgressRow {
        steps: vec![StepRow {
            phase: StepPhase::Done,
            attempt: 1,
            intended_at: Some(at),
            ended_at: Some(at),
            error: None,
        }],
        result: Some(result.clone()),
        ..ProgressRow::new(id.clone(), 0)
    };
    let over = ChangeRow {
        items: items.collect(),
        phase: ChangePhase::Over,
        ..row
    };
    let mut tx = org.app_state.store.write().await.unwrap();
    for write in [Write::Progress(progress), Write::Change(over)] {
        server::store::engine::write(&mut tx, &write, at)
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
}

/// Returns the refusal of a claim to be two users, of an identity of which a claim was refused before, and the withdrawal of
/// one of two refusals.
fn refusals() -> [Operation; 2] {
    let of = |seen, withdraws| Operation::LinkIdentity {
        person: PersonId::parse("00000009-0000-4000-8000-000000000003").unwrap(),
        before: None,
        after: None,
        seen,
        withdraws,
    };
    let claim = ObservedIdentity {
        open: Some(OpenMatter::Claim {
            users: vec![user("eve"), user("fay")],
        }),
        refused: [user("cas")].into(),
        ..ObservedIdentity::default()
    };
    let refused = ObservedIdentity {
        refused: [user("cas"), user("eve")].into(),
        ..ObservedIdentity::default()
    };
    [of(claim, Vec::new()), of(refused, vec![user("eve")])]
}

/// Stores a change of each kind and in each state that this version knows, by what it shows.
async fn changes(org: &Org) -> Vec<(&'static str, ChangeId)> {
    let declared = classify::classify(org, &form(&["web-dev"], IN_PRODUCTION)).await;
    carried(org, &declared).await;
    org.clock.advance(Duration::minutes(1));
    let confirmed = app::backend::ClassifyForm {
        until: "2027-10-01".into(),
        ..form(&["web-dev"], IN_PRODUCTION)
    };
    let confirmed = classify::classify(org, &confirmed).await;
    let under_way = classify::classify(org, &form(&["cards-staging"], IN_PRODUCTION)).await;
    started(org, &under_way).await;
    let loosening = classify::classify(org, &form(&["cards-prod"], OUT_OF_DEVELOPMENT)).await;
    org.approve("bob", &loosening).await.unwrap();
    let link = Operation::LinkIdentity {
        person: PersonId::parse("00000009-0000-4000-8000-000000000002").unwrap(),
        before: None,
        after: Some(user("eve")),
        seen: ObservedIdentity::default(),
        withdraws: Vec::new(),
    };
    let link = store(org, &StoredItem::of_all(&[link]), State::Waiting).await;
    let [refusal, withdrawal] = refusals();
    let refusal = store(org, &StoredItem::of_all(&[refusal]), State::Waiting).await;
    let withdrawal = store(org, &StoredItem::of_all(&[withdrawal]), State::Waiting).await;
    let many = store_many(org, 60).await;
    let grants = grant("eve", "viewer", "cards-prod", "60");
    let approved = org.ask("ann", &grants).await;
    org.approve("bob", &approved).await.unwrap();
    let operations = org.stored(&approved).await.change.proposal.operations;
    let later = StoredItem::of_all(&operations);
    let at = org.clock.now() + Duration::days(3);
    let later = store_from(org, &approved, &later, State::Approved, Some(at)).await;
    let declined = org.ask("ann", &grants).await;
    org.decide("bob", &declined, Decision::Decline)
        .await
        .unwrap();
    let withdrawn = org.ask("ann", &join("fay", "operators")).await;
    org.as_("ann").await.withdraw(&withdrawn).await.unwrap();
    vec![
        ("declared", declared),
        ("confirmed", confirmed),
        ("under_way", under_way),
        ("loosening", loosening),
        ("link", link),
        ("refusal", refusal),
        ("withdrawal", withdrawal),
        ("many", many),
        ("approved", approved),
        ("later", later),
        ("declined", declined),
        ("withdrawn", withdrawn),
    ]
}

async fn rows_of(org: &Org, table: &str) -> Vec<Map<String, Value>> {
    let sql = AssertSqlSafe(format!("select * from {table} order by 1, 2"));
    let rows = sqlx::query(sql).fetch_all(org.app_state.store.read()).await;
    let value = |row: &sqlx::any::AnyRow, column: usize| match row.try_get::<Option<i64>, _>(column)
    {
        Ok(number) => Value::from(number),
        Err(_) => Value::from(row.get::<Option<String>, _>(column)),
    };
    let map = |row: &sqlx::any::AnyRow| {
        let columns = row.columns().iter().enumerate();
        columns
            .map(|(at, column)| (column.name().to_owned(), value(row, at)))
            .collect()
    };
    rows.unwrap().iter().map(map).collect()
}

/// Writes what the database holds, and what this version shows of it, as a fixture is.
async fn export(org: &Org, changes: Vec<(&'static str, ChangeId)>, folder: &Path) {
    let keys = seal(org).await;
    fs::create_dir_all(folder).unwrap();
    fs::copy(keys.join("ledger.vkey"), folder.join("ledger.vkey")).unwrap();
    fs::copy(keys.join("checkpoints.log"), folder.join("checkpoints.txt")).unwrap();
    let mut tables = Vec::new();
    for table in TABLES {
        let rows = rows_of(org, table).await;
        let rows = rows.iter().map(|row| serde_json::to_string(row).unwrap());
        let rows: Vec<String> = rows.collect();
        tables.push(format!(" [\"{table}\", [\n  {}\n ]]", rows.join(",\n  ")));
    }
    let tables = format!("[\n{}\n]\n", tables.join(",\n"));
    fs::write(folder.join("tables.json"), tables).unwrap();
    let ann = org.as_("ann").await;
    let mut shown = BTreeMap::new();
    let known: BTreeMap<ChangeId, &str> =
        changes.into_iter().map(|(name, id)| (id, name)).collect();
    let listed = ann.changes(&ListChoice::default()).await.unwrap();
    for (number, row) in listed.rows.iter().enumerate() {
        let id = row.id.clone();
        // The others are plain grants, like which some of these were stored.
        let name = known
            .get(&id)
            .map_or_else(|| format!("plain_{number}"), |name| (*name).to_owned());
        let view = ann.change(&id).await.unwrap();
        let of = Shown {
            state: view.row.state.as_str().to_owned(),
            items: view.row.items,
            title: view.row.title.to_string(),
            entries: org.entries(&id).await,
            id,
        };
        shown.insert(name, of);
    }
    let shown = serde_json::to_string_pretty(&shown).unwrap();
    fs::write(folder.join("changes.json"), format!("{shown}\n")).unwrap();
}

async fn what_this_version_stores_is_read_after_an_export(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let changes = changes(&org).await;
    let kept = std::env::var("LEASTWISE_WRITE_FIXTURE").ok();
    let folder = match kept.filter(|_| engine == DatabaseEngine::Sqlite) {
        Some(name) => Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/it/fixtures/stored")
            .join(name),
        None => org.folder().join("stored"),
    };
    export(&org, changes, &folder).await;
    is_read(engine, &folder).await;
}
