//! Whether the link of an identity holds, and what to do when many do not.

#![expect(
    clippy::unwrap_used,
    reason = "a test may fail where its own values are wrong"
)]

use std::collections::BTreeSet;

use domain::{
    directory::{ExternalId, Origin, User, UserStatus},
    identity::{
        AlarmInclusion, DifferenceReaction, DirectoryIndex, ExternalIdDigest, IdentityAlarm,
        IdentityKeys, IdentityRecord, LinkDifference, LinkReaction, LinkRead, LinkStatus,
        Suspension, difference_reaction, link_status, reaction, tolerated,
    },
    ids::UserId,
    person::{
        Subject,
        link::{LinkKeys, UnusableKey},
    },
    time::{Duration, Timestamp},
};

fn user_id(n: u8) -> UserId {
    UserId::parse(&format!("00000000-0000-4000-8000-0000000000{n:02x}")).unwrap()
}

fn external(id: &str) -> ExternalId {
    ExternalId {
        issuer: "https://a".into(),
        id: id.into(),
    }
}

fn digests(ids: &[&str]) -> BTreeSet<ExternalIdDigest> {
    ids.iter()
        .map(|id| ExternalIdDigest::of(&external(id)))
        .collect()
}

fn user(n: u8, ids: &[&str], status: UserStatus) -> User {
    User {
        id: user_id(n),
        user_name: "ann".into(),
        display_name: "Ann".into(),
        email: None,
        title: None,
        status,
        origin: Origin::External,
        external_ids: ids.iter().map(|id| external(id)).collect(),
    }
}

/// Ann is user 1 and has the external id `s`.
fn ann() -> IdentityRecord {
    let mut record = IdentityRecord::default();
    record.link(user_id(1), digests(&["s"]));
    record
}

fn status(record: &IdentityRecord, users: &[User]) -> LinkStatus {
    let read = DirectoryIndex::of(users).read(&user_id(1), &IdentityKeys::new(&[], record));
    link_status(record, &user_id(1), &read)
}

#[test]
fn every_difference_has_its_name_and_a_difference_of_nobody_is_none() {
    use UserStatus::{Disabled, Enabled};
    let other = || user(2, &["s"], Enabled);
    let of = |users: &[User]| status(&ann(), users);
    assert_eq!(of(&[user(1, &["s"], Enabled)]), LinkStatus::Valid);
    assert_eq!(
        of(&[user(1, &["s"], Enabled), user(2, &["t"], Enabled)]),
        LinkStatus::Valid
    );
    // The user is the same, whatever external id it has now, as long as nobody else has the earlier one.
    assert_eq!(of(&[user(1, &["t"], Enabled)]), LinkStatus::Valid);
    for (users, difference) in [
        (vec![], LinkDifference::Deleted),
        (vec![user(1, &["s"], Disabled)], LinkDifference::Disabled),
        (vec![other()], LinkDifference::Recreated(user_id(2))),
        (
            vec![user(1, &["t"], Enabled), other()],
            LinkDifference::Reissued(user_id(2)),
        ),
        (
            vec![user(1, &["s"], Disabled), other()],
            LinkDifference::Reissued(user_id(2)),
        ),
    ] {
        assert_eq!(of(&users), LinkStatus::Differs(difference));
    }
}

#[test]
fn an_external_id_of_somebody_else_counts_until_the_identity_is_confirmed() {
    use UserStatus::Enabled;
    let mut record = ann();
    // The directory gave Ann the external id of user 2 by mistake, and took it back.
    record.link(user_id(1), digests(&["s", "t"]));
    let corrected = [user(1, &["s"], Enabled), user(2, &["t"], Enabled)];
    let difference = LinkDifference::Reissued(user_id(2));
    assert_eq!(status(&record, &corrected), LinkStatus::Differs(difference));
    record.confirm(user_id(1), digests(&["s"]));
    assert_eq!(status(&record, &corrected), LinkStatus::Valid);
    // Whoever has it still counts as the same human.
    assert!(record.is_oneself(&user_id(2), &[external("t")]));
    // The own id still finds a user that is created again.
    let again = [user(3, &["s"], Enabled)];
    let difference = LinkDifference::Recreated(user_id(3));
    assert_eq!(status(&record, &again), LinkStatus::Differs(difference));
}

#[test]
fn what_was_not_read_is_no_difference() {
    let read = LinkRead::NotRead("ThrottlingException".into());
    assert_eq!(
        link_status(&ann(), &user_id(1), &read),
        LinkStatus::NotRead("ThrottlingException".into())
    );
}

#[test]
fn a_row_that_names_another_user_than_the_ledger_is_a_difference_whatever_was_read() {
    for read in [
        LinkRead::NotRead("Timeout".into()),
        LinkRead::Read {
            user: Some(UserStatus::Enabled),
            holders: BTreeSet::new(),
            objection: None,
        },
    ] {
        assert_eq!(
            link_status(&ann(), &user_id(2), &read),
            LinkStatus::Differs(LinkDifference::LinkAltered)
        );
    }
}

/// The keys of a federated sign-in of Ann, whose user has the external id `s` of issuer `https://a`.
fn federated(id: &str) -> LinkKeys {
    LinkKeys {
        identity: Some(external(id)),
        ..LinkKeys::of_subject(Subject {
            iss: "https://pool".into(),
            sub: "ann".into(),
        })
    }
}

/// Compares user 1 with a listing by the keys of one sign-in; the ledger records the link without external ids.
fn status_by(keys: LinkKeys, users: &[User]) -> LinkStatus {
    let mut record = IdentityRecord::default();
    record.link(user_id(1), BTreeSet::new());
    let sign_ins = [keys];
    let keys = IdentityKeys::new(&sign_ins, &record);
    let read = DirectoryIndex::of(users).read(&user_id(1), &keys);
    link_status(&record, &user_id(1), &read)
}

#[test]
fn every_link_key_of_a_sign_in_finds_another_user() {
    use LinkDifference::{Recreated, Reissued};
    let (own, other) = (
        user(1, &[], UserStatus::Enabled),
        user(2, &["s"], UserStatus::Enabled),
    );
    let by_attribute = LinkKeys {
        attribute: Some(user_id(2)),
        ..federated("x")
    };
    for keys in [federated("s"), by_attribute] {
        let differs = |users: &[User]| match status_by(keys.clone(), users) {
            LinkStatus::Differs(difference) => difference,
            status => panic!("{status:?}"),
        };
        assert_eq!(differs(&[own.clone(), other.clone()]), Reissued(user_id(2)));
        assert_eq!(differs(std::slice::from_ref(&other)), Recreated(user_id(2)));
        assert_eq!(differs(&[]), LinkDifference::Deleted);
    }
}

#[test]
fn keys_that_find_nobody_else_and_do_not_fit_the_user_are_unclear_and_no_difference() {
    let own = user(1, &["s"], UserStatus::Enabled);
    let users = std::slice::from_ref(&own);
    assert_eq!(status_by(federated("s"), users), LinkStatus::Valid);
    let contradictory = [
        federated("another id of the same issuer"),
        LinkKeys {
            attribute: Some(user_id(9)),
            ..federated("s")
        },
        LinkKeys {
            unusable: Some(UnusableKey::UnreadAttribute),
            ..federated("s")
        },
    ];
    for keys in contradictory {
        let found = status_by(keys, users);
        assert!(matches!(found, LinkStatus::Unclear(_)), "{found:?}");
    }
    // The directory does not contain the keys at all: nothing speaks against the link.
    let own = user(1, &[], UserStatus::Enabled);
    assert_eq!(status_by(federated("s"), &[own]), LinkStatus::Valid);
}

#[test]
fn every_user_and_every_holder_of_an_external_id_counts_as_oneself() {
    let mut record = ann();
    record.see(user_id(2), digests(&["s"]));
    record.link(user_id(3), digests(&["t"]));
    let is_oneself = |n: u8, ids: &[&str]| {
        let ids: Vec<_> = ids.iter().map(|id| external(id)).collect();
        record.is_oneself(&user_id(n), &ids)
    };
    for n in 1..=3 {
        assert!(is_oneself(n, &[]), "user {n}");
    }
    assert!(is_oneself(4, &["s"]) && is_oneself(4, &["x", "t"]));
    assert!(!is_oneself(4, &["x"]) && !is_oneself(4, &[]));
    let elsewhere = ExternalId {
        issuer: "https://b".into(),
        id: "s".into(),
    };
    assert!(!record.is_oneself(&user_id(4), &[elsewhere]));
}

#[test]
fn a_confirmed_earlier_user_that_still_exists_is_no_difference() {
    let mut record = ann();
    record.link(user_id(2), digests(&["s"]));
    let users = [
        user(1, &["s"], UserStatus::Enabled),
        user(2, &["s"], UserStatus::Enabled),
    ];
    let read = DirectoryIndex::of(&users).read(&user_id(2), &IdentityKeys::new(&[], &record));
    assert_eq!(link_status(&record, &user_id(2), &read), LinkStatus::Valid);
}

#[test]
fn more_than_the_share_at_once_is_an_alarm_and_one_alone_never_is() {
    assert_eq!((tolerated(4, 20), tolerated(100, 20)), (1, 20));
    for (differing, linked, wanted) in [
        (1, 1, LinkReaction::Suspend),
        (2, 4, LinkReaction::RaiseAlarm),
        (20, 100, LinkReaction::Suspend),
        (21, 100, LinkReaction::RaiseAlarm),
    ] {
        assert_eq!(
            reaction(differing, linked, 20),
            wanted,
            "{differing} of {linked}"
        );
    }
}

/// The alarm was raised at the tenth hour.
fn alarm() -> IdentityAlarm {
    IdentityAlarm {
        at: hour(10),
        differing: 30,
        linked: 100,
    }
}

fn hour(hours: i64) -> Timestamp {
    Timestamp(0) + Duration::hours(hours)
}

/// Ann, with a difference that belongs to the alarm of an hour.
fn included(at: i64, difference: LinkDifference) -> IdentityRecord {
    IdentityRecord {
        included: Some(AlarmInclusion {
            at: hour(at),
            difference,
        }),
        ..ann()
    }
}

/// Ann, suspended at an hour.
fn suspended(at: i64, difference: LinkDifference) -> IdentityRecord {
    IdentityRecord {
        suspended: Some(Suspension {
            at: hour(at),
            difference,
        }),
        ..ann()
    }
}

fn recreated(n: u8) -> LinkDifference {
    LinkDifference::Recreated(user_id(n))
}

fn reissued(n: u8) -> LinkDifference {
    LinkDifference::Reissued(user_id(n))
}

fn in_alarm(record: &IdentityRecord, difference: &LinkDifference, at: i64) -> DifferenceReaction {
    difference_reaction(Some(&alarm()), record, difference, hour(at))
}

#[test]
fn the_alarm_excuses_another_user_that_is_there_in_time_and_nothing_else() {
    use DifferenceReaction::{Include, Suspend};
    use LinkDifference::{Deleted, Disabled, LinkAltered};
    for (difference, at, wanted) in [
        (recreated(2), 10, Include),
        (recreated(2), 11, Include),
        (recreated(2), 12, Suspend),
        (recreated(2), 58, Suspend),
        (reissued(2), 10, Include),
        (reissued(2), 58, Suspend),
        (Deleted, 10, Suspend),
        (Deleted, 58, Suspend),
        (Disabled, 10, Suspend),
        (Disabled, 58, Suspend),
        (LinkAltered, 10, Suspend),
    ] {
        let found = in_alarm(&ann(), &difference, at);
        assert_eq!(found, wanted, "{difference:?} at {at}");
    }
}

#[test]
fn what_belongs_to_the_alarm_stays_as_it_is_until_it_differs_otherwise() {
    use DifferenceReaction::{Include, Keep, Suspend};
    let record = included(10, recreated(2));
    for (difference, at, wanted) in [
        (recreated(2), 11, Keep),
        (recreated(2), 1_000, Keep),
        (recreated(3), 11, Include),
        (recreated(3), 58, Suspend),
        (reissued(2), 58, Suspend),
        (LinkDifference::Deleted, 58, Suspend),
        (LinkDifference::Disabled, 11, Suspend),
    ] {
        let found = in_alarm(&record, &difference, at);
        assert_eq!(found, wanted, "{difference:?} at {at}");
    }
    let earlier = included(5, recreated(2));
    assert_eq!(in_alarm(&earlier, &recreated(2), 58), Suspend);
}

#[test]
fn only_a_suspension_of_the_same_time_belongs_to_the_alarm() {
    use DifferenceReaction::{Include, Keep};
    let deleted = || LinkDifference::Deleted;
    for (since, because, difference, at, wanted) in [
        (9, recreated(2), recreated(2), 10, Include),
        (10, deleted(), recreated(2), 11, Include),
        (10, deleted(), recreated(2), 58, Keep),
        (10, deleted(), deleted(), 11, Keep),
        (8, recreated(2), recreated(2), 10, Keep),
        (8, deleted(), recreated(2), 10, Keep),
    ] {
        let record = suspended(since, because.clone());
        let found = in_alarm(&record, &difference, at);
        assert_eq!(found, wanted, "{because:?} since {since}, at {at}");
    }
}

#[test]
fn without_an_alarm_every_difference_suspends() {
    use DifferenceReaction::{Keep, Suspend};
    for (record, wanted) in [
        (ann(), Suspend),
        (included(10, recreated(2)), Suspend),
        (suspended(9, recreated(2)), Keep),
    ] {
        let found = difference_reaction(None, &record, &recreated(2), hour(10));
        assert_eq!(found, wanted);
    }
}

#[test]
fn the_digest_keeps_issuer_and_id_apart() {
    let of = |issuer: &str, id: &str| {
        ExternalIdDigest::of(&ExternalId {
            issuer: issuer.into(),
            id: id.into(),
        })
    };
    assert_ne!(of("ab", "c"), of("a", "bc"));
    assert_eq!(
        ExternalIdDigest::parse(of("a", "b").as_str()),
        Some(of("a", "b"))
    );
    assert_eq!(ExternalIdDigest::parse("A"), None);
}
