//! What can be done about the access in one row of a person's paths. Offers nothing that the viewer may not propose, and never a
//! membership: the head of its group ends it.

use domain::ids::{Assignment, Pair, Principal};
use leptos::prelude::*;

use super::Context;
use crate::{
    backend::{ChangeForm, PathRow, UserRef},
    components::RowAction,
    pages::Proposing,
};

/// Renders what can be done about the paths of one row: first what mends what policies find. A membership ends in the head of its
/// group.
pub(super) fn of_row(paths: &[PathRow], context: &Context<'_>) -> Option<AnyView> {
    let first = paths.first()?;
    if context.proposing == Proposing::NotAllowed {
        return None;
    }
    let UserRef { id: user, name, .. } = context.user;
    let set = &first.set;
    let holder = first.group.as_ref().map_or(name, |(_, group)| group);
    let forms = approvals(paths);
    let label = match (paths.len(), forms.len()) {
        (2.., 1) => "Request approvals",
        _ => "Request approval",
    };
    let approve: Vec<AnyView> = forms
        .into_iter()
        .map(|(form, accounts)| {
            let object = format!("of {} in {} for {holder}", set.name, accounts.join(", "));
            view! { <RowAction label object href=form.href() refused=None /> }.into_any()
        })
        .collect();
    let remove = first.group.is_none().then(|| {
        let account = &first.account;
        let assignment = Assignment {
            pair: Pair {
                account: account.id.clone(),
                set: set.arn.clone(),
            },
            principal: Principal::User(user.clone()),
        };
        let object = format!("of {} in {} from {name}", set.name, account.name);
        let (href, refused) = (
            ChangeForm::remove(&assignment).href(),
            first.refused.clone(),
        );
        view! { <RowAction label="Remove assignment" object href refused /> }
    });
    if approve.is_empty() && remove.is_none() {
        return None;
    }
    Some(view! { <div data-status-actions>{approve} {remove}</div> }.into_any())
}

/// Returns the forms that have the paths of one row approved, each with the names of its accounts: one for all of them, unless
/// its address would be too long.
fn approvals(paths: &[PathRow]) -> Vec<(ChangeForm, Vec<&str>)> {
    let mut forms: Vec<(ChangeForm, Vec<&str>)> = Vec::new();
    for path in paths {
        let Some(form) = &path.adoption else { continue };
        let name = path.account.name.as_str();
        let joined = forms
            .last()
            .and_then(|(last, _)| last.with_account_of(form));
        let Some(all) = joined else {
            forms.push((form.clone(), vec![name]));
            continue;
        };
        if let Some((last, names)) = forms.last_mut() {
            *last = all;
            names.push(name);
        }
    }
    forms
}
