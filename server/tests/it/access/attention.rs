//! The home page of an administrator: the history of its number, the assignments by environment, and what needs somebody to
//! act.

use std::collections::BTreeMap;

use app::backend::{HomePort as _, OrganisationHome};
use domain::{
    directory::UserStatus,
    engine::{AccessResource, WindowRow},
    grant::Window,
    ids::{Assignment, ChangeId, GrantId, Pair, Principal, UserId},
    policies::Agreement,
    snapshot::{Coverage, Figure, Parts, Snapshot},
    time::{Date, Duration, Timestamp},
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
    the_history_has_a_value_for_each_day_with_a_complete_read_and_none_for_others,
    assignments_are_counted_by_environment,
    what_needs_action_is_listed_with_its_form_and_leaves_when_it_is_mended,
    a_review_date_that_is_near_needs_action,
}

async fn home(org: &Org) -> OrganisationHome {
    let home = org.administrator().home().await.unwrap();
    home.organisation.unwrap()
}

/// Stores parts as a complete read, and shows them.
async fn read(org: &Org, before: &Parts, mut after: Parts, at: Timestamp) -> Parts {
    after.coverage = Coverage {
        began: Some(at - Duration::minutes(1)),
        newest: Some(at),
        oldest: Some(at),
        complete_at: Some(at),
        ..Coverage::default()
    }
    .into();
    let mut tx = org.app_state.store.write().await.unwrap();
    store::observed::save(&mut tx, before, &after, at)
        .await
        .unwrap();
    store::crawl::save(&mut tx, at - Duration::minutes(1), at, &after.coverage, &[])
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let read = org.app_state.read_model();
    let (snapshot, special) = (Snapshot::new(after.clone()), read.special.clone());
    let reasons = AccessReasons::default();
    let read_model = ReadModel::new(snapshot, special, reasons, &org.app_state.rules());
    org.app_state.publish(read_model);
    after
}

fn guarded(parts: &Parts) -> Pair {
    let mut pairs = parts.pairs.keys();
    let found = pairs.find(|pair| parts.accounts[&pair.account].1.counts_as_production_pci());
    found.unwrap().clone()
}

async fn the_history_has_a_value_for_each_day_with_a_complete_read_and_none_for_others(
    engine: DatabaseEngine,
) {
    let org = Org::sample(engine).await;
    let clock = org.app_state.clock.clone();
    let before = org.app_state.read_model().snapshot.parts().clone();
    let today = org.app_state.read_model().exposure.people.len();
    let values = |home: &OrganisationHome| -> Vec<Figure> {
        home.history.iter().map(|point| point.people).collect()
    };
    let first = home(&org).await;
    assert_eq!(first.history.len(), 90);
    assert_eq!(Some(first.history[89].day), Date::of(clock.now()));
    assert_eq!(first.history[89].people, today);
    assert!(
        values(&first)[..89]
            .iter()
            .all(|one| *one == Figure::NotKnown)
    );
    let html = document(org.administrator(), "/").await;
    assert!(
        html.contains(&format!("Known since {}", first.history[89].day)),
        "{html}"
    );

    // A day later somebody without other access is assigned; two days later they are not any more.
    let nobody = before.users.keys().find(|user| {
        let read_model = org.app_state.read_model();
        !read_model.exposure.people.contains_key(user)
    });
    let (pair, nobody) = (guarded(&before), nobody.unwrap().clone());
    clock.advance(Duration::days(1));
    let mut more = before.clone();
    let assigned = more.pairs.get_mut(&pair).unwrap();
    assigned.as_of = clock.now();
    assigned
        .principals
        .insert(Principal::User(nobody.clone()), clock.now());
    let more = read(&org, &before, more, clock.now()).await;
    let second = home(&org).await;
    assert_eq!(
        values(&second)[87..],
        [
            Figure::NotKnown,
            Figure::Known(today),
            Figure::Known(today + 1)
        ]
    );

    clock.advance(Duration::days(2));
    let mut less = more.clone();
    let assigned = less.pairs.get_mut(&pair).unwrap();
    assigned.as_of = clock.now();
    assigned.principals.remove(&Principal::User(nobody));
    read(&org, &more, less, clock.now()).await;
    let third = home(&org).await;
    assert_eq!(
        values(&third)[86..],
        [
            Figure::Known(today),
            Figure::Known(today + 1),
            Figure::NotKnown,
            Figure::Known(today)
        ]
    );
    let html = document(org.administrator(), "/").await;
    assert!(html.contains("1 day since is not known."), "{html}");
    let trend = "The trend appears after 7 daily values.";
    assert!(
        html.contains(trend) && !html.contains("data-history"),
        "{html}"
    );

    // Without another crawl the days that follow are not known, except today, which is the number of now.
    clock.advance(Duration::days(2));
    let later = home(&org).await;
    assert_eq!(
        values(&later)[87..],
        [Figure::Known(today), Figure::NotKnown, Figure::Known(today)]
    );

    // With enough days there is a chart.
    let mut last = org.app_state.read_model().snapshot.parts().clone();
    for _ in 0..4 {
        clock.advance(Duration::days(1));
        let mut next = last.clone();
        next.pairs.get_mut(&pair).unwrap().as_of = clock.now();
        last = read(&org, &last, next, clock.now()).await;
    }
    let html = document(org.administrator(), "/").await;
    assert!(
        html.contains("data-history") && !html.contains(trend),
        "{html}"
    );
    assert!(html.contains("Days on which it changed"), "{html}");
}

async fn assignments_are_counted_by_environment(engine: DatabaseEngine) {
    let ends = NOW + Duration::hours(2);
    let chosen = |parts: &Parts| {
        let pair = guarded(parts);
        let principal = parts
            .pairs
            .get(&pair)
            .unwrap()
            .principals
            .keys()
            .next()
            .unwrap()
            .clone();
        Assignment { pair, principal }
    };
    let org = Org::with_windows(engine, |_| {}, |parts| vec![(chosen(parts), ends)]).await;
    let read_model = org.app_state.read_model();
    let parts = read_model.snapshot.parts();
    let (mut expected, mut all) = (BTreeMap::new(), 0);
    for (pair, read) in &parts.pairs {
        let Some((_, class)) = parts.accounts.get(&pair.account) else {
            continue;
        };
        all += read.principals.len();
        if !class.counts_as_production_pci() {
            *expected.entry(class.environment).or_insert(0) += read.principals.len();
        }
    }
    let home = home(&org).await;
    let shares: BTreeMap<_, _> = home
        .environments
        .iter()
        .map(|share| {
            let sum = share.standing.known().unwrap() + share.temporary.known().unwrap();
            (share.environment, sum)
        })
        .collect();
    assert_eq!(shares, expected);
    // The bars are disjoint: production PCI and the others add up to all assignments.
    let (standing, ends) = (
        home.exposure.standing_assignments.known().unwrap(),
        home.exposure.temporary_assignments.known().unwrap(),
    );
    assert!(standing > 0 && ends == 1, "{standing}, {ends}");
    assert_eq!(standing + ends + shares.values().sum::<usize>(), all);
    let temporary = home
        .environments
        .iter()
        .map(|share| share.temporary.known().unwrap());
    assert_eq!(temporary.sum::<usize>(), 0);
    let strictness: Vec<_> = home
        .environments
        .iter()
        .map(|share| share.environment)
        .collect();
    assert!(strictness.is_sorted_by(|a, b| a > b));
}

async fn what_needs_action_is_listed_with_its_form_and_leaves_when_it_is_mended(
    engine: DatabaseEngine,
) {
    let org = Org::sample(engine).await;
    let sample = home(&org).await.attention;
    let orphans = sample.orphan_count.known().unwrap();
    assert!(
        orphans > 0 && sample.orphans.len() == orphans.min(3),
        "{sample:?}"
    );
    let html = document(org.administrator(), "/").await;
    assert!(
        html.contains("Needs action") && html.contains("gives nobody access"),
        "{html}"
    );
    let form = sample.orphans[0].removal.href().replace('&', "&amp;");
    assert!(html.contains(&form), "{form}: {html}");

    let gone = UserId::parse("99999999-0000-4000-8000-000000000001").unwrap();
    assert!(html.contains("still assigned to production PCI"), "{html}");
    let org = Org::of(engine, |parts| {
        for id in parts.users.keys().cloned().collect::<Vec<_>>() {
            parts.users.get_mut(&id).unwrap().status = UserStatus::Enabled;
        }
        for pair in parts.pairs.keys().cloned().collect::<Vec<_>>() {
            let read = parts.pairs.get_mut(&pair).unwrap();
            let users = &parts.users;
            let orphaned = |principal: &Principal| match principal {
                Principal::User(user) => !users.contains_key(user),
                Principal::Group(_) => false,
            };
            let orphans: Vec<_> = read
                .principals
                .keys()
                .filter(|one| orphaned(one))
                .cloned()
                .collect();
            for orphan in orphans {
                read.principals.remove(&orphan);
            }
        }
    })
    .await;
    assert!(home(&org).await.attention.is_empty());
    let html = document(org.administrator(), "/").await;
    assert!(html.contains("Nothing needs action."), "{html}");
    assert!(!html.contains(gone.as_str()));
}

async fn a_review_date_that_is_near_needs_action(engine: DatabaseEngine) {
    let org = Org::sample(engine).await;
    let read = org.app_state.read_model();
    let parts = read.snapshot.parts();
    let pair = guarded(parts);
    let principals = parts.pairs.get(&pair).unwrap().principals.keys();
    let assignment = Assignment {
        principal: principals.clone().next().unwrap().clone(),
        pair,
    };
    let change = ChangeId::parse("00000006-0000-4000-8000-000000000001").unwrap();
    for (days, needs) in [(-3, 1), (10, 1), (40, 0)] {
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
        let agreed = Agreement {
            review_on: Date::of(NOW + Duration::days(days)),
            ..Agreement::default()
        };
        let reasons = AccessReasons::of(
            vec![window],
            BTreeMap::from([(change.clone(), agreed)]),
            BTreeMap::new(),
        );
        let snapshot = Snapshot::new(parts.clone());
        let special = read.special.clone();
        org.app_state.publish(ReadModel::new(
            snapshot,
            special,
            reasons,
            &org.app_state.rules(),
        ));
        let attention = home(&org).await.attention;
        assert_eq!(
            (attention.review_count, attention.reviews.len()),
            (needs, needs)
        );
        let html = document(org.administrator(), "/").await;
        let words = if days < 0 {
            "was to be reviewed by"
        } else {
            "is to be reviewed by"
        };
        assert_eq!(html.contains(words), needs == 1, "{days}: {html}");
    }
}
