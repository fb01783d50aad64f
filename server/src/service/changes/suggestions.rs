//! Suggests values for the fields of a form that are typed, because a list of all would be too long. What is suggested is
//! text that the form accepts; a viewer is told only of what their form would offer them in a list.

use app::{
    backend::{ChangeKind, FormOption, PortResult, change_field},
    lists::SearchWords,
};
use domain::authorize::Action;

use super::{scope::Scope, session_length};
use crate::service::{Service, names};

/// The maximum number of suggestions.
const SUGGESTED: usize = 10;

/// What the value of a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Suggested {
    Principals,
    Users,
    Accounts,
    Sets,
    Groups,
}

impl Suggested {
    /// Returns what a field of a form takes; none if its values are not suggested.
    fn of(kind: ChangeKind, field: &str) -> Option<Self> {
        let about_users = kind.is_membership() || kind.is_identity();
        match field {
            change_field::WHO if about_users => Some(Self::Users),
            change_field::WHO => Some(Self::Principals),
            change_field::ACCOUNT | change_field::ALSO => Some(Self::Accounts),
            change_field::SET if kind.is_membership() => Some(Self::Groups),
            change_field::SET if kind.is_identity() => Some(Self::Users),
            change_field::SET => Some(Self::Sets),
            _ => None,
        }
    }

    /// Whether only those may know the values who propose for everybody.
    const fn is_of_others(self) -> bool {
        matches!(self, Self::Principals | Self::Users | Self::Groups)
    }
}

impl Service {
    /// Returns suggestions for a field in which words were typed.
    pub(super) fn suggested(
        &self,
        kind: ChangeKind,
        field: &str,
        words: &str,
    ) -> PortResult<Vec<FormOption>> {
        self.allowed(Action::ProposeOwn)?;
        let scope = self.scope()?;
        let words = SearchWords::of(words);
        let what = Suggested::of(kind, field);
        let what = what.filter(|what| scope == Scope::Everybody || !what.is_of_others());
        let Some(what) = what.filter(|_| !words.is_empty()) else {
            return Ok(Vec::new());
        };
        let mut found: Vec<FormOption> = match what {
            Suggested::Principals => {
                let groups = self.groups_like(&words);
                groups.into_iter().chain(self.users_like(&words)).collect()
            }
            Suggested::Users => self.users_like(&words),
            Suggested::Groups => self.groups_like(&words),
            Suggested::Accounts => self.accounts_like(&words),
            Suggested::Sets => self.sets_like(&words),
        };
        found.truncate(SUGGESTED);
        Ok(found)
    }

    fn users_like(&self, words: &SearchWords) -> Vec<FormOption> {
        let (index, snapshot) = (&self.read_model.index, &self.read_model.snapshot);
        let best = words.best(index.people().map(|one| (&*one.text, &one.id)), SUGGESTED);
        let known = best.into_iter().filter_map(|id| snapshot.user(id));
        known
            .map(|user| FormOption {
                value: user.user_name.clone(),
                label: user.display_name.clone(),
            })
            .collect()
    }

    fn groups_like(&self, words: &SearchWords) -> Vec<FormOption> {
        let (index, snapshot) = (&self.read_model.index, &self.read_model.snapshot);
        let best = words.best(index.groups().map(|one| (&*one.text, one)), SUGGESTED);
        best.into_iter()
            .map(|one| FormOption {
                value: names::group(snapshot, &one.id),
                label: match one.members {
                    1 => "group of 1".to_owned(),
                    some => format!("group of {some}"),
                },
            })
            .collect()
    }

    fn accounts_like(&self, words: &SearchWords) -> Vec<FormOption> {
        let (index, snapshot) = (&self.read_model.index, &self.read_model.snapshot);
        let best = words.best(index.accounts().map(|one| (&*one.text, &one.id)), SUGGESTED);
        best.into_iter()
            .map(|id| FormOption {
                value: id.to_string(),
                label: names::account(snapshot, id).name,
            })
            .collect()
    }

    fn sets_like(&self, words: &SearchWords) -> Vec<FormOption> {
        let (index, snapshot) = (&self.read_model.index, &self.read_model.snapshot);
        let best = words.best(index.sets().map(|one| (&*one.text, &one.arn)), SUGGESTED);
        let known = best.into_iter().filter_map(|arn| snapshot.set(arn));
        known
            .map(|set| FormOption {
                value: set.name.clone(),
                label: format!("sessions up to {}", session_length::words(set)),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_takes_what_its_form_is_about() {
        let of = |kind, field| Suggested::of(kind, field);
        assert_eq!(
            of(ChangeKind::parse("join").unwrap(), change_field::SET),
            Some(Suggested::Groups)
        );
        assert_eq!(
            of(ChangeKind::parse("grant").unwrap(), change_field::SET),
            Some(Suggested::Sets)
        );
        assert_eq!(
            of(ChangeKind::parse("grant").unwrap(), change_field::WHO),
            Some(Suggested::Principals)
        );
        assert_eq!(
            of(ChangeKind::parse("leave").unwrap(), change_field::WHO),
            Some(Suggested::Users)
        );
        assert_eq!(
            of(ChangeKind::parse("grant").unwrap(), change_field::TERM),
            None
        );
    }
}
