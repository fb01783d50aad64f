//! The form that adds a user to a group or removes one from it.

use app::backend::{ChangeForm, FormOption, FormOptions, change_field};
use async_trait::async_trait;
use domain::{
    change::Operation,
    ids::{GroupId, Principal, UserId},
    snapshot::Snapshot,
};

use super::{
    ItemForm, ParsedForm,
    options::{of_access, principals, shortened, sorted},
    reader::FormReader,
    users::same,
};
use crate::{
    service::{changes::scope::Scope, names},
    store::{Store, StoreError},
};

/// What the form does with a membership.
pub(super) enum MembershipForm {
    Join,
    Leave,
}

#[async_trait]
impl ItemForm for MembershipForm {
    async fn read(&self, mut form: FormReader<'_>, _: &Store) -> Result<ParsedForm, StoreError> {
        let item = form.membership(self);
        Ok(form.with(item))
    }

    fn choices(&self, snapshot: &Snapshot, parsed: &ParsedForm, scope: &Scope) -> FormOptions {
        let form = &parsed.change_form;
        let mut typed = Vec::new();
        let who = principals(snapshot, Vec::new(), &form.who, scope);
        FormOptions {
            who: shortened(change_field::WHO, who, &form.who, &mut typed),
            groups: shortened(
                change_field::SET,
                groups(snapshot, scope),
                &form.set,
                &mut typed,
            ),
            typed,
            ..of_access(scope)
        }
    }
}

/// Returns the filled form that requests a membership or its end.
pub(super) fn form_of(item: &Operation) -> Option<ChangeForm> {
    match item {
        Operation::AddMember { group, user } => Some(ChangeForm {
            who: format!("user:{user}"),
            ..ChangeForm::join(group)
        }),
        Operation::RemoveMember { group, user } => Some(ChangeForm::leave(group, user)),
        _ => None,
    }
}

impl FormReader<'_> {
    fn membership(&mut self, form: &MembershipForm) -> Option<Operation> {
        let user = self.member();
        let group = self.group();
        let (user, group) = (user?, group?);
        let is_member = self.snapshot.members(&group).any(|member| member == &user);
        let standing = match (form, is_member) {
            (MembershipForm::Join, false) => return Some(Operation::AddMember { group, user }),
            (MembershipForm::Leave, true) => return Some(Operation::RemoveMember { group, user }),
            (MembershipForm::Join, true) => "is already in",
            (MembershipForm::Leave, false) => "is not in",
        };
        let message = format!(
            "{} {standing} {} as of the last read of AWS. No change is needed.",
            names::user(self.snapshot, &user).name,
            names::group(self.snapshot, &group),
        );
        self.wrong(change_field::WHO, message);
        None
    }

    fn member(&mut self) -> Option<UserId> {
        match self.principal()? {
            Principal::User(user) => Some(user),
            Principal::Group(_) => {
                self.wrong(
                    change_field::WHO,
                    "A group cannot be a member of a group in Identity Center. Choose a user.",
                );
                None
            }
        }
    }

    fn group(&mut self) -> Option<GroupId> {
        let text = self.field(change_field::SET, |change_form| &mut change_form.set)?;
        if let Ok(id) = GroupId::parse(&text)
            && (self.snapshot.group(&id).is_some() || self.snapshot.members(&id).next().is_some())
        {
            return Some(id);
        }
        let groups = self.snapshot.parts().groups.values();
        let named = groups
            .filter(|group| same(&group.display_name, &text))
            .map(|group| group.id.clone());
        let found = self.only_one(
            change_field::SET,
            named.collect(),
            "The directory contains no such group as of the last complete read of AWS. Choose another, or try again after the next read.",
        )?;
        self.parsed.change_form.set = found.to_string();
        Some(found)
    }
}

/// Empty for a viewer who may propose no change of a group: its name is not theirs to know.
fn groups(snapshot: &Snapshot, scope: &Scope) -> Vec<FormOption> {
    if *scope != Scope::Everybody {
        return Vec::new();
    }
    let groups = snapshot.parts().groups.values();
    let mut list: Vec<FormOption> = groups
        .map(|group| FormOption {
            value: group.id.to_string(),
            label: group.display_name.clone(),
        })
        .collect();
    sorted(&mut list);
    list
}
