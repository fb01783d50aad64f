//! What is on record of each account, as Leastwise holds it: an account stays as strict until a looser classification is
//! confirmed. Never writes.

use std::collections::BTreeMap;

use domain::{
    classification::{Declared, Environment, Pci},
    ids::AccountId,
    org::SpecialAccounts,
};

use crate::{
    engine::adopt_mapping::{RecordUnder, record_under},
    mapping_file::MappingFile,
    store::{self, Store, StoreError},
};

/// The record, or why none is used.
pub(super) enum Record {
    /// The reason, without a full stop.
    NotUsed(String),
    Used {
        database: String,
        accounts: RecordUnder,
        /// The declarations in force.
        declared: BTreeMap<AccountId, Declared>,
    },
}

/// Reads the record, and what the mapping changes in it once it is in force.
pub(super) async fn read(
    store: &Store,
    database: &str,
    leastwise: Vec<AccountId>,
    file: &MappingFile,
) -> Result<Record, StoreError> {
    let special = SpecialAccounts::of(leastwise);
    let mut conn = store.connection().await?;
    let accounts = record_under(&mut conn, file, &special).await?;
    let declared = store::declaration::all_in_force(&mut conn).await?;
    Ok(if accounts.now.is_empty() {
        Record::NotUsed(format!("the database {database} contains no account"))
    } else {
        Record::Used {
            database: database.to_owned(),
            accounts,
            declared,
        }
    })
}

impl Record {
    /// Returns what is on record of an account now.
    pub(super) fn now(&self, account: &AccountId) -> Option<(Environment, Pci)> {
        match self {
            Self::NotUsed(_) => None,
            Self::Used { accounts, .. } => accounts.now.get(account).copied(),
        }
    }

    /// Returns what is on record of an account once the mapping is in force.
    pub(super) fn with_mapping(&self, account: &AccountId) -> Option<(Environment, Pci)> {
        match self {
            Self::NotUsed(_) => None,
            Self::Used { accounts, .. } => accounts.of(account),
        }
    }

    /// Returns the declaration in force of an account.
    pub(super) fn declared(&self, account: &AccountId) -> Option<Declared> {
        match self {
            Self::NotUsed(_) => None,
            Self::Used { declared, .. } => declared.get(account).copied(),
        }
    }

    /// Says whether the record counts, in one line.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::NotUsed(why) => format!(
                "Without the record of Leastwise, because {why}: Leastwise may hold accounts stricter than listed here. \
                 Name its database with --database."
            ),
            Self::Used {
                database, accounts, ..
            } if accounts.is_in_force => {
                format!("With what is on record in {database}.")
            }
            Self::Used { database, .. } => format!(
                "With what is on record in {database}. This mapping is not in force there yet: results are those after the \
                 next start with it."
            ),
        }
    }
}
