//! The list of permission sets: what each allows, and where.

use std::sync::Arc;

use domain::{
    grant::{LONGEST_SESSION_IN_PRODUCTION_PCI, outlasts_production_pci},
    ids::PermissionSetArn,
    permission_set::analysis::Capability,
    snapshot::Figure,
    time::Duration,
};
use leptos::prelude::*;

use super::{
    Cell, Column, DrawContext, Filter, FilterOption, IN_PRODUCTION_PCI, List, Paging, SortKey,
    console_link, copy, exposed, id, muted, number, row_links,
};
use crate::{
    backend::SetRow,
    components::{CapabilityList, SeverityWord, Status, StatusBadge, clamped, short_duration},
};

/// What permission sets are sorted and filtered by.
#[derive(Debug, Clone)]
pub struct SetFacts {
    pub arn: PermissionSetArn,
    /// The name, the description and the labels of the capabilities, one line each, in lower case.
    pub text: Arc<str>,
    /// What it allows, the most dangerous first.
    pub capabilities: Vec<Capability>,
    /// Whether it gives administrator access, grants rights or changes identities.
    pub powerful: bool,
    pub session_seconds: u32,
    pub accounts: Figure,
    pub production_pci: Figure,
    pub violations: Figure,
    pub people: Figure,
    pub outdated: Figure,
}

impl SetFacts {
    fn is(&self, capability: Capability) -> bool {
        self.capabilities.contains(&capability)
    }
}

/// The filter of capabilities: other pages lead to it.
pub const CAPABILITY: &str = "capability";

/// Creates the option of one capability.
macro_rules! capability {
    ($capability:ident, $value:literal, $label:literal) => {
        FilterOption::new($value, $label, |set: &SetFacts| {
            set.is(Capability::$capability)
        })
    };
}

const fn column(key: &'static str, label: &'static str) -> Column<SetFacts, SetRow> {
    Column::new(key, label)
}

pub static PERMISSION_SETS: List<SetFacts, SetRow> = List {
    path: "/permission-sets",
    nouns: ("permission set", "permission sets"),
    order: "Most severe first, then most violations",
    default: None,
    columns: &[
        column("name", "Name")
            .always()
            .sorts(|set| SortKey::text(set.text.split('\n').next().unwrap_or_default()))
            .cell(|row, _| name(row))
            .value(|row| Cell::Text(row.set.name.clone())),
        column("arn", "ARN")
            .on_request()
            .cell(|row, _| id(row.set.arn.to_string(), "the ARN"))
            .value(|row| Cell::Text(row.set.arn.to_string())),
        column("description", "Description").value(|row| Cell::optional(row.description.as_ref())),
        column("capabilities", "Capabilities")
            .rule("The severity of the most dangerous capability, then the most dangerous capabilities")
            .sorts(|set| {
                let worst = set.capabilities.first();
                worst.map_or(SortKey::Missing, |worst| SortKey::Number(*worst as i64))
            })
            .cell(capabilities)
            .value(|row| {
                let all = row.set.capabilities.iter();
                Cell::Words(all.map(|one| one.as_str()).collect())
            }),
        column("severity", "Severity").value(|row| {
            let worst = row.set.capabilities.first();
            worst.map_or(Cell::Nothing, |worst| worst.severity().as_str().into())
        }),
        column("session_seconds", "Session")
            .newest_first()
            .in_table()
            .sorts(|set| SortKey::Number(i64::from(set.session_seconds)))
            .cell(|row, _| session_duration(row))
            .value(|row| Cell::Number(u64::from(row.session_seconds))),
        column("people", "People")
            .numeric()
            .sorts(|set| SortKey::figure(set.people))
            .cell(|row, _| counted(row.people, number(row.people), ("person", "people")))
            .value(|row| row.people.into()),
        column("accounts", "Accounts")
            .numeric()
            .sorts(|set| SortKey::figure(set.accounts))
            .cell(|row, _| {
                counted(
                    row.accounts,
                    number(row.accounts),
                    ("account", "accounts"),
                )
            })
            .value(|row| row.accounts.into()),
        column("production_pci", "Production PCI")
            .note("accounts")
            .numeric()
            .sorts(|set| SortKey::figure(set.production_pci))
            .cell(|row, _| {
                let shown = exposed(row.production_pci, || {
                    format!("/permission-sets/{}", row.set.key())
                });
                counted(
                    row.production_pci,
                    shown,
                    ("production PCI account", "production PCI accounts"),
                )
            })
            .value(|row| row.production_pci.into()),
        column("violations", "Violations")
            .note(IN_PRODUCTION_PCI)
            .rule("Assignments in production PCI that violate a policy")
            .numeric()
            .sorts(|set| SortKey::figure(set.violations))
            .cell(|row, _| {
                // Elsewhere violations are not counted, which is not none.
                if row.production_pci == Figure::Known(0) {
                    return muted("–");
                }
                counted(
                    row.violations,
                    violations(row.violations),
                    ("violation", "violations"),
                )
            })
            .value(|row| row.violations.into()),
        column("outdated", "Provisioning out of date")
            .numeric()
            .on_request()
            .sorts(|set| SortKey::figure(set.outdated))
            .cell(|row, _| number(row.outdated))
            .value(|row| row.outdated.into()),
        column("links", "Links").beside_name().cell(|row, context| {
            let name = &row.set.name;
            row_links(vec![
                copy(row.set.arn.to_string(), &format!("the ARN of {name}")),
                console_link(context.console.permission_set(&row.set.arn), name),
            ])
        }),
    ],
    filters: &[
        Filter::options(
            CAPABILITY,
            "Capability",
            &[
                FilterOption::new("powerful", "Powerful access", |set: &SetFacts| set.powerful),
                capability!(Administrator, "administrator", "Administrator"),
                capability!(GrantsRights, "grants_rights", "Grants rights"),
                capability!(Identity, "identity", "Identity"),
                capability!(
                    LogsAndGuardrails,
                    "logs_and_guardrails",
                    "Logs and guardrails"
                ),
                capability!(Unknown, "unknown", "Unknown"),
                capability!(RunsCode, "runs_code", "Runs code"),
                capability!(UnreviewedChange, "unreviewed_change", "Unreviewed change"),
                capability!(Changes, "changes", "Changes"),
                capability!(ReadsData, "reads_data", "Reads data"),
                capability!(
                    ReadsConfiguration,
                    "reads_configuration",
                    "Reads configuration"
                ),
                capability!(Billing, "billing", "Billing"),
                // Nearly every set reads metadata; the filter shows those that do nothing else.
                FilterOption::new("metadata", "Metadata only", |set| {
                    set.capabilities == [Capability::Metadata]
                }),
            ],
        ),
        Filter::options(
            "assigned",
            "Assigned",
            &[
                FilterOption::new("production-pci", "In production PCI", |set: &SetFacts| {
                    set.production_pci > 0
                }),
                FilterOption::new("other", "Only outside production PCI", |set| {
                    set.accounts > 0 && set.production_pci == 0
                }),
                FilterOption::new("nowhere", "Nowhere", |set| set.accounts == 0),
            ],
        ),
        Filter::options(
            "attention",
            "Attention",
            &[
                FilterOption::new("violations", "Policy violations", |set: &SetFacts| {
                    set.violations > 0
                }),
                FilterOption::new("outdated", "Provisioning out of date", |set| {
                    set.outdated > 0
                }),
                FilterOption::new(
                    "long-sessions",
                    "Sessions too long for production PCI",
                    |set| {
                        outlasts_production_pci(Duration::seconds(i64::from(set.session_seconds)))
                    },
                ),
            ],
        ),
    ],
    text: |set| &set.text,
    paging: Paging::ByNumber,
};

/// Formats a session duration.
pub fn session(seconds: u32) -> String {
    match (seconds / 3_600, seconds % 3_600 / 60) {
        (hours, 0) => format!("{hours} h"),
        (0, minutes) => format!("{minutes} min"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

/// Returns the longest session that is possible in production PCI, in words, if that of a set is longer.
pub fn session_limit(seconds: u32) -> Option<String> {
    let lasts = Duration::seconds(i64::from(seconds));
    outlasts_production_pci(lasts).then(|| {
        format!(
            "at most {}",
            short_duration(LONGEST_SESSION_IN_PRODUCTION_PCI)
        )
    })
}

/// Whether sessions are too long for production PCI, and the set is or may be assigned there.
fn is_too_long(row: &SetRow) -> bool {
    let lasts = Duration::seconds(i64::from(row.session_seconds));
    outlasts_production_pci(lasts) && row.production_pci != Figure::Known(0)
}

/// Renders the session duration, marked if it is too long for where the set is assigned.
fn session_duration(row: &SetRow) -> AnyView {
    let lasts = session(row.session_seconds);
    let noun = view! { <span data-noun>" sessions"</span> };
    if is_too_long(row) {
        view! {
            <span data-too-long title=TOO_LONG>
                <StatusBadge status=Status::Pending label=lasts />
                {noun}
                <span>", too long"</span>
            </span>
        }
        .into_any()
    } else {
        view! { {muted(lasts)} {noun} }.into_any()
    }
}

/// What it means that sessions are too long.
const TOO_LONG: &str = "Temporary access to production PCI is not possible with sessions this long";

/// Renders a number, with its noun behind it where the columns have no heads. Zero has none, and is left out there.
fn counted(count: Figure, shown: AnyView, (one, several): (&str, &str)) -> AnyView {
    let noun = match count {
        Figure::Known(0) => None,
        Figure::Known(1) => Some(format!(" {one}")),
        Figure::Known(_) => Some(format!(" {several}")),
        Figure::NotKnown => Some(format!(": {several}")),
    };
    let noun = noun.map(|noun| view! { <span data-noun>{noun}</span> });
    view! { {shown} {noun} }.into_any()
}

/// Renders a number of violations.
pub fn violations(count: Figure) -> AnyView {
    match count {
        Figure::Known(some) if some > 0 => {
            view! { <b data-tone data-status=Status::Danger.token()>{some}</b> }.into_any()
        }
        figure => number(figure),
    }
}

fn name(row: &SetRow) -> AnyView {
    let description = row.description.clone().map(|text| {
        let quoted = format!("\u{201c}{text}\u{201d}");
        view! { <span data-description title=text>{quoted}</span> }
    });
    let href = format!("/permission-sets/{}", row.set.key());
    view! { <span class="block"><a href=href>{clamped(row.set.name.clone())}</a> {description}</span> }
        .into_any()
}

fn capabilities(row: &SetRow, context: &DrawContext) -> AnyView {
    let outdated = match row.outdated {
        Figure::Known(some) if some > 0 => {
            let label = if some == 1 {
                "Out of date in 1 account".to_owned()
            } else {
                format!("Out of date in {some} accounts")
            };
            Some(
                view! { <span title="Provisioning out of date"><StatusBadge status=Status::Drift label /></span> },
            )
        }
        Figure::Known(_) | Figure::NotKnown => None,
    };
    // Where the column of sessions has no room, its mark stands here.
    let sessions = is_too_long(row).then(|| {
        let label = format!("Session {}, too long", session(row.session_seconds));
        view! { <span data-session-note title=TOO_LONG><StatusBadge status=Status::Pending label /></span> }
    });
    let (severity, allows) = match row.set.capabilities.first() {
        None => (None, muted("Allows nothing")),
        Some(worst) => {
            let severity = worst.severity();
            let (capabilities, sought) = (row.set.capabilities.clone(), context.sought.clone());
            (
                Some(view! { <SeverityWord severity /> }),
                view! { <CapabilityList capabilities sought /> }.into_any(),
            )
        }
    };
    view! { <div data-allows>{severity} <div>{allows} {outdated} {sessions}</div></div> }.into_any()
}
