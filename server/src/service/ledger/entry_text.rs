//! Describes an entry: its actor and its target.
//!
//! A recorded name takes precedence, unless only the sign-in stated it. If there is none, the current name of the same
//! id is shown; the entry always contains the id. Writes nothing: a name that is looked up proves nothing.

use domain::{
    ids::{GroupId, PersonId, Principal, UserId},
    ledger::{ActorKind, Entry, EntryTarget},
    person::link::LinkMethod,
    snapshot::Snapshot,
};

use crate::{
    service::{
        journal::{SELF_REPORTED_NAME, found_by},
        names::{self, RecordedName},
    },
    store::ledger::ListedEntry,
};

/// Returns the name of the actor.
pub(super) fn actor(listed: &ListedEntry, entry: &Entry, snapshot: &Snapshot) -> String {
    let person = entry.actor.person_id.as_ref();
    let today = || person.map(|id| person_name(id, snapshot));
    let checked = entry.private.contains_key(SELF_REPORTED_NAME);
    let recorded = if checked || entry.actor.kind != ActorKind::Human {
        RecordedName::Checked
    } else {
        RecordedName::SelfReported
    };
    let named = listed.actor_name.as_ref();
    let named = named.map(|name| names::recorded_actor(snapshot, person, name, recorded));
    named.or_else(today).unwrap_or_else(|| {
        let word = match entry.actor.kind {
            ActorKind::System => "Leastwise",
            ActorKind::Service => "service",
            ActorKind::Human => "unknown person",
        };
        word.to_owned()
    })
}

/// Describes what the entry is about: the target, the principal, the account and the reason.
pub(super) fn about(listed: &ListedEntry, entry: &Entry, snapshot: &Snapshot) -> String {
    let mut parts: Vec<String> = Vec::new();
    if let Some(target) = &entry.target {
        parts.push(thing(listed, target, snapshot));
        let today = || principal(target, snapshot);
        parts.extend(
            listed
                .principal_name
                .clone()
                .or_else(today)
                .map(|principal| format!("for {principal}")),
        );
        let account = target.account_id.as_ref();
        parts.extend(account.map(|id| match snapshot.account(id) {
            Some((known, _)) => format!("in {}", known.name),
            None => format!("in {id}"),
        }));
    }
    let word = |name: &str| entry.data.get(name).and_then(serde_json::Value::as_str);
    parts.extend(word("role").map(|role| format!("as {role}")));
    parts.extend(word("what").map(|what| format!("was {}", what.replace('_', " "))));
    parts.extend(entry.reason.as_ref().map(|reason| format!("({reason})")));
    parts.extend(leads_to(entry, snapshot));
    let count = entry.data.get("count").and_then(serde_json::Value::as_u64);
    parts.extend(count.map(|count| format!("and {count} more within a minute")));
    parts.join(" ")
}

/// Returns where each method of linking leads, for a sign-in that was linked to no user.
fn leads_to(entry: &Entry, snapshot: &Snapshot) -> Option<String> {
    let methods = [
        LinkMethod::Subject,
        LinkMethod::Identities,
        LinkMethod::Attribute,
    ];
    let found = methods.into_iter().filter_map(|method| {
        let id = entry.data.get(&found_by(method))?.as_str()?;
        let user = UserId::parse(id).ok();
        let name = user.and_then(|user| Some(snapshot.user(&user)?.display_name.clone()));
        let shown = name.map_or_else(|| id.to_owned(), |name| format!("{name} {id}"));
        Some(format!("{} leads to {shown}", method.as_str()))
    });
    let found: Vec<String> = found.collect();
    (!found.is_empty()).then(|| format!("[{}]", found.join("; ")))
}

fn thing(listed: &ListedEntry, target: &EntryTarget, snapshot: &Snapshot) -> String {
    let set = target.permission_set_arn.as_ref().map(|arn| {
        snapshot.set(arn).map_or_else(
            || {
                arn.as_str()
                    .rsplit('/')
                    .next()
                    .unwrap_or_default()
                    .to_owned()
            },
            |set| set.name.clone(),
        )
    });
    let id = target.id.as_deref();
    let today = match target.kind.as_str() {
        "person" => id
            .and_then(|id| PersonId::parse(id).ok())
            .map(|id| person_name(&id, snapshot)),
        "membership" | "group" => id
            .and_then(|id| GroupId::parse(id).ok())
            .map(|id| names::group(snapshot, &id)),
        _ => None,
    };
    let name = listed
        .target_name
        .clone()
        .or(today)
        .or(set)
        .or_else(|| id.map(str::to_owned));
    let kind = target.kind.replace('_', " ");
    name.map_or(kind.clone(), |name| format!("{kind} {name}"))
}

fn principal(target: &EntryTarget, snapshot: &Snapshot) -> Option<String> {
    let id = target.principal_id.as_deref()?;
    let known = match target.principal_type.as_deref()? {
        "USER" => snapshot
            .user(&UserId::parse(id).ok()?)
            .map(|user| user.display_name.clone()),
        kind => match Principal::parse(kind, id).ok()? {
            Principal::Group(group) => snapshot
                .group(&group)
                .map(|known| known.display_name.clone()),
            Principal::User(_) => None,
        },
    };
    known.or_else(|| Some(id.to_owned()))
}

fn person_name(person: &PersonId, snapshot: &Snapshot) -> String {
    names::person_name(snapshot, person).unwrap_or_else(|| person.as_str().to_owned())
}
