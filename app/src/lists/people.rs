//! The list of people: all users of the directory, with what they reach.

use std::sync::Arc;

use domain::{
    directory::{Origin, UserStatus},
    ids::UserId,
    permission_set::analysis::Capability,
    snapshot::Figure,
};
use leptos::prelude::*;

use super::{
    Cell, Column, Filter, FilterOption, IN_PRODUCTION_PCI, List, Managed, Paging, SortKey,
    console_link, copy, exposed, id, muted, number, row_links,
};
use crate::{
    backend::{AccountStatus, PersonRow},
    components::{
        AccountStatusMark, BadgeWeight, CapabilityBadge, Glyph, Status, StatusBadge, directory_link,
    },
};

/// What people are sorted and filtered by.
#[derive(Debug, Clone)]
pub struct PersonFacts {
    pub id: UserId,
    /// The name, the sign-in name, the e-mail address if it is another one, and the title: one line each, in lower case.
    pub text: Arc<str>,
    pub status: UserStatus,
    pub origin: Origin,
    pub groups: Figure,
    pub accounts: Figure,
    pub production_pci: Figure,
    /// The number of paths to production PCI that make the person an administrator or let them become one.
    pub powerful: u32,
    /// The most dangerous of what the person may do in production PCI.
    pub worst: Option<Capability>,
}

impl Managed for PersonFacts {
    fn origin(&self) -> Origin {
        self.origin
    }
}

impl PersonFacts {
    fn line(&self, line: usize) -> SortKey<'_> {
        SortKey::text(self.text.split('\n').nth(line).unwrap_or_default())
    }
}

/// The filter of what people reach, and its value for production PCI: other pages lead to it.
pub const REACH: &str = "reach";
pub const PRODUCTION_PCI: &str = "production-pci";
pub const POWERFUL: &str = "powerful";

const fn column(key: &'static str, label: &'static str) -> Column<PersonFacts, PersonRow> {
    Column::new(key, label)
}

pub static PEOPLE: List<PersonFacts, PersonRow> = List {
    path: "/people",
    nouns: ("person", "people"),
    order: "Highest capability in production PCI first, then most accounts there",
    default: None,
    columns: &[
        column("name", "Name")
            .always()
            .sorts(|person| person.line(0))
            .cell(|row, _| name(row))
            .value(|row| Cell::Text(row.user.name.clone())),
        column("id", "ID")
            .on_request()
            .cell(|row, _| id(row.user.id.to_string(), "the ID"))
            .value(|row| Cell::Text(row.user.id.to_string())),
        column("user_name", "Sign-in name")
            .on_request()
            .sorts(|person| person.line(1))
            .cell(|row, _| row.user_name.clone().into_any())
            .value(|row| Cell::Text(row.user_name.clone())),
        column("email", "E-mail")
            .on_request()
            .cell(|row, _| muted(row.email.clone().unwrap_or_default()))
            .value(|row| Cell::optional(row.email.as_ref())),
        column("title", "Title")
            .in_table()
            .sorts(|person| person.line(3))
            .cell(|row, _| muted(row.title.clone().unwrap_or_default()))
            .value(|row| Cell::optional(row.title.as_ref())),
        column("source", "Source")
            .on_request()
            .sorts(|person| SortKey::Text(source(person.origin)))
            .cell(|row, _| muted(source(row.origin)))
            .value(|row| source(row.origin).into()),
        column("status", "Status")
            .on_request()
            .sorts(|person| SortKey::Number(i64::from(person.status == UserStatus::Disabled)))
            .cell(|row, _| muted(status(row.user.status)))
            .value(|row| status(row.user.status).into()),
        column("worst", "Highest capability")
            .note(IN_PRODUCTION_PCI)
            .sorts(|person| {
                let worst = person.worst;
                worst.map_or(SortKey::Missing, |worst| SortKey::Number(worst as i64))
            })
            .cell(|row, _| match row.worst {
                Some(capability) => view! { <CapabilityBadge capability /> }.into_any(),
                None => muted("None"),
            })
            .value(|row| {
                let worst = row.worst;
                worst.map_or(Cell::Nothing, |worst| Cell::Words(vec![worst.as_str()]))
            }),
        column("groups", "Groups")
            .numeric()
            .on_request()
            .sorts(|person| SortKey::figure(person.groups))
            .cell(|row, _| number(row.groups))
            .value(|row| row.groups.into()),
        column("accounts", "Accounts")
            .numeric()
            .sorts(|person| SortKey::figure(person.accounts))
            .cell(|row, _| number(row.accounts))
            .value(|row| row.accounts.into()),
        column("production_pci", "Production PCI")
            .note("accounts")
            .numeric()
            .sorts(|person| SortKey::figure(person.production_pci))
            .cell(|row, _| {
                exposed(row.production_pci, || {
                    format!("/people/{}?only=production-pci", row.user.id)
                })
            })
            .value(|row| row.production_pci.into()),
        column("violated", "Policies violated")
            .note(IN_PRODUCTION_PCI)
            .rule("Policies that the access of the person to production PCI violates")
            .numeric()
            .cell(|row, _| violated(row))
            .value(|row| row.violated.into()),
        column("unapproved", "Approvals missing")
            .note(IN_PRODUCTION_PCI)
            .rule("Policies by which the access of the person to production PCI lacks an approval")
            .numeric()
            .cell(|row, _| unapproved(row))
            .value(|row| row.unapproved.into()),
        column("links", "Links").beside_name().cell(|row, context| {
            let id = &row.user.id;
            row_links(vec![
                copy(id.to_string(), &format!("the ID of {}", row.user.name)),
                console_link(
                    context.console.users(),
                    &format!("the users, to find {}", row.user.name),
                ),
            ])
        }),
    ],
    filters: &[
        Filter::options(
            REACH,
            "Access",
            &[
                FilterOption::new(
                    PRODUCTION_PCI,
                    "Reaches production PCI",
                    |person: &PersonFacts| person.production_pci > 0,
                ),
                FilterOption::new(POWERFUL, "Powerful in production PCI", |person| {
                    person.powerful > 0
                }),
                FilterOption::new("other", "Only outside production PCI", |person| {
                    person.accounts > 0 && person.production_pci == 0
                }),
                FilterOption::new("none", "No access", |person| person.accounts == 0),
            ],
        ),
        Filter::options(
            "status",
            "Status",
            &[
                FilterOption::new("enabled", "Enabled", |person: &PersonFacts| {
                    person.status == UserStatus::Enabled
                }),
                FilterOption::new("disabled", "Disabled", |person| {
                    person.status == UserStatus::Disabled
                }),
            ],
        ),
        Filter::source(),
    ],
    text: |person| &person.text,
    paging: Paging::ByNumber,
};

/// Where a user or group is managed.
pub(super) const fn source(origin: Origin) -> &'static str {
    match origin {
        Origin::IdentityCenter => "Identity Center",
        Origin::External => "Identity provider",
    }
}

const fn status(status: AccountStatus) -> &'static str {
    match status {
        AccountStatus::Enabled => "Enabled",
        AccountStatus::Disabled => "Disabled",
        AccountStatus::Gone => "Deleted",
        AccountStatus::NotRead => "Not read",
    }
}

/// Returns where the paths of a person are that a number of policies concerns: there they can be removed or approved.
fn paths(row: &PersonRow, only: &str) -> String {
    format!("/people/{}?only={only}#paths", row.user.id)
}

/// The violations, in the tone of findings.
fn violated(row: &PersonRow) -> AnyView {
    match row.violated {
        Figure::Known(some) if some > 0 => {
            let (href, tone) = (paths(row, "findings"), Status::Danger.token());
            view! { <a href=href data-tone data-status=tone>{some}</a> }.into_any()
        }
        other => number(other),
    }
}

/// The missing approvals, which an approval mends: they stand behind the violations.
fn unapproved(row: &PersonRow) -> AnyView {
    match row.unapproved {
        Figure::Known(some) if some > 0 => {
            view! { <a href=paths(row, "unapproved") data-behind>{some}</a> }.into_any()
        }
        other => number(other),
    }
}

fn name(row: &PersonRow) -> AnyView {
    let user = row.user.clone();
    // A user who is disabled and still reaches production PCI is a finding, not a detail.
    let status = if user.status == AccountStatus::Disabled && row.production_pci > 0 {
        view! { <StatusBadge status=Status::Pending label="Disabled" weight=BadgeWeight::Pill glyph=Glyph::Warning /> }
            .into_any()
    } else {
        view! { <AccountStatusMark status=user.status /> }.into_any()
    };
    // Exposure is judged by what somebody does, also where the column has no room.
    let title = row.title.clone();
    let title = title.map(|title| view! { <span data-beside-name>{title}</span> });
    view! {
        <span data-name title=row.email.clone()>
            {directory_link(format!("/people/{}", user.id), user.name)}
            {status}
            {title}
        </span>
    }
    .into_any()
}
