//! What a button of a blocked preview chooses in place of what the form holds. The button has a name of its own, because the
//! field that it changes is sent as well, and a form names each field once.

use domain::time::Duration;

use super::{ChangeForm, OfferedSet, change_field};

impl OfferedSet {
    /// Returns the value of the button that chooses it.
    pub fn instead(&self) -> String {
        let set = format!("{}:{}", change_field::SET, self.key);
        match self.only_for {
            Some(window) => format!("{set};{}", instead_of_term(window)),
            None => set,
        }
    }
}

/// Returns the value of a button that chooses a duration.
pub fn instead_of_term(window: Duration) -> String {
    format!("{}:{}", change_field::TERM, window.as_seconds() / 60)
}

impl ChangeForm {
    /// Returns the form with what a button chooses. The form is read as any other: nothing is known to exist yet.
    #[must_use]
    pub fn with_instead(mut self, chosen: &str) -> Self {
        for one in chosen.split(';') {
            match one.split_once(':') {
                Some((change_field::SET, set)) => set.clone_into(&mut self.set),
                Some((change_field::TERM, term)) => {
                    term.clone_into(&mut self.term);
                    self.length.clear();
                }
                _ => {}
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::OTHER;

    #[test]
    fn a_button_changes_what_it_names_and_nothing_else() {
        let form = ChangeForm {
            set: "ps-1".into(),
            account: "111122223333".into(),
            term: OTHER.into(),
            length: "2 days".into(),
            kind: "grant".into(),
            ..ChangeForm::default()
        };
        let offered = |only_for| OfferedSet {
            name: "Reader".into(),
            key: "ps-2".into(),
            only_for,
            capabilities: Vec::new(),
            session: Duration::hours(1),
        };
        let hour = Duration::hours(1);
        let set = ChangeForm {
            set: "ps-2".into(),
            ..form.clone()
        };
        assert_eq!(form.clone().with_instead(&offered(None).instead()), set);
        let for_an_hour = ChangeForm {
            term: "60".into(),
            length: String::new(),
            ..set
        };
        assert_eq!(
            form.clone().with_instead(&offered(Some(hour)).instead()),
            for_an_hour
        );
        let shorter = ChangeForm {
            set: "ps-1".into(),
            ..for_an_hour
        };
        assert_eq!(form.clone().with_instead(&instead_of_term(hour)), shorter);
        for unknown in ["", "account:999", "set", "nonsense;;:"] {
            assert_eq!(form.clone().with_instead(unknown), form, "{unknown}");
        }
    }
}
