//! The list of groups, with what their members reach through them.

use std::sync::Arc;

use domain::{directory::Origin, ids::GroupId, snapshot::Figure};
use leptos::prelude::*;

use super::{
    Cell, Column, Direction, Filter, FilterOption, List, Managed, Paging, Sort, SortKey, copy,
    exposed, id, muted, number, people::source, row_links,
};
use crate::{
    backend::GroupRow,
    components::{Status, StatusBadge, clamped},
};

/// What groups are sorted and filtered by.
#[derive(Debug, Clone)]
pub struct GroupFacts {
    pub id: GroupId,
    /// The name, then the description, in lower case.
    pub text: Arc<str>,
    pub origin: Origin,
    pub members: Figure,
    pub accounts: Figure,
    pub production_pci: Figure,
}

impl Managed for GroupFacts {
    fn origin(&self) -> Origin {
        self.origin
    }
}

const fn column(key: &'static str, label: &'static str) -> Column<GroupFacts, GroupRow> {
    Column::new(key, label)
}

pub static GROUPS: List<GroupFacts, GroupRow> = List {
    path: "/groups",
    nouns: ("group", "groups"),
    order: "By name",
    default: Some(Sort {
        column: "name",
        direction: Direction::Ascending,
    }),
    columns: &[
        column("name", "Name")
            .always()
            .sorts(|group| SortKey::text(group.text.split('\n').next().unwrap_or_default()))
            .cell(|row, _| name(row))
            .value(|row| Cell::Text(row.name.clone())),
        column("id", "ID")
            .on_request()
            .cell(|row, _| id(row.id.to_string(), "the ID"))
            .value(|row| Cell::Text(row.id.to_string())),
        column("description", "Description")
            .on_request()
            .cell(|row, _| muted(row.description.clone().unwrap_or_default()))
            .value(|row| Cell::optional(row.description.as_ref())),
        column("source", "Source")
            .in_table()
            .sorts(|group| SortKey::Text(source(group.origin)))
            .cell(|row, _| muted(source(row.origin)))
            .value(|row| source(row.origin).into()),
        column("members", "Members")
            .numeric()
            .sorts(|group| SortKey::figure(group.members))
            .cell(|row, _| number(row.members))
            .value(|row| row.members.into()),
        column("accounts", "Accounts")
            .numeric()
            .sorts(|group| SortKey::figure(group.accounts))
            .cell(|row, _| number(row.accounts))
            .value(|row| row.accounts.into()),
        column("production_pci", "Production PCI")
            .numeric()
            .sorts(|group| SortKey::figure(group.production_pci))
            .cell(|row, _| exposed(row.production_pci, || format!("/groups/{}", row.id)))
            .value(|row| row.production_pci.into()),
        column("links", "Links").beside_name().cell(|row, _| {
            let what = format!("the ID of {}", row.name);
            row_links(vec![copy(row.id.to_string(), &what)])
        }),
    ],
    filters: &[
        Filter::options(
            "reach",
            "Access",
            &[
                FilterOption::new(
                    "production-pci",
                    "Reaches production PCI",
                    |group: &GroupFacts| group.production_pci > 0,
                ),
                FilterOption::new("other", "Only outside production PCI", |group| {
                    group.accounts > 0 && group.production_pci == 0
                }),
                FilterOption::new("none", "No assignments", |group| group.accounts == 0),
            ],
        ),
        Filter::options(
            "members",
            "Members",
            &[
                FilterOption::new("none", "Empty", |group: &GroupFacts| group.members == 0),
                FilterOption::new("some", "With members", |group| group.members > 0),
            ],
        ),
        Filter::source(),
    ],
    text: |group| &group.text,
    paging: Paging::ByNumber,
};

fn name(row: &GroupRow) -> AnyView {
    let waits = (row.members == 0 && row.accounts > 0)
        .then(|| view! { <StatusBadge status=Status::Drift label="Empty, with assignments" /> });
    view! { <span data-name><a href=format!("/groups/{}", row.id)>{clamped(row.name.clone())}</a> {waits}</span> }.into_any()
}
