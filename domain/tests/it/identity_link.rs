//! Links of identities that people agree to: the item, and what the ledger records about it.

#![expect(
    clippy::unwrap_used,
    reason = "a test may fail where its own values are wrong"
)]

use std::collections::BTreeSet;

use domain::{
    change::Operation,
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
        SubjectContext, SubjectState, SubjectStates, Work,
        account_classification::content,
        identity_link::{OpenMatter, Seen, State, open_content},
    },
    time::Timestamp,
    verdict::Remedies,
};

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
        seen: Seen {
            open,
            ..Seen::default()
        },
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
    let seen = open_content(Some(&user_id(1)), Some(&open));
    assert_eq!(plan.seen, seen.into());
    let leaves = open_content(Some(&user_id(1)), None);
    assert_eq!(plan.steps[0].leaves, leaves.into());
    let link = item(None, Some(user_id(1)), None);
    assert_eq!(link.subject().undo(), item(Some(user_id(1)), None, None));
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
        assert_eq!(open_content(user, open).0, pinned);
    }
    let nothing = "74234e98afe7498fb5daf1f36ac2d78acc339464f950703b8c019892f982b90b";
    assert_eq!(content(None).0, nothing, "an account without a declaration");
}
