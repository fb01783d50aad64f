//! The form of a change about an identity: to link it to a user, to end its link, to refuse what it claims, or to withdraw
//! that refusal.
//!
//! The form names the identity and the user only. What is seen of the identity is read here, and again when the change
//! is evaluated, so that nothing of it comes from the browser.

use app::backend::{ChangeForm, ChangeKind, FieldError, FormOption, change_field};
use domain::{
    change::Operation,
    directory::UserStatus,
    ids::{PersonId, UserId},
    person::without_directory_user,
    snapshot::Snapshot,
    subject::identity_link::OpenMatter,
};
use sqlx::AnyConnection;

use super::{change_form::ParsedForm, identity_state, scope::Scope};
use crate::{
    service::names,
    store::{
        StoreError,
        agreed_link::{self, KnownIdentity},
    },
};

/// Parses a form about an identity.
pub(super) async fn read(
    conn: &mut AnyConnection,
    snapshot: &Snapshot,
    form: &ChangeForm,
    kind: ChangeKind,
    scope: &Scope,
) -> Result<ParsedForm, StoreError> {
    let mut parsed = ParsedForm::admitted(form, scope);
    if parsed.out_of_scope {
        return Ok(parsed);
    }
    let person = form.who.strip_prefix("person:").map(PersonId::parse);
    let known = match person {
        Some(Ok(person)) => agreed_link::known(conn, &person).await?,
        _ => None,
    };
    let Some(known) = known else {
        parsed.errors.push(FieldError {
            field: change_field::WHO,
            message: "There is no such identity. Choose one in the list of identities.".into(),
        });
        return Ok(parsed);
    };
    parsed.person = Some(name(&known, snapshot));
    let after = match kind {
        ChangeKind::Link => match chosen(snapshot, form) {
            Ok(Some(user)) => {
                parsed.change_form.set = format!("user:{user}");
                Some(user)
            }
            Ok(None) => {
                parsed.missing.push(change_field::SET);
                return Ok(parsed);
            }
            Err(message) => {
                parsed.errors.push(FieldError {
                    field: change_field::SET,
                    message,
                });
                return Ok(parsed);
            }
        },
        _ => None,
    };
    if let Some(message) = nothing_to_do(&known, kind, after.as_ref()) {
        parsed.errors.push(FieldError {
            field: change_field::WHO,
            message: message.to_owned(),
        });
        return Ok(parsed);
    }
    parsed.operations.push(Operation::LinkIdentity {
        person: known.person.clone(),
        before: known.user().cloned(),
        seen: identity_state::seen(conn, snapshot, &known, after.as_ref()).await?,
        after,
    });
    Ok(parsed)
}

/// Returns why a change of this kind would change nothing.
fn nothing_to_do(
    known: &KnownIdentity,
    kind: ChangeKind,
    after: Option<&UserId>,
) -> Option<&'static str> {
    let open = known.open();
    match kind {
        ChangeKind::Link if known.user() == after && open.is_none() => {
            Some("This identity is already linked to this user. No change is needed.")
        }
        ChangeKind::Unlink if known.user().is_none() => {
            Some("This identity is linked to no user, so there is no link to end.")
        }
        ChangeKind::RefuseClaim
            if known.user().is_some() || !matches!(open, Some(OpenMatter::Claim { .. })) =>
        {
            Some("This identity claims no user, so there is nothing to refuse.")
        }
        ChangeKind::WithdrawRefusal
            if known.user().is_some() || open.is_some() || known.record.refused.is_empty() =>
        {
            Some("No claim of this identity is refused, so there is nothing to withdraw.")
        }
        _ => None,
    }
}

/// Returns the name of an identity: that of its user, or the marked name of its sign-in.
pub(super) fn name(known: &KnownIdentity, snapshot: &Snapshot) -> String {
    let user = known.user().and_then(|user| snapshot.user(user));
    let sign_in = || {
        let mut sign_ins = known.sign_ins.iter();
        let last = sign_ins.clone().max_by_key(|sign_in| sign_in.last_sign_in);
        let last = last.or_else(|| sign_ins.next());
        let username = last.map(|one| {
            let sub = || one.keys.subject.sub.clone();
            one.username.clone().unwrap_or_else(sub)
        });
        without_directory_user(&username.unwrap_or_else(|| "without a sign-in".into()))
    };
    user.map_or_else(sign_in, |user| user.display_name.clone())
}

/// Returns the user that the form names by id or by exact name.
fn chosen(snapshot: &Snapshot, form: &ChangeForm) -> Result<Option<UserId>, String> {
    let text = form.set.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let by_id = text
        .strip_prefix("user:")
        .and_then(|id| UserId::parse(id).ok());
    if let Some(user) = by_id.filter(|user| snapshot.user(user).is_some()) {
        return Ok(Some(user));
    }
    let named = |name: &str| name.eq_ignore_ascii_case(text);
    let users = snapshot.parts().users.values();
    let mut found = users.filter(|user| named(&user.user_name) || named(&user.display_name));
    match (found.next(), found.next()) {
        (Some(user), None) => Ok(Some(user.id.clone())),
        (Some(_), Some(_)) => Err("Several users have this name. Enter the user name or the ID.".into()),
        (None, _) => Err(
            "The directory contains no such user as of the last complete read of AWS. Choose another, or try again after \
             the next read."
                .into(),
        ),
    }
}

/// Returns the users that can be chosen. A disabled user is marked.
pub(super) fn users(snapshot: &Snapshot) -> Vec<FormOption> {
    let users = snapshot.parts().users.values();
    let mut list: Vec<FormOption> = users
        .map(|user| FormOption {
            value: format!("user:{}", user.id),
            label: match user.status {
                UserStatus::Enabled => names::user(snapshot, &user.id).name,
                UserStatus::Disabled => format!("{} (disabled)", user.display_name),
            } + &format!(" ({})", user.user_name),
        })
        .collect();
    list.sort_by_cached_key(|option| option.label.to_lowercase());
    list
}
