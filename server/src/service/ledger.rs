//! The ledger for display: the list, one entry with its proof, and its health.
//!
//! Every read is recorded before anything is shown; if recording fails, nothing is shown.

mod chosen;
mod entry;
mod file;
mod growth;
mod item;
mod list;
mod page;
mod recorded_words;
mod related;
mod results;
mod rows;
mod sentence;
mod stored_items;

use app::{
    backend::{
        Denied, Download, EntryItems, EntryLeaf, EntryPage, EntryView, FileFormat, LedgerPort,
        PortResult,
    },
    lists::ListChoice,
};
use async_trait::async_trait;
use domain::{authorize::Action, ledger::Hash};
use sha2::{Digest as _, Sha256};

pub(super) use rows::authenticity;

use self::file::{ChosenFile, MOST};
use super::{Service, broken};
use crate::store::ledger;

#[async_trait]
impl LedgerPort for Service {
    async fn entries(&self, choice: &ListChoice) -> PortResult<EntryPage> {
        self.reading_ledger().await?;
        let viewer = self.calling()?.person.clone();
        let read_model = self.app_state.read_model();
        let vkey = self.app_state.vkey.get().map_or("", String::as_str);
        let ledger = (&self.app_state.store, vkey);
        let found = list::list(ledger, &read_model, &viewer, choice).await;
        found.map_err(broken)
    }

    async fn entries_file(&self, choice: &ListChoice, format: FileFormat) -> PortResult<Download> {
        self.allowed(Action::SeeLedger)?;
        let (store, read_model) = (&self.app_state.store, self.app_state.read_model());
        let chosen = list::all(store, &read_model, choice, MOST).await;
        let Some(listed) = chosen.map_err(broken)? else {
            return Err(Denied::Conflict(format!(
                "More than {MOST} entries match, which is the most that a file has. Use a narrower filter, or run on the \
                 server: leastwise ledger export"
            )));
        };
        let made = self.app_state.clock.now();
        let rows = rows::rows(store, &read_model.snapshot, &listed).await;
        let rows = rows.map_err(broken)?;
        let count = rows.len();
        let vkey = self.app_state.vkey.get().cloned().unwrap_or_default();
        let file = ChosenFile {
            listed,
            rows,
            made,
            vkey,
        };
        let bytes = file.bytes(store, choice, format).await.map_err(broken)?;
        let (ending, _) = format.names();
        let filter = choice.at(1).href(app::lists::entries::LEDGER);
        let journal = &self.app_state.journal;
        let content = Hash(Sha256::digest(&bytes).into());
        let entry = journal.ledger_downloaded(&self.who(), (&filter, count), ending, content);
        let recorded = async {
            let mut tx = store.write().await?;
            journal.append(&mut tx, entry).await?;
            tx.commit().await
        };
        // A download that cannot be recorded must not happen.
        recorded
            .await
            .map_err(|error| -> Denied { broken(error) })?;
        Ok(ChosenFile::download(made, format, bytes))
    }

    async fn entry(&self, seq: u64) -> PortResult<EntryView> {
        self.reading_ledger().await?;
        let read_model = self.app_state.read_model();
        let found = entry::view(&self.app_state.store, &read_model.snapshot, seq).await;
        found.map_err(broken)?.ok_or(Denied::NotFound)
    }

    async fn entry_items(&self, seq: u64, page: usize) -> PortResult<EntryItems> {
        self.reading_ledger().await?;
        // The database holds no larger number.
        if i64::try_from(seq).is_err() {
            return Err(Denied::NotFound);
        }
        let store = &self.app_state.store;
        let listed = ledger::listed(store, seq).await.map_err(broken)?;
        let listed = listed.ok_or(Denied::NotFound)?;
        let read_model = self.app_state.read_model();
        let found = stored_items::items(store, &read_model.snapshot, &listed.leaf, page).await;
        found.map_err(broken)?.ok_or(Denied::NotFound)
    }

    async fn leaf(&self, seq: u64) -> PortResult<EntryLeaf> {
        self.reading_ledger().await?;
        // The database holds no larger number.
        if i64::try_from(seq).is_err() {
            return Err(Denied::NotFound);
        }
        let found = ledger::listed(&self.app_state.store, seq).await;
        let listed = found.map_err(broken)?.ok_or(Denied::NotFound)?;
        Ok(EntryLeaf {
            authenticity: authenticity(&listed),
            bytes: listed.leaf.into_bytes(),
        })
    }
}

impl Service {
    /// Checks the right to read entries, and records the read.
    async fn reading_ledger(&self) -> PortResult<()> {
        self.allowed(Action::SeeLedger)?;
        let journal = &self.app_state.journal;
        let entry = journal.ledger_viewed(&self.who());
        journal.note(entry).await.map_err(broken)
    }
}
