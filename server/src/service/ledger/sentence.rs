//! One sentence about an entry, with its names as links.
//!
//! The template is that of the event kind. A recorded name takes precedence, unless only the sign-in stated it. If there
//! is none, the current name of the same id is shown; the entry always contains the id. Writes nothing: a name that is
//! looked up proves nothing.

use std::collections::BTreeMap;

use app::backend::SentencePart;
use domain::{
    ids::{GroupId, PersonId, Principal, UserId},
    ledger::{ActorKind, Entry, EventKind, Part, Slot, parts},
    person::{link::LinkMethod, without_directory_user},
    snapshot::Snapshot,
    subject::StepName,
    time::Timestamp,
};
use serde_json::Value;

use super::{item, recorded_words, rows::RequestedItems};
use crate::{
    service::{
        journal::{COUNTED_FOR, EVERYBODY, found_by},
        names::{self, RecordedName},
    },
    store::ledger::ListedEntry,
};

/// The number of characters of a subject in a sentence: enough to tell sign-ins apart. The entry has all of it.
const SUBJECT: usize = 8;

/// What a sentence is made of.
pub(super) struct EntryContext<'a> {
    pub listed: &'a ListedEntry,
    pub entry: &'a Entry,
    /// The items of the change, from the entry of its request.
    pub items: &'a RequestedItems,
    pub snapshot: &'a Snapshot,
    /// The usernames of the people whom the entry names.
    pub usernames: &'a BTreeMap<PersonId, String>,
}

impl EntryContext<'_> {
    /// Returns the sentence. An event of a newer version is described by its type.
    pub(super) fn sentence(&self) -> Vec<SentencePart> {
        let kind = EventKind::of(&self.entry.kind);
        let template = kind.and_then(|kind| parts(kind.meaning().sentence));
        let mut sentence = Vec::new();
        match template {
            Some(template) => {
                let repeated = self.repetitions();
                if let Some(Repetitions::OfEverybody(count)) = repeated {
                    sentence.push(text(format!(
                        "{count} events of this kind within a minute, the last of them: "
                    )));
                }
                let (what, why) = template.split_at(before_reason(&template));
                for part in what {
                    self.add(part, &mut sentence);
                }
                if let Some(Repetitions::Of(count)) = repeated {
                    sentence.push(text(format!(", {count} times within a minute")));
                }
                for part in why {
                    self.add(part, &mut sentence);
                }
            }
            None => {
                sentence.push(text(
                    "An event that this version of Leastwise does not know",
                ));
            }
        }
        capitalized(joined(sentence))
    }

    /// Returns how many events the entry stands for, if it is more than one. The first event has an entry of its own.
    fn repetitions(&self) -> Option<Repetitions> {
        let data = &self.entry.data;
        let count = data.get("count").and_then(Value::as_u64)?;
        let of_everybody = data.get(COUNTED_FOR).and_then(Value::as_str) == Some(EVERYBODY);
        (count > 1).then_some(if of_everybody {
            Repetitions::OfEverybody(count)
        } else {
            Repetitions::Of(count)
        })
    }

    /// Adds a part. A slot without a value outside an optional part says so.
    fn add(&self, part: &Part, sentence: &mut Vec<SentencePart>) {
        match part {
            Part::Text(words) => sentence.push(text(words)),
            Part::Slot(slot) => {
                let value = self.value(*slot);
                sentence.extend(value.unwrap_or_else(|| vec![text("(not recorded)")]));
            }
            Part::Optional(inner) => {
                let missing = |part: &Part| match part {
                    Part::Slot(slot) => self.value(*slot).is_none(),
                    Part::Text(_) | Part::Optional(_) => false,
                };
                if !inner.iter().any(missing) {
                    for part in inner {
                        self.add(part, sentence);
                    }
                }
            }
        }
    }

    fn value(&self, slot: Slot) -> Option<Vec<SentencePart>> {
        let word = |name: &str| self.entry.data.get(name).and_then(Value::as_str);
        let number = |name: &str| self.entry.data.get(name).and_then(Value::as_u64);
        let words = |words: String| Some(vec![text(words)]);
        match slot {
            Slot::Actor => Some(vec![self.actor()]),
            Slot::Item => item::parts(self),
            Slot::Person => Some(vec![self.person()?]),
            Slot::User => self.users(),
            Slot::Role => words(word("role")?.to_owned()),
            Slot::Reason => words(self.reason()?),
            Slot::Api => words(self.entry.api.clone()?),
            Slot::Code => words(recorded_words::error_code(self.entry.error_code.as_ref()?)),
            Slot::Presence => words(presence(self.entry.data.get("present")?)?.to_owned()),
            Slot::Until => words(format!(
                "{} UTC",
                Timestamp::parse_rfc3339(word("ends")?)?.minute()
            )),
            Slot::Drift => words(drift(word("what")?).to_owned()),
            Slot::Report => words(self.entry.target.as_ref()?.id.clone()?),
            Slot::Format => words(word("format")?.to_uppercase()),
            Slot::Classification => words(format!(
                "{}, PCI scope {}",
                word("environment")?,
                word("pci")?
            )),
            Slot::Accounts => words(match number("accounts")? {
                1 => "1 account".to_owned(),
                count => format!("{count} accounts"),
            }),
            Slot::Entries => words(match number("entries")? {
                1 => "1 entry".to_owned(),
                count => format!("{count} entries"),
            }),
            Slot::Differing => words(number("differing")?.to_string()),
            Slot::Linked => words(number("linked")?.to_string()),
            Slot::Step => {
                let step = number("step")? + 1;
                words(match number("steps").filter(|all| *all >= step) {
                    Some(all) => format!("step {step} of {all}"),
                    None => format!("step {step}"),
                })
            }
            Slot::StepName => {
                let word = word("step_name")?;
                let known = StepName::from_word(word).map(StepName::words);
                // A newer version wrote another word.
                words(known.map_or_else(|| word.to_owned(), str::to_owned))
            }
            Slot::Obstacle => self.methods().or_else(|| Some(vec![text(self.reason()?)])),
        }
    }

    fn reason(&self) -> Option<String> {
        let kind = EventKind::of(&self.entry.kind);
        let recorded = self.entry.reason.as_deref()?;
        Some(recorded_words::reason(kind, recorded))
    }

    pub(super) fn actor(&self) -> SentencePart {
        let actor = &self.entry.actor;
        let person = actor.person_id.as_ref();
        let recorded = RecordedName::of(actor.kind, self.entry.private.keys());
        let named = self.listed.actor_name.as_ref();
        let named = named.map(|name| names::recorded_actor(self.snapshot, person, name, recorded));
        let today = || person.map(|id| self.name_of(id));
        let name = named
            .or_else(today)
            .unwrap_or_else(|| match (actor.kind, &actor.sub) {
                (ActorKind::System, _) => "Leastwise".to_owned(),
                (ActorKind::Service, _) => "a service".to_owned(),
                (ActorKind::Human, Some(sub)) => format!("the sign-in {}", beginning(sub)),
                (ActorKind::Human, None) => "an unknown person".to_owned(),
            });
        // An entry from before the link of a person names who the person is today.
        let today = || person.and_then(|id| self.snapshot.user_of(id));
        match actor.identity_store_user_id.as_ref().or_else(today) {
            Some(user) => self.user_part(user, name),
            None => text(name),
        }
    }

    /// The person that the entry is about.
    pub(super) fn person(&self) -> Option<SentencePart> {
        let target = self.entry.target.as_ref()?;
        let id = PersonId::parse(target.id.as_deref()?).ok()?;
        let name = self.listed.target_name.clone();
        let name = name.unwrap_or_else(|| self.name_of(&id));
        Some(match self.snapshot.user_of(&id) {
            Some(user) => self.user_part(user, name),
            None => text(name),
        })
    }

    /// The user of the entry, or all of them if it is about several.
    fn users(&self) -> Option<Vec<SentencePart>> {
        let stated = self.entry.data.get("users").and_then(Value::as_array);
        let stated = stated.into_iter().flatten().filter_map(Value::as_str);
        let ids: Vec<UserId> = stated.filter_map(|id| UserId::parse(id).ok()).collect();
        if ids.len() < 2 {
            return Some(vec![self.user()?]);
        }
        let mut found = Vec::new();
        for (at, id) in ids.iter().enumerate() {
            let separator = match ids.len() - at {
                _ if at == 0 => "",
                1 => " and ",
                _ => ", ",
            };
            found.push(text(separator));
            found.push(self.user_part(id, user_name(id, self.snapshot)));
        }
        Some(found)
    }

    fn user(&self) -> Option<SentencePart> {
        let target = self.entry.target.as_ref();
        let recorded = target.and_then(|target| target.principal_id.as_deref());
        let stated = self.entry.data.get("user").and_then(Value::as_str);
        let id = UserId::parse(stated.or(recorded)?).ok()?;
        let name = self.listed.principal_name.clone();
        let name = name.unwrap_or_else(|| user_name(&id, self.snapshot));
        // A person has the name of their user.
        let same = self.person().is_some_and(|person| person.words() == name);
        let name = if same { format!("{name} ({id})") } else { name };
        Some(self.user_part(&id, name))
    }

    /// Where each method of linking leads, for a sign-in that was linked to no user.
    fn methods(&self) -> Option<Vec<SentencePart>> {
        let mut found: Vec<SentencePart> = Vec::new();
        for method in LinkMethod::ALL {
            let Some(id) = self
                .entry
                .data
                .get(&found_by(method))
                .and_then(Value::as_str)
            else {
                continue;
            };
            let separator = if found.is_empty() { "" } else { "; " };
            found.push(text(format!("{separator}{} leads to ", method.as_str())));
            found.push(match UserId::parse(id) {
                Ok(user) => self.user_part(&user, user_name(&user, self.snapshot)),
                // The method found no user.
                Err(_) => text(id),
            });
        }
        (!found.is_empty()).then_some(found)
    }

    /// An identity that an item is about, known by its sign-in; a link if it is linked to a user.
    pub(super) fn identity_part(&self, id: &PersonId) -> SentencePart {
        let username = self.usernames.get(id).cloned();
        let name = username.unwrap_or_else(|| self.name_of(id));
        match self.snapshot.user_of(id) {
            Some(user) => self.user_part(user, name),
            None => text(name),
        }
    }

    /// The current name of a person.
    fn name_of(&self, person: &PersonId) -> String {
        names::person_name(self.snapshot, person)
            .or_else(|| Some(without_directory_user(self.usernames.get(person)?)))
            .unwrap_or_else(|| format!("person {person}"))
    }

    /// A user as a link, if there is a page about them.
    pub(super) fn user_part(&self, id: &UserId, name: String) -> SentencePart {
        if self.snapshot.user(id).is_some() {
            SentencePart::User {
                id: id.clone(),
                name,
            }
        } else {
            text(name)
        }
    }

    /// A group as a link, if there is a page about it.
    pub(super) fn group_part(&self, id: &GroupId) -> SentencePart {
        let name = names::group(self.snapshot, id);
        if self.snapshot.group(id).is_some() {
            SentencePart::Group {
                id: id.clone(),
                name,
            }
        } else {
            text(name)
        }
    }

    /// The principal of an assignment.
    pub(super) fn principal_part(&self, principal: &Principal) -> SentencePart {
        match principal {
            Principal::User(id) => {
                let name = self.listed.principal_name.clone();
                self.user_part(id, name.unwrap_or_else(|| user_name(id, self.snapshot)))
            }
            Principal::Group(id) => self.group_part(id),
        }
    }
}

/// How many events an entry stands for.
#[derive(Clone, Copy)]
enum Repetitions {
    /// Of one person, with one reason.
    Of(u64),
    /// Of several people and programs, with any reasons.
    OfEverybody(u64),
}

/// Returns the index of the part that states the reason; the number of parts if there is none.
fn before_reason(template: &[Part]) -> usize {
    let reason = |part: &Part| match part {
        Part::Optional(inner) => inner.contains(&Part::Slot(Slot::Reason)),
        Part::Text(_) | Part::Slot(_) => false,
    };
    let found = template.iter().position(reason);
    found.unwrap_or(template.len())
}

/// Plain words.
pub(super) fn text(words: impl Into<String>) -> SentencePart {
    SentencePart::Text(words.into())
}

fn user_name(id: &UserId, snapshot: &Snapshot) -> String {
    snapshot
        .user(id)
        .map_or_else(|| format!("user {id}"), |user| user.display_name.clone())
}

fn presence(present: &Value) -> Option<&'static str> {
    present
        .as_bool()
        .map(|present| if present { "present" } else { "absent" })
}

fn drift(what: &str) -> &str {
    match what {
        "assigned" => "assigned",
        "unassigned" | "left" => "removed",
        "joined" => "added",
        "set_edited" => "edited",
        "reported_otherwise" => "tagged or placed otherwise",
        // A newer version wrote another word.
        other => other,
    }
}

/// Merges adjacent text.
fn joined(sentence: Vec<SentencePart>) -> Vec<SentencePart> {
    let mut found: Vec<SentencePart> = Vec::new();
    for part in sentence {
        match (found.last_mut(), part) {
            (Some(SentencePart::Text(before)), SentencePart::Text(more)) => before.push_str(&more),
            (_, part) => found.push(part),
        }
    }
    found
}

/// Starts the sentence with a capital letter. A name at the start stays as it is.
fn capitalized(mut sentence: Vec<SentencePart>) -> Vec<SentencePart> {
    if let Some(SentencePart::Text(first)) = sentence.first_mut() {
        let mut chars = first.chars();
        if let Some(initial) = chars.next() {
            *first = initial.to_uppercase().chain(chars).collect();
        }
    }
    sentence
}

/// Returns the beginning of the subject of a token.
fn beginning(sub: &str) -> String {
    let mut rest = sub.chars();
    let begin: String = rest.by_ref().take(SUBJECT).collect();
    let more = if rest.next().is_some() { "…" } else { "" };
    format!("{begin}{more}")
}

#[cfg(test)]
mod tests {
    use domain::{
        ids::{AccountId, PermissionSetArn},
        ledger::{Actor, EntryTarget, EntryType, Outcome},
        snapshot::Parts,
    };

    use crate::store::ledger::Authenticity;

    use super::*;

    const ID: &str = "00000000-0000-4000-8000-000000000001";

    fn sentence(entry: &Entry) -> String {
        of_listed(entry, &unnamed())
    }

    fn unnamed() -> ListedEntry {
        ListedEntry {
            seq: 0,
            leaf: String::new(),
            authenticity: Authenticity::Authentic,
            actor_name: None,
            principal_name: None,
            target_name: None,
            comment: None,
            request: None,
        }
    }

    fn of_listed(entry: &Entry, listed: &ListedEntry) -> String {
        let context = EntryContext {
            listed,
            entry,
            items: &RequestedItems::default(),
            snapshot: &Snapshot::new(Parts::default()),
            usernames: &BTreeMap::new(),
        };
        let parts = context.sentence();
        parts.iter().map(SentencePart::words).collect()
    }

    fn entry(kind: &str) -> Entry {
        Entry::new(
            EntryType::parse(kind).unwrap(),
            Timestamp(0),
            Outcome::Success,
            Actor::new(ActorKind::System),
        )
    }

    #[test]
    fn an_event_of_a_newer_version_is_not_described() {
        assert_eq!(
            sentence(&entry("campaign.opened")),
            "An event that this version of Leastwise does not know"
        );
    }

    #[test]
    fn a_value_that_was_not_recorded_is_stated_or_left_out() {
        let mut role = entry(EventKind::RoleGranted.as_str());
        assert_eq!(
            sentence(&role),
            "(not recorded) was granted the role (not recorded)"
        );
        role.data.insert("role".into(), "auditor".into());
        role.reason = Some("it moved".into());
        assert_eq!(
            sentence(&role),
            "(not recorded) was granted the role auditor: it moved"
        );
    }

    #[test]
    fn a_counted_entry_stands_for_the_events_after_the_first() {
        let mut denied = entry(EventKind::AccessDenied.as_str());
        denied.reason = Some("Your roles do not include this.".into());
        denied.data.insert("count".into(), 1.into());
        assert_eq!(
            sentence(&denied),
            "Leastwise was denied an action: Your roles do not include this"
        );
        denied.data.insert("count".into(), 3.into());
        assert_eq!(
            sentence(&denied),
            "Leastwise was denied an action, 3 times within a minute: Your roles do not include this"
        );
        denied.data.insert(COUNTED_FOR.into(), EVERYBODY.into());
        assert_eq!(
            sentence(&denied),
            "3 events of this kind within a minute, the last of them: Leastwise was denied an action: Your roles do not \
             include this"
        );
    }

    #[test]
    fn machine_words_are_shown_as_words() {
        let mut refused = entry(EventKind::SessionRefused.as_str());
        refused.reason = Some("not_fresh".into());
        assert_eq!(
            sentence(&refused),
            "The sign-in of Leastwise was refused: Cognito reused an earlier sign-in, or its session is too old"
        );
        let mut mapped = entry(EventKind::ClassificationMapped.as_str());
        mapped.data.insert("accounts".into(), 1.into());
        assert!(sentence(&mapped).ends_with("which classifies 1 account differently"));
    }

    #[test]
    fn a_write_that_was_never_sent_is_not_called_a_request_to_aws() {
        let mut failed = entry(EventKind::OperationFailed.as_str());
        failed.target = Some(assignment());
        assert_eq!(
            sentence(&failed),
            format!(
                "The write of permission set ps-1 on account 111111111111 for user {ID} to AWS was not carried out"
            )
        );
        failed.error_code = Some("not_seen".into());
        assert!(
            sentence(&failed).ends_with("was not carried out: no read of AWS shows its result")
        );
    }

    #[test]
    fn what_is_not_known_today_is_named_by_one_noun_and_its_id() {
        let mut edited = entry(EventKind::DriftDetected.as_str());
        edited.data.insert("what".into(), "set_edited".into());
        for (target, expected) in [
            (
                EntryTarget {
                    kind: "permission_set".into(),
                    ..assignment()
                },
                "Permission set ps-1 was edited outside Leastwise",
            ),
            (
                EntryTarget {
                    kind: "account".into(),
                    ..assignment()
                },
                "Account 111111111111 was edited outside Leastwise",
            ),
            (
                EntryTarget {
                    id: Some(ID.into()),
                    ..EntryTarget::new("group")
                },
                "Group 00000000-0000-4000-8000-000000000001 was edited outside Leastwise",
            ),
        ] {
            edited.target = Some(target);
            assert_eq!(sentence(&edited), expected);
        }
    }

    #[test]
    fn a_sign_in_linked_to_no_user_states_the_contradiction_once() {
        let mut unlinked = entry(EventKind::SubjectNotLinked.as_str());
        unlinked.reason = Some("the methods contradict each other: one to none.".into());
        assert_eq!(
            sentence(&unlinked),
            "The sign-in of (not recorded) was linked to no Identity Center user: the methods contradict each other: one to \
             none"
        );
        unlinked
            .data
            .insert(found_by(LinkMethod::Subject), ID.into());
        assert_eq!(
            sentence(&unlinked),
            format!(
                "The sign-in of (not recorded) was linked to no Identity Center user: subject leads to user {ID}"
            )
        );
    }

    #[test]
    fn a_person_and_a_user_of_one_name_are_told_apart_by_the_id_of_the_user() {
        let mut linked = entry(EventKind::IdentityLinked.as_str());
        linked.target = Some(EntryTarget {
            id: Some(ID.into()),
            principal_id: Some(ID.into()),
            ..EntryTarget::new("person")
        });
        let named = |user: &str| {
            let listed = ListedEntry {
                principal_name: Some(user.into()),
                target_name: Some("ANN".into()),
                ..unnamed()
            };
            of_listed(&linked, &listed)
        };
        assert_eq!(
            named("ANN"),
            format!("ANN was recorded with the Identity Center user ANN ({ID})")
        );
        assert_eq!(
            named("Ann Lee"),
            "ANN was recorded with the Identity Center user Ann Lee"
        );
    }

    /// An assignment of what is not known today.
    fn assignment() -> EntryTarget {
        EntryTarget {
            permission_set_arn: PermissionSetArn::parse(
                "arn:aws:sso:::permissionSet/ssoins-1/ps-1",
            )
            .ok(),
            account_id: AccountId::parse("111111111111").ok(),
            principal_type: Some("USER".into()),
            principal_id: Some(ID.into()),
            ..EntryTarget::new("assignment")
        }
    }
}
