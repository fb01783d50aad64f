//! The ledger's port, bound to the actor: checks the right, then reads.

use app::backend::{Answer, EntryRow, EntryView, LedgerHealth, LedgerPort, ListQuery, Page};
use async_trait::async_trait;
use domain::authorize::Action;

use super::{Service, journal::Who, ledger};

#[async_trait]
impl LedgerPort for Service {
    async fn entries(&self, query: &ListQuery) -> Answer<Page<EntryRow>> {
        self.allowed(Action::SeeLedger)?;
        let who = Who::signed(&self.signed, &self.request);
        let (core, world) = (&self.core, self.core.world());
        ledger::entries(&core.store, &core.journal, &who, &world.snapshot, query).await
    }

    async fn entry(&self, seq: u64) -> Answer<EntryView> {
        self.allowed(Action::SeeLedger)?;
        let who = Who::signed(&self.signed, &self.request);
        let (core, world) = (&self.core, self.core.world());
        ledger::entry(&core.store, &core.journal, &who, &world.snapshot, seq).await
    }

    async fn leaf(&self, seq: u64) -> Answer<Vec<u8>> {
        self.allowed(Action::SeeLedger)?;
        let who = Who::signed(&self.signed, &self.request);
        ledger::leaf(&self.core.store, &self.core.journal, &who, seq).await
    }

    async fn ledger_health(&self) -> Answer<LedgerHealth> {
        self.allowed(Action::SeeLedger)?;
        ledger::health(
            &self.core.store,
            self.core.vkey.get().map_or("", String::as_str),
        )
        .await
    }
}
