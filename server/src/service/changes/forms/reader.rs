//! Reads the fields that several forms have in common, and collects what is missing or wrong.

use app::backend::{ChangeForm, change_field};
use domain::{
    change::Operation,
    ids::{GroupId, Principal, UserId},
    snapshot::Snapshot,
};

use super::{
    ParsedForm, error,
    users::{named, same, value},
};
use crate::service::changes::scope::Scope;

/// The maximum length of a name in the directory, in characters.
const MOST_CHARS: usize = 1_024;

/// A form that is being read.
pub(super) struct FormReader<'a> {
    pub snapshot: &'a Snapshot,
    pub scope: &'a Scope,
    pub parsed: ParsedForm,
}

impl<'a> FormReader<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, scope: &'a Scope, parsed: ParsedForm) -> Self {
        Self {
            snapshot,
            scope,
            parsed,
        }
    }

    /// Returns the form with its items, which are those that are complete and valid.
    pub(super) fn with(mut self, items: impl IntoIterator<Item = Operation>) -> ParsedForm {
        self.parsed.operations.extend(items);
        self.parsed
    }

    pub(super) fn wrong(&mut self, field: &'static str, message: impl Into<String>) {
        self.parsed.errors.push(error(field, message));
    }

    /// Returns the value of a field. An empty field is recorded as missing.
    pub(super) fn field(
        &mut self,
        name: &'static str,
        of: impl Fn(&mut ChangeForm) -> &mut String,
    ) -> Option<String> {
        let value = of(&mut self.parsed.change_form);
        *value = value.trim().to_owned();
        if value.is_empty() {
            self.parsed.missing.push(name);
            return None;
        }
        let value = value.clone();
        self.fitting(name, &value).then_some(value)
    }

    /// Checks that a text is not longer than any name or ID.
    pub(super) fn fitting(&mut self, name: &'static str, value: &str) -> bool {
        let chars = value.chars().count();
        if chars > MOST_CHARS {
            self.wrong(
                name,
                format!(
                    "This has {chars} characters, and a name or ID has at most {MOST_CHARS}. Enter one name or ID."
                ),
            );
        }
        chars <= MOST_CHARS
    }

    pub(super) fn only_one<T>(
        &mut self,
        field: &'static str,
        mut found: Vec<T>,
        none: &str,
    ) -> Option<T> {
        match found.len() {
            0 => self.wrong(field, none),
            1 => return found.pop(),
            n => self.wrong(
                field,
                format!(
                    "This name is ambiguous ({n} matches). Start from the page of the one that you need."
                ),
            ),
        }
        None
    }

    pub(super) fn principal(&mut self) -> Option<Principal> {
        let text = self.field(change_field::WHO, |change_form| &mut change_form.who)?;
        let by_id = match text.split_once(':') {
            Some(("user", id)) => UserId::parse(id).ok().map(Principal::User),
            Some(("group", id)) => GroupId::parse(id).ok().map(Principal::Group),
            _ => None,
        };
        let known = by_id
            .filter(|who| self.snapshot.exists(who) || !self.snapshot.pairs_of(who).is_empty());
        if let Some(known) = known {
            return Some(known);
        }
        let users = named(self.snapshot, &text).map(|user| Principal::User(user.id.clone()));
        let groups = self.snapshot.parts().groups.values();
        let groups = groups
            .filter(|group| same(&group.display_name, &text))
            .map(|group| Principal::Group(group.id.clone()));
        let found = self.only_one(
            change_field::WHO,
            users.chain(groups).collect(),
            "The directory contains no such user or group as of the last complete read of AWS. Choose another, or try again after the next read.",
        )?;
        self.parsed.change_form.who = match &found {
            Principal::User(id) => value(id),
            Principal::Group(id) => format!("group:{id}"),
        };
        Some(found)
    }
}
