//! Stores accounts: what AWS holds of them, the strictest classification on record, and what of it was read.

use domain::{
    classification::{Environment, Pci, Recorded, Source},
    ids::AccountId,
    snapshot::Parts,
    time::Timestamp,
};

use super::{
    rows::{Rows, Value, insert},
    save::gone,
};
use crate::store::{StoreError, Tx, to_json};

/// Stores the accounts that differ, with their classification.
pub(super) async fn save_accounts(
    tx: &mut Tx,
    before: &Parts,
    after: &Parts,
    now: Timestamp,
) -> Result<(), StoreError> {
    let changed = after.accounts.changes_since(&before.accounts);
    let changed = changed.filter_map(|one| Some((one.key, one.after?)));
    let rows: Rows<'_> = Box::new(changed.map(|(id, (account, class))| {
        // A declaration has a row of its own, and must not become the record that counts after its end.
        let class = class.undeclared();
        vec![
            Value::Text(id.to_string()),
            Value::Text(to_json(account)),
            Value::Text(class.environment.as_str().into()),
            Value::Text(class.pci.as_str().into()),
            Value::Text(what_was_read(
                class.environment_source,
                class.environment.as_str(),
            )),
            Value::Text(what_was_read(class.pci_source, class.pci.as_str())),
            Value::Number(now.0),
            Value::Number(now.0),
        ]
    }));
    insert(
        tx,
        "account (id, document, environment, pci, read_environment, read_pci, first_seen, last_confirmed)",
        8,
        "on conflict (id) do update set document = excluded.document, environment = excluded.environment, \
         pci = excluded.pci, \
         read_environment = case when excluded.read_environment = '' then account.read_environment else excluded.read_environment end, \
         read_pci = case when excluded.read_pci = '' then account.read_pci else excluded.read_pci end, \
         last_confirmed = excluded.last_confirmed, gone_seen = null",
        rows,
    )
    .await?;
    let forget = "update account set gone_seen = $1 where id = $2 and gone_seen is null";
    for one in after.accounts.changes_since(&before.accounts) {
        if one.after.is_none() {
            gone(tx, forget, now, one.key.as_str()).await?;
        }
    }
    Ok(())
}

/// Replaces the recorded classification in the row of an account.
pub async fn reclassify(
    tx: &mut Tx,
    account: &AccountId,
    recorded: Recorded,
) -> Result<(), StoreError> {
    let (environment, pci) = recorded.strictest;
    let read = recorded.read;
    sqlx::query(
        "update account set environment = $1, pci = $2, read_environment = $3, read_pci = $4 where id = $5",
    )
    .bind(environment.as_str())
    .bind(pci.as_str())
    .bind(read.0.map_or("", Environment::as_str))
    .bind(read.1.map_or("", Pci::as_str))
    .bind(account.as_str())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Returns what of a classification was read. A value that is assumed or that was recorded earlier is not.
fn what_was_read(source: Source, value: &str) -> String {
    match source {
        Source::Role | Source::Tag | Source::Ou => value.to_owned(),
        Source::Record | Source::Declared | Source::NotUnderstood | Source::Nothing => {
            String::new()
        }
    }
}
