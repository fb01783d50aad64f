//! The state of the sandbox, behind one lock.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use uuid::Builder;

use crate::aws::Signatures;
use crate::aws::call::Timing;
use crate::aws::calls::CallLog;
use crate::aws::cloudtrail::Trail;
use crate::aws::faults::{FaultPlan, Faults};
use crate::aws::identity_store::directory::Directory;
use crate::aws::organizations::Organizations;
use crate::aws::quota::{Limits, Quotas};
use crate::aws::sso_admin::access::Access;
use crate::aws::sso_admin::operation::Operations;
use crate::clock::Clock;
use crate::org::pool::Pool;
use crate::org::{AccountInstance, InstanceStatus, Organisation};
use crate::persist::Journal;

/// The sandbox state as shared by the services.
pub type SharedState = Arc<Mutex<SandboxState>>;

/// All state of the local AWS and the local Cognito.
pub struct SandboxState {
    pub clock: Clock,
    pub pool: Pool,
    pub(crate) instance_arn: Arc<str>,
    pub(crate) instance_status: InstanceStatus,
    pub(crate) account_instances: Vec<AccountInstance>,
    pub(crate) region: Arc<str>,
    pub(crate) created_ms: i64,
    pub(crate) ragged_pages: bool,
    pub(crate) organizations: Organizations,
    pub(crate) directory: Directory,
    pub(crate) access: Access,
    pub(crate) operations: Operations,
    pub(crate) trail: Trail,
    pub(crate) calls: CallLog,
    pub(crate) faults: Faults,
    pub(crate) quotas: Quotas,
    pub signatures: Signatures,
    pub(crate) entropy: ChaCha8Rng,
    pub(crate) journal: Option<Journal>,
    /// Incremented by every change, to detect that the state file is outdated.
    pub(crate) changes: u64,
    latency: Duration,
    event_delay: Duration,
}

impl SandboxState {
    /// Returns the state of an organisation, with the delays and quotas of AWS.
    pub fn of(organisation: Organisation, clock: Clock) -> Self {
        let accounts = organisation
            .accounts
            .into_iter()
            .map(|account| (account.id.clone(), account))
            .collect();
        let units = organisation
            .units
            .into_iter()
            .map(|unit| (unit.id.clone(), unit))
            .collect();
        // Sandboxes started at different times must not return the same request IDs.
        let seed = clock.now_ms().unsigned_abs();
        Self {
            clock,
            pool: organisation.pool,
            instance_arn: organisation.instance_arn,
            instance_status: organisation.instance_status,
            account_instances: organisation.account_instances,
            region: organisation.region,
            created_ms: organisation.created_ms,
            ragged_pages: organisation.ragged_pages,
            organizations: Organizations {
                id: organisation.organization_id,
                root_id: organisation.root_id,
                management_account: organisation.management_account,
                delegated_admin_account: organisation.delegated_admin_account,
                delegated_services: organisation.delegated_services,
                accounts,
                units,
                created_ms: organisation.created_ms,
            },
            directory: Directory::new(
                organisation.identity_store_id,
                organisation.users,
                organisation.groups,
                organisation.memberships,
            ),
            access: Access::new(
                organisation.permission_sets,
                organisation.assignments,
                organisation.provisioned_roles,
            ),
            operations: Operations::default(),
            trail: Trail::new(organisation.events),
            calls: CallLog::new(),
            faults: Faults::new(FaultPlan::default()),
            quotas: Quotas::new(Limits::Published),
            signatures: Signatures::default(),
            entropy: ChaCha8Rng::seed_from_u64(seed),
            journal: None,
            changes: 0,
            latency: Duration::from_secs(5),
            event_delay: Duration::from_mins(1),
        }
    }

    /// Returns the sample organisation with another pool, for sign-in tests.
    pub fn new(clock: Clock, pool: Pool) -> Self {
        let organisation = Organisation {
            pool,
            ..Organisation::sample()
        };
        Self::of(organisation, clock)
    }

    /// Sets how long an asynchronous write takes at speed one.
    #[must_use]
    pub fn with_latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// Sets how long CloudTrail takes to show an event at speed one.
    #[must_use]
    pub fn with_event_delay(mut self, delay: Duration) -> Self {
        self.event_delay = delay;
        self
    }

    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.quotas = Quotas::new(limits);
        self
    }

    #[must_use]
    pub fn with_signatures(mut self, signatures: Signatures) -> Self {
        self.signatures = signatures;
        self
    }

    /// Wraps the state in the lock that all services share.
    pub fn shared(self) -> SharedState {
        Arc::new(Mutex::new(self))
    }

    /// Records that `pool` was changed directly, so that the change reaches the state file.
    pub fn note_pool_change(&mut self) {
        self.changes += 1;
    }

    /// Returns the current state as an organisation.
    pub fn organisation(&self) -> Organisation {
        let organizations = &self.organizations;
        Organisation {
            organization_id: organizations.id.clone(),
            root_id: organizations.root_id.clone(),
            management_account: organizations.management_account.clone(),
            delegated_admin_account: organizations.delegated_admin_account.clone(),
            delegated_services: organizations.delegated_services.clone(),
            instance_arn: self.instance_arn.clone(),
            instance_status: self.instance_status,
            account_instances: self.account_instances.clone(),
            identity_store_id: self.directory.id.clone(),
            region: self.region.clone(),
            created_ms: self.created_ms,
            ragged_pages: self.ragged_pages,
            units: organizations.units.values().cloned().collect(),
            accounts: organizations.accounts.values().cloned().collect(),
            users: self.directory.users.values().cloned().collect(),
            groups: self.directory.groups.values().cloned().collect(),
            memberships: self.directory.memberships(),
            permission_sets: self.access.sets.values().cloned().collect(),
            assignments: self.access.assignments(),
            provisioned_roles: self.access.unexplained_roles(),
            events: self.trail.writes(),
            pool: self.pool.clone(),
        }
    }

    pub(crate) fn timing(&self) -> Timing {
        let ms = |delay| i64::try_from(self.clock.scale(delay).as_millis()).unwrap_or(i64::MAX);
        Timing {
            latency_ms: ms(self.latency),
            event_delay_ms: ms(self.event_delay),
        }
    }

    pub(crate) fn request_id(&mut self) -> String {
        Builder::from_random_bytes(self.entropy.r#gen())
            .into_uuid()
            .to_string()
    }
}

/// Locks the sandbox state. A poisoned lock is ignored: every handler validates before it changes anything, so the
/// state is consistent after a panic.
pub fn lock(sandbox: &SharedState) -> MutexGuard<'_, SandboxState> {
    sandbox.lock().unwrap_or_else(PoisonError::into_inner)
}
