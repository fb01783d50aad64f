//! The journal: the only way to append to the ledger.
//!
//! An entry for a state change is appended with [`Journal::append`] as the **last** statement of the transaction that
//! makes the change, so that neither exists without the other. Recorded reads and refusals change no state, and
//! unauthenticated clients can cause many of them: they are recorded with [`Journal::note`] in a separate transaction,
//! the first one immediately and repetitions within a minute as one entry with a count.
//!
//! Names, addresses and free text become private values here, never plain fields.

mod aggregation;
mod alarm;
mod classification_events;
mod comment_events;
mod declaration_events;
mod domain_events;
mod entry_actor;
mod entry_builder;
mod events;
mod identity_events;
mod job_events;
mod ledger_events;
mod port;
mod subject_events;

pub use aggregation::{COUNTED_FOR, EVERYBODY};
pub(in crate::service) use comment_events::comment_event;
pub use entry_actor::EntryActor;
pub use entry_builder::EntryBuilder;
pub use identity_events::UserOfIdentity;
pub use ledger_events::HostAgreement;
pub(crate) use subject_events::found_by;

use std::{
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use domain::{
    ledger::{Entry, EventKind, Hash, LogName, Origin, Outcome, Private, Salt},
    verdict::RulesVersion,
};

use self::aggregation::Repeats;
use crate::{
    clock::{self, Clock},
    store::{Store, StoreError, Tx, ledger},
};

/// Appends to one log. Cheap to clone.
#[derive(Clone)]
pub struct Journal {
    shared: Arc<Shared>,
}

struct Shared {
    store: Store,
    clock: Clock,
    log: LogName,
    instance: String,
    rules: RwLock<Option<Hash>>,
    repeats: Mutex<Repeats>,
}

impl Journal {
    /// Creates the journal. `instance` identifies this replica in every entry.
    pub fn new(store: Store, clock: Clock, log: LogName, instance: String) -> Self {
        store.set_log(&log);
        let shared = Shared {
            store,
            clock,
            log,
            instance,
            rules: RwLock::default(),
            repeats: Mutex::default(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Returns the log's name.
    pub fn log(&self) -> &LogName {
        &self.shared.log
    }

    /// Sets the version of the policies in force, which every later entry contains.
    pub fn rules_are(&self, version: &RulesVersion) {
        let hash = Hash::parse_hex(version.0.as_bytes());
        *self
            .shared
            .rules
            .write()
            .unwrap_or_else(PoisonError::into_inner) = hash;
    }

    /// Starts an entry with the members that all entries have. The caller adds the rest to the draft.
    pub fn entry(&self, kind: EventKind, outcome: Outcome, who: &EntryActor) -> EntryBuilder {
        let mut entry = Entry::new(
            kind.entry_type(),
            self.shared.clock.now(),
            outcome,
            who.actor(),
        );
        entry.origin = Some(Origin {
            request_id: who.request.clone(),
            src_ip: who.client_ip.map(|ip| private(&ip.to_string())),
            forwarded_for: who.forwarded_for.as_deref().map(private),
            user_agent: who.user_agent.as_deref().map(private),
            instance: Some(self.shared.instance.clone()),
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            clock_offset_ms: None,
        });
        entry.rules = *self
            .shared
            .rules
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(proven) = who.second_factor_proven() {
            entry
                .data
                .insert("second_factor_proven".to_owned(), proven.into());
        }
        if let Some(name) = &who.self_reported {
            entry
                .private
                .insert(SELF_REPORTED_NAME.to_owned(), private(name));
        }
        EntryBuilder::new(entry, who.client_ip)
    }

    /// Appends an entry in the caller's transaction, which should end right afterwards.
    pub async fn append(&self, tx: &mut Tx, builder: EntryBuilder) -> Result<u64, StoreError> {
        ledger::append(tx, &self.shared.log, &builder.into_entry()).await
    }

    /// Appends consecutive entries in this order.
    pub async fn append_many(
        &self,
        tx: &mut Tx,
        builders: Vec<EntryBuilder>,
    ) -> Result<Range<u64>, StoreError> {
        let entries: Vec<Entry> = builders.into_iter().map(EntryBuilder::into_entry).collect();
        ledger::append_many(tx, &self.shared.log, &entries).await
    }

    /// Records a read or a refusal in a separate transaction: the first of its kind by this person immediately,
    /// repetitions within a minute later, as one entry with a count. Must not be called while the caller holds a
    /// [`Tx`], because the two would deadlock.
    ///
    /// # Errors
    /// Returns the errors of the database. A read that must be recorded must then not be shown.
    pub async fn note(&self, builder: EntryBuilder) -> Result<(), StoreError> {
        let now = self.shared.clock.now();
        let address = builder.address();
        let due = self.repeats().take(builder.into_entry(), address, now);
        self.write(due).await
    }

    /// Appends the counts whose minute is over. Called by the sealing loop.
    pub async fn write_due_counts(&self) -> Result<(), StoreError> {
        let now = self.shared.clock.now();
        let due = self.repeats().due(now);
        self.write(due).await
    }

    /// Appends all pending counts. Called before the process ends, because they exist only in memory.
    pub async fn write_all_counts(&self) -> Result<(), StoreError> {
        let due = self.repeats().all();
        self.write(due).await
    }

    async fn write(&self, mut entries: Vec<Entry>) -> Result<(), StoreError> {
        if entries.is_empty() {
            return Ok(());
        }
        let now = self.shared.clock.now();
        for entry in &mut entries {
            entry.recorded_at = now;
        }
        let written = self.write_now(&entries).await;
        if written.is_err() {
            self.repeats().give_back(entries);
        }
        written
    }

    async fn write_now(&self, entries: &[Entry]) -> Result<(), StoreError> {
        let mut tx = self.shared.store.write().await?;
        ledger::append_many(&mut tx, &self.shared.log, entries).await?;
        tx.commit().await
    }

    fn repeats(&self) -> MutexGuard<'_, Repeats> {
        self.shared
            .repeats
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The private value with the name that a sign-in states. An entry of a person that has it names the actor by the
/// directory; an older entry without it names the actor as the sign-in did.
pub const SELF_REPORTED_NAME: &str = "self_reported_name";

/// Returns a private value with a fresh salt. NUL, which PostgreSQL cannot store, is replaced by U+FFFD.
pub(in crate::service) fn private(value: &str) -> Private {
    Private::new(Salt(clock::random()), value.replace('\0', "\u{FFFD}"))
}
