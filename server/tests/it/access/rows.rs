//! The content of the rows of one account, one person and one group.

use app::backend::{
    AccountsPort as _, GroupsPort as _, HitView, HomePort as _, PeoplePort as _,
    PermissionSetsPort as _, PrincipalRef,
};
use domain::{
    ids::{Assignment, Principal, UserId},
    policies::Holder,
    time::Duration,
};

use super::org::{NOW, Org};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    an_account_lists_the_worst_set_first_with_everybody_behind_each_group,
    what_ends_is_told_from_what_stands,
    an_assignment_to_somebody_who_is_gone_is_shown_as_an_orphan_with_its_reason,
    a_persons_paths_name_the_group_and_carry_what_the_account_page_says_of_them,
    one_path_or_one_assignment_is_judged_as_when_the_whole_account_is,
    a_group_opens_what_its_assignments_say_and_a_set_holds_what_its_pairs_say,
}

async fn an_account_lists_the_worst_set_first_with_everybody_behind_each_group(
    engine: DatabaseEngine,
) {
    let org = Org::sample(engine).await;
    let view = org
        .administrator()
        .account(&org.account("cards-prod"))
        .await
        .unwrap();
    let refused = |row: &app::backend::AccessRow| {
        row.hits
            .iter()
            .filter(|hit| hit.outcome == domain::verdict::Outcome::Refused)
            .count()
    };
    let first = view.rows.first().map(refused);
    assert_eq!(first, view.rows.iter().map(refused).max());
    for row in &view.rows {
        if let PrincipalRef::Group { members, .. } = &row.principal {
            assert_eq!(row.people, *members);
        }
        assert!(
            row.removal
                .href()
                .starts_with("/changes/new?kind=remove&who=")
        );
        assert!(row.hits.iter().all(|hit| !hit.control.is_empty()));
        // What only lacks an approval can be requested as it is.
        let lacks = HitView::strictest(&row.hits) == domain::verdict::Outcome::NeedsApproval;
        assert_eq!(row.adoption.is_some(), lacks && row.change.is_none());
    }
    let forms = view.rows.iter().filter_map(|row| row.adoption.as_ref());
    let forms: Vec<String> = forms.map(app::backend::ChangeForm::href).collect();
    assert!(!forms.is_empty());
    for form in forms {
        assert!(
            form.starts_with("/changes/new?kind=grant&who=group:"),
            "{form}"
        );
    }
}

async fn what_ends_is_told_from_what_stands(engine: DatabaseEngine) {
    let ends = NOW + Duration::hours(2);
    let chosen = |parts: &domain::snapshot::Parts| {
        let guarded = parts
            .pairs
            .iter()
            .find(|(pair, _)| parts.accounts[&pair.account].1.counts_as_production_pci());
        let (pair, read) = guarded.unwrap();
        let principal = read.principals.keys().next().unwrap().clone();
        Assignment {
            pair: pair.clone(),
            principal,
        }
    };
    let org = Org::with_windows(engine, |_| {}, |parts| vec![(chosen(parts), ends)]).await;
    let service = org.administrator();
    let assignment = chosen(org.app_state.read_model().snapshot.parts());
    let view = service.account(&assignment.pair.account).await.unwrap();
    let temporary: Vec<_> = view.rows.iter().filter(|row| row.ends.is_some()).collect();
    assert_eq!(temporary.len(), 1);
    assert_eq!(temporary[0].ends, Some(ends));
    assert!(temporary[0].change.is_some());
    let exposure = service.home().await.unwrap().organisation.unwrap().exposure;
    assert_eq!(exposure.temporary_assignments, 1);
}

async fn an_assignment_to_somebody_who_is_gone_is_shown_as_an_orphan_with_its_reason(
    engine: DatabaseEngine,
) {
    let gone = UserId::parse("99999999-0000-4000-8000-000000000001").unwrap();
    let org = Org::of(engine, |parts| {
        let accounts = &parts.accounts;
        let guarded =
            |pair: &domain::ids::Pair| accounts[&pair.account].1.counts_as_production_pci();
        let pair = parts
            .pairs
            .keys()
            .find(|pair| guarded(pair))
            .unwrap()
            .clone();
        let read = parts.pairs.get_mut(&pair).unwrap();
        read.principals.insert(Principal::User(gone.clone()), NOW);
    })
    .await;
    let service = org.administrator();
    let read_model = org.app_state.read_model();
    let pair = read_model.snapshot.pairs_of(&Principal::User(gone))[0].clone();
    let view = service.account(&pair.account).await.unwrap();
    let orphan = view
        .rows
        .iter()
        .find(|row| matches!(row.principal, PrincipalRef::Orphan(Principal::User(_))))
        .unwrap();
    assert_eq!(orphan.people, 0);
    assert!(orphan.hits.iter().any(|hit| hit.rule == "system.orphan"));
}

async fn a_persons_paths_name_the_group_and_carry_what_the_account_page_says_of_them(
    engine: DatabaseEngine,
) {
    let org = Org::sample(engine).await;
    let service = org.administrator();
    let person = service.person(&org.user("maya.okafor")).await.unwrap();
    assert!(person.production_pci > 0);
    let mut still_guarded = true;
    for path in &person.paths {
        let guarded = path.account.class.counts_as_production_pci();
        assert!(still_guarded || !guarded, "production PCI comes first");
        still_guarded = guarded;
        let account = service.account(&path.account.id).await.unwrap();
        let row = account
            .rows
            .iter()
            .find(|row| match (&row.principal, &path.group) {
                (PrincipalRef::Group { id, .. }, Some((group, _))) => {
                    *id == group.to_string() && row.set == path.set
                }
                (PrincipalRef::User(user), None) => {
                    user.id == person.user.id && row.set == path.set
                }
                _ => false,
            })
            .unwrap();
        assert!(path.hits.iter().all(|hit| row.hits.contains(hit)));
        let lacks = HitView::strictest(&path.hits) == domain::verdict::Outcome::NeedsApproval;
        assert_eq!(path.adoption, row.adoption.clone().filter(|_| lacks));
    }
}

async fn one_path_or_one_assignment_is_judged_as_when_the_whole_account_is(engine: DatabaseEngine) {
    let org = Org::sample(engine).await;
    let read_model = org.app_state.read_model();
    let mut existing_access = org.app_state.existing_access(&read_model);
    for account in read_model.snapshot.parts().accounts.keys() {
        let all = existing_access.of(account);
        for held in &all {
            if let Holder::Person { reach } = &held.holder {
                assert_eq!(&existing_access.of_reach(reach), held);
            }
        }
        for findings in existing_access.findings(account) {
            let assignment = Assignment {
                pair: findings.pair.clone(),
                principal: findings.principal.clone(),
            };
            let one = existing_access.findings_of(&assignment);
            assert_eq!(format!("{one:?}"), format!("{:?}", findings.findings));
        }
    }
}

async fn a_group_opens_what_its_assignments_say_and_a_set_holds_what_its_pairs_say(
    engine: DatabaseEngine,
) {
    let org = Org::sample(engine).await;
    let service = org.administrator();
    let read_model = org.app_state.read_model();
    for id in read_model.snapshot.parts().groups.keys() {
        let view = service.group(id).await.unwrap();
        assert_eq!(
            view.opens.len(),
            read_model
                .snapshot
                .pairs_of(&Principal::Group(id.clone()))
                .len()
        );
        assert_eq!(view.members.len(), read_model.snapshot.members(id).count());
    }
    for arn in read_model.snapshot.parts().sets.keys() {
        let key = arn.as_str().rsplit('/').next().unwrap();
        let view = service.permission_set(key).await.unwrap();
        let pairs = read_model.snapshot.parts().pairs.keys();
        assert_eq!(
            view.holds.len(),
            pairs.filter(|pair| pair.set == *arn).count()
        );
        assert!(view.catalogue.actions > view.catalogue.reviewed);
    }
}
