//! How crawls and single reads are merged.

use std::sync::LazyLock;

use super::*;
use crate::engine::{Listing, Presence};
use crate::snapshot::Gap;

fn pair(n: u8) -> Pair {
    Pair {
        account: AccountId::parse(&format!("1111222233{n:02}")).unwrap(),
        set: PermissionSetArn::parse(
            "arn:aws:sso:::permissionSet/ssoins-1111111111111111/ps-2222222222222222",
        )
        .unwrap(),
    }
}

fn user(n: u8) -> Principal {
    Principal::User(UserId::parse(&format!("00000000-0000-4000-8000-0000000000{n:02x}")).unwrap())
}

fn listing(n: u8, at: i64, who: &[u8]) -> PairListing {
    PairListing {
        pair: pair(n),
        as_of: Timestamp(at),
        principals: who.iter().map(|n| user(*n)).collect(),
        provisioned: Provisioned::Latest,
    }
}

fn known(special: &SpecialAccounts) -> MergeContext<'_> {
    static NOTHING: BTreeMap<AccountId, (Environment, Pci)> = BTreeMap::new();
    static UNDECLARED: BTreeMap<AccountId, Declared> = BTreeMap::new();
    static UNMAPPED: LazyLock<Mapping> = LazyLock::new(Mapping::default);
    MergeContext {
        special,
        mapping: &UNMAPPED,
        recorded: &NOTHING,
        declared: &UNDECLARED,
        persons: BTreeMap::new(),
        other_users: BTreeMap::new(),
        reads: &[],
    }
}

fn after(before: &Parts, crawl: Crawl) -> Parts {
    merge(before, crawl, known(&SpecialAccounts::default()))
}

fn first() -> Parts {
    after(
        &Parts::default(),
        Crawl {
            started: Timestamp(1),
            ended: Timestamp(10),
            pairs: vec![listing(1, 5, &[1, 2]), listing(2, 6, &[3])],
            ..Crawl::default()
        },
    )
}

#[test]
fn a_crawl_that_read_nothing_forgets_nothing() {
    let before = first();
    let unread = vec![Unread {
        what: Gap::Organization,
        why: "Timeout".into(),
    }];
    let now = after(
        &before,
        Crawl {
            started: Timestamp(20),
            ended: Timestamp(30),
            unread,
            ..Crawl::default()
        },
    );
    assert_eq!(now.pairs, before.pairs);
    assert_eq!(now.coverage.complete_at, Some(Timestamp(10)));
    assert_eq!(now.coverage.oldest, Some(Timestamp(5)));
}

#[test]
fn a_pair_is_gone_only_when_a_complete_index_no_longer_names_it() {
    let index = BTreeMap::from([(pair(1).set, BTreeSet::from([pair(1).account]))]);
    let now = after(
        &first(),
        Crawl {
            started: Timestamp(20),
            ended: Timestamp(30),
            index,
            ..Crawl::default()
        },
    );
    assert!(now.pairs.contains_key(&pair(1)));
    assert!(!now.pairs.contains_key(&pair(2)));
}

#[test]
fn a_pair_read_after_the_crawl_began_outlives_an_index_that_did_not_know_it_yet() {
    let mut before = first();
    merge_pair(&mut before.pairs, listing(3, 25, &[1]));
    let index = BTreeMap::from([(pair(1).set, BTreeSet::from([pair(1).account]))]);
    let now = after(
        &before,
        Crawl {
            started: Timestamp(20),
            ended: Timestamp(30),
            index,
            ..Crawl::default()
        },
    );
    assert!(now.pairs.contains_key(&pair(3)));
}

#[test]
fn an_older_listing_never_overwrites_a_newer_one_and_first_sight_is_kept() {
    let mut pairs = first().pairs;
    merge_pair(&mut pairs, listing(1, 20, &[1]));
    merge_pair(&mut pairs, listing(1, 15, &[1, 2, 3]));
    let read = &pairs[&pair(1)];
    assert_eq!(read.as_of, Timestamp(20));
    assert_eq!(read.principals, SharedMap::from([(user(1), Timestamp(5))]));
}

fn group(n: u8) -> GroupId {
    GroupId::parse(&format!("00000000-0000-4000-9000-0000000000{n:02x}")).unwrap()
}

#[test]
fn some_members_that_were_seen_are_added_and_nobody_is_removed() {
    let member = |n: u8| UserId::parse(&format!("00000000-0000-4000-8000-{n:012}")).unwrap();
    let mut before = first();
    let known = BTreeSet::from([member(1), member(2)]);
    before.members.insert(group(1), known.into());
    let seen = |users: &[u8]| SingleRead::MembersSeen {
        group: group(1),
        users: users.iter().map(|n| member(*n)).collect(),
    };
    assert!(take(&before, &seen(&[1]), Timestamp(90)).is_none());
    let after = take(&before, &seen(&[1, 3]), Timestamp(90)).unwrap();
    let members = BTreeSet::from([member(1), member(2), member(3)]);
    assert_eq!(after.members[&group(1)], members);
    assert_eq!(after.members_as_of, before.members_as_of);
    // A newer complete read showed that the third had left.
    before.members_as_of.insert(group(1), Timestamp(95));
    assert!(take(&before, &seen(&[1, 3]), Timestamp(90)).is_none());
}

#[test]
fn what_was_read_after_the_crawl_had_listed_it_is_not_undone_by_the_list() {
    let empty = SingleRead::Listing(Listing::Pair {
        pair: pair(1),
        principals: BTreeSet::new(),
    });
    let Principal::User(member) = user(1) else {
        panic!("a user");
    };
    let joined = SingleRead::Listing(Listing::Membership {
        group: group(1),
        user: member.clone(),
        presence: Presence::Present,
    });
    let crawl = || Crawl {
        started: Timestamp(20),
        ended: Timestamp(60),
        pairs: vec![listing(1, 30, &[1, 2])],
        members: vec![Members {
            group: group(1),
            as_of: Timestamp(30),
            users: BTreeSet::new(),
        }],
        ..Crawl::default()
    };
    let special = SpecialAccounts::default();
    for (at, newer) in [(40, true), (30, true), (25, false)] {
        let reads = [
            (empty.clone(), Timestamp(at)),
            (joined.clone(), Timestamp(at)),
        ];
        let known = MergeContext {
            reads: &reads,
            ..known(&special)
        };
        let now = merge(&first(), crawl(), known);
        assert_eq!(now.pairs.contains_key(&pair(1)), !newer, "at {at}");
        let members = now.members.get(&group(1));
        assert_eq!(
            members.is_some_and(|users| users.contains(&member)),
            newer,
            "at {at}"
        );
    }
}
