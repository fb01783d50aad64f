//! The paths to one account, person by person: each is there once, says how it ends, and what ended lately is shown with
//! the reads between which it ended.

use std::collections::{BTreeMap, BTreeSet};

use app::{
    backend::{
        AccessHolder, AccountsPort as _, EndedListed, FileFormat, PeoplePort as _, PersonAccessRow,
    },
    lists::ListChoice,
};
use domain::{
    directory::Origin,
    engine::{AccessResource, WindowRow},
    grant::Window,
    ids::{AccountId, Assignment, ChangeId, GrantId, Principal},
    policies::{Agreement, Holder},
    snapshot::{Parts, Snapshot},
    time::{Date, Duration},
};
use server::{
    service::app_state::{AccessReasons, ReadModel},
    store,
};

use super::{
    org::{NOW, Org},
    pages::document,
};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    each_path_of_each_person_is_listed_once_by_assignment_the_worst_first,
    the_file_of_an_account_has_the_chosen_paths_of_its_page,
    what_would_always_be_refused_is_not_offered_and_says_why,
    the_review_date_of_standing_access_is_on_the_page_and_in_the_file,
    access_that_ended_is_listed_with_the_reads_around_its_end,
}

/// Returns all paths to an account, page by page.
async fn all(org: &Org, account: &AccountId) -> Vec<PersonAccessRow> {
    let mut rows = Vec::new();
    for page in 1.. {
        let choice = ListChoice::default().at(page);
        let found = org.administrator().account_access(account, &choice).await;
        let found = found.unwrap();
        rows.extend(found.rows);
        if page >= found.total.div_ceil(found.size) {
            assert_eq!(rows.len(), found.total);
            return rows;
        }
    }
    unreachable!()
}

async fn each_path_of_each_person_is_listed_once_by_assignment_the_worst_first(
    engine: DatabaseEngine,
) {
    let org = Org::sample(engine).await;
    let read_model = org.app_state.read_model();
    let mut existing_access = org.app_state.existing_access(&read_model);
    let mut people = 0;
    for account in read_model.snapshot.parts().accounts.keys() {
        let rows = all(&org, account).await;
        let held = existing_access.of(account);
        assert_eq!(rows.len(), held.len(), "{account}");
        let badness = |row: &PersonAccessRow| {
            let refused =
                |hit: &&app::backend::HitView| hit.outcome == domain::verdict::Outcome::Refused;
            row.hits.iter().filter(refused).count()
        };
        let assignment = |row: &PersonAccessRow| {
            let group = row.group.as_ref().map(|(id, _)| id.to_string());
            let direct = || row.holder.name().to_owned();
            (row.set.arn.clone(), group.unwrap_or_else(direct))
        };
        // The rows of one assignment stand together, those with the worst one first.
        let groups: Vec<&[PersonAccessRow]> = rows
            .chunk_by(|one, next| assignment(one) == assignment(next))
            .collect();
        let names: BTreeSet<_> = groups.iter().map(|rows| assignment(&rows[0])).collect();
        assert_eq!(names.len(), groups.len(), "{account}");
        let worst: Vec<usize> = groups
            .iter()
            .map(|rows| rows.iter().map(badness).max().unwrap_or_default())
            .collect();
        assert!(worst.is_sorted_by(|a, b| a >= b), "{account}: {worst:?}");
        for one in held {
            let Holder::Person { reach } = one.holder else {
                continue;
            };
            people += 1;
            let of_it = rows.iter().filter(|row| {
                let person = match &row.holder {
                    AccessHolder::Person(user) => user.id == reach.user,
                    AccessHolder::Nobody(_) => false,
                };
                let group = row
                    .group
                    .as_ref()
                    .map(|(id, _)| Principal::Group(id.clone()));
                let principal = group.unwrap_or_else(|| Principal::User(reach.user.clone()));
                person && row.set.arn == reach.pair.set && principal == reach.principal()
            });
            let found: Vec<_> = of_it.collect();
            assert_eq!(found.len(), 1, "{reach:?}");
            assert_eq!(found[0].hits.len(), one.hits.len());
        }
    }
    assert!(people > 100, "{people}");
    let names: BTreeSet<_> = read_model.snapshot.parts().accounts.keys().collect();
    assert!(names.len() > 20);
}

async fn the_file_of_an_account_has_the_chosen_paths_of_its_page(engine: DatabaseEngine) {
    let org = Org::sample(engine).await;
    let account = org.account("cards-prod");
    let service = org.administrator();
    for choice in [
        ListChoice::default(),
        ListChoice::only("findings", "violations"),
        ListChoice::only("through", "group"),
    ] {
        let page = service.account_access(&account, &choice).await.unwrap();
        assert!(page.total > 0, "{choice:?}");
        let file = service.account_access_file(&account, &choice, FileFormat::Csv);
        let file = file.await.unwrap();
        assert!(file.name.contains(account.as_str()), "{}", file.name);
        let bytes: Vec<u8> = file.body.flatten().collect();
        let text = String::from_utf8(bytes).unwrap();
        let mut lines = text.lines();
        assert_eq!(
            lines.next(),
            Some(
                "\"person\",\"person_id\",\"status\",\"permission_set\",\"through\",\"since\",\"ends\",\"review_by\",\"findings\""
            )
        );
        let shown = page.rows.iter().map(|row| row.holder.name());
        for (line, name) in lines.clone().zip(shown) {
            assert!(line.contains(name), "{name}: {line}");
        }
        assert_eq!(lines.count(), page.total);
    }
}

async fn what_would_always_be_refused_is_not_offered_and_says_why(engine: DatabaseEngine) {
    let org = Org::sample(engine).await;
    let read_model = org.app_state.read_model();
    let groups = &read_model.snapshot.parts().groups;
    let (mut managed, mut free) = (0, 0);
    for account in read_model.snapshot.parts().accounts.keys() {
        let is_management = read_model.snapshot.is_management(account);
        for row in all(&org, account).await {
            let group = row.group.as_ref().and_then(|(id, _)| groups.get(id));
            let is_person = matches!(row.holder, AccessHolder::Person(_));
            match (is_person, group.map(|group| group.origin)) {
                (true, Some(Origin::External)) => {
                    let refused = row.refused.unwrap();
                    assert_eq!(refused.title, "Group managed in the identity provider");
                    assert!(
                        refused.reason.ends_with("Change them there."),
                        "{refused:?}"
                    );
                    managed += 1;
                }
                (true, Some(Origin::IdentityCenter)) => assert_eq!(row.refused, None),
                _ if is_management => assert!(row.refused.is_some(), "{row:?}"),
                _ => free += usize::from(row.refused.is_none()),
            }
        }
    }
    assert!(managed > 10 && free > 2, "{managed} {free}");

    let account = org.account("cards-prod");
    let html = document(org.administrator(), &format!("/accounts/{account}")).await;
    // The assignments can be removed; only their members cannot, which stands with the members.
    assert!(
        html.contains("Group managed in the identity provider</span>")
            && html.contains("Remove assignment of "),
        "{html}"
    );
    let html = document(
        org.administrator(),
        &format!("/accounts/{account}?sort=person"),
    )
    .await;
    assert!(html.contains("aria-disabled=\"true\""), "{html}");
    let user = org.user("maya.okafor");
    let person = org.administrator().person(&user).await.unwrap();
    let html = document(org.administrator(), &format!("/people/{user}")).await;
    // A membership is one thing, so that the head of its group says once why it does not end here.
    let refused = person.paths.iter().filter(|path| path.refused.is_some());
    let groups: BTreeSet<_> = refused.map(|path| path.group.clone()).collect();
    assert!(!groups.is_empty() && groups.len() < person.paths.len());
    assert_eq!(
        html.matches("Not possible: ").count(),
        groups.len(),
        "{html}"
    );
    assert_eq!(
        html.matches("data-reason title=\"").count(),
        groups.len(),
        "{html}"
    );
    let of_person: BTreeSet<_> = person
        .paths
        .iter()
        .filter_map(|path| path.group.as_ref())
        .collect();
    assert_eq!(
        html.matches("aria-label=\"Remove from group ").count(),
        of_person.len(),
        "{html}"
    );
}

async fn the_review_date_of_standing_access_is_on_the_page_and_in_the_file(engine: DatabaseEngine) {
    let org = Org::sample(engine).await;
    let account = org.account("cards-prod");
    let read = org.app_state.read_model();
    let (pair, pair_read) = read.snapshot.pairs_in(&account).next().unwrap();
    let assignment = Assignment {
        pair: pair.clone(),
        principal: pair_read.principals.keys().next().unwrap().clone(),
    };
    let change = ChangeId::parse("00000006-0000-4000-8000-000000000001").unwrap();
    let window = WindowRow {
        key: AccessResource::Assignment(assignment.clone()),
        window: Window {
            grant: GrantId::parse("00000005-0000-4000-8000-000000000001").unwrap(),
            change: change.clone(),
            starts: NOW,
            ends: None,
            ended: None,
        },
        delivery: None,
        over: None,
    };
    let day = Date::of(NOW + Duration::days(40)).unwrap();
    let agreed = Agreement {
        review_on: Some(day),
        ..Agreement::default()
    };
    let reasons = AccessReasons::of(
        vec![window],
        BTreeMap::from([(change, agreed)]),
        BTreeMap::new(),
    );
    let (snapshot, special) = (
        Snapshot::new(read.snapshot.parts().clone()),
        read.special.clone(),
    );
    let read_model = ReadModel::new(snapshot, special, reasons, &org.app_state.rules());
    org.app_state.publish(read_model);

    let rows = all(&org, &account).await;
    let (reviewed, others): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.review_on.is_some());
    assert!(!reviewed.is_empty() && !others.is_empty());
    for row in &reviewed {
        assert_eq!((row.review_on, row.ends), (Some(day), None));
        assert_eq!(row.set.arn, assignment.pair.set);
    }
    let html = document(org.administrator(), &format!("/accounts/{account}")).await;
    assert!(html.contains(&format!("Review by {day}")), "{html}");
    let choice = ListChoice::only("term", "reviewed");
    let service = org.administrator();
    let file = service.account_access_file(&account, &choice, FileFormat::Csv);
    let bytes: Vec<u8> = file.await.unwrap().body.flatten().collect();
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!(
        text.matches(&day.to_string()).count(),
        reviewed.len(),
        "{text}"
    );
}

async fn access_that_ended_is_listed_with_the_reads_around_its_end(engine: DatabaseEngine) {
    let org = Org::sample(engine).await;
    let account = org.account("cards-prod");
    let before = org.app_state.read_model().snapshot.parts().clone();
    let mut after: Parts = before.clone();
    let gone_by = NOW + Duration::hours(1);
    // An assignment is removed, and somebody leaves another group that is assigned.
    let pairs = before
        .pairs
        .iter()
        .filter(|(pair, _)| pair.account == account);
    let (pair, read) = pairs
        .clone()
        .find(|(_, read)| !read.principals.is_empty())
        .unwrap();
    let removed = read.principals.keys().next().unwrap().clone();
    let now = after.pairs.get_mut(pair).unwrap();
    now.principals.remove(&removed);
    now.as_of = gone_by;
    let groups = pairs.flat_map(|(_, read)| read.principals.keys());
    let group = groups
        .filter_map(|principal| match principal {
            Principal::Group(group) if *principal != removed => Some(group),
            _ => None,
        })
        .find(|group| before.members.get(group).is_some_and(|all| all.len() > 1))
        .unwrap();
    let leaver = before.members.get(group).unwrap().iter().next().unwrap();
    after.members.get_mut(group).unwrap().remove(leaver);
    after.members_as_of.insert(group.clone(), gone_by);
    let mut tx = org.app_state.store.write().await.unwrap();
    store::observed::save(&mut tx, &before, &after, gone_by)
        .await
        .unwrap();
    tx.commit().await.unwrap();

    let view = org.administrator().account(&account).await.unwrap();
    assert_eq!((view.ended.len(), view.ended_listed), (2, EndedListed::All));
    let (left, assigned): (Vec<_>, Vec<_>) = view.ended.iter().partition(|row| row.left.is_some());
    assert_eq!(assigned[0].sets[0].arn, pair.set);
    assert_eq!(assigned[0].gone_by, gone_by);
    assert!(assigned[0].last_seen < gone_by && assigned[0].first_seen <= assigned[0].last_seen);
    assert_eq!(left[0].left.as_ref().map(|(id, _)| id), Some(group));
    assert!(!left[0].sets.is_empty());
    let html = document(org.administrator(), &format!("/accounts/{account}")).await;
    assert!(html.contains("Access that ended"), "{html}");
    // What ended longer ago is not listed.
    org.app_state.clock.advance(Duration::days(91));
    let view = org.administrator().account(&account).await.unwrap();
    assert!(view.ended.is_empty());
    let html = document(org.administrator(), &format!("/accounts/{account}")).await;
    assert!(!html.contains("Access that ended"), "{html}");
}
