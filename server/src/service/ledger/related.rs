//! What an entry is about, each with its page and with the list of entries about it.

use app::{
    backend::{EntryRelation, EntryRow, RelatedEntries},
    lists::{
        ListChoice,
        entries::{ABOUT, ACCOUNT, CHANGE, FROM, LEDGER, SESSION, UNTIL, WHO},
    },
};
use domain::{
    ids::{GroupId, PersonId, UserId},
    ledger::{Entry, Hash},
    snapshot::Snapshot,
    time::{Date, Duration, Timestamp},
};

use crate::service::names;

/// No session lasts longer.
const A_DAY: Duration = Duration::hours(24);

/// Returns what an entry is about.
pub(super) fn related(snapshot: &Snapshot, row: &EntryRow, entry: &Entry) -> Vec<RelatedEntries> {
    let mut found = Vec::new();
    let mut add = |relation, name: String, page: Option<String>, entries: ListChoice| {
        found.push(RelatedEntries {
            relation,
            name,
            page,
            entries: entries.href(LEDGER),
        });
    };
    let page_of = |user: &UserId| {
        snapshot
            .user(user)
            .map(|user| format!("/people/{}", user.id))
    };
    if let Some(person) = &row.person {
        let page = snapshot.user_of(person).and_then(page_of);
        add(
            EntryRelation::Actor,
            row.actor.clone(),
            page,
            ListChoice::only(WHO, person.to_string()),
        );
    }
    if let (Some(person), Some(session)) = (&row.person, entry.actor.session) {
        let entries = of_session(person, session, entry.occurred_at);
        add(
            EntryRelation::Session,
            "This session".to_owned(),
            None,
            entries,
        );
    }
    if let Some(change) = &row.change {
        let page = Some(format!("/changes/{change}"));
        add(
            EntryRelation::Change,
            change.to_string(),
            page,
            ListChoice::only(CHANGE, change.to_string()),
        );
    }
    let Some(target) = &entry.target else {
        return found;
    };
    if let Some(account) = &target.account_id {
        let known = snapshot.account(account).is_some();
        let page = known.then(|| format!("/accounts/{account}"));
        let name = if known {
            names::account(snapshot, account).name
        } else {
            account.to_string()
        };
        add(
            EntryRelation::Account,
            name,
            page,
            ListChoice::only(ACCOUNT, account.to_string()),
        );
    }
    if let Some(set) = &target.permission_set_arn {
        let key = set.key();
        let known = snapshot.set(set);
        let page = known.map(|_| format!("/permission-sets/{key}"));
        let name = known.map_or_else(|| key.to_owned(), |set| set.name.clone());
        add(
            EntryRelation::PermissionSet,
            name,
            page,
            ListChoice::only(ABOUT, key.to_owned()),
        );
    }
    for id in [&target.principal_id, &target.id].into_iter().flatten() {
        if let Some(user) = user_of(snapshot, id) {
            let name = names::user(snapshot, &user).name;
            add(
                EntryRelation::Person,
                name,
                page_of(&user),
                ListChoice::only(ABOUT, user.to_string()),
            );
        } else if let Some(group) = GroupId::parse(id)
            .ok()
            .filter(|id| snapshot.group(id).is_some())
        {
            let page = Some(format!("/groups/{group}"));
            add(
                EntryRelation::Group,
                names::group(snapshot, &group),
                page,
                ListChoice::only(ABOUT, group.to_string()),
            );
        }
    }
    found
}

/// Returns the entries of a session. They are found among those of its person on the days on which it may have been.
fn of_session(person: &PersonId, session: Hash, at: Timestamp) -> ListChoice {
    let day = |at| Date::of(at).map(|day| day.to_string());
    let choice = ListChoice::only(WHO, person.to_string()).toggled(SESSION, &session.hex());
    let days = [(FROM, day(at - A_DAY)), (UNTIL, day(at + A_DAY))];
    days.into_iter()
        .filter_map(|(filter, day)| Some((filter, day?)))
        .fold(choice, |choice, (filter, day)| choice.toggled(filter, &day))
}

/// Returns the user with an id, or to whom the person with this id is linked.
fn user_of(snapshot: &Snapshot, id: &str) -> Option<UserId> {
    let user = UserId::parse(id).ok();
    if let Some(user) = user.filter(|user| snapshot.user(user).is_some()) {
        return Some(user);
    }
    snapshot.user_of(&PersonId::parse(id).ok()?).cloned()
}
