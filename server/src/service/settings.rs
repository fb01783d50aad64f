//! The settings that services need, from the configuration. Fixed at the start; never read from the environment here.

use std::time::Duration as StdDuration;

use domain::{ids::AccountId, second_factor::StepUpLimits, time::Duration};

use crate::mapping_file::MappingFile;

/// Settings from the configuration, fixed at the start.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The Region of Identity Center.
    pub region: String,
    /// The address of the access portal, if it is not the one that AWS derives.
    pub access_portal: Option<String>,
    /// Time between two crawls.
    pub crawl_every: Duration,
    /// The accounts that contain Leastwise or its Cognito user pool.
    pub leastwise_accounts: Vec<AccountId>,
    /// How the organization names environments and PCI scope, by the configuration.
    pub mapping: MappingFile,
    /// The id of the Cognito user pool.
    pub pool: String,
    /// The share of linked identities, in percent, that may differ from the directory at once and are suspended one by
    /// one. More raise the alarm.
    pub identity_alarm_percent: u8,
    /// How old a sign-in may be when its person decides.
    pub step_up: StepUpLimits,
    /// How long AWS is read for a removal, at its submission and at its start. Zero reads nothing.
    pub removal_reads: StdDuration,
}

impl Settings {
    /// Long enough for a few lists and permission sets, and short enough not to delay a removal that AWS does not answer.
    pub const REMOVAL_READS: StdDuration = StdDuration::from_secs(2);
}
