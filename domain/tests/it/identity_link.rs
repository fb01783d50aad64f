//! Links of identities that people agree to: the item, and what the ledger records about it.

#![expect(
    clippy::unwrap_used,
    reason = "a test may fail where its own values are wrong"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use domain::{
    approval::Decision,
    authorize::Role,
    change::{Operation, Proposal},
    directory::{ExternalId, Origin, User, UserStatus},
    identity::{
        Agreement, DirectoryIndex, ExternalIdDigest, IdentityKeys, IdentityRecord, KeysDigest,
        LinkDifference, LinkStatus, RecordedUser, link_status,
    },
    ids::{ChangeId, PersonId, UserId},
    person::{
        Subject,
        link::{LinkKeys, UnusableKey},
    },
    snapshot::{Parts, Snapshot},
    subject::{
        InvalidItem, NoUndo, Part, PropertyValue, SubjectContext, SubjectState, SubjectStates,
        Work, account_classification,
        identity_link::{Controllers, ObservedIdentity, OpenMatter, State, content},
    },
    time::Timestamp,
    verdict::Remedies,
};
use proptest::prelude::*;

const PROVIDER: &str = "https://provider";

fn person(n: u8) -> PersonId {
    PersonId::parse(&format!("00000003-0000-4000-8000-0000000000{n:02x}")).unwrap()
}

fn user_id(n: u8) -> UserId {
    UserId::parse(&format!("00000000-0000-4000-8000-0000000000{n:02x}")).unwrap()
}

fn user(n: u8, id: &str) -> User {
    User {
        id: user_id(n),
        user_name: format!("user{n}"),
        display_name: format!("User {n}"),
        email: None,
        title: None,
        status: UserStatus::Enabled,
        origin: Origin::External,
        external_ids: vec![external(id)],
    }
}

fn external(id: &str) -> ExternalId {
    ExternalId {
        issuer: PROVIDER.into(),
        id: id.into(),
    }
}

fn keys(id: &str) -> LinkKeys {
    LinkKeys {
        identity: Some(external(id)),
        ..LinkKeys::of_subject(Subject {
            iss: "https://pool".into(),
            sub: "s".into(),
        })
    }
}

fn agreement() -> Agreement {
    Agreement {
        change: ChangeId::parse("00000004-0000-4000-8000-000000000001").unwrap(),
        at: Timestamp(7),
    }
}

fn digests(ids: &[&str]) -> BTreeSet<ExternalIdDigest> {
    ids.iter()
        .map(|id| ExternalIdDigest::of(&external(id)))
        .collect()
}

/// A record of a link to user 1 that people agreed to, although the sign-in stated these keys.
fn agreed(keys: &LinkKeys) -> IdentityRecord {
    let mut record = IdentityRecord::default();
    let keys = [KeysDigest::of(keys)].into();
    record.agree(user_id(1), digests(&["one"]), keys, None, agreement());
    record
}

fn status(record: &IdentityRecord, keys: &LinkKeys, users: &[User]) -> LinkStatus {
    let sign_ins = [keys.clone()];
    let keys = IdentityKeys::new(&sign_ins, record);
    let read = DirectoryIndex::of(users).read(&user_id(1), &keys);
    link_status(record, &user_id(1), &read)
}

#[test]
fn keys_that_people_knew_cast_no_doubt_on_a_link_and_others_do() {
    let stated = keys("unknown");
    let record = agreed(&stated);
    let users = [user(1, "one")];
    assert_eq!(status(&record, &stated, &users), LinkStatus::Valid);
    assert!(matches!(
        status(&record, &keys("changed"), &users),
        LinkStatus::Unclear(_)
    ));
    let unread = LinkKeys {
        unusable: Some(UnusableKey::UnreadAttribute),
        ..stated.clone()
    };
    assert!(
        matches!(
            status(&agreed(&unread), &unread, &users),
            LinkStatus::Unclear(_)
        ),
        "nobody knew what could not be read"
    );
    assert_eq!(
        status(&record, &stated, &[user(1, "one"), user(2, "unknown")]),
        LinkStatus::Differs(LinkDifference::Reissued(user_id(2)))
    );
}

#[test]
fn an_ended_link_stays_ended_whatever_is_recorded_about_keys() {
    let mut record = agreed(&keys("one"));
    record.end(agreement());
    assert_eq!(record.recorded_user(), RecordedUser::None);
    assert!(!record.may_link_by_keys(&user_id(1)) && !record.may_use_roles());
    record.link(user_id(1), digests(&["one"]));
    assert_eq!(record.current, None);
    assert!(record.is_oneself(&user_id(1), &[]), "it was this user");
    assert_eq!(
        status(&record, &keys("one"), &[user(1, "one")]),
        LinkStatus::Differs(LinkDifference::LinkAltered)
    );
    record.agree(
        user_id(1),
        digests(&["one"]),
        BTreeSet::new(),
        None,
        agreement(),
    );
    assert_eq!(record.recorded_user(), RecordedUser::User(&user_id(1)));
    assert!(record.may_use_roles());
}

#[test]
fn the_end_of_a_suspended_link_ends_the_suspension_and_a_refusal_keeps_the_user_away() {
    let mut record = IdentityRecord::default();
    record.refuse([user_id(1)]);
    assert!(!record.may_link_by_keys(&user_id(1)));
    assert!(record.may_link_by_keys(&user_id(2)));
    assert_eq!(record.recorded_user(), RecordedUser::NotRecorded);
    record.agree(
        user_id(1),
        BTreeSet::new(),
        BTreeSet::new(),
        None,
        agreement(),
    );
    assert!(
        record.may_link_by_keys(&user_id(1)),
        "people agreed otherwise"
    );
}

fn item(before: Option<UserId>, after: Option<UserId>, open: Option<OpenMatter>) -> Operation {
    Operation::LinkIdentity {
        person: person(1),
        before,
        after,
        seen: ObservedIdentity {
            open,
            ..ObservedIdentity::default()
        },
        withdraws: Vec::new(),
    }
}

/// Returns the rules and remedies of the objections.
fn objections(item: &Operation, state: Option<State>) -> Vec<(&'static str, Option<Remedies>)> {
    let snapshot = Snapshot::new(Parts {
        users: [user(1, "one"), user(2, "two")]
            .into_iter()
            .map(|user| (user.id.clone(), user))
            .collect(),
        ..Parts::default()
    });
    let states = state.map(|state| (item.key(), SubjectState::IdentityLink(state)));
    let states = SubjectStates(states.into_iter().collect());
    let context = SubjectContext {
        snapshot: &snapshot,
        states: &states,
    };
    let found = item.subject().objections(context).into_iter();
    found.map(|one| (one.rule, one.remedy)).collect()
}

fn state() -> State {
    State {
        sign_ins: 1,
        requester: Some(person(9)),
        controllers: Some(Arc::default()),
        ..State::default()
    }
}

#[test]
fn a_link_needs_two_people_and_its_end_one() {
    let link = item(None, Some(user_id(1)), None);
    assert_eq!(
        objections(&link, Some(state())),
        [("system.identity-link", Some(Remedies::approvals_of(2)))]
    );
    let linked = State {
        user: Some(user_id(1)),
        ..state()
    };
    let end = item(Some(user_id(1)), None, None);
    assert_eq!(
        objections(&end, Some(linked.clone())),
        [(
            "system.identity-link-ended",
            Some(Remedies::approvals_of(1))
        )]
    );
    let claim = OpenMatter::Claim {
        users: vec![user_id(2)],
    };
    let refuse = item(None, None, Some(claim.clone()));
    let claiming = State {
        open: Some(claim),
        ..state()
    };
    assert_eq!(
        objections(&refuse, Some(claiming)),
        [(
            "system.identity-claim-refused",
            Some(Remedies::approvals_of(2))
        )]
    );
    assert_eq!(
        objections(&link, Some(linked)),
        [("system.changed-meanwhile", None)]
    );
    assert_eq!(objections(&link, None), [("system.not-read", None)]);
}

#[test]
fn nothing_lifts_what_makes_a_link_wrong() {
    let link = item(None, Some(user_id(1)), None);
    let blocked = |state: State| {
        let found = objections(&link, Some(state)).into_iter();
        let blocked = found.filter(|(_, remedy)| remedy.is_none());
        blocked.map(|(rule, _)| rule).collect::<Vec<_>>()
    };
    let elsewhere = State {
        elsewhere: vec![user_id(2)],
        ..state()
    };
    assert_eq!(blocked(elsewhere), ["system.key-of-another-user"]);
    for own in [
        State {
            requester: Some(person(1)),
            ..state()
        },
        State {
            others: vec![person(9)],
            ..state()
        },
    ] {
        assert_eq!(blocked(own), ["system.own-identity"]);
    }
    let nobody = State {
        sign_ins: 0,
        ..state()
    };
    assert_eq!(blocked(nobody), ["system.no-sign-in"]);
    let joins = State {
        joins: Some(person(3)),
        ..state()
    };
    assert_eq!(blocked(joins), ["system.changed-meanwhile"]);
}

#[test]
fn an_item_without_what_was_seen_is_read_and_written_as_before() {
    let stored = format!(
        r#"{{"kind":"link_identity","person":"{}","before":null,"after":"{}"}}"#,
        person(1),
        user_id(1)
    );
    let read: Operation = serde_json::from_str(&stored).unwrap();
    assert_eq!(read, item(None, Some(user_id(1)), None));
    assert_eq!(serde_json::to_string(&read).unwrap(), stored);
    let stored = format!(
        r#"{{"kind":"link_identity","person":"{0}","before":null,"after":null,"seen":{{"refused":["{1}","{2}","{3}"]}},"withdraws":["{1}","{3}"]}}"#,
        person(1),
        user_id(1),
        user_id(2),
        user_id(3)
    );
    let read: Operation = serde_json::from_str(&stored).unwrap();
    assert_eq!(read, withdrawal(&[1, 3]));
    assert_eq!(serde_json::to_string(&read).unwrap(), stored);
}

#[test]
fn the_plan_settles_what_is_open_and_its_undo_begins_where_it_ends() {
    let open = OpenMatter::Suspension {
        since: Timestamp(5),
    };
    let relink = item(Some(user_id(1)), Some(user_id(1)), Some(open.clone()));
    assert!(relink.subject().check().is_ok(), "it ends the suspension");
    assert!(
        item(Some(user_id(1)), Some(user_id(1)), None)
            .subject()
            .check()
            .is_err()
    );
    let Work::Saga(plan) = relink.subject().work() else {
        panic!("not a saga");
    };
    let none = BTreeSet::new();
    assert_eq!(
        plan.seen,
        content(Some(&user_id(1)), Some(&open), &none).into()
    );
    assert_eq!(
        plan.steps[0].leaves,
        content(Some(&user_id(1)), None, &none).into()
    );
    let link = item(None, Some(user_id(1)), None);
    assert_eq!(
        link.subject().undo(),
        Ok(item(Some(user_id(1)), None, None))
    );
}

/// These people decide, and the last two of them administer as well.
fn controllers(people: &BTreeSet<PersonId>) -> BTreeMap<Role, BTreeSet<PersonId>> {
    let administrators = people.iter().rev().take(2).cloned().collect();
    [
        (Role::Approver, people.clone()),
        (Role::Administrator, administrators),
    ]
    .into()
}

/// The end of the link of somebody who decides, if only `after` still do afterwards.
fn end_of_controller(
    roles: &[Role],
    now: &[u8],
    after: &[u8],
) -> Vec<(&'static str, Option<Remedies>)> {
    let people = |all: &[u8]| all.iter().map(|n| person(*n)).collect();
    let controllers = Controllers {
        now: controllers(&people(now)),
        after: controllers(&people(after)),
    };
    let linked = State {
        user: Some(user_id(1)),
        roles: roles.iter().copied().collect(),
        controllers: Some(Arc::new(controllers)),
        ..state()
    };
    objections(&item(Some(user_id(1)), None, None), Some(linked))
}

#[test]
fn the_end_of_a_link_of_somebody_who_decides_needs_two_people_and_leaves_two_others() {
    let end = (
        "system.identity-link-ended",
        Some(Remedies::approvals_of(1)),
    );
    let controller = (
        "system.identity-of-controller",
        Some(Remedies::approvals_of(2)),
    );
    let blocked = ("system.too-few-controllers", None);
    let of = |now: &[u8], after: &[u8]| end_of_controller(&[Role::Approver], now, after);
    assert_eq!(of(&[1, 2, 3], &[2, 3]), [controller.clone(), end.clone()]);
    assert_eq!(
        of(&[1, 2], &[2]),
        [controller.clone(), blocked.clone(), end.clone()]
    );
    // Whoever could not decide before takes nothing away: they are suspended, or have no role.
    assert_eq!(of(&[2], &[2]), [controller.clone(), end.clone()]);
    let ordinary = end_of_controller(&[], &[2], &[2]);
    assert_eq!(ordinary.first(), Some(&end));
    assert_eq!(ordinary.len(), 1);
    // Two approvers and no administrator would remain.
    let both = [Role::Administrator, Role::Approver];
    let none = end_of_controller(&both, &[1, 2], &[]);
    assert_eq!(
        none,
        [controller, blocked.clone(), blocked, end],
        "each role is named"
    );
}

#[test]
fn who_would_still_decide_is_never_assumed() {
    let linked = State {
        user: Some(user_id(1)),
        controllers: None,
        ..state()
    };
    let end = item(Some(user_id(1)), None, None);
    let found = objections(&end, Some(linked));
    assert!(found.contains(&("system.not-read", None)), "{found:?}");
}

#[test]
fn sign_ins_that_join_another_identity_leave_enough_who_decide_as_well() {
    let mut joins = item(None, Some(user_id(1)), None);
    let Operation::LinkIdentity { seen, .. } = &mut joins else {
        panic!("an item about an identity");
    };
    seen.joins = Some(person(3));
    let people = |all: &[u8]| all.iter().map(|n| person(*n)).collect();
    let state = State {
        joins: Some(person(3)),
        roles: [Role::Approver].into(),
        controllers: Some(Arc::new(Controllers {
            now: controllers(&people(&[1, 3])),
            after: controllers(&people(&[3])),
        })),
        ..state()
    };
    let found = objections(&joins, Some(state));
    assert!(
        found.contains(&("system.too-few-controllers", None)),
        "{found:?}"
    );
}

#[test]
fn sign_ins_that_joined_an_identity_are_not_passed_on() {
    let mut joins = item(None, Some(user_id(1)), None);
    let Operation::LinkIdentity { seen, .. } = &mut joins else {
        panic!("an item about an identity");
    };
    seen.joins = Some(person(3));
    let blocked = |holds: Vec<PersonId>| {
        let state = State {
            joins: Some(person(3)),
            holds,
            ..state()
        };
        objections(&joins, Some(state)).contains(&("system.identity-holds-sign-ins", None))
    };
    assert!(blocked(vec![person(7)]));
    assert!(!blocked(Vec::new()));
    let moves = item(None, Some(user_id(1)), None);
    let state = State {
        holds: vec![person(7)],
        ..state()
    };
    let found = objections(&moves, Some(state));
    assert!(
        !found.contains(&("system.identity-holds-sign-ins", None)),
        "a link to a user whom nobody is passes nothing on"
    );
}

proptest! {
    /// Whoever is asked about, in whatever order the ends are agreed to and carried out, two approvers and an administrator
    /// remain.
    #[test]
    fn ends_of_links_that_add_up_leave_enough_who_decide(
        count in 3_u8..8,
        steps in prop::collection::vec((0_u8..8, any::<bool>()), 1..30),
    ) {
        let all: BTreeSet<PersonId> = (0..count).map(person).collect();
        let roles = controllers(&all);
        let without = |gone: &BTreeSet<PersonId>| -> BTreeMap<Role, BTreeSet<PersonId>> {
            let left = |people: &BTreeSet<PersonId>| people.difference(gone).cloned().collect();
            roles.iter().map(|(role, people)| (*role, left(people))).collect()
        };
        let (mut ended, mut under_way) = (BTreeSet::new(), BTreeSet::new());
        for (who, finishes) in steps {
            let who = person(who % count);
            let mut gone: BTreeSet<PersonId> = &ended | &under_way;
            gone.insert(who.clone());
            let state = State {
                user: Some(user_id(1)),
                roles: roles.iter().filter(|(_, people)| people.contains(&who)).map(|(role, _)| *role).collect(),
                controllers: Some(Arc::new(Controllers { now: without(&ended), after: without(&gone) })),
                ..state()
            };
            let end = Operation::LinkIdentity {
                person: who.clone(),
                before: Some(user_id(1)),
                after: None,
                seen: ObservedIdentity::default(),
                withdraws: Vec::new(),
            };
            let blocked = objections(&end, Some(state)).iter().any(|(_, remedy)| remedy.is_none());
            if !blocked {
                under_way.insert(who);
            }
            if finishes {
                ended.extend(std::mem::take(&mut under_way));
            }
            let left = without(&(&ended | &under_way));
            prop_assert!(left[&Role::Approver].len() >= 2, "{left:?}");
            prop_assert!(!left[&Role::Administrator].is_empty(), "{left:?}");
        }
    }
}

#[test]
fn whom_the_end_of_a_link_concerns_may_decline_and_not_approve() {
    let snapshot = Snapshot::new(Parts {
        persons: [(user_id(1), person(4))].into_iter().collect(),
        ..Parts::default()
    });
    let barred = |operation: Operation, decision| {
        let proposal = Proposal {
            operations: vec![operation],
            justification: "because of an incident".into(),
            ticket: None,
            not_before: None,
            review_on: None,
        };
        let concerned = [person(1), person(4), person(5)].into();
        proposal.barred_from(decision, &concerned, &snapshot)
    };
    let everybody: BTreeSet<PersonId> = [person(1), person(4), person(5)].into();
    let end = item(Some(user_id(1)), None, None);
    assert_eq!(barred(end.clone(), Decision::Approve), everybody);
    assert_eq!(
        barred(end, Decision::Decline),
        [person(4), person(5)].into(),
        "whoever acts by the sign-ins of the link does not decline its end"
    );
    // The user that somebody else is to become declines that.
    let link = item(None, Some(user_id(1)), None);
    assert_eq!(barred(link.clone(), Decision::Approve), everybody);
    assert_eq!(barred(link, Decision::Decline), [person(5)].into());
}

#[test]
fn a_claim_of_several_users_is_told_shown_and_undone_for_each_of_them() {
    let users = vec![user_id(1), user_id(2)];
    let claim = OpenMatter::Claim {
        users: users.clone(),
    };
    let refusal = item(None, None, Some(claim));
    let subject = refusal.subject();
    let named = |parts: Vec<Part>| {
        let users = parts
            .into_iter()
            .filter(|part| matches!(part, Part::Principal(_)));
        users.count()
    };
    assert_eq!((named(subject.order()), named(subject.thing())), (2, 2));
    let snapshot = Snapshot::new(Parts::default());
    let context = SubjectContext {
        snapshot: &snapshot,
        states: &SubjectStates::default(),
    };
    let effect = subject.effect(context).unwrap();
    let claimed = effect.properties.into_iter().map(|one| one.before);
    let shown: Vec<_> = users
        .iter()
        .cloned()
        .map(PropertyValue::User)
        .map(Some)
        .collect();
    assert_eq!(claimed.collect::<Vec<_>>(), shown);

    let withdrawal = subject.undo().unwrap();
    assert_eq!(
        withdrawal.subject().undo(),
        Err(NoUndo::BeforeANewClaim),
        "a refusal needs a claim"
    );
    let refused: BTreeSet<UserId> = users.into_iter().collect();
    let Operation::LinkIdentity {
        after,
        seen,
        withdraws,
        ..
    } = &withdrawal
    else {
        panic!("an item about an identity");
    };
    assert_eq!((after, &seen.refused), (&None, &refused));
    assert!(withdraws.iter().eq(&refused));
    let (Work::Saga(refuse), Work::Saga(withdraw)) = (subject.work(), withdrawal.subject().work())
    else {
        panic!("no sagas");
    };
    assert_eq!(refuse.steps[0].leaves, withdraw.seen);
    assert_eq!(
        withdraw.steps[0].leaves,
        content(None, None, &BTreeSet::new()).into()
    );
    let state = State { refused, ..state() };
    assert_eq!(
        objections(&withdrawal, Some(state)),
        [(
            "system.identity-refusal-withdrawn",
            Some(Remedies::approvals_of(2))
        )]
    );
    assert_eq!(
        objections(&withdrawal, Some(self::state())),
        [("system.changed-meanwhile", None)]
    );
}

/// Returns an item that withdraws the refusals of some users, of an identity that is none of the users 1, 2 and 3.
fn withdrawal(withdraws: &[u8]) -> Operation {
    let Operation::LinkIdentity {
        person,
        before,
        after,
        ..
    } = item(None, None, None)
    else {
        panic!("an item about an identity");
    };
    Operation::LinkIdentity {
        person,
        before,
        after,
        seen: ObservedIdentity {
            refused: [1, 2, 3].map(user_id).into(),
            ..ObservedIdentity::default()
        },
        withdraws: withdraws.iter().map(|n| user_id(*n)).collect(),
    }
}

#[test]
fn a_withdrawal_names_its_users_and_leaves_the_other_refusals() {
    let some = withdrawal(&[1, 3]);
    assert_eq!(some.subject().check(), Ok(()));
    let Work::Saga(plan) = some.subject().work() else {
        panic!("no saga");
    };
    let refused = |users: &[u8]| users.iter().map(|n| user_id(*n)).collect();
    assert_eq!(plan.seen, content(None, None, &refused(&[1, 2, 3])).into());
    assert_eq!(
        plan.steps[0].leaves,
        content(None, None, &refused(&[2])).into()
    );
    let snapshot = Snapshot::new(Parts::default());
    let context = SubjectContext {
        snapshot: &snapshot,
        states: &SubjectStates::default(),
    };
    let effect = some.subject().effect(context).unwrap();
    let shown = effect
        .properties
        .into_iter()
        .map(|one| (one.before, one.after));
    let withdrawn = [1, 3].map(|n| (Some(PropertyValue::User(user_id(n))), None));
    assert!(shown.eq(withdrawn));

    assert_eq!(
        withdrawal(&[]).subject().check(),
        Err(InvalidItem::NoDifference)
    );
    for wrong in [&[4][..], &[1, 4], &[3, 1], &[1, 1]] {
        let checked = withdrawal(wrong).subject().check();
        assert_eq!(checked, Err(InvalidItem::Withdrawal), "{wrong:?}");
    }
    let claim = OpenMatter::Claim {
        users: vec![user_id(4)],
    };
    for (before, after, open) in [
        (Some(user_id(5)), None, None),
        (None, Some(user_id(5)), None),
        (None, None, Some(claim)),
    ] {
        let mut mixed = withdrawal(&[1]);
        let Operation::LinkIdentity {
            before: old,
            after: new,
            seen,
            ..
        } = &mut mixed
        else {
            panic!("an item about an identity");
        };
        (*old, *new, seen.open) = (before, after, open);
        assert_eq!(mixed.subject().check(), Err(InvalidItem::Withdrawal));
    }
}

#[test]
fn the_undo_of_a_refusal_leaves_what_another_change_refused() {
    let mut second = withdrawal(&[]);
    let Operation::LinkIdentity { seen, .. } = &mut second else {
        panic!("an item about an identity");
    };
    seen.open = Some(OpenMatter::Claim {
        users: vec![user_id(5), user_id(4)],
    });
    let undo = second.subject().undo().unwrap();
    assert_eq!(undo.subject().check(), Ok(()));
    let (Work::Saga(refuses), Work::Saga(withdraws)) =
        (second.subject().work(), undo.subject().work())
    else {
        panic!("no sagas");
    };
    assert_eq!(refuses.steps[0].leaves, withdraws.seen);
    assert_eq!(
        withdraws.steps[0].leaves,
        content(None, None, &[1, 2, 3].map(user_id).into()).into()
    );
}

#[test]
fn a_key_of_a_user_whose_link_people_ended_leads_to_another_user() {
    let stated = keys("one");
    let mut record = agreed(&stated);
    record.end(agreement());
    record.agree(
        user_id(2),
        digests(&["two"]),
        [KeysDigest::of(&stated)].into(),
        None,
        agreement(),
    );
    let sign_ins = [stated];
    let keys = IdentityKeys::new(&sign_ins, &record);
    let users = [user(1, "one"), user(2, "two")];
    let read = DirectoryIndex::of(&users).read(&user_id(2), &keys);
    assert_eq!(
        link_status(&record, &user_id(2), &read),
        LinkStatus::Differs(LinkDifference::Reissued(user_id(1)))
    );
    assert!(record.is_oneself(&user_id(1), &[]), "it was this user");
}

#[test]
fn a_direct_link_to_another_user_ends_the_earlier_one_as_its_end_does() {
    let stated = keys("one");
    let agree = |record: &mut IdentityRecord, user: u8, external: &str| {
        record.agree(
            user_id(user),
            digests(&[external]),
            [KeysDigest::of(&stated)].into(),
            None,
            agreement(),
        );
    };
    let sign_ins = [stated.clone()];
    let status = |record: &IdentityRecord| {
        let keys = IdentityKeys::new(&sign_ins, record);
        let users = [user(1, "one"), user(2, "two")];
        let read = DirectoryIndex::of(&users).read(&user_id(2), &keys);
        link_status(record, &user_id(2), &read)
    };
    let mut record = agreed(&stated);
    assert!(!record.keeps(&user_id(1), &user_id(2)));
    agree(&mut record, 2, "two");
    let reissued = LinkStatus::Differs(LinkDifference::Reissued(user_id(1)));
    assert_eq!(status(&record), reissued);
    assert!(record.is_oneself(&user_id(1), &[]), "it was this user");

    // The user was confirmed on the host, and people agree that the identity is the same user still.
    let mut record = agreed(&stated);
    record.confirm(user_id(2), digests(&["two"]));
    assert!(record.keeps(&user_id(1), &user_id(2)));
    agree(&mut record, 2, "two");
    assert_eq!(status(&record), LinkStatus::Valid);
}

/// A saga under way compares these over an upgrade: a member that is added to what is open must not change them.
#[test]
fn the_content_of_an_identity_is_the_same_hash_in_every_version() {
    let user = user_id(1);
    let claim = OpenMatter::Claim {
        users: vec![user.clone()],
    };
    let suspension = OpenMatter::Suspension {
        since: Timestamp(5),
    };
    // python3: sha256(b'["00000000-0000-4000-8000-000000000001",{"open":"suspension","since":5}]').hexdigest()
    for (user, open, pinned) in [
        (
            None,
            None,
            "95cb9b4f84ceff132cc7a875d8c192bf4997016a939ee64141c1fd628c0e8738",
        ),
        (
            Some(&user),
            None,
            "606558b6cf181ccb083d7acc59d16d16c33052a974c4acd7cc93c24ceca831a9",
        ),
        (
            None,
            Some(&claim),
            "aa2e12118cb8aa5481896eee2d94b0a27e9b71e69a820c3d1aee24d749d50316",
        ),
        (
            Some(&user),
            Some(&suspension),
            "9e0479d32f883e217553f1c3fefa52ca5dcc3d7044b50266182815619c6d5693",
        ),
    ] {
        assert_eq!(content(user, open, &BTreeSet::new()).0, pinned);
    }
    // python3: sha256(b'[null,null,["00000000-0000-4000-8000-000000000001","00000000-0000-4000-8000-000000000002"]]').hexdigest()
    let refused = [1, 2].map(user_id).into();
    let pinned = "907a9e6db7863183233f3014e5e7226142cf5fdc3934b4046471ea981fa15d95";
    assert_eq!(content(None, None, &refused).0, pinned);
    let pinned = "fb5b1598cbfc2f7a5c9ba2840b83328f7f4b4191085c99755b3bcd27ab38d24a";
    let refused = [user_id(2)].into();
    assert_eq!(content(None, Some(&claim), &refused).0, pinned);
    let nothing = "74234e98afe7498fb5daf1f36ac2d78acc339464f950703b8c019892f982b90b";
    assert_eq!(
        account_classification::content(None).0,
        nothing,
        "an account without a declaration"
    );
}
