//! The same policies evaluated for existing access.

use std::collections::BTreeMap;

use domain::{
    directory::UserStatus,
    engine::AccessResource,
    grant::Term,
    ids::{PermissionSetArn, Principal, UserId},
    permission_set::{Content, JudgedContent, analysis::Capability},
    policies::{
        Agreement, ExistingAccess, ExistingAccessEvaluator, Holder, Record, Records,
        evaluate_existing_access,
    },
    shared_map::SharedMap,
    snapshot::{Provisioned, Shared},
    time::{Date, Duration, Timestamp},
    verdict::{Outcome, Remedies},
};

use super::fixture::*;

fn held(fixture: &Company, at: &str) -> Vec<ExistingAccess> {
    evaluate_existing_access(&fixture.snapshot(), default_rules(), &account(at))
}

fn rules_of(held: &ExistingAccess) -> Vec<&str> {
    held.hits.iter().map(|hit| hit.rule.as_str()).collect()
}

#[test]
fn a_standing_administrator_in_production_pci_is_found_with_every_rule_against_it() {
    let mut fixture = Company::new();
    fixture.assigned(&the_user("bob"), "cards-prod", "administrator");
    let found = held(&fixture, "cards-prod");
    assert_eq!(found.len(), 1);
    assert_eq!(
        rules_of(&found[0]),
        [
            "production-pci-administrator",
            "production-pci-standing-person",
            "production-pci-two-approvers"
        ]
    );
    assert_eq!(found[0].outcome(), Outcome::Refused);
    assert!(matches!(&found[0].holder, Holder::Person { reach } if reach.user == user("bob")));
}

#[test]
fn harmless_access_that_nobody_approved_here_is_told_apart_from_what_nobody_may_have() {
    let mut fixture = Company::new();
    fixture.assigned(&the_group("operators"), "cards-prod", "viewer");
    let found = held(&fixture, "cards-prod");
    assert_eq!(found.len(), 2);
    for held in &found {
        assert_eq!(rules_of(held), ["production-pci-two-approvers"]);
        assert_eq!(held.hits[0].remedy, Some(Remedies::approvals_of(2)));
        assert_eq!(held.outcome(), Outcome::NeedsApproval);
    }
}

#[test]
fn existing_access_to_settings_is_not_judged_by_a_date_that_no_request_could_state() {
    let mut fixture = Company::new();
    fixture.assigned(&the_group("operators"), "cards-prod", "auditor");
    let found = held(&fixture, "cards-prod");
    assert_eq!(found.len(), 2);
    for held in &found {
        assert_eq!(rules_of(held), ["production-pci-two-approvers"]);
    }
}

#[test]
fn what_is_on_record_is_judged_as_what_it_is() {
    let mut fixture = Company::new();
    fixture.assigned(&the_user("bob"), "cards-prod", "reader");
    let (snapshot, rules) = (fixture.snapshot(), default_rules());
    let record = |minutes, names: &[&str]| {
        granted(
            the_user("bob"),
            "reader",
            Term::For(Duration::minutes(minutes)),
            names,
            &["bob"],
        )
    };
    let of = |records| {
        let found = ExistingAccessEvaluator::new(&snapshot, rules)
            .with_records(records)
            .of(&account("cards-prod"));
        rules_of(&found[0])
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert!(of(record(60, &["ann", "fay"])).is_empty());
    assert_eq!(of(record(60, &["ann"])), ["production-pci-two-approvers"]);
    assert_eq!(
        of(record(600, &["ann", "fay"])),
        ["production-pci-long-window"]
    );
    assert_eq!(of(Records::default()).len(), 3);
}

/// The content of the sets of the company, which the approvers saw.
fn seen() -> Shared<BTreeMap<PermissionSetArn, JudgedContent>> {
    let sets = Company::new().parts.sets;
    let seen = sets
        .values()
        .map(|set| (set.arn.clone(), JudgedContent::of(set)));
    seen.collect()
}

/// A record of approvals for `cards-prod`, and of the gains that the approvers saw.
fn granted(who: Principal, with: &str, term: Term, names: &[&str], gaining: &[&str]) -> Records {
    let agreed = Agreement {
        approvals: names.iter().map(|name| person(name)).collect(),
        gaining: gaining
            .iter()
            .map(|name| (user(name), pair("cards-prod", with)))
            .collect(),
        sets: seen(),
        review_on: None,
    };
    Records {
        assignments: SharedMap::from([(
            assignment(who, "cards-prod", with),
            Record { term, agreed },
        )]),
        ..Records::default()
    }
}

#[test]
fn approvals_say_nothing_of_who_came_into_the_group_later() {
    let mut fixture = Company::new();
    // Bob and Eve are members; the approvers saw Bob.
    fixture.assigned(&the_group("operators"), "cards-prod", "viewer");
    let (snapshot, rules) = (fixture.snapshot(), default_rules());
    let against = |records: Records| -> Vec<UserId> {
        let found = ExistingAccessEvaluator::new(&snapshot, rules)
            .with_records(records)
            .of(&account("cards-prod"));
        let against = found.into_iter().filter(|held| !held.hits.is_empty());
        against
            .filter_map(|held| match held.holder {
                Holder::Person { reach } => Some(reach.user),
                _ => None,
            })
            .collect()
    };
    let mut records = granted(
        the_group("operators"),
        "viewer",
        Term::Standing,
        &["ann", "fay"],
        &["bob"],
    );
    assert_eq!(against(records.clone()), [user("eve")]);
    // Eve was added by a change that two people approved, and they saw the access it gives.
    let joined = |with: &str| {
        let agreed = Agreement {
            approvals: [person("ann"), person("fay")].into(),
            gaining: [(user("eve"), pair("cards-prod", with))].into(),
            sets: seen(),
            review_on: None,
        };
        let members = BTreeMap::from([(user("eve"), agreed)]);
        SharedMap::from([(group("operators"), members.into())])
    };
    records.memberships = joined("viewer");
    assert!(against(records.clone()).is_empty());
    // They did not see what the group was assigned to later.
    records.memberships = joined("reader");
    assert_eq!(against(records), [user("eve")]);
}

#[test]
fn who_was_agreed_to_twice_is_held_to_the_agreement_that_still_counts() {
    let mut fixture = Company::new();
    fixture.assigned(&the_group("operators"), "cards-prod", "viewer");
    let (snapshot, rules) = (fixture.snapshot(), default_rules());
    let people = ["bob", "eve"];
    let of_group = the_group("operators");
    let mut records = granted(of_group, "viewer", Term::Standing, &["ann", "fay"], &people);
    let agreed = Agreement {
        approvals: [person("ann"), person("fay")].into(),
        gaining: [(user("eve"), pair("cards-prod", "viewer"))].into(),
        sets: seen(),
        review_on: None,
    };
    let members = BTreeMap::from([(user("eve"), agreed)]);
    records.memberships = SharedMap::from([(group("operators"), members.into())]);
    records.today = Some(Date::parse("2027-06-01").unwrap());
    let outdated: [fn(&mut Agreement); 2] = [
        |agreed| agreed.sets = Shared::default(),
        |agreed| agreed.review_on = Some(Date::parse("2027-05-01").unwrap()),
    ];
    for outdated in outdated {
        let mut records = records.clone();
        let key = assignment(the_group("operators"), "cards-prod", "viewer");
        outdated(&mut records.assignments.get_mut(&key).unwrap().agreed);
        let found = ExistingAccessEvaluator::new(&snapshot, rules)
            .with_records(records)
            .of(&account("cards-prod"));
        let against = found.iter().filter(|held| !held.hits.is_empty());
        let against: Vec<&Holder> = against.map(|held| &held.holder).collect();
        assert!(matches!(against[..], [Holder::Person { reach }] if reach.user == user("bob")));
    }
}

/// What the policies say of Bob's access to `cards-prod`, which two people approved for what the set then was.
fn of_bob(fixture: &Company, with: &str, term: Term, record: impl Fn(&mut Record)) -> Vec<String> {
    let mut records = granted(the_user("bob"), with, term, &["ann", "fay"], &["bob"]);
    let key = assignment(the_user("bob"), "cards-prod", with);
    record(records.assignments.get_mut(&key).unwrap());
    records.today = Some(Date::parse("2027-06-01").unwrap());
    let snapshot = fixture.snapshot();
    let found = ExistingAccessEvaluator::new(&snapshot, default_rules())
        .with_records(records)
        .of(&account("cards-prod"));
    let hits = found.iter().flat_map(|held| rules_of(held));
    hits.map(str::to_owned).collect()
}

#[test]
fn approvals_are_of_the_content_that_the_approvers_saw() {
    const CHANGED: &str = "approved-content-changed";
    const TWO: &str = "production-pci-two-approvers";
    let hour = Term::For(Duration::minutes(60));
    let of = |analysis, edit: fn(&mut Content), record: fn(&mut Record)| {
        let mut fixture = Company::new();
        fixture.assigned(&the_user("bob"), "cards-prod", "viewer");
        let mut content = fixture.parts.sets[&set("viewer")].content.clone();
        edit(&mut content);
        fixture.add_set("viewer", content, stated(analysis));
        of_bob(&fixture, "viewer", hour, record)
    };
    let metadata = &[Capability::Metadata];
    assert!(of(metadata, |_| (), |_| ()).is_empty());
    assert!(of(&[], |_| (), |_| ()).is_empty(), "less than they saw");
    // An edit within a window, whatever it gives.
    let edit: fn(&mut Content) = |content| content.inline = Some("{}".into());
    let step_up = "production-pci-code-step-up";
    assert_eq!(of(metadata, edit, |_| ()), [CHANGED, TWO]);
    assert_eq!(
        of(&[Capability::RunsCode], edit, |_| ()),
        [CHANGED, TWO, step_up]
    );
    // The same content, of which more is known: AWS published another version of a managed policy.
    let more = &[Capability::Metadata, Capability::ReadsConfiguration];
    assert_eq!(of(more, |_| (), |_| ()), [CHANGED, TWO]);
    // A record of an earlier version says nothing of the content.
    let earlier: fn(&mut Record) = |record| record.agreed.sets = Shared::default();
    let unknown = "approved-content-unknown";
    assert_eq!(of(metadata, |_| (), earlier), [unknown, TWO]);
    // What nobody approved was not changed after an approval.
    let nobody: fn(&mut Record) = |record| record.agreed.approvals = Shared::default();
    assert_eq!(of(metadata, edit, nobody), [TWO]);
}

#[test]
fn approved_content_matters_where_access_needs_an_approval() {
    let found = |at: &str| {
        let mut fixture = Company::new();
        fixture.assigned(&the_user("bob"), at, "viewer");
        let agreed = Agreement {
            approvals: [person("ann")].into(),
            gaining: [(user("bob"), pair(at, "viewer"))].into(),
            ..Agreement::default()
        };
        let term = Term::Standing;
        let record = (
            assignment(the_user("bob"), at, "viewer"),
            Record { term, agreed },
        );
        let records = Records {
            assignments: SharedMap::from([record]),
            ..Records::default()
        };
        let snapshot = fixture.snapshot();
        let found = ExistingAccessEvaluator::new(&snapshot, default_rules())
            .with_records(records)
            .of(&account(at));
        (rules_of(&found[0]).len(), found[0].outcome())
    };
    assert_eq!(found("web-dev"), (0, Outcome::Allowed));
    assert_eq!(found("web-prod"), (2, Outcome::NeedsApproval));
    assert_eq!(found("cards-staging"), (2, Outcome::NeedsApproval));
}

#[test]
fn a_review_date_that_has_passed_is_a_violation_from_the_next_day_on() {
    let mut fixture = Company::new();
    fixture.assigned(&the_user("bob"), "cards-prod", "viewer");
    let of = |date: &str| {
        let date = Date::parse(date).unwrap();
        let found = of_bob(
            &fixture,
            "viewer",
            Term::For(Duration::minutes(60)),
            |record| {
                record.agreed.review_on = Some(date);
            },
        );
        found.join(" ")
    };
    assert_eq!(of("2027-06-02"), "");
    assert_eq!(of("2027-06-01"), "");
    assert_eq!(of("2027-05-31"), "review-date-passed");
}

#[test]
fn an_empty_group_and_an_orphan_are_found_though_they_reach_nobody() {
    let mut fixture = Company::new();
    fixture.assigned(&the_group("empty"), "cards-prod", "administrator");
    fixture.assigned(&the_user("gone"), "cards-prod", "viewer");
    let found = held(&fixture, "cards-prod");
    assert_eq!(found.len(), 2);
    for held in &found {
        match &held.holder {
            Holder::EmptyGroup { assignment, .. } => {
                assert_eq!(assignment.principal, the_group("empty"));
                assert!(rules_of(held).contains(&"production-pci-administrator"));
            }
            Holder::Orphan { assignment, .. } => {
                assert_eq!(assignment.principal, the_user("gone"));
                assert_eq!(rules_of(held), ["system.orphan"]);
            }
            Holder::Person { .. } => panic!("no one has access here"),
        }
        assert_eq!(held.outcome(), Outcome::Refused);
    }
}

#[test]
fn development_outside_pci_has_nothing_against_it_and_is_listed_all_the_same() {
    let mut fixture = Company::new();
    fixture.assigned(&the_group("operators"), "web-dev", "viewer");
    let found = held(&fixture, "web-dev");
    assert_eq!(found.len(), 2);
    assert!(
        found
            .iter()
            .all(|held| held.outcome() == Outcome::Allowed && held.hits.is_empty())
    );
}

#[test]
fn an_account_that_holds_an_older_content_of_a_set_is_unknown() {
    let mut fixture = Company::new();
    fixture.assigned(&the_group("operators"), "cards-prod", "viewer");
    fixture
        .parts
        .pairs
        .get_mut(&pair("cards-prod", "viewer"))
        .unwrap()
        .provisioned = Provisioned::Outdated;
    assert!(rules_of(&held(&fixture, "cards-prod")[0]).contains(&"production-pci-unknown"));
}

#[test]
fn an_account_nobody_knows_is_refused_whole() {
    let mut fixture = Company::new();
    fixture.assigned(&the_group("operators"), "nowhere", "viewer");
    let found = held(&fixture, "nowhere");
    assert_eq!(found.len(), 2);
    assert!(
        found
            .iter()
            .all(|held| rules_of(held) == ["system.unknown-account"])
    );
}

#[test]
fn alike_cases_are_evaluated_once_however_many_people_there_are() {
    let mut fixture = Company::new();
    let names: Vec<String> = (0..500).map(|n| format!("p{n}")).collect();
    for name in &names {
        fixture.user(name);
    }
    let members: Vec<&str> = names.iter().map(String::as_str).collect();
    fixture.group("crowd", domain::directory::Origin::IdentityCenter, &members);
    fixture.parts.users.get_mut(&user("p7")).unwrap().status = UserStatus::Disabled;
    for n in 0..40 {
        let name = format!("cards-{n}");
        fixture.account(
            &name,
            domain::classification::Environment::Production,
            domain::classification::Pci::In,
        );
        fixture.assigned(&the_group("crowd"), &name, "viewer");
        fixture.assigned(&the_group("crowd"), &name, "reader");
    }
    let (snapshot, rules) = (fixture.snapshot(), default_rules());
    let mut holds = ExistingAccessEvaluator::new(&snapshot, rules);
    let found: usize = (0..40)
        .map(|n| holds.of(&account(&format!("cards-{n}"))).len())
        .sum();
    assert_eq!(found, 40 * 2 * 500);
    // Two sets, and a person who is enabled or disabled.
    assert_eq!(holds.evaluated(), 4);
}

#[test]
fn a_rule_about_one_person_finds_that_person_among_all_others() {
    let mut fixture = Company::new();
    fixture.assigned(&the_group("operators"), "web-dev", "viewer");
    let rules = with_guardrails(&rule(
        "only-bob",
        "",
        &format!(
            "principal == Person::\"{}\", action == Action::\"Hold\", resource)",
            person("bob")
        ),
    ));
    let found = evaluate_existing_access(&fixture.snapshot(), &rules, &account("web-dev"));
    let against: Vec<_> = found
        .iter()
        .filter(|held| !held.hits.is_empty())
        .map(|held| &held.holder)
        .collect();
    assert!(matches!(against[..], [Holder::Person { reach }] if reach.user == user("bob")));
}

#[test]
fn what_should_be_gone_is_never_within_the_rules() {
    let mut fixture = Company::new();
    fixture.assigned(&the_group("operators"), "web-dev", "viewer");
    let (snapshot, rules) = (fixture.snapshot(), default_rules());
    let hits = |overdue: BTreeMap<AccessResource, Timestamp>| -> Vec<(UserId, Vec<String>)> {
        let records = Records {
            overdue: overdue.into(),
            ..Records::default()
        };
        let mut holds = ExistingAccessEvaluator::new(&snapshot, rules).with_records(records);
        let found = holds.of(&account("web-dev"));
        found
            .iter()
            .filter_map(|held| match &held.holder {
                Holder::Person { reach } => Some((
                    reach.user.clone(),
                    rules_of(held).into_iter().map(str::to_owned).collect(),
                )),
                _ => None,
            })
            .collect()
    };
    assert!(
        hits(BTreeMap::new())
            .iter()
            .all(|(_, hits)| hits.is_empty())
    );
    let granted =
        AccessResource::Assignment(assignment(the_group("operators"), "web-dev", "viewer"));
    let all = hits([(granted, Timestamp(0))].into());
    assert!(all.len() == 2 && all.iter().all(|(_, hits)| hits == &["system.overdue"]));
    let joined = AccessResource::Membership {
        group: group("operators"),
        user: user("bob"),
    };
    for (who, hits) in hits([(joined, Timestamp(0))].into()) {
        assert_eq!(!hits.is_empty(), who == user("bob"), "{hits:?}");
    }
}

#[test]
fn a_grant_of_ours_that_aws_would_not_let_us_take_away_is_said_at_once() {
    let mut fixture = Company::new();
    fixture.assigned(&the_user("bob"), "web-dev", "viewer");
    let against = |fixture: &Company| {
        let records = Records {
            assignments: SharedMap::from([(
                assignment(the_user("bob"), "web-dev", "viewer"),
                Record {
                    term: Term::For(Duration::minutes(60)),
                    agreed: Agreement::default(),
                },
            )]),
            ..Records::default()
        };
        let (snapshot, rules) = (fixture.snapshot(), default_rules());
        let mut holds = ExistingAccessEvaluator::new(&snapshot, rules).with_records(records);
        let found = holds.of(&account("web-dev"));
        rules_of(&found[0])
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert!(against(&fixture).is_empty());
    fixture.assigned(&the_user("bob"), "master", "viewer");
    assert_eq!(against(&fixture), ["system.out-of-reach"]);
}
