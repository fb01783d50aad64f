//! Parses the form into operations, or into errors that state how to correct it.
//!
//! Everything is looked up in the read model: an id that is well-formed but unknown is rejected like
//! one that is malformed. A name can be typed where a list would be too long; it must match exactly
//! one resource. What lies outside the scope of the viewer is rejected before anything is looked up, so that
//! the answer does not depend on who exists or what they have.

use app::backend::{ChangeForm, ChangeKind, FieldError, change_field};
use domain::{
    change::Operation,
    grant::Term,
    ids::{AccountId, Assignment, GroupId, Pair, PermissionSetArn, Principal, UserId},
    snapshot::Snapshot,
    subject::{
        InvalidItem,
        assignment::{LONGEST_WINDOW, SHORTEST_WINDOW},
    },
    time::Duration,
};

use super::{descriptions, scope::Scope};
use crate::service::names;

/// The result of parsing a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ParsedForm {
    /// The form, with names replaced by ids.
    pub change_form: ChangeForm,
    /// The requested operations, if the form is complete and valid.
    pub operations: Vec<Operation>,
    /// The errors in the selection.
    pub errors: Vec<FieldError>,
    /// The fields that are still empty.
    pub missing: Vec<&'static str>,
    /// The form is about somebody else or about a group, which the viewer may not propose. Nothing was looked up.
    pub out_of_scope: bool,
    /// The name of the identity that the form is about.
    pub person: Option<String>,
}

impl ParsedForm {
    /// Starts to parse a form. Of a form outside the scope of the viewer, nothing may be looked up.
    pub(super) fn admitted(change_form: &ChangeForm, scope: &Scope) -> Self {
        let mut parsed = Self {
            change_form: change_form.clone(),
            operations: Vec::new(),
            errors: Vec::new(),
            missing: Vec::new(),
            out_of_scope: false,
            person: None,
        };
        if let Err(fixed) = scope.admit(change_form) {
            parsed.change_form = fixed.change_form;
            parsed.errors.push(fixed.error);
            parsed.out_of_scope = true;
        }
        parsed
    }

    /// Adds an error for each empty field, for a submitted form.
    pub(super) fn insisting(mut self) -> Self {
        for field in &self.missing {
            self.errors.push(error(
                field,
                "Select a value: the change is incomplete without this field.",
            ));
        }
        self
    }
}

/// Parses a form of a viewer with this scope.
pub(super) fn read(snapshot: &Snapshot, change_form: &ChangeForm, scope: &Scope) -> ParsedForm {
    let parsed = ParsedForm::admitted(change_form, scope);
    if parsed.out_of_scope {
        return parsed;
    }
    let mut reader = FormParser {
        snapshot,
        scope,
        parsed,
    };
    let operation = match change_form.known_kind() {
        Some(kind) if kind.is_membership() => reader.membership(kind),
        // `identity_form` parses these.
        Some(kind) if kind.is_identity() => None,
        Some(kind) => reader.assignment(kind),
        None if change_form.kind.is_empty() => {
            reader.parsed.missing.push(change_field::KIND);
            None
        }
        None => {
            reader.wrong(
                change_field::KIND,
                "Unknown kind of change. Choose grant, remove, join or leave.",
            );
            None
        }
    };
    reader.parsed.operations.extend(operation);
    reader.parsed
}

fn error(field: &'static str, message: impl Into<String>) -> FieldError {
    FieldError {
        field,
        message: message.into(),
    }
}

struct FormParser<'a> {
    snapshot: &'a Snapshot,
    scope: &'a Scope,
    parsed: ParsedForm,
}

impl FormParser<'_> {
    fn wrong(&mut self, field: &'static str, message: impl Into<String>) {
        self.parsed.errors.push(error(field, message));
    }

    fn assignment(&mut self, kind: ChangeKind) -> Option<Operation> {
        let grants = kind.gives();
        let principal = self.principal();
        let account = self.account();
        let set = self.set();
        let term = if grants { self.term() } else { None };
        let assignment = Assignment {
            pair: Pair {
                account: account?,
                set: set?,
            },
            principal: principal?,
        };
        if grants {
            if !self.snapshot.exists(&assignment.principal) {
                self.wrong(
                    change_field::WHO,
                    "This user or group is no longer in the directory as of the last complete read of AWS. Choose another, or try again after the next read.",
                );
                return None;
            }
            return Some(Operation::Assign {
                assignment,
                term: term?,
            });
        }
        let there = self.snapshot.pair(&assignment.pair);
        if there.is_some_and(|read| read.principals.contains_key(&assignment.principal)) {
            return Some(Operation::Unassign { assignment });
        }
        let message = format!(
            "{} is not assigned to {} with {} as of the last read of AWS, so there is nothing to remove. Choose an assignment on the account's page.",
            descriptions::principal(self.snapshot, &assignment.principal),
            names::account(self.snapshot, &assignment.pair.account).name,
            names::set(self.snapshot, &assignment.pair.set).name,
        );
        self.wrong(change_field::WHO, message);
        None
    }

    fn membership(&mut self, kind: ChangeKind) -> Option<Operation> {
        let joins = kind.gives();
        let user = match self.principal() {
            Some(Principal::Group(_)) => {
                self.wrong(
                    change_field::WHO,
                    "A group cannot be a member of a group in Identity Center. Choose a user.",
                );
                None
            }
            Some(Principal::User(user)) => Some(user),
            None => None,
        };
        let group = self.group();
        let (user, group) = (user?, group?);
        let member = self.snapshot.members(&group).any(|member| member == &user);
        let (who, what) = (
            names::user(self.snapshot, &user).name,
            names::group(self.snapshot, &group),
        );
        match (joins, member) {
            (true, false) => Some(Operation::AddMember { group, user }),
            (false, true) => Some(Operation::RemoveMember { group, user }),
            (true, true) => {
                self.wrong(
                    change_field::WHO,
                    format!("{who} is already in {what} as of the last read of AWS. No change is needed."),
                );
                None
            }
            (false, false) => {
                self.wrong(
                    change_field::WHO,
                    format!(
                        "{who} is not in {what} as of the last read of AWS. No change is needed."
                    ),
                );
                None
            }
        }
    }

    fn principal(&mut self) -> Option<Principal> {
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
        let users = self.snapshot.parts().users.values();
        let users = users
            .filter(|user| same(&user.display_name, &text) || same(&user.user_name, &text))
            .map(|user| Principal::User(user.id.clone()));
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
            Principal::User(id) => format!("user:{id}"),
            Principal::Group(id) => format!("group:{id}"),
        };
        Some(found)
    }

    fn account(&mut self) -> Option<AccountId> {
        let text = self.field(change_field::ACCOUNT, |change_form| {
            &mut change_form.account
        })?;
        if let Ok(id) = AccountId::parse(&text) {
            let listed = self.snapshot.account(&id).is_some()
                || self
                    .scope
                    .removable_pairs(self.snapshot)
                    .any(|pair| pair.account == id);
            if listed {
                return Some(id);
            }
            self.wrong(
                change_field::ACCOUNT,
                format!(
                    "Account {id} is not in the organization as of the last complete read of AWS: it was removed or never existed. \
                     Choose another, or try again after the next read."
                ),
            );
            return None;
        }
        let accounts = self.snapshot.parts().accounts.values();
        let named = accounts
            .filter(|(account, _)| same(&account.name, &text))
            .map(|(account, _)| account.id.clone());
        let found = self.only_one(
            change_field::ACCOUNT,
            named.collect(),
            "The organization contains no such account as of the last complete read of AWS. Choose another, or try again after the next read.",
        )?;
        self.parsed.change_form.account = found.to_string();
        Some(found)
    }

    fn set(&mut self) -> Option<PermissionSetArn> {
        let text = self.field(change_field::SET, |change_form| &mut change_form.set)?;
        let parts = self.snapshot.parts();
        // A deleted permission set can still be assigned in an account and must be removable.
        let left_over = self.scope.removable_pairs(self.snapshot);
        let mut arns = parts.sets.keys().chain(left_over.map(|pair| &pair.set));
        let keyed = |arn: &&PermissionSetArn| arn.as_str() == text || arn.key() == text;
        if let Some(arn) = arns.find(keyed) {
            return Some(arn.clone());
        }
        let named = parts
            .sets
            .values()
            .filter(|set| same(&set.name, &text))
            .map(|set| set.arn.clone());
        let found = self.only_one(
            change_field::SET,
            named.collect(),
            "This permission set does not exist as of the last complete read of AWS. Choose another, or try again after the next read.",
        )?;
        found.key().clone_into(&mut self.parsed.change_form.set);
        Some(found)
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

    fn term(&mut self) -> Option<Term> {
        let text = self.field(change_field::TERM, |change_form| &mut change_form.term)?;
        if text == "standing" {
            return Some(Term::Standing);
        }
        let window = text
            .parse::<u16>()
            .ok()
            .map(|minutes| Duration::minutes(i64::from(minutes)));
        match window {
            Some(window) if (SHORTEST_WINDOW..=LONGEST_WINDOW).contains(&window) => {
                Some(Term::For(window))
            }
            _ => {
                self.wrong(change_field::TERM, InvalidItem::Window.to_string());
                None
            }
        }
    }

    /// Returns the value of a field. An empty field is recorded as missing.
    fn field(
        &mut self,
        name: &'static str,
        of: impl Fn(&mut ChangeForm) -> &mut String,
    ) -> Option<String> {
        let value = of(&mut self.parsed.change_form);
        *value = value.trim().chars().take(300).collect();
        if value.is_empty() {
            self.parsed.missing.push(name);
            return None;
        }
        Some(value.clone())
    }

    fn only_one<T>(&mut self, field: &'static str, mut found: Vec<T>, none: &str) -> Option<T> {
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
}

/// Compares names case-insensitively. A match only selects an id, which is then shown.
fn same(name: &str, typed: &str) -> bool {
    name.to_lowercase() == typed.to_lowercase()
}
