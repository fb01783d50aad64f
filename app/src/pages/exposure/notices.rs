//! The notices of the home page about the classification of accounts.

use domain::snapshot::Figure;
use leptos::prelude::*;

use crate::{
    components::{Notice, Status},
    lists::{
        ListChoice,
        accounts::{ACCOUNTS, CLASSIFICATION, DECLARATION, TO_CONFIRM, WAITING},
    },
};

/// Renders how many accounts AWS reports less strictly than is on record. Whoever loosened them may want access.
pub(super) fn waiting_notice(accounts: Figure) -> Option<AnyView> {
    let title = match accounts {
        Figure::Known(0) | Figure::NotKnown => return None,
        Figure::Known(1) => "1 account waits for a confirmation of its classification".to_owned(),
        Figure::Known(some) => {
            format!("{some} accounts wait for a confirmation of their classification")
        }
    };
    let href = ListChoice::only(CLASSIFICATION, WAITING).href(ACCOUNTS.path);
    let notice = view! {
        <Notice status=Status::Pending title>
            <p>
                "AWS reports a less strict environment or PCI scope than is on record. The record stays in effect until the configuration confirms the change. "
                <a href=href>"View these accounts, and how to confirm them"</a>
            </p>
        </Notice>
    };
    Some(notice.into_any())
}

/// Renders how many declarations end soon or have ended.
pub(super) fn confirm_notice(accounts: usize) -> Option<AnyView> {
    let title = match accounts {
        0 => return None,
        1 => "The classification of 1 account has to be confirmed".to_owned(),
        some => format!("The classification of {some} accounts has to be confirmed"),
    };
    let href = ListChoice::only(DECLARATION, TO_CONFIRM).href(ACCOUNTS.path);
    let notice = view! {
        <Notice status=Status::Pending title>
            <p>
                "Their declarations end within 30 days or have ended. Afterwards a declaration makes no account less strict. "
                <a href=href>"View these accounts, and classify them anew"</a>
            </p>
        </Notice>
    };
    Some(notice.into_any())
}
