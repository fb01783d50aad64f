//! Compares every number on a page with a slow, independent count of the same snapshot.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use app::{
    backend::{
        AccountRow, AccountsPort as _, GroupsPort as _, HitView, HomePort as _, PeoplePort as _,
        PermissionSetsPort as _, SetRow,
    },
    lists::{ListChoice, accounts::ACCOUNTS},
};
use domain::{
    access::{self, Path},
    classification::{Environment, Pci},
    ids::{AccountId, Assignment, PermissionSetArn, UserId},
    permission_set::analysis::Capability,
    policies::Holder,
    shared_map::SharedMap,
    snapshot::{Figure, Snapshot},
    time::Duration,
    verdict::{Outcome, Tally},
};
use server::service::{app_state::ReadModel, exposure::PersonExposure};

use super::org::{NOW, Org};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    the_home_page_counts_the_people_who_reach_production_pci,
    every_person_and_every_account_has_the_numbers_of_a_slow_count,
    what_somebody_reaches_in_production_pci_is_what_a_walk_over_every_path_finds,
    what_the_guardrails_say_is_counted_as_a_walk_over_everybody_counts_it,
    a_set_counts_the_people_who_can_use_it_once_each,
    a_narrowing_keeps_what_it_says_and_words_narrow_further,
    a_page_beyond_the_last_is_the_last,
}

fn guarded(snapshot: &Snapshot) -> Vec<AccountId> {
    let accounts = snapshot.parts().accounts.iter();
    let guarded = accounts.filter(|(_, (_, class))| class.counts_as_production_pci());
    guarded.map(|(id, _)| id.clone()).collect()
}

fn reaching(snapshot: &Snapshot, account: &AccountId) -> BTreeSet<UserId> {
    access::reaching(snapshot, account)
        .map(|reach| reach.user)
        .collect()
}

/// Returns the whole of a list.
fn everything() -> ListChoice {
    ListChoice::default()
}

/// Returns the choice of a search.
fn words(words: &str) -> ListChoice {
    ListChoice {
        words: words.to_owned(),
        ..ListChoice::default()
    }
}

/// Returns the choice of one value of a filter.
fn only(filter: &'static str, value: &str) -> ListChoice {
    ListChoice::only(filter, value)
}

async fn the_home_page_counts_the_people_who_reach_production_pci(engine: DatabaseEngine) {
    let org = Org::sample(engine).await;
    let read_model = org.app_state.read_model();
    let people: BTreeSet<UserId> = guarded(&read_model.snapshot)
        .iter()
        .flat_map(|account| reaching(&read_model.snapshot, account))
        .collect();
    let home = org
        .administrator()
        .home()
        .await
        .unwrap()
        .organisation
        .unwrap();
    assert!(people.len() > 10, "many people reach production PCI");
    assert_eq!(home.exposure.people, people.len());
    assert_eq!(home.exposure.accounts, guarded(&read_model.snapshot).len());
    assert_eq!(home.exposure.standing_people, people.len());
    let assignments: usize = guarded(&read_model.snapshot)
        .iter()
        .flat_map(|id| read_model.snapshot.pairs_in(id).collect::<Vec<_>>())
        .map(|(_, read)| read.principals.len())
        .sum();
    assert_eq!(home.exposure.standing_assignments, assignments);
    assert_eq!(home.exposure.temporary_assignments, 0);
    assert!(
        home.exposed
            .iter()
            .all(|person| people.contains(&person.user.id))
    );
}

async fn every_person_and_every_account_has_the_numbers_of_a_slow_count(engine: DatabaseEngine) {
    let org = Org::sample(engine).await;
    let read_model = org.app_state.read_model();
    let service = org.administrator();
    for number in 1.. {
        let page = service.people(&everything().at(number)).await.unwrap();
        for row in &page.rows {
            let reached: BTreeSet<AccountId> = access::reach_of(&read_model.snapshot, &row.user.id)
                .map(|reach| reach.pair.account)
                .collect();
            assert_eq!(row.accounts, reached.len(), "{}", row.user_name);
            let guarded: BTreeSet<_> = guarded(&read_model.snapshot).into_iter().collect();
            assert_eq!(row.production_pci, reached.intersection(&guarded).count());
            let mut existing = org.app_state.existing_access(&read_model);
            let paths = access::reach_of(&read_model.snapshot, &row.user.id);
            let of_guarded = paths.filter(|reach| guarded.contains(&reach.pair.account));
            let (mut violated, mut unapproved) = (BTreeSet::new(), BTreeSet::new());
            for reach in of_guarded {
                let hits = existing.of_reach(&reach).hits;
                let with = |outcome| hits.iter().filter(move |hit| hit.outcome() == outcome);
                violated.extend(with(Outcome::Refused).map(|hit| hit.rule.clone()));
                unapproved.extend(with(Outcome::NeedsApproval).map(|hit| hit.rule.clone()));
            }
            assert_eq!(row.violated, violated.len(), "{}", row.user_name);
            assert_eq!(row.unapproved, unapproved.len(), "{}", row.user_name);
        }
        if number >= page.pages() {
            break;
        }
    }
    // The list begins with the people whom the home page names, in the same order.
    let exposed = service.home().await.unwrap().organisation.unwrap().exposed;
    let listed = service.people(&everything()).await.unwrap().rows;
    let first = listed.iter().map(|row| &row.user.id).take(exposed.len());
    assert!(first.eq(exposed.iter().map(|one| &one.user.id)));
    let accounts = service.accounts(&everything()).await.unwrap().page;
    assert_eq!(accounts.total, read_model.snapshot.parts().accounts.len());
    for card in &accounts.rows {
        assert_eq!(
            card.people,
            reaching(&read_model.snapshot, &card.account.id).len()
        );
        let view = service.account(&card.account.id).await.unwrap();
        assert_eq!(view.people, card.people);
        assert_eq!(
            view.rows.iter().filter(|row| row.ends.is_none()).count(),
            card.standing
        );
        let against = Tally::of(view.rows.iter().map(|row| HitView::strictest(&row.hits)));
        assert_eq!(
            card.findings,
            card.account
                .class
                .counts_as_production_pci()
                .then_some(Figure::Known(against))
        );
    }
}

/// The sample organization, in which every third assignment is temporary.
async fn with_ends(engine: DatabaseEngine) -> Org {
    let ends = NOW + Duration::hours(2);
    let every_third = |parts: &domain::snapshot::Parts| {
        let all = parts.pairs.iter().flat_map(|(pair, read)| {
            let assignment = |principal: &domain::ids::Principal| Assignment {
                pair: pair.clone(),
                principal: principal.clone(),
            };
            read.principals.keys().map(assignment).collect::<Vec<_>>()
        });
        all.step_by(3)
            .map(|assignment| (assignment, ends))
            .collect()
    };
    Org::with_windows(engine, |_| {}, every_third).await
}

async fn what_somebody_reaches_in_production_pci_is_what_a_walk_over_every_path_finds(
    engine: DatabaseEngine,
) {
    #[derive(Default)]
    struct Walked {
        accounts: BTreeSet<AccountId>,
        sets: BTreeSet<PermissionSetArn>,
        counted: PersonExposure,
    }
    let org = with_ends(engine).await;
    let read_model = org.app_state.read_model();
    let snapshot = &read_model.snapshot;
    let mut walked: BTreeMap<UserId, Walked> = BTreeMap::new();
    let mut paths = [0; 2];
    for account in guarded(snapshot) {
        for reach in access::reaching(snapshot, &account) {
            let analysis = &snapshot.set(&reach.pair.set).unwrap().analysis;
            let powerful = [
                Capability::Administrator,
                Capability::GrantsRights,
                Capability::Identity,
            ];
            let standing = read_model.ends(&ReadModel::assignment(&reach)).is_none();
            let who = walked.entry(reach.user).or_default();
            who.accounts.insert(reach.pair.account);
            who.sets.insert(reach.pair.set);
            who.counted.paths += 1;
            who.counted.direct += u32::from(reach.path == Path::Direct);
            who.counted.standing += u32::from(standing);
            who.counted.powerful +=
                u32::from(powerful.iter().any(|capability| analysis.has(*capability)));
            let worst = analysis.capabilities().first().copied();
            who.counted.worst = [who.counted.worst, worst].into_iter().flatten().min();
            paths[0] += 1;
            paths[1] += usize::from(standing);
        }
    }
    let walked: BTreeMap<UserId, PersonExposure> = walked
        .into_iter()
        .map(|(user, mut walked)| {
            walked.counted.accounts = u32::try_from(walked.accounts.len()).unwrap();
            walked.counted.sets = u32::try_from(walked.sets.len()).unwrap();
            (user, walked.counted)
        })
        .collect();
    let exposure = &read_model.exposure;
    assert!(
        paths[1] > 0 && paths[1] < paths[0],
        "some paths are temporary and some standing"
    );
    assert_eq!(exposure.people, SharedMap::from(walked));
    assert_eq!(
        [exposure.totals.paths, exposure.totals.standing_paths],
        paths
    );
}

async fn what_the_guardrails_say_is_counted_as_a_walk_over_everybody_counts_it(
    engine: DatabaseEngine,
) {
    type ReportScope = (BTreeSet<Assignment>, BTreeSet<UserId>, BTreeSet<AccountId>);
    let org = with_ends(engine).await;
    let read_model = org.app_state.read_model();
    let mut existing_access = org.app_state.existing_access(&read_model);
    let mut rules: BTreeMap<String, ReportScope> = BTreeMap::new();
    let (mut against, mut paths_against) = (BTreeMap::new(), Tally::default());
    for account in guarded(&read_model.snapshot) {
        for held in existing_access.of(&account) {
            let (assignment, user) = match &held.holder {
                Holder::Person { reach } => {
                    (ReadModel::assignment(reach), Some(reach.user.clone()))
                }
                Holder::EmptyGroup { assignment, .. } | Holder::Orphan { assignment, .. } => {
                    (assignment.clone(), None)
                }
            };
            if !held.hits.is_empty() {
                let worst = against.entry(assignment.clone()).or_insert(held.outcome());
                *worst = (*worst).max(held.outcome());
                paths_against.add(held.outcome(), usize::from(user.is_some()));
            }
            for hit in held.hits.iter() {
                let rule = rules.entry(hit.rule.clone()).or_default();
                rule.0.insert(assignment.clone());
                rule.1.extend(user.clone());
                rule.2.insert(account.clone());
            }
        }
    }
    let exposure = &read_model.exposure;
    assert!(rules.len() > 3, "the sample has policy findings");
    assert_eq!(
        (exposure.totals.against, exposure.totals.paths_against),
        (Tally::of(against.into_values()), paths_against)
    );
    assert_eq!(exposure.findings().len(), rules.len());
    for (rule, found) in exposure.findings() {
        let (assignments, people, accounts) = &rules[rule];
        assert_eq!(
            (found.assignments, found.people, &*found.accounts),
            (assignments.len(), people.len(), accounts),
            "{rule}"
        );
    }
}

async fn a_set_counts_the_people_who_can_use_it_once_each(engine: DatabaseEngine) {
    let org = Org::sample(engine).await;
    let read_model = org.app_state.read_model();
    let sets = org
        .administrator()
        .permission_sets(&everything())
        .await
        .unwrap();
    assert_eq!(sets.total, read_model.snapshot.parts().sets.len());
    for row in &sets.rows {
        let mut people = BTreeSet::new();
        let mut accounts = 0;
        for (pair, read) in &read_model.snapshot.parts().pairs {
            if pair.set == row.set.arn {
                accounts += 1;
                people.extend(
                    access::people_of(&read_model.snapshot, pair, read).map(|reach| reach.user),
                );
            }
        }
        assert_eq!(
            (row.people.known(), row.accounts.known()),
            (Some(people.len()), Some(accounts)),
            "{}",
            row.set.name
        );
    }
    let order = |row: &SetRow| {
        let severity = row.set.capabilities.first().map(|worst| worst.severity());
        let violations = row.violations.known();
        (severity.is_none(), severity, Reverse(violations))
    };
    assert!(
        sets.rows.is_sorted_by_key(order),
        "the most severe first, of them those with the most violations"
    );
}

async fn a_narrowing_keeps_what_it_says_and_words_narrow_further(engine: DatabaseEngine) {
    let org = Org::sample(engine).await;
    let service = org.administrator();
    let accounts = |filter: &'static str, value: &str| {
        let (service, choice) = (&service, only(filter, value));
        async move { service.accounts(&choice).await.unwrap().page }
    };
    let guarded = accounts("scope", "production-pci").await;
    let counts = |row: &AccountRow| row.account.class.counts_as_production_pci();
    assert!(guarded.total > 0 && guarded.rows.iter().all(counts));
    let both = ListChoice::parse(&ACCOUNTS, "/accounts?environment=production&pci=in").0;
    let both = service.accounts(&both).await.unwrap().page;
    let production_in = |row: &AccountRow| {
        let class = row.account.class;
        (class.environment, class.pci) == (Environment::Production, Pci::In)
    };
    assert!(both.total > 0 && both.rows.iter().all(production_in));
    let home = service.home().await.unwrap().organisation.unwrap();
    for found in &home.findings {
        let rule = &found.hit.rule;
        let violating = accounts("policy", rule).await;
        assert_eq!(violating.total, found.account_count, "{rule}");
    }
    for row in accounts("findings", "violations").await.rows {
        assert!(row.findings.unwrap().known().unwrap().against > 0);
    }
    for row in accounts("findings", "unapproved").await.rows {
        assert!(row.findings.unwrap().known().unwrap().unapproved > 0);
    }
    let people = service
        .people(&only("reach", "production-pci"))
        .await
        .unwrap();
    assert_eq!(people.total, home.exposure.people);
    let powerful = service.people(&only("reach", "powerful")).await.unwrap();
    assert_eq!(powerful.total, home.exposure.administrators);
    let groups = service
        .groups(&only("reach", "production-pci"))
        .await
        .unwrap();
    assert!(groups.rows.iter().all(|row| row.production_pci > 0));
    let none = service.people(&words("zzz nobody")).await.unwrap();
    assert_eq!((none.total, none.rows.len()), (0, 0));
    let one = service.people(&words("OKAFOR maya")).await.unwrap();
    assert_eq!(one.total, 1);
}

async fn a_page_beyond_the_last_is_the_last(engine: DatabaseEngine) {
    let org = Org::sample(engine).await;
    let page = org
        .administrator()
        .people(&everything().at(999))
        .await
        .unwrap();
    assert_eq!(page.number, page.pages());
    assert!(!page.rows.is_empty());
}
