//! The files of lists: a table that maps each list to its rows, beside the page of the list.

use domain::{authorize::Action, ids::AccountId};

use super::{BoxFuture, Visit};
use crate::{
    backend::{Download, FileFormat, ListName, PortResult},
    lists::{
        List, access::ACCESS, accounts::ACCOUNTS, changes::CHANGES, entries::ENTRIES,
        groups::GROUPS, identities::IDENTITIES, people::PEOPLE, permission_sets::PERMISSION_SETS,
    },
    pages,
};

/// The rows of a list as files, served by GET at the path of its page with the endings `.csv` and `.json`.
pub struct FileRoute {
    /// The path of the page.
    pub path: &'static str,
    /// The action that the caller must be allowed to perform.
    pub action: Action,
    /// Makes the file from the query of the page.
    pub file: fn(Visit, FileFormat) -> BoxFuture<PortResult<Download>>,
}

/// Every list that can be downloaded.
pub const FILES: &[FileRoute] = &[
    FileRoute {
        path: "/accounts/{id}/access",
        action: Action::SeeDirectory,
        file: |v, format| {
            Box::pin(async move {
                let id: AccountId = v.param("id")?;
                let choice = ACCESS.choice_of_file(&v.url)?;
                v.backend.account_access_file(&id, &choice, format).await
            })
        },
    },
    FileRoute {
        path: "/accounts",
        action: Action::SeeDirectory,
        file: |v, format| Box::pin(list_file(v, &ACCOUNTS, ListName::Accounts, format)),
    },
    FileRoute {
        path: "/people",
        action: Action::SeeDirectory,
        file: |v, format| Box::pin(list_file(v, &PEOPLE, ListName::People, format)),
    },
    FileRoute {
        path: "/identities",
        action: Action::SeeDirectory,
        file: |v, format| Box::pin(list_file(v, &IDENTITIES, ListName::Identities, format)),
    },
    FileRoute {
        path: "/groups",
        action: Action::SeeDirectory,
        file: |v, format| Box::pin(list_file(v, &GROUPS, ListName::Groups, format)),
    },
    FileRoute {
        path: "/permission-sets",
        action: Action::SeeDirectory,
        file: |v, format| {
            let name = ListName::PermissionSets;
            Box::pin(list_file(v, &PERMISSION_SETS, name, format))
        },
    },
    FileRoute {
        path: "/changes",
        action: Action::SeeOwn,
        file: |v, format| Box::pin(list_file(v, &CHANGES, ListName::Changes, format)),
    },
    FileRoute {
        path: "/ledger",
        action: Action::SeeLedger,
        file: |v, format| {
            Box::pin(async move {
                let choice = ENTRIES.choice_of_file(&v.url)?;
                v.backend.entries_file(&choice, format).await
            })
        },
    },
    FileRoute {
        path: "/reports/production-pci",
        action: Action::SeeReports,
        file: |v, format| {
            Box::pin(async move {
                let query = pages::list_query(&v);
                v.backend.access_download(&query, format).await
            })
        },
    },
];

async fn list_file<F, R>(
    visit: Visit,
    list: &'static List<F, R>,
    name: ListName,
    format: FileFormat,
) -> PortResult<Download> {
    let choice = list.choice_of_file(&visit.url)?;
    visit.backend.list_file(name, &choice, format).await
}
