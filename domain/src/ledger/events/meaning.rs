//! What a kind of event means to its readers: pages, notifications and exports.

use serde::Serialize;

use super::EventKind;
use crate::ledger::Entry;

/// What a kind of event means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventMeaning {
    /// A short label, for lists.
    pub title: &'static str,
    /// One sentence with slots for names, in the form of [`parts`](super::parts).
    pub sentence: &'static str,
    pub agency: Agency,
    pub ocsf: OcsfMapping,
    pub severity: Severity,
    /// Whom it concerns. Notifications will read it.
    pub concerns: &'static [Audience],
}

/// Who did what an event records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agency {
    /// A person who signed in, or a program with its own credential.
    Person,
    /// Leastwise itself.
    Leastwise,
    /// Nobody in Leastwise: it records what it observed of AWS, the directory or the clock, or what another entry
    /// decided.
    Observation,
}

/// The people whom an event concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// The requester of the change.
    Requester,
    /// The people who may decide the change.
    Approvers,
    /// The people who gain or lose access.
    Beneficiaries,
    /// The person that the entry is about.
    Subject,
    Administrators,
}

/// How serious an event is by itself, in the scale of OCSF.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Informational,
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    /// Returns the `severity_id` of OCSF.
    pub const fn ocsf_id(self) -> u8 {
        match self {
            Self::Informational => 1,
            Self::Low => 2,
            Self::Medium => 3,
            Self::High => 4,
            Self::Critical => 5,
        }
    }

    /// Returns the name in OCSF.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Informational => "Informational",
            Self::Low => "Low",
            Self::Medium => "Medium",
            Self::High => "High",
            Self::Critical => "Critical",
        }
    }
}

/// A class of OCSF 1.8 and an activity in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct OcsfActivity {
    pub class_uid: u16,
    pub activity_id: u8,
}

impl OcsfActivity {
    pub(super) const fn new(class_uid: u16, activity_id: u8) -> Self {
        Self {
            class_uid,
            activity_id,
        }
    }

    /// Returns the `type_uid`.
    pub const fn type_uid(self) -> u32 {
        self.class_uid as u32 * 100 + self.activity_id as u32
    }

    /// Returns the name of the class in OCSF.
    pub const fn class_name(self) -> &'static str {
        match self.class_uid {
            2003 => "Compliance Finding",
            3001 => "Account Change",
            3002 => "Authentication",
            3004 => "Entity Management",
            3005 => "User Access Management",
            3006 => "Group Management",
            6002 => "Application Lifecycle",
            6003 => "API Activity",
            _ => "Base Event",
        }
    }
}

/// How the class of an event is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OcsfMapping {
    Fixed(OcsfActivity),
    /// By the access that the entry is about, and whether it exists afterwards.
    Access,
}

impl OcsfMapping {
    /// Returns the class and activity of an entry.
    pub fn of(self, entry: &Entry) -> OcsfActivity {
        match self {
            Self::Fixed(activity) => activity,
            Self::Access => of_access(entry),
        }
    }
}

fn of_access(entry: &Entry) -> OcsfActivity {
    let word = |name: &str| entry.data.get(name).and_then(serde_json::Value::as_str);
    let present = match EventKind::of(&entry.kind) {
        Some(EventKind::GrantStarted) => true,
        Some(EventKind::OperationVerified) => entry.data.get("present") == Some(&true.into()),
        Some(EventKind::DriftDetected) => matches!(word("what"), Some("assigned" | "joined")),
        _ => false,
    };
    let target = entry.target.as_ref();
    let of_group = target.and_then(|target| target.principal_type.as_deref()) == Some("GROUP");
    match (target.map(|target| target.kind.as_str()), present) {
        (Some("membership"), true) => OcsfActivity::new(3006, 3),
        (Some("membership"), false) => OcsfActivity::new(3006, 4),
        (Some("assignment"), true) if of_group => OcsfActivity::new(3006, 1),
        (Some("assignment"), false) if of_group => OcsfActivity::new(3006, 2),
        (Some("assignment"), true) => OcsfActivity::new(3005, 1),
        (Some("assignment"), false) => OcsfActivity::new(3005, 2),
        _ => OcsfActivity::new(3004, 3),
    }
}
