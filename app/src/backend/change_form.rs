//! The form of a new change. This module is the only place that names its fields: the page, the action, the URL of the
//! preview and the service use these names.

use domain::ids::{Assignment, GroupId, PersonId, Principal, UserId};

use super::{escape, field_list};

/// The names of the fields, as the browser sends them.
pub mod change_field {
    use super::field_list::extended;

    /// A [`ChangeKind`](super::ChangeKind).
    pub const KIND: &str = "kind";
    /// The principal: `user:ID` or `group:ID`; for join and leave the user. For an identity, `person:ID`.
    pub const WHO: &str = "who";
    /// The key of the permission set, `ps-…`; for join and leave the group's id. For the link of an identity, `user:ID`; for
    /// the withdrawal of a refusal, one or several of them, separated by commas.
    pub const SET: &str = "set";
    /// 12 digits; unused for join and leave.
    pub const ACCOUNT: &str = "account";
    /// More accounts of the same request: names or numbers, separated by commas; unused for join and leave.
    pub const ALSO: &str = "also";
    /// `standing`, a number of minutes, or [`OTHER`](super::OTHER) for what [`LENGTH`] says.
    pub const TERM: &str = "term";
    /// A duration in words, such as `90 min` or `1 h 30 min`, if the term is [`OTHER`](super::OTHER).
    pub const LENGTH: &str = "length";
    /// The time in UTC at which temporary or standing access begins, `2026-11-30T15:04`; empty for at once.
    pub const START: &str = "start";
    /// The date by which somebody reviews standing access, `2027-05-31`; can be empty.
    pub const REVIEW_ON: &str = "review_on";
    pub const JUSTIFICATION: &str = "justification";
    /// The number of a ticket; can be empty.
    pub const TICKET: &str = "ticket";
    /// The hash of the effect in the preview.
    pub const EFFECT: &str = "effect";
    /// The idempotency key of the form.
    pub const FORM_KEY: &str = "form_key";

    /// What a button of a blocked preview chooses in place of another field.
    pub const INSTEAD: &str = "instead";

    /// The fields of the first form and of the preview's URL.
    pub const CHOSEN: [&str; 9] = [
        KIND, WHO, SET, ACCOUNT, ALSO, TERM, LENGTH, START, REVIEW_ON,
    ];
    /// The text fields of the second form.
    pub const TYPED: [&str; 2] = [JUSTIFICATION, TICKET];
    /// All fields that the second form sends.
    pub const SENT: [&str; 13] = extended(KEPT, [EFFECT, FORM_KEY]);
    /// The fields that are kept over an expired session.
    pub const KEPT: [&str; 11] = extended(CHOSEN, TYPED);
}

/// The term of a duration that is typed.
pub const OTHER: &str = "other";
/// The term of access without an end.
pub const STANDING: &str = "standing";

/// The longest list of accounts that is added to, so that an address stays short.
const LONGEST_ALSO: usize = 600;

/// The kind of a new change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// Assigns a permission set in an account. The form of a new change begins with it.
    #[default]
    Grant,
    /// Removes an assignment.
    Remove,
    /// Adds a user to a group.
    Join,
    /// Removes a user from a group.
    Leave,
    /// Links an identity to a user.
    Link,
    /// Ends the link of an identity.
    Unlink,
    /// Refuses what the sign-ins of an identity claim.
    RefuseClaim,
    /// Withdraws such a refusal.
    WithdrawRefusal,
}

impl ChangeKind {
    /// Every kind, in the order of the form.
    pub const ALL: [Self; 8] = [
        Self::Grant,
        Self::Remove,
        Self::Join,
        Self::Leave,
        Self::Link,
        Self::Unlink,
        Self::RefuseClaim,
        Self::WithdrawRefusal,
    ];

    /// Returns the value of the form field.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Grant => "grant",
            Self::Remove => "remove",
            Self::Join => "join",
            Self::Leave => "leave",
            Self::Link => "link",
            Self::Unlink => "unlink",
            Self::RefuseClaim => "refuse-claim",
            Self::WithdrawRefusal => "withdraw-refusal",
        }
    }

    /// Returns the kind with the given value.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Returns whether the change concerns a group membership instead of an assignment.
    pub const fn is_membership(self) -> bool {
        matches!(self, Self::Join | Self::Leave)
    }

    /// Returns whether the change concerns an identity instead of access.
    pub const fn is_identity(self) -> bool {
        matches!(
            self,
            Self::Link | Self::Unlink | Self::RefuseClaim | Self::WithdrawRefusal
        )
    }

    /// Returns whether the change gives access.
    pub const fn gives(self) -> bool {
        matches!(self, Self::Grant | Self::Join)
    }

    /// Returns what a change of this kind does as the undo of another one.
    pub const fn undo_words(self) -> &'static str {
        match self {
            Self::Remove => "Remove this access",
            Self::Grant => "Grant this access again",
            Self::Leave => "Remove from the group",
            Self::Join => "Add to the group again",
            Self::Link | Self::Unlink | Self::RefuseClaim | Self::WithdrawRefusal => "Undo",
        }
    }
}

/// The values of the change form, as in the URL of the preview. An empty field is not selected yet.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct ChangeForm {
    /// [`change_field::KIND`]
    pub kind: String,
    /// [`change_field::WHO`]
    pub who: String,
    /// [`change_field::SET`]
    pub set: String,
    /// [`change_field::ACCOUNT`]
    pub account: String,
    /// [`change_field::ALSO`]
    pub also: String,
    /// [`change_field::TERM`]
    pub term: String,
    /// [`change_field::LENGTH`]
    pub length: String,
    /// [`change_field::START`]
    pub start: String,
    /// [`change_field::REVIEW_ON`]
    pub review_on: String,
}

impl ChangeForm {
    /// Returns a form in which only the kind is selected.
    pub fn of(kind: ChangeKind) -> Self {
        Self {
            kind: kind.word().to_owned(),
            ..Self::default()
        }
    }

    /// Returns the form with which somebody requests access, empty.
    pub fn request() -> Self {
        Self::of(ChangeKind::Grant)
    }

    /// Returns the form that grants a principal something.
    pub fn grant_to(principal: &Principal) -> Self {
        Self {
            who: who(principal),
            ..Self::of(ChangeKind::Grant)
        }
    }

    /// Returns the form that grants an assignment, without its duration.
    pub fn grant(assignment: &Assignment) -> Self {
        Self::of_assignment(ChangeKind::Grant, assignment)
    }

    /// Returns the form that removes an assignment.
    pub fn remove(assignment: &Assignment) -> Self {
        Self::of_assignment(ChangeKind::Remove, assignment)
    }

    fn of_assignment(kind: ChangeKind, assignment: &Assignment) -> Self {
        Self {
            who: who(&assignment.principal),
            set: assignment.pair.set.key().to_owned(),
            account: assignment.pair.account.to_string(),
            ..Self::of(kind)
        }
    }

    /// Returns the form that adds somebody to a group.
    pub fn join(group: &GroupId) -> Self {
        Self {
            set: group.to_string(),
            ..Self::of(ChangeKind::Join)
        }
    }

    /// Returns the form that removes a user from a group.
    pub fn leave(group: &GroupId, user: &UserId) -> Self {
        Self {
            who: format!("user:{user}"),
            set: group.to_string(),
            ..Self::of(ChangeKind::Leave)
        }
    }

    /// Returns the form that links an identity to a user; none if the user is still to be chosen.
    pub fn link(person: &PersonId, user: Option<&UserId>) -> Self {
        Self {
            set: user.map(|user| format!("user:{user}")).unwrap_or_default(),
            ..Self::of_identity(ChangeKind::Link, person)
        }
    }

    /// Returns the form that ends the link of an identity.
    pub fn unlink(person: &PersonId) -> Self {
        Self::of_identity(ChangeKind::Unlink, person)
    }

    /// Returns the form that refuses what an identity claims.
    pub fn refuse_claim(person: &PersonId) -> Self {
        Self::of_identity(ChangeKind::RefuseClaim, person)
    }

    /// Returns the form that withdraws the refusal of the claims to be these users; none if they are still to be chosen.
    pub fn withdraw_refusal<'a>(
        person: &PersonId,
        users: impl IntoIterator<Item = &'a UserId>,
    ) -> Self {
        let users: Vec<String> = users
            .into_iter()
            .map(|user| format!("user:{user}"))
            .collect();
        Self {
            set: users.join(","),
            ..Self::of_identity(ChangeKind::WithdrawRefusal, person)
        }
    }

    fn of_identity(kind: ChangeKind, person: &PersonId) -> Self {
        Self {
            who: format!("person:{person}"),
            ..Self::of(kind)
        }
    }

    /// Returns the form that requests the same in the account of another form as well; none if anything else differs, or if
    /// the address would be too long.
    pub fn with_account_of(&self, other: &Self) -> Option<Self> {
        let here = Self {
            account: self.account.clone(),
            also: self.also.clone(),
            ..other.clone()
        };
        let fits = !self.account.is_empty() && self.also.len() < LONGEST_ALSO;
        let also = [self.also.as_str(), other.account.as_str()];
        let also: Vec<&str> = also.into_iter().filter(|one| !one.is_empty()).collect();
        (here == *self && fits).then(|| Self {
            also: also.join(", "),
            ..here
        })
    }

    /// Reads the form. `value` returns the value of a field, or an empty string if the field was not sent.
    pub fn read(value: impl Fn(&str) -> String) -> Self {
        let [
            kind,
            who,
            set,
            account,
            also,
            term,
            length,
            start,
            review_on,
        ] = change_field::CHOSEN.map(value);
        Self {
            kind,
            who,
            set,
            account,
            also,
            term,
            length,
            start,
            review_on,
        }
    }

    /// Returns the name and value of each field, in the order of [`change_field::CHOSEN`].
    pub fn fields(&self) -> [(&'static str, &str); 9] {
        let values = [
            &self.kind,
            &self.who,
            &self.set,
            &self.account,
            &self.also,
            &self.term,
            &self.length,
            &self.start,
            &self.review_on,
        ];
        std::array::from_fn(|at| (change_field::CHOSEN[at], values[at].as_str()))
    }

    /// Returns the kind, or `None` if the value is unknown or empty.
    pub fn known_kind(&self) -> Option<ChangeKind> {
        ChangeKind::parse(&self.kind)
    }

    /// Returns whether the change concerns a group membership.
    pub fn is_membership(&self) -> bool {
        self.known_kind().is_some_and(ChangeKind::is_membership)
    }

    /// Returns whether the change concerns an identity.
    pub fn is_identity(&self) -> bool {
        self.known_kind().is_some_and(ChangeKind::is_identity)
    }

    /// Returns the URL of the preview, which can be shared.
    pub fn href(&self) -> String {
        let query: Vec<String> = self
            .fields()
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={}", escape(value)))
            .collect();
        format!("/changes/new?{}", query.join("&"))
    }
}

/// Returns the value of a principal in the form.
fn who(principal: &Principal) -> String {
    match principal {
        Principal::User(user) => format!("user:{user}"),
        Principal::Group(group) => format!("group:{group}"),
    }
}

/// A submitted change.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Submission {
    pub change_form: ChangeForm,
    pub justification: String,
    pub ticket: String,
    /// The hash of the effect in the preview. If the effect is different now, the form is shown again.
    pub effect: String,
    /// The idempotency key of the form.
    pub form_key: String,
}

impl Submission {
    /// Reads the form, like [`ChangeForm::read`].
    pub fn read(value: impl Fn(&str) -> String) -> Self {
        Self {
            justification: value(change_field::JUSTIFICATION),
            ticket: value(change_field::TICKET),
            effect: value(change_field::EFFECT),
            form_key: value(change_field::FORM_KEY),
            change_form: ChangeForm::read(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change_form() -> ChangeForm {
        ChangeForm::read(|name| format!("{name} & more"))
    }

    #[test]
    fn each_field_is_read_from_its_own_name_and_written_under_it() {
        let change_form = change_form();
        assert_eq!(
            (
                change_form.kind.as_str(),
                change_form.who.as_str(),
                change_form.set.as_str()
            ),
            ("kind & more", "who & more", "set & more")
        );
        assert_eq!(
            (
                change_form.account.as_str(),
                change_form.also.as_str(),
                change_form.term.as_str(),
                change_form.length.as_str(),
                change_form.start.as_str(),
                change_form.review_on.as_str()
            ),
            (
                "account & more",
                "also & more",
                "term & more",
                "length & more",
                "start & more",
                "review_on & more"
            )
        );
        for (name, value) in change_form.fields() {
            assert_eq!(value, format!("{name} & more"));
        }
    }

    #[test]
    fn the_url_of_a_preview_holds_what_is_chosen_encoded() {
        let href = ChangeForm {
            kind: "grant".into(),
            who: "user:7".into(),
            set: "a b&c=d/é".into(),
            ..ChangeForm::default()
        }
        .href();
        assert_eq!(
            href,
            "/changes/new?kind=grant&who=user:7&set=a%20b%26c%3Dd%2F%C3%A9"
        );
    }

    #[test]
    fn a_submission_reads_all_that_the_form_sends_and_nothing_else() {
        let asked = std::cell::RefCell::new(Vec::new());
        Submission::read(|name| {
            asked.borrow_mut().push(name.to_owned());
            String::new()
        });
        let (mut asked, mut sent) = (asked.into_inner(), change_field::SENT.to_vec());
        asked.sort();
        sent.sort_unstable();
        assert_eq!(asked, sent);
    }

    #[test]
    fn forms_that_differ_in_the_account_only_are_one() {
        let at = |account: &str, term: &str| ChangeForm {
            account: account.into(),
            term: term.into(),
            ..ChangeForm::of(ChangeKind::Grant)
        };
        let both = at("1", "60").with_account_of(&at("2", "60"));
        let three = both.and_then(|both| both.with_account_of(&at("3", "60")));
        let three = three.map(|form| (form.account, form.also));
        assert_eq!(three, Some(("1".into(), "2, 3".into())));
        assert_eq!(at("1", "60").with_account_of(&at("2", "90")), None);
        let join = ChangeForm::of(ChangeKind::Join);
        assert_eq!(join.with_account_of(&join), None);
    }

    #[test]
    fn every_kind_is_known_by_its_word() {
        for kind in ChangeKind::ALL {
            assert_eq!(ChangeKind::parse(kind.word()), Some(kind));
        }
        assert_eq!(ChangeKind::parse("GRANT"), None);
    }
}
