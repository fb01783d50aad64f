//! Records in the ledger what AWS was read to classify accounts as. The record holds an account as strict as it ever was read
//! to be, so it must not be what somebody writes to the table of accounts.

use std::collections::BTreeMap;

use domain::{
    classification::{Classification, Recorded},
    ids::AccountId,
};

use super::journal::{EntryBuilder, Journal};
use crate::store::{StoreError, Tx, ledger::live, observed};

/// Returns the entries about those of these accounts whose record changes by their classification now, and makes the rows
/// that were saved agree with them. They are appended in the transaction that saved the accounts.
pub async fn keep<'a>(
    journal: &Journal,
    tx: &mut Tx,
    accounts: impl Iterator<Item = (&'a AccountId, &'a Classification)>,
) -> Result<Vec<EntryBuilder>, StoreError> {
    let known = live::view(tx.conn(), |projection| projection.classes().clone()).await?;
    let earlier = observed::recorded(tx.conn()).await?;
    let mut changed: BTreeMap<AccountId, Recorded> = if known.all().is_empty() {
        // What an earlier version stored, of accounts that are gone as well.
        earlier.clone()
    } else {
        BTreeMap::new()
    };
    for (account, class) in accounts {
        let record = Recorded::after(earlier.get(account).copied(), &class.undeclared());
        if known.get(account) != Some(record) {
            changed.insert(account.clone(), record);
        }
    }
    if changed.is_empty() {
        return Ok(Vec::new());
    }
    // A row of another account that differs was altered, and stays for the comparison of rows to find.
    for row in observed::class_rows(tx.conn()).await? {
        let Ok(account) = AccountId::parse(&row.account) else {
            continue;
        };
        if let Some(record) = changed
            .get(&account)
            .filter(|record| row.class != Some(**record))
        {
            observed::reclassify(tx, &account, *record).await?;
        }
    }
    Ok(journal.classification_recorded(&changed))
}
