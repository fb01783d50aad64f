//! The button with which a requester withdraws a change. It asks once, because the approvals that were given are lost.

use domain::ids::ChangeId;
use leptos::prelude::*;

use super::{Button, ButtonKind, ConfirmDialog};
use crate::backend::WithdrawObstacle;

/// The button and its dialog; empty for users who may not withdraw the change.
#[component]
pub fn WithdrawForm(id: ChangeId, may: Result<(), WithdrawObstacle>) -> impl IntoView {
    may.ok()
        .map(move |()| {
            view! {
                <ConfirmDialog id="withdraw" trigger="Withdraw request" title="Withdraw this request">
                    <p>"It ends, and nobody can approve it any more. Approvals that were given do not count for another request. Nothing was changed by it."</p>
                    <form method="post" action=format!("/do/changes/{id}/withdraw")>
                        <Button kind=ButtonKind::Danger>"Withdraw"</Button>
                    </form>
                </ConfirmDialog>
            }
        })
        .into_any()
}
