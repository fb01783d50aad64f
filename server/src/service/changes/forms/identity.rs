//! The form of a change about an identity: to link it to a user, to end its link, to refuse what it claims, or to withdraw
//! that refusal.
//!
//! The form names the identity and the user only. What is seen of the identity is read here, and again when the change
//! is evaluated, so that nothing of it comes from the browser.

use std::collections::BTreeSet;

use app::backend::{ChangeForm, FormOption, FormOptions, change_field};
use async_trait::async_trait;
use domain::{
    change::Operation,
    ids::{PersonId, UserId},
    person::without_directory_user,
    snapshot::Snapshot,
    subject::identity_link::OpenMatter,
};

use super::{ItemForm, ParsedForm, reader::FormReader, users};
use crate::{
    service::changes::{identity_state, scope::Scope},
    store::{
        Store, StoreConnection, StoreError,
        agreed_link::{self, KnownIdentity},
    },
};

/// What the form does with the link of an identity.
pub(super) enum IdentityForm {
    Link,
    Unlink,
    RefuseClaim,
    WithdrawRefusal,
}

#[async_trait]
impl ItemForm for IdentityForm {
    async fn read(
        &self,
        mut form: FormReader<'_>,
        store: &Store,
    ) -> Result<ParsedForm, StoreError> {
        let mut conn = store.connection().await?;
        let person = form.parsed.change_form.who.strip_prefix("person:");
        let known = match person.map(PersonId::parse) {
            Some(Ok(person)) => agreed_link::known(&mut conn, &person).await?,
            _ => None,
        };
        let Some(known) = known else {
            form.wrong(
                change_field::WHO,
                "There is no such identity. Choose one in the list of identities.",
            );
            return Ok(form.parsed);
        };
        form.parsed.about = Some(name(&known, form.snapshot));
        let item = self.item(&mut form, &mut conn, &known).await?;
        Ok(form.with(item))
    }

    /// The identity is fixed, and only the user is chosen.
    fn choices(&self, snapshot: &Snapshot, parsed: &ParsedForm, _: &Scope) -> FormOptions {
        let form = &parsed.change_form;
        let users = match self {
            Self::Link => users::list(snapshot),
            Self::Unlink | Self::RefuseClaim | Self::WithdrawRefusal => {
                Some(parsed.offered.clone())
            }
        };
        let named = parsed.about.clone().map(|label| FormOption {
            value: form.who.clone(),
            label,
        });
        let (sets, typed) = match users {
            Some(list) => (list, Vec::new()),
            None => (
                users::selected(snapshot, &form.set),
                vec![change_field::SET],
            ),
        };
        FormOptions {
            who: named.into_iter().collect(),
            sets,
            typed,
            ..FormOptions::default()
        }
    }
}

/// Returns the filled form that requests the same about an identity: a link, its end, the refusal of a claim, or the
/// withdrawal of that refusal. None if the item does none of these.
pub(super) fn form_of(item: &Operation) -> Option<ChangeForm> {
    let item = item.links()?;
    match item.after {
        Some(user) => Some(ChangeForm::link(item.person, Some(user))),
        None if item.ends() => Some(ChangeForm::unlink(item.person)),
        None if item.withdraws() => Some(ChangeForm::withdraw_refusal(item.person, item.withdraws)),
        None if !item.claimed().is_empty() => Some(ChangeForm::refuse_claim(item.person)),
        None => None,
    }
}

impl IdentityForm {
    async fn item(
        &self,
        form: &mut FormReader<'_>,
        conn: &mut StoreConnection,
        known: &KnownIdentity,
    ) -> Result<Option<Operation>, StoreError> {
        let after = match self {
            Self::Link => match form.linked_user() {
                Some(user) => Some(user),
                None => return Ok(None),
            },
            Self::Unlink | Self::RefuseClaim | Self::WithdrawRefusal => None,
        };
        if let Some(message) = self.nothing_to_do(known, after.as_ref()) {
            form.wrong(change_field::WHO, message);
            return Ok(None);
        }
        let withdraws = match self {
            Self::WithdrawRefusal => match form.refused_users(&known.record.refused) {
                Some(users) => users.into_iter().collect(),
                None => return Ok(None),
            },
            Self::Link | Self::Unlink | Self::RefuseClaim => Vec::new(),
        };
        Ok(Some(Operation::LinkIdentity {
            person: known.person.clone(),
            before: known.user().cloned(),
            seen: identity_state::seen(conn, form.snapshot, known, after.as_ref()).await?,
            after,
            withdraws,
        }))
    }

    /// Returns why the change would change nothing.
    fn nothing_to_do(&self, known: &KnownIdentity, after: Option<&UserId>) -> Option<&'static str> {
        let open = known.open();
        match self {
            Self::Link if known.user() == after && open.is_none() => {
                Some("This identity is already linked to this user. No change is needed.")
            }
            Self::Unlink if known.user().is_none() => {
                Some("This identity is linked to no user, so there is no link to end.")
            }
            Self::RefuseClaim
                if known.user().is_some() || !matches!(open, Some(OpenMatter::Claim { .. })) =>
            {
                Some("This identity claims no user, so there is nothing to refuse.")
            }
            Self::WithdrawRefusal if known.record.refused.is_empty() => {
                Some("No claim of this identity is refused, so there is nothing to withdraw.")
            }
            Self::WithdrawRefusal if known.user().is_some() => Some(
                "This identity is linked to a user. A refusal is withdrawn only from one that is not.",
            ),
            Self::WithdrawRefusal if open.is_some() => Some(
                "This identity claims a user or is suspended. Settle that before a refusal is withdrawn.",
            ),
            _ => None,
        }
    }
}

impl FormReader<'_> {
    fn linked_user(&mut self) -> Option<UserId> {
        let text = self.field(change_field::SET, |change_form| &mut change_form.set)?;
        match users::find(self.snapshot, &text) {
            Ok(user) => {
                self.parsed.change_form.set = users::value(&user);
                Some(user)
            }
            Err(wrong) => {
                self.wrong(change_field::SET, wrong.to_string());
                None
            }
        }
    }
}

impl FormReader<'_> {
    /// Returns the users whose refusal is withdrawn, and offers those whose refusal can be.
    fn refused_users(&mut self, refused: &BTreeSet<UserId>) -> Option<BTreeSet<UserId>> {
        let options = refused
            .iter()
            .map(|user| users::option(self.snapshot, user));
        self.parsed.offered = options.collect();
        let entered = &self.parsed.change_form.set;
        let entered = entered.split(',').map(str::trim);
        let entered: Vec<&str> = entered.filter(|one| !one.is_empty()).collect();
        if entered.is_empty() {
            self.parsed.missing.push(change_field::SET);
            return None;
        }
        let chosen = entered.into_iter().map(|one| {
            let id = UserId::parse(one.strip_prefix("user:").unwrap_or(one)).ok();
            id.filter(|user| refused.contains(user))
        });
        let Some(chosen) = chosen.collect::<Option<BTreeSet<UserId>>>() else {
            self.wrong(
                change_field::SET,
                "The claim of this identity to be this user is not refused. Choose a user of the list.",
            );
            return None;
        };
        self.parsed.change_form.set = several(&chosen);
        if chosen.len() > 1 {
            let names = chosen
                .iter()
                .map(|user| users::option(self.snapshot, user).label);
            self.parsed.offered.push(FormOption {
                value: several(&chosen),
                label: names.collect::<Vec<_>>().join(" and "),
            });
        }
        Some(chosen)
    }
}

/// Returns the value of several users in a form.
fn several(users: &BTreeSet<UserId>) -> String {
    let values: Vec<String> = users.iter().map(users::value).collect();
    values.join(",")
}

/// Returns the name of an identity: that of its user, or the marked name of its sign-in.
pub(in crate::service::changes) fn name(known: &KnownIdentity, snapshot: &Snapshot) -> String {
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
