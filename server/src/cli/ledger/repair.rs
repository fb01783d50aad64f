//! `leastwise ledger set-aside | accept-restore | adopt-row-key`: brings a ledger that is not authentic, or not complete,
//! back into use. Each one needs two administrators, and is recorded in the ledger.
//!
//! None of them removes what Leastwise wrote.

use std::{fs, io, io::Write};

use domain::{
    ledger::{Entry, Hash, LogName},
    time::Timestamp,
};
use thiserror::Error;

use super::{
    entries,
    host_action::{self, HostActionArgs, HostActionError, HostConsent},
    no_server::{NoServer, ServedError},
};
use crate::{
    clock::{self, Clock},
    config::DatabaseArgs,
    engine::seal::{Adoption, COPY_FILE, Fault, SignedPart, keep_end},
    row_key::{self, NewRowKey, RowKeyError},
    service::journal::Journal,
    state::{self, StartError, StoreUser},
    store::{Store, StoreError, ledger},
};

/// Why the ledger was not repaired.
#[derive(Debug, Error)]
pub enum RepairError {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("the database cannot be used")]
    Store(#[from] StoreError),
    #[error("the ledger cannot be used")]
    Ledger(#[from] Fault),
    #[error(transparent)]
    RowKey(#[from] RowKeyError),
    #[error(transparent)]
    NotAgreed(#[from] HostActionError),
    /// An entry that this installation had verified was altered or removed.
    #[error(
        "entry {0} was written by Leastwise, and was altered or removed. Restore the database, or accept the loss: \
         `leastwise ledger accept-restore`"
    )]
    Lost(u64),
    /// A checkpoint signs what would be set aside.
    #[error(
        "a checkpoint signs {signed} entries, but only the first {authentic} are authentic: Leastwise wrote the others, or what \
         was there before. Restore the database with the table ledger_mac; nothing that is signed is set aside"
    )]
    Signed {
        /// The number of entries that the newest checkpoint covers.
        signed: u64,
        /// The number of authentic entries.
        authentic: u64,
    },
    #[error(transparent)]
    Served(#[from] ServedError),
    #[error("files beside the key cannot be read or changed: {0}")]
    File(#[source] io::Error),
    #[error("cannot write the output")]
    Output(#[from] io::Error),
}

/// The ledger to repair.
struct Repair<'a> {
    args: &'a HostActionArgs,
    store: Store,
    journal: Journal,
    clock: &'a Clock,
}

impl<'a> Repair<'a> {
    async fn of(
        args: &'a HostActionArgs,
        store: Store,
        clock: &'a Clock,
    ) -> Result<Self, RepairError> {
        let log = state::log_name(&args.database, &store).await?;
        let journal = Journal::new(store.clone(), clock.clone(), log, clock::row_id());
        Ok(Self {
            args,
            store,
            journal,
            clock,
        })
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn log(&self) -> &LogName {
        self.journal.log()
    }

    async fn signed(&self) -> Result<SignedPart, Fault> {
        SignedPart::read(&self.store, self.log(), &self.args.database.keys).await
    }
}

/// Opens the database of a ledger with the row keys of the server.
async fn open(database: &DatabaseArgs) -> Result<Store, RepairError> {
    let store = state::open_store(database, StoreUser::Command).await?;
    store.tail().verify_whole();
    Ok(store)
}

/// Says how another administrator confirms. The exit code is 1, because nothing was done.
fn proposed(command: &str, code: &str, out: &mut (dyn Write + Send)) -> Result<u8, RepairError> {
    writeln!(
        out,
        "Nothing was changed. Within an hour, another administrator runs on this host: \
         leastwise ledger {command} --as IDENTITY --confirm {code}"
    )?;
    Ok(1)
}

/// Sets aside what Leastwise did not write at the end of the ledger. Processes may run meanwhile: none of them counts what is
/// set aside, and each append waits for the lock of the head.
pub async fn set_aside(
    args: &HostActionArgs,
    clock: &Clock,
    out: &mut (dyn Write + Send),
) -> Result<u8, RepairError> {
    let repair = Repair::of(args, open(&args.database).await?, clock).await?;
    let mut tx = repair.store.write().await?;
    let found = ledger::false_end(&mut tx).await?;
    if found.is_empty() {
        writeln!(
            out,
            "Every entry of the ledger is authentic. Nothing to set aside."
        )?;
        return Ok(0);
    }
    if let Some(seq) = found.authentic {
        return Err(StoreError::from(ledger::LedgerError::Authentic { seq }).into());
    }
    if let Some((seq, _)) = repair.kept_end()?
        && seq >= found.end.size
    {
        return Err(RepairError::Lost(found.end.size));
    }
    let signed = repair.signed().await?.newest.0;
    if signed > found.end.size {
        return Err(RepairError::Signed {
            signed,
            authentic: found.end.size,
        });
    }
    writeln!(
        out,
        "The authentic ledger has {} entries. The head states {}.",
        found.end.size, found.stated.0
    )?;
    for document in &found.documents {
        writeln!(out, "Set aside: {document}")?;
    }
    let agreed = host_action::consent(tx.conn(), args, "set-aside", found.digest(), repair.now());
    let agreement = match agreed.await? {
        HostConsent::Proposed(code) => return proposed("set-aside", &code, out),
        HostConsent::Agreed(agreement) => agreement,
    };
    let engine = repair.store.engine();
    ledger::set_aside(&mut tx, engine, &found, clock::row_id, repair.now()).await?;
    ledger::forget_projections(&mut tx).await?;
    let entry = repair.journal.ledger_set_aside(
        found.end.size,
        found.documents.len(),
        (found.digest(), ledger::documents_digest(&found.documents)),
        &agreement,
    );
    let seq = repair.journal.append(&mut tx, entry).await?;
    tx.commit().await?;
    host_action::done(&args.database.keys)?;
    writeln!(out, "Done, and recorded in entry {seq}.")?;
    Ok(0)
}

impl Repair<'_> {
    fn kept_end(&self) -> Result<Option<(u64, Hash)>, RepairError> {
        crate::engine::seal::kept_end(&self.args.database.keys).map_err(RepairError::File)
    }

    /// Writes the end of the ledger beside the key, and removes the proposal.
    async fn finish(&self) -> Result<(), RepairError> {
        let mut conn = self.store.connection().await?;
        let end = ledger::catch_up(&mut conn).await?.end;
        keep_end(&self.args.database.keys, &end).map_err(RepairError::File)?;
        Ok(host_action::done(&self.args.database.keys)?)
    }
}

/// Accepts that the end of the ledger is lost, after an older backup was restored.
pub async fn accept_restore(
    args: &HostActionArgs,
    clock: &Clock,
    out: &mut (dyn Write + Send),
) -> Result<u8, RepairError> {
    let _no_server = NoServer::on(&args.database.url).await?;
    let repair = Repair::of(args, open(&args.database).await?, clock).await?;
    let mut tx = repair.store.write().await?;
    let found = ledger::false_end(&mut tx).await?;
    if let Some(fault) = found.fault {
        return Err(Fault::NotAuthentic(fault).into());
    }
    let kept = repair.kept_end()?;
    let signed = repair.signed().await?;
    let size = found.end.size;
    // No backup contains a checkpoint of more entries than it contains.
    if let Some(promised) = signed.in_database.filter(|signed| *signed > size) {
        let place = "the database".to_owned();
        let shorter = Fault::Shorter {
            place,
            promised,
            found: size,
        };
        return Err(shorter.into());
    }
    let has = |seq: u64| seq < size;
    let is_kept = match kept {
        Some((seq, mac)) if has(seq) => {
            let there = ledger::end_at(tx.conn(), seq, repair.log()).await?;
            there.is_some_and(|end| end.mac == mac)
        }
        Some(_) => false,
        None => true,
    };
    if is_kept && signed.in_file.is_none_or(|size| size <= found.end.size) {
        writeln!(
            out,
            "The ledger contains the end that was verified last. Nothing is lost."
        )?;
        return Ok(0);
    }
    let kept_size = kept.map_or(0, |(seq, _)| seq + 1);
    let lost = kept_size.max(signed.in_file.unwrap_or(0));
    writeln!(
        out,
        "The ledger has {} entries, but had at least {lost}. Accept that the others are lost.",
        found.end.size
    )?;
    let plan = format!("{} {} {lost}", found.end.size, found.end.mac);
    let plan = Hash::of(plan.as_bytes());
    let agreed =
        host_action::consent(tx.conn(), args, "accept-restore", plan, repair.now()).await?;
    let agreement = match agreed {
        HostConsent::Proposed(code) => return proposed("accept-restore", &code, out),
        HostConsent::Agreed(agreement) => agreement,
    };
    let entry = repair
        .journal
        .ledger_restore_accepted(found.end.size, lost, &agreement);
    let seq = repair.journal.append(&mut tx, entry).await?;
    ledger::forget_projections(&mut tx).await?;
    tx.commit().await?;
    put_away_checkpoints(&args.database, repair.now()).map_err(RepairError::File)?;
    repair.finish().await?;
    writeln!(out, "Done, and recorded in entry {seq}.")?;
    Ok(0)
}

/// Renames the checkpoints of what is lost, which a start would compare with the restored ledger.
fn put_away_checkpoints(database: &DatabaseArgs, now: Timestamp) -> io::Result<()> {
    let path = database.keys.join(COPY_FILE);
    let away = database
        .keys
        .join(format!("{COPY_FILE}.before-restore-{}", now.0));
    match fs::rename(path, away) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Gives every entry a MAC by the row key of this host: after the row key was lost, or for the entries of an earlier
/// version that no checkpoint proves. Creates the key once two people agree.
pub async fn adopt_row_key(
    args: &HostActionArgs,
    clock: &Clock,
    out: &mut (dyn Write + Send),
) -> Result<u8, RepairError> {
    let _no_server = NoServer::on(&args.database.url).await?;
    let store = Store::open(&args.database.url).await?;
    store.migrate().await?;
    let given = crate::config::row_key_variable().map_err(StartError::from)?;
    let (keys, new) = if let Some(keys) = row_key::existing(&args.database.keys, given.as_deref())?
    {
        (keys, None)
    } else {
        let new = NewRowKey::random();
        (new.keys(), Some(new))
    };
    let store = store.with_row_keys(keys.clone());
    store.tail().verify_whole();
    let repair = Repair::of(args, store, clock).await?;
    let signed = repair.signed().await?.newest;
    let (store, journal) = (&repair.store, &repair.journal);
    let begun = Adoption::with_row_key(store, journal, &keys, signed, repair.now()).await?;
    let Some(mut adoption) = begun else {
        writeln!(
            out,
            "This host has the row key of every entry. Nothing to adopt."
        )?;
        return Ok(0);
    };
    writeln!(
        out,
        "Proven by a checkpoint: {}. Behind it, proven by a MAC of a key of this host: {}. Not proven: {}.",
        entries(signed.0),
        entries(adoption.proven_by_macs()),
        entries(adoption.unproven())
    )?;
    let leaves = adoption.unproven_leaves().await?;
    for leaf in &leaves {
        writeln!(out, "{}", described(leaf))?;
    }
    let plan = adoption.plan(&leaves);
    let agreed =
        host_action::consent(adoption.conn(), args, "adopt-row-key", plan, repair.now()).await?;
    let agreement = match agreed {
        HostConsent::Proposed(code) => return proposed("adopt-row-key", &code, out),
        HostConsent::Agreed(agreement) => agreement,
    };
    // Before the commit: the database must never name a key that nobody has.
    if let Some(new) = new {
        new.save(&args.database.keys)?;
    }
    let seq = adoption.accepted_by(&agreement).await?;
    repair.finish().await?;
    writeln!(out, "Done, and recorded in entry {seq}.")?;
    Ok(0)
}

/// Returns an entry as people decide about it.
fn described(leaf: &str) -> String {
    match Entry::parse(leaf.as_bytes()) {
        Ok((position, entry)) => {
            let by = entry.actor.person_id.as_ref();
            let target = entry
                .target
                .as_ref()
                .and_then(|target| target.id.as_deref());
            let role = entry.data.get("role").and_then(|role| role.as_str());
            let mut line = format!(
                "  entry {}: {} at {}, by {}",
                position.seq,
                entry.kind.as_str(),
                entry.occurred_at.rfc3339(),
                by.map_or("nobody", |person| person.as_str())
            );
            for (name, value) in [("about", target), ("role", role)] {
                if let Some(value) = value {
                    line = format!("{line}, {name} {value}");
                }
            }
            line
        }
        Err(_) => "  an entry that cannot be read".to_owned(),
    }
}
