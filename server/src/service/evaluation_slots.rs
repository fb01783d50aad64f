//! Limits how many changes are evaluated at once: one for each signed-in person, and a few overall. An evaluation runs on
//! a blocking thread, and ends when its request does.
//!
//! A slot is taken before a transaction begins, never inside one: a request that waits must not hold a lock that others
//! wait for. The engine has slots of its own, so that no number of previews delays a change that was approved, and one of
//! them is for changes that only remove access, so that no number of grants delays a removal.
//!
//! Also limits how many requests read AWS before a removal is evaluated, because these reads share the quota of AWS with
//! revocations, and how many decisions of one person do.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use app::backend::{Denied, Load};
use domain::{
    budget::{Budget, Stopped},
    ids::PersonId,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit},
    time::timeout,
};

use crate::store::StoreError;

/// The number of evaluations for requests at once. Each uses a processor completely.
const OVERALL: usize = 4;
/// The number of requests that read AWS at once.
const READS: usize = 2;
/// How long a request waits for the person's own previous evaluation, and then for a slot.
const PATIENCE: Duration = Duration::from_secs(3);
/// The longest evaluation. The largest group of an organization with 50,000 people takes a fraction of a second.
const LONGEST: Duration = Duration::from_secs(10);

/// All slots.
#[derive(Debug)]
pub struct EvaluationSlots {
    overall: Arc<Semaphore>,
    grants: Semaphore,
    removals: Semaphore,
    reads: Arc<Semaphore>,
    patience: Duration,
    own: OwnSlots,
    own_reads: OwnSlots,
}

/// One slot for each person who has it or waits for it.
#[derive(Debug, Default)]
struct OwnSlots(Mutex<HashMap<PersonId, Arc<Semaphore>>>);

impl OwnSlots {
    fn of(&self, person: &PersonId) -> Arc<Semaphore> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, own| Arc::strong_count(own) > 1);
        let own = all.entry(person.clone());
        Arc::clone(own.or_insert_with(|| Arc::new(Semaphore::new(1))))
    }
}

/// What a change does that the engine starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineStart {
    /// It gives access.
    Grant,
    /// It only removes access.
    Removal,
}

/// The right to evaluate one change at a time; returned when dropped.
#[derive(Debug)]
pub struct EvaluationSlot {
    _own: OwnedSemaphorePermit,
    _overall: OwnedSemaphorePermit,
}

/// The right to read AWS about the person who makes a request; returned when dropped.
#[derive(Debug)]
pub struct OwnReadSlot {
    _own: OwnedSemaphorePermit,
}

/// The right to read AWS for one request; returned when dropped.
#[derive(Debug)]
pub struct ReadSlot {
    _own: OwnedSemaphorePermit,
    _overall: OwnedSemaphorePermit,
}

impl Default for EvaluationSlots {
    fn default() -> Self {
        Self::with_patience(PATIENCE)
    }
}

impl EvaluationSlots {
    /// Returns slots for which a request waits this long.
    pub fn with_patience(patience: Duration) -> Self {
        Self {
            overall: Arc::new(Semaphore::new(OVERALL)),
            grants: Semaphore::new(1),
            removals: Semaphore::new(1),
            reads: Arc::new(Semaphore::new(READS)),
            patience,
            own: OwnSlots::default(),
            own_reads: OwnSlots::default(),
        }
    }

    /// Waits for a slot for a request of this person, for a few seconds.
    pub async fn take(&self, person: &PersonId) -> Result<EvaluationSlot, Denied> {
        let own = self.permit(self.own.of(person)).await;
        let own = own.ok_or(Denied::Busy(Load::Own))?;
        let overall = self.permit(Arc::clone(&self.overall)).await;
        Ok(EvaluationSlot {
            _own: own,
            _overall: overall.ok_or(Denied::Busy(Load::Overall))?,
        })
    }

    /// Returns the slot to read AWS for a request of this person. None if all are in use: the request goes on without.
    pub fn try_read(&self, person: &PersonId) -> Option<ReadSlot> {
        Some(ReadSlot {
            _own: self.own_reads.of(person).try_acquire_owned().ok()?,
            _overall: Arc::clone(&self.reads).try_acquire_owned().ok()?,
        })
    }

    /// Waits for the slot to read AWS about the person who makes a request, for a few seconds. Not one of the few slots
    /// that all requests share: no number of removals keeps an approver from deciding.
    pub async fn take_own_read(&self, person: &PersonId) -> Result<OwnReadSlot, Denied> {
        let own = self.permit(self.own_reads.of(person)).await;
        Ok(OwnReadSlot {
            _own: own.ok_or(Denied::Busy(Load::Own))?,
        })
    }

    /// Waits for the slot of the engine for changes of this kind.
    pub async fn take_for_engine(&self, start: EngineStart) -> SemaphorePermit<'_> {
        let permit = match start {
            EngineStart::Grant => self.grants.acquire().await,
            EngineStart::Removal => self.removals.acquire().await,
        };
        permit.expect("the semaphore is never closed")
    }

    async fn permit(&self, semaphore: Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
        let permit = semaphore.acquire_owned();
        timeout(self.patience, permit).await.ok()?.ok()
    }
}

/// Ends a computation when the request that waits for it is dropped: its client is gone, its time is over, or the
/// process ends.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs a computation on a blocking thread. It ends early if this future is dropped, or after ten seconds.
pub async fn run<T: Send + 'static>(
    work: impl FnOnce(Budget<'_>) -> Result<T, Stopped> + Send + 'static,
) -> Result<T, StoreError> {
    let flag = Arc::new(AtomicBool::new(false));
    let _stop = StopOnDrop(Arc::clone(&flag));
    let work =
        tokio::task::spawn_blocking(move || work(Budget::until(&|| flag.load(Ordering::Relaxed))));
    match timeout(LONGEST, work).await {
        Ok(Ok(Ok(made))) => Ok(made),
        Ok(Ok(Err(Stopped))) | Err(_) => Err(StoreError::Stopped),
        Ok(Err(error)) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(StoreError::Stopped),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn person(n: u8) -> PersonId {
        PersonId::parse(&format!("00000003-0000-4000-8000-0000000000{n:02x}")).expect("a UUID")
    }

    #[tokio::test]
    async fn one_person_evaluates_one_change_at_a_time() {
        let slots = EvaluationSlots::with_patience(Duration::ZERO);
        let first = slots.take(&person(1)).await.expect("free");
        assert_eq!(
            slots.take(&person(1)).await.err(),
            Some(Denied::Busy(Load::Own))
        );
        let _other = slots.take(&person(2)).await.expect("another person");
        drop(first);
        assert!(slots.take(&person(1)).await.is_ok());
    }

    #[tokio::test]
    async fn everybody_together_evaluates_a_few_and_the_engine_always_one() {
        let slots = EvaluationSlots::with_patience(Duration::ZERO);
        let mut taken = Vec::new();
        for n in 0..OVERALL {
            let number = u8::try_from(n).expect("a few");
            taken.push(slots.take(&person(number)).await.expect("free"));
        }
        assert_eq!(
            slots.take(&person(99)).await.err(),
            Some(Denied::Busy(Load::Overall))
        );
        let _grant = slots.take_for_engine(EngineStart::Grant).await;
        let _removal = slots.take_for_engine(EngineStart::Removal).await;
        taken.pop();
        assert!(slots.take(&person(99)).await.is_ok());
    }

    #[tokio::test]
    async fn a_computation_ends_when_nobody_waits_for_it() {
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let (ended, has_ended) = mpsc::channel();
        let request = tokio::spawn(run(move |budget| {
            let _ = begun.send(());
            while budget.check().is_ok() {
                std::thread::yield_now();
            }
            let _ = ended.send(());
            budget.check()
        }));
        has_begun.await.expect("the computation began");
        request.abort();
        let waited = tokio::task::spawn_blocking(move || has_ended.recv());
        assert_eq!(waited.await.expect("no panic"), Ok(()));
    }
}
