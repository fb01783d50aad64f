//! What events are to OCSF: the class and the activity, under names that say what happened. Numbers of OCSF 1.8.

use super::meaning::{OcsfActivity, OcsfMapping, OcsfMapping::Fixed};

pub(super) const ENTITY_CREATE: OcsfMapping = Fixed(OcsfActivity::new(3004, 1));
pub(super) const ENTITY_READ: OcsfMapping = Fixed(OcsfActivity::new(3004, 2));
pub(super) const ENTITY_UPDATE: OcsfMapping = Fixed(OcsfActivity::new(3004, 3));
pub(super) const LOGON: OcsfMapping = Fixed(OcsfActivity::new(3002, 1));
pub(super) const LOGOFF: OcsfMapping = Fixed(OcsfActivity::new(3002, 2));
pub(super) const PRIVILEGES_ASSIGN: OcsfMapping = Fixed(OcsfActivity::new(3005, 1));
pub(super) const PRIVILEGES_REVOKE: OcsfMapping = Fixed(OcsfActivity::new(3005, 2));
pub(super) const ACCOUNT_OTHER: OcsfMapping = Fixed(OcsfActivity::new(3001, 99));
pub(super) const ACCOUNT_DISABLE: OcsfMapping = Fixed(OcsfActivity::new(3001, 5));
pub(super) const ACCOUNT_ENABLE: OcsfMapping = Fixed(OcsfActivity::new(3001, 2));
pub(super) const FINDING_CREATE: OcsfMapping = Fixed(OcsfActivity::new(2003, 1));
pub(super) const FINDING_CLOSE: OcsfMapping = Fixed(OcsfActivity::new(2003, 3));
pub(super) const LIFECYCLE_START: OcsfMapping = Fixed(OcsfActivity::new(6002, 3));
pub(super) const LIFECYCLE_STOP: OcsfMapping = Fixed(OcsfActivity::new(6002, 4));
pub(super) const API_READ: OcsfMapping = Fixed(OcsfActivity::new(6003, 2));
pub(super) const API_UPDATE: OcsfMapping = Fixed(OcsfActivity::new(6003, 3));
