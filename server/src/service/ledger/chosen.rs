//! What a choice asks of the ledger. Names are looked up in what was read of AWS: a name leads to the id of what has it now,
//! and the id to the entries, because entries hold the names of groups and permission sets nowhere, and those of people only
//! as private values.

use app::{
    backend::OfferedValue,
    lists::{
        Bound, ListChoice,
        entries::{ABOUT, ACCOUNT, CHANGE, EACH, FROM, OUTCOME, SESSION, SYNCS, UNTIL, WHAT, WHO},
    },
};
use domain::{
    ids::{AccountId, ChangeId, GroupId, PermissionSetArn, PersonId, Principal, UserId},
    ledger::{Category, EventKind, Hash, Outcome},
    subject::Part,
};

use crate::{
    service::{app_state::ReadModel, names},
    store::{
        change::ChangeTarget,
        ledger::{self, EntryFilter, Folding, Term},
    },
};

/// The number of names that one part of a search leads to.
const NAMES: usize = 20;
/// The number of parts of a search. Further parts are ignored.
const PARTS: usize = 8;
/// The length from which a part is looked for in the titles of events.
const IN_TITLES: usize = 3;
/// The path of the recorded name of who did something.
const ACTOR_NAME: &str = "/actor/name";

/// What a choice asks.
pub(super) struct ChosenEntries {
    /// None if nothing can match.
    pub filter: Option<EntryFilter>,
    pub offered: Vec<OfferedValue>,
    /// The parts of the search that more names contain than are looked for.
    pub short_words: Vec<String>,
}

/// Looks up what a choice names.
pub(super) struct Lookup<'a> {
    read_model: &'a ReadModel,
    viewer: Option<&'a PersonId>,
    filter: EntryFilter,
    offered: Vec<OfferedValue>,
    short_words: Vec<String>,
}

impl<'a> Lookup<'a> {
    pub(super) fn new(read_model: &'a ReadModel, viewer: Option<&'a PersonId>) -> Self {
        Self {
            read_model,
            viewer,
            filter: EntryFilter::default(),
            offered: Vec::new(),
            short_words: Vec::new(),
        }
    }

    /// Returns what a choice asks.
    pub(super) fn of(mut self, choice: &ListChoice) -> ChosenEntries {
        self.words(&choice.words);
        self.fixed(choice);
        if let Some(me) = self.viewer {
            self.offer(WHO, me.as_str(), "Me".to_owned());
        }
        for value in choice.values(WHO) {
            let terms = self.who(value);
            self.filter.groups.push(terms);
        }
        for value in choice.values(ABOUT) {
            let terms = self.about(value);
            self.filter.groups.push(terms);
        }
        for value in choice.values(ACCOUNT) {
            let terms = self.account(value);
            self.filter.groups.push(terms);
        }
        let changes = choice.values(CHANGE).into_iter();
        let changes = changes.filter_map(|id| ChangeId::parse(id).ok());
        self.any_of(changes.map(Term::Change).collect());
        for value in choice.values(SESSION) {
            self.offer(SESSION, value, "One session".to_owned());
            let session = Hash::parse_hex(value.as_bytes());
            self.filter
                .groups
                .push(session.map(Term::Session).into_iter().collect());
        }
        let can_match = self.filter.groups.iter().all(|group| !group.is_empty());
        ChosenEntries {
            filter: can_match.then_some(self.filter),
            offered: self.offered,
            short_words: self.short_words,
        }
    }

    /// Adds the filters with fixed values, and the days.
    fn fixed(&mut self, choice: &ListChoice) {
        let what = choice.values(WHAT).into_iter();
        let categories: Vec<Category> = what.filter_map(Category::from_word).collect();
        let families = categories.iter().flat_map(|one| one.families());
        let families = families.map(|family| Term::Words(vec![ledger::family_word(family)]));
        self.any_of(families.collect());
        let outcomes = choice.values(OUTCOME).into_iter().filter_map(outcome);
        let outcomes = outcomes.map(|one| Term::Words(vec![ledger::outcome_word(one)]));
        self.any_of(outcomes.collect());
        let limit = |key: &str, bound: Bound| {
            let value = choice.values(key).into_iter().next();
            value.and_then(|day| bound.limit(day))
        };
        self.filter.from = limit(FROM, Bound::From);
        self.filter.until = limit(UNTIL, Bound::Until);
        if choice.holds(SYNCS, EACH) || categories.contains(&Category::Jobs) {
            self.filter.folding = Folding::Nothing;
        } else if !choice.is_filtered() {
            // Who looks for something finds it, also if it is routine.
            self.filter.folding = Folding::Routine;
        }
    }

    /// Adds a group, if it has a term.
    fn any_of(&mut self, terms: Vec<Term>) {
        if !terms.is_empty() {
            self.filter.groups.push(terms);
        }
    }

    fn offer(&mut self, filter: &'static str, value: &str, label: String) {
        let is_known = |one: &OfferedValue| one.filter == filter && one.value == value;
        if !self.offered.iter().any(is_known) {
            self.offered.push(OfferedValue {
                filter,
                value: value.to_owned(),
                label,
            });
        }
    }

    /// Adds the parts of a search. Each must be among the words of an entry, in a name of what the entry is about, or in the
    /// title of its event.
    fn words(&mut self, text: &str) {
        for part in text.split_whitespace().take(PARTS) {
            let words = ledger::query_words(part);
            if words.is_empty() {
                continue;
            }
            let lower = part.to_lowercase();
            let mut terms = vec![Term::Words(words)];
            terms.extend(self.named(&lower));
            if lower.chars().count() >= IN_TITLES {
                let titled = EventKind::ALL.iter().copied();
                let titled =
                    titled.filter(|kind| kind.meaning().title.to_lowercase().contains(&lower));
                terms.extend(titled.map(Term::Kind));
            }
            self.filter.groups.push(terms);
        }
    }

    /// Returns the terms for everything whose name contains a text.
    fn named(&mut self, text: &str) -> Vec<Term> {
        let index = &self.read_model.index;
        let sets = Matches::of(text, index.sets().map(|one| (&*one.text, &one.arn)));
        let groups = Matches::of(text, index.groups().map(|one| (&*one.text, &one.id)));
        let accounts = Matches::of(text, index.accounts().map(|one| (&*one.text, &one.id)));
        let people = Matches::of(text, index.people().map(|one| (&*one.text, &one.id)));
        let is_short = [sets.more, groups.more, accounts.more, people.more];
        if is_short.contains(&More::Left) {
            self.short_words.push(text.to_owned());
        }
        let mut terms = Vec::new();
        terms.extend(sets.found.into_iter().flat_map(of_set));
        terms.extend(groups.found.into_iter().flat_map(of_group));
        terms.extend(accounts.found.into_iter().flat_map(of_account));
        terms.extend(people.found.into_iter().flat_map(|user| self.of_user(user)));
        terms
    }

    fn of_user(&self, user: &UserId) -> Vec<Term> {
        let principal = Principal::User(user.clone());
        let mut terms = vec![Term::Id(user.to_string())];
        terms.extend(changes_of(&Part::Principal(principal)));
        if let Some(person) = self.read_model.snapshot.person(user) {
            terms.push(Term::Id(person.to_string()));
        }
        terms
    }

    /// Returns the terms for who did something: a person, a user, or a name.
    fn who(&mut self, value: &str) -> Vec<Term> {
        let snapshot = &self.read_model.snapshot;
        if let Some(user) = known_user(self.read_model, value) {
            self.offer(WHO, value, names::user(snapshot, &user).name);
            let person = snapshot.person(&user);
            return person.cloned().map(Term::Actor).into_iter().collect();
        }
        if let Ok(person) = PersonId::parse(value) {
            let name = names::person_name(snapshot, &person);
            self.offer(WHO, value, name.unwrap_or_else(|| "One person".to_owned()));
            return vec![Term::Actor(person)];
        }
        let people = self.read_model.index.people();
        let named = Matches::of(
            &value.to_lowercase(),
            people.map(|one| (&*one.text, &one.id)),
        );
        let mut terms: Vec<Term> = named
            .found
            .into_iter()
            .filter_map(|user| snapshot.person(user).cloned().map(Term::Actor))
            .collect();
        let words = ledger::query_words(value);
        if !words.is_empty() {
            terms.push(Term::WordsOf {
                path: ACTOR_NAME,
                words,
            });
        }
        if named.more == More::Left {
            self.short_words.push(value.to_owned());
        }
        terms
    }

    /// Returns the terms for a user, a group or a permission set.
    fn about(&mut self, value: &str) -> Vec<Term> {
        let snapshot = &self.read_model.snapshot;
        if let Some(set) = snapshot.set_by_key(value) {
            self.offer(ABOUT, value, set.name.clone());
            return of_set(&set.arn);
        }
        if let Some(user) = known_user(self.read_model, value) {
            self.offer(ABOUT, value, names::user(snapshot, &user).name);
            return self.of_user(&user);
        }
        let group = GroupId::parse(value).ok();
        if let Some(group) = group.filter(|group| snapshot.group(group).is_some()) {
            self.offer(ABOUT, value, names::group(snapshot, &group));
            return of_group(&group);
        }
        // It is not in AWS now.
        let person = PersonId::parse(value).ok();
        let name = person.and_then(|person| names::person_name(snapshot, &person));
        self.offer(ABOUT, value, name.unwrap_or_else(|| value.to_owned()));
        let is_id = value
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '/' | '.'));
        if is_id && !ledger::query_words(value).is_empty() {
            vec![Term::Id(value.to_owned())]
        } else {
            Vec::new()
        }
    }

    /// Returns the terms for accounts: one by its number, or those whose names contain a text.
    fn account(&mut self, value: &str) -> Vec<Term> {
        let snapshot = &self.read_model.snapshot;
        if let Ok(account) = AccountId::parse(value) {
            let known = snapshot.account(&account);
            let label = known.map_or_else(|| value.to_owned(), |(known, _)| known.name.clone());
            self.offer(ACCOUNT, value, label);
            return of_account(&account);
        }
        let accounts = self.read_model.index.accounts();
        let named = Matches::of(
            &value.to_lowercase(),
            accounts.map(|one| (&*one.text, &one.id)),
        );
        if named.more == More::Left {
            self.short_words.push(value.to_owned());
        }
        named.found.into_iter().flat_map(of_account).collect()
    }
}

/// Whether more names contain a text than are looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum More {
    None,
    Left,
}

/// What has a name that contains a text: first what has exactly this name.
struct Matches<T> {
    found: Vec<T>,
    more: More,
}

impl<T> Matches<T> {
    fn of<'t>(text: &str, all: impl Iterator<Item = (&'t str, T)>) -> Self {
        let (mut exact, mut others) = (Vec::new(), Vec::new());
        let mut more = More::None;
        for (name, one) in all {
            if !name.contains(text) {
                continue;
            }
            let into = if name.lines().any(|line| line == text) {
                &mut exact
            } else {
                &mut others
            };
            if into.len() < NAMES {
                into.push(one);
            } else {
                more = More::Left;
            }
        }
        exact.append(&mut others);
        if exact.len() > NAMES {
            exact.truncate(NAMES);
            more = More::Left;
        }
        Self { found: exact, more }
    }
}

fn known_user(read_model: &ReadModel, value: &str) -> Option<UserId> {
    let user = UserId::parse(value).ok()?;
    read_model.snapshot.user(&user).is_some().then_some(user)
}

fn of_set(set: &PermissionSetArn) -> Vec<Term> {
    let mut terms = vec![Term::Id(set.key().to_owned())];
    terms.extend(changes_of(&Part::Set(set.clone())));
    terms
}

fn of_group(group: &GroupId) -> Vec<Term> {
    let mut terms = vec![Term::Id(group.to_string())];
    terms.extend(changes_of(&Part::Principal(Principal::Group(
        group.clone(),
    ))));
    terms
}

fn of_account(account: &AccountId) -> Vec<Term> {
    let mut terms = vec![Term::Id(account.to_string())];
    terms.extend(changes_of(&Part::Account(account.clone())));
    terms
}

/// Returns the term for the entries of all changes that affect something.
fn changes_of(part: &Part) -> Option<Term> {
    ChangeTarget::of(part).map(Term::OfChanges)
}

fn outcome(word: &str) -> Option<Outcome> {
    let all = [
        Outcome::Success,
        Outcome::Failure,
        Outcome::Denied,
        Outcome::Pending,
    ];
    all.into_iter().find(|one| one.as_str() == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_exactly_the_text_is_found_among_any_number_of_others() {
        let names: Vec<String> = (0..100).map(|at| format!("prod-{at}")).collect();
        let mut all: Vec<(&str, usize)> = names.iter().map(String::as_str).zip(0..).collect();
        all.push(("prod", 1_000));
        let found = Matches::of("prod", all.into_iter());
        assert_eq!(found.found.len(), NAMES);
        assert_eq!(found.found[0], 1_000);
        assert!(found.more == More::Left);
        let one = Matches::of("prod-99", [("prod-99", 1), ("prod-9", 2)].into_iter());
        assert_eq!(one.found, [1]);
        assert!(one.more == More::None);
    }
}
