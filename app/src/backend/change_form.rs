//! The form of a new change. Its fields are named here only: the page, the action, the preview's URL and the
//! service that reads the form take their names from here.

use super::escape;

/// The names of the fields, as the browser sends them.
pub mod change_field {
    /// A [`ChangeKind`](super::ChangeKind).
    pub const KIND: &str = "kind";
    /// Who gains or loses: `user:ID` or `group:ID`; with *join* and *leave* the user.
    pub const WHO: &str = "who";
    /// A permission set's key, `ps-…`; with *join* and *leave* the group's id.
    pub const SET: &str = "set";
    /// 12 digits; unused with *join* and *leave*.
    pub const ACCOUNT: &str = "account";
    /// `standing`, or a number of minutes.
    pub const TERM: &str = "term";
    /// Why it is needed.
    pub const JUSTIFICATION: &str = "justification";
    /// A ticket's number; may be empty.
    pub const TICKET: &str = "ticket";
    /// The hash of the effect that the page showed.
    pub const EFFECT: &str = "effect";
    /// Sent twice, it names the same submission.
    pub const FORM_KEY: &str = "form_key";

    /// What the first form asks for, and the preview's URL holds.
    pub const CHOSEN: [&str; 5] = [KIND, WHO, SET, ACCOUNT, TERM];
    /// What somebody types into the second form.
    pub const TYPED: [&str; 2] = [JUSTIFICATION, TICKET];
    /// Everything that the second form sends.
    pub const SENT: [&str; 9] = [
        KIND,
        WHO,
        SET,
        ACCOUNT,
        TERM,
        JUSTIFICATION,
        TICKET,
        EFFECT,
        FORM_KEY,
    ];
}

/// What a new change does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// Assigns a permission set in an account.
    Grant,
    /// Takes such an assignment away.
    Remove,
    /// Adds a user to a group.
    Join,
    /// Takes a user out of a group.
    Leave,
}

impl ChangeKind {
    /// Every kind, in the order of the form.
    pub const ALL: [Self; 4] = [Self::Grant, Self::Remove, Self::Join, Self::Leave];

    /// The value of the field.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Grant => "grant",
            Self::Remove => "remove",
            Self::Join => "join",
            Self::Leave => "leave",
        }
    }

    /// The kind of a value.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Whether it changes who is in a group, not what is assigned.
    pub const fn is_membership(self) -> bool {
        matches!(self, Self::Join | Self::Leave)
    }

    /// Whether somebody gains by it.
    pub const fn gives(self) -> bool {
        matches!(self, Self::Grant | Self::Join)
    }
}

/// What the form asks for, as it stands in the preview's URL. Empty fields are not chosen yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    /// [`change_field::KIND`]
    pub kind: String,
    /// [`change_field::WHO`]
    pub who: String,
    /// [`change_field::SET`]
    pub set: String,
    /// [`change_field::ACCOUNT`]
    pub account: String,
    /// [`change_field::TERM`]
    pub term: String,
}

impl Draft {
    /// A form of which only the kind is chosen.
    pub fn of(kind: ChangeKind) -> Self {
        Self {
            kind: kind.word().to_owned(),
            ..Self::default()
        }
    }

    /// Reads the form. `value` answers what a field holds; empty if it was not sent.
    pub fn read(value: impl Fn(&str) -> String) -> Self {
        let [kind, who, set, account, term] = change_field::CHOSEN.map(value);
        Self {
            kind,
            who,
            set,
            account,
            term,
        }
    }

    /// Name and value of each field, in the order of [`change_field::CHOSEN`].
    pub fn fields(&self) -> [(&'static str, &str); 5] {
        let values = [&self.kind, &self.who, &self.set, &self.account, &self.term];
        std::array::from_fn(|at| (change_field::CHOSEN[at], values[at].as_str()))
    }

    /// The kind, if there is one of that name.
    pub fn known_kind(&self) -> Option<ChangeKind> {
        ChangeKind::parse(&self.kind)
    }

    /// Whether it is about who is in a group.
    pub fn is_membership(&self) -> bool {
        self.known_kind().is_some_and(ChangeKind::is_membership)
    }

    /// The preview's URL: a colleague can open it.
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

/// What is submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// What it does.
    pub draft: Draft,
    /// [`change_field::JUSTIFICATION`]
    pub justification: String,
    /// [`change_field::TICKET`]
    pub ticket: String,
    /// What the person saw in the preview: a different effect is shown again, not submitted.
    pub effect: String,
    /// [`change_field::FORM_KEY`]
    pub form_key: String,
}

impl Submission {
    /// Reads the form, as [`Draft::read`] does.
    pub fn read(value: impl Fn(&str) -> String) -> Self {
        Self {
            justification: value(change_field::JUSTIFICATION),
            ticket: value(change_field::TICKET),
            effect: value(change_field::EFFECT),
            form_key: value(change_field::FORM_KEY),
            draft: Draft::read(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Draft {
        Draft::read(|name| format!("{name} & more"))
    }

    #[test]
    fn each_field_is_read_from_its_own_name_and_written_under_it() {
        let draft = draft();
        assert_eq!(
            (draft.kind.as_str(), draft.who.as_str(), draft.set.as_str()),
            ("kind & more", "who & more", "set & more")
        );
        assert_eq!(
            (draft.account.as_str(), draft.term.as_str()),
            ("account & more", "term & more")
        );
        for (name, value) in draft.fields() {
            assert_eq!(value, format!("{name} & more"));
        }
    }

    #[test]
    fn the_url_of_a_preview_holds_what_is_chosen_encoded() {
        let href = Draft {
            kind: "grant".into(),
            who: "user:7".into(),
            set: "a b&c=d/é".into(),
            ..Draft::default()
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
    fn every_kind_is_known_by_its_word() {
        for kind in ChangeKind::ALL {
            assert_eq!(ChangeKind::parse(kind.word()), Some(kind));
        }
        assert_eq!(ChangeKind::parse("GRANT"), None);
    }
}
