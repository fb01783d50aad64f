//! One file per URL. A page asks its port once, then draws; it computes nothing about access.

pub mod account;
pub mod accounts;
pub mod change;
pub mod changes;
pub mod entry;
pub mod error;
pub mod group;
pub mod groups;
pub mod home;
pub mod inbox;
pub mod ledger;
pub mod new_change;
pub mod people;
pub mod permission_set;
pub mod permission_sets;
pub mod person;
pub mod report;

use crate::{backend::ListQuery, routes::Visit};

/// What the URL of a list asks for: `q`, `only`, `page`. What makes no sense is dropped.
pub fn list_query(visit: &Visit) -> ListQuery {
    ListQuery {
        words: visit.query("q").trim().chars().take(200).collect(),
        only: Some(visit.query("only").to_owned()).filter(|only| !only.is_empty()),
        page: visit
            .query("page")
            .parse()
            .ok()
            .filter(|page| *page > 0)
            .unwrap_or(1),
    }
}
