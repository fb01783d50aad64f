//! What a crawl could not read: whether the state of the account explains it, and whether an older read stands in its
//! place.
//!
//! Only a complete list of the organization explains that an account is not found; anything else stays unread.

use std::collections::{BTreeMap, BTreeSet};

use super::Crawl;
use crate::{
    classification::is_live,
    ids::{AccountId, Pair, PermissionSetArn},
    org::Account,
    snapshot::{Gap, Parts, Unread},
};

/// AWS's error code for a resource that it does not find.
const NOT_FOUND: &str = "ResourceNotFoundException";

/// Returns the pairs whose account is not in use or not in the organization, sorted. The other pairs that AWS did not
/// find are unread.
pub(super) fn explained(crawl: &mut Crawl) -> Vec<Pair> {
    let listed: Option<BTreeMap<&AccountId, &Account>> = crawl.organization.as_ref().map(|all| {
        let accounts = all.accounts.iter();
        accounts.map(|account| (&account.id, account)).collect()
    });
    let in_use = |pair: &Pair| match &listed {
        Some(listed) => listed.get(&pair.account).is_some_and(|one| is_live(one)),
        None => true,
    };
    let (unread, mut not_found): (Vec<Pair>, Vec<Pair>) = std::mem::take(&mut crawl.not_found)
        .into_iter()
        .partition(in_use);
    crawl.unread.extend(unread.into_iter().map(|pair| Unread {
        what: Gap::AssignmentsOf(pair),
        why: NOT_FOUND.into(),
    }));
    not_found.sort();
    not_found
}

/// Returns the gaps in whose place nothing older is known, sorted.
pub(super) fn never_read(before: &Parts, crawl: &Crawl) -> Vec<Gap> {
    let earlier: BTreeSet<&Gap> = before.coverage.never_read.iter().collect();
    let first = before.coverage.began.is_none();
    let read: BTreeSet<&Pair> = crawl.pairs.iter().map(|listing| &listing.pair).collect();
    let unread: BTreeSet<&Gap> = crawl.unread.iter().map(|one| &one.what).collect();
    let named =
        |arn: &PermissionSetArn| crawl.set_names.as_ref().is_none_or(|all| all.contains(arn));
    let members: BTreeSet<_> = crawl.members.iter().map(|one| &one.group).collect();
    let sets: BTreeSet<_> = crawl.sets.iter().map(|set| &set.arn).collect();
    let listed: Option<BTreeSet<_>> = crawl
        .groups
        .as_ref()
        .map(|all| all.iter().map(|group| &group.id).collect());
    let open = |gap: &Gap| match gap {
        Gap::Organization | Gap::DelegatedAdministrators => {
            unread.contains(gap) && (first || earlier.contains(gap))
        }
        Gap::Units | Gap::Accounts | Gap::TagsOf(_) => {
            crawl.organization.is_none() && before.accounts.is_empty()
        }
        Gap::Users => crawl.users.is_none() && before.users.is_empty(),
        Gap::Groups => crawl.groups.is_none() && before.groups.is_empty(),
        Gap::Sets => crawl.set_names.is_none() && (first || earlier.contains(gap)),
        Gap::MembersOf(group) => {
            listed.as_ref().is_none_or(|all| all.contains(group))
                && !members.contains(group)
                && !before.members_as_of.contains_key(group)
        }
        Gap::ContentOf(arn) => named(arn) && !sets.contains(arn) && !before.sets.contains_key(arn),
        Gap::AccountsOf(arn) => {
            let older = before.sets.contains_key(arn) && !earlier.contains(gap);
            named(arn) && !crawl.index.contains_key(arn) && !older
        }
        Gap::AssignmentsOf(pair) => {
            let accounts = crawl.index.get(&pair.set);
            named(&pair.set)
                && accounts.is_none_or(|all| all.contains(&pair.account))
                && !read.contains(pair)
                && !before.pairs.contains_key(pair)
        }
        Gap::OutdatedAccountsOf(_) | Gap::ServicesOf(_) | Gap::Unknown => false,
    };
    let gaps: BTreeSet<&Gap> = earlier.iter().chain(&unread).copied().collect();
    gaps.into_iter().filter(|gap| open(gap)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        classification::Mapping,
        crawl::{Members, MergeContext, Organization, PairListing, merge},
        directory::{Group, Origin},
        drift::detect,
        ids::{GroupId, UserId},
        org::{AccountState, SpecialAccounts},
        snapshot::{Knowledge, Provisioned, Snapshot, missing},
        time::Timestamp,
    };

    fn account(state: AccountState) -> Account {
        Account {
            id: AccountId::parse("111122223333").unwrap(),
            name: "cards".into(),
            email: "cards@example.com".into(),
            state,
            ous: vec![],
            tags: BTreeMap::new(),
        }
    }

    fn pair() -> Pair {
        Pair {
            account: account(AccountState::Active).id,
            set: PermissionSetArn::parse(
                "arn:aws:sso:::permissionSet/ssoins-1111111111111111/ps-2222222222222222",
            )
            .unwrap(),
        }
    }

    fn group() -> Group {
        Group {
            id: GroupId::parse("00000000-0000-4000-9000-000000000001").unwrap(),
            display_name: "cards".into(),
            description: None,
            origin: Origin::IdentityCenter,
        }
    }

    fn unread(what: Gap) -> Unread {
        Unread {
            what,
            why: "AccessDeniedException".into(),
        }
    }

    fn after(before: &Parts, crawl: Crawl) -> Parts {
        let recorded = BTreeMap::new();
        let known = MergeContext {
            special: &SpecialAccounts::default(),
            mapping: &Mapping::default(),
            recorded: &recorded,
            declared: &BTreeMap::new(),
            persons: BTreeMap::new(),
            other_users: BTreeMap::new(),
            reads: &[],
        };
        merge(before, crawl, known)
    }

    fn whole(state: AccountState) -> Crawl {
        Crawl {
            started: Timestamp(1),
            ended: Timestamp(2),
            organization: Some(Organization {
                accounts: vec![account(state)],
                units: vec![],
            }),
            users: Some(vec![]),
            groups: Some(vec![group()]),
            set_names: Some([pair().set].into()),
            index: [(pair().set, [pair().account].into())].into(),
            ..Crawl::default()
        }
    }

    #[test]
    fn a_pair_that_is_not_found_is_explained_by_the_state_of_its_account_only() {
        for (state, explained) in [
            (AccountState::Closed, true),
            (AccountState::Suspended, true),
            (AccountState::PendingClosure, true),
            (AccountState::Active, false),
            (AccountState::PendingActivation, false),
        ] {
            let parts = after(
                &Parts::default(),
                Crawl {
                    not_found: vec![pair()],
                    ..whole(state)
                },
            );
            let coverage = &parts.coverage;
            assert_eq!(coverage.unread.is_empty(), explained, "{state:?}");
            assert_eq!(coverage.not_found, [pair()][..usize::from(explained)]);
        }
        let unlisted = Crawl {
            organization: None,
            not_found: vec![pair()],
            ..whole(AccountState::Closed)
        };
        let parts = after(&Parts::default(), unlisted);
        assert!(
            parts.coverage.not_found.is_empty(),
            "the state is not known"
        );
    }

    #[test]
    fn what_was_never_read_stays_so_until_it_is_read_and_what_was_read_once_stays_known() {
        let gap = || Gap::MembersOf(group().id);
        let first = Crawl {
            users: None,
            unread: vec![unread(Gap::Users), unread(gap())],
            ..whole(AccountState::Active)
        };
        let first = after(&Parts::default(), first);
        assert_eq!(first.coverage.never_read, [Gap::Users, gap()]);
        let kinds = missing(&first);
        assert_eq!(
            kinds,
            [&Gap::Users, &gap()],
            "no members of any group are known"
        );
        let snapshot = Snapshot::new(first.clone());
        assert_eq!(snapshot.never_read().memberships(), Knowledge::NeverRead);
        assert_eq!(snapshot.never_read().users(), Knowledge::NeverRead);

        // The next crawl cannot even list the groups: what was never read is still not known.
        let second = Crawl {
            users: None,
            groups: None,
            unread: vec![unread(Gap::Users), unread(Gap::Groups)],
            ..whole(AccountState::Active)
        };
        let second = after(&first, second);
        assert_eq!(second.coverage.never_read, [Gap::Users, gap()]);

        let read = Crawl {
            members: vec![Members {
                group: group().id,
                as_of: Timestamp(1),
                users: [UserId::parse("00000000-0000-4000-8000-000000000001").unwrap()].into(),
            }],
            ..whole(AccountState::Active)
        };
        let third = after(&second, read);
        let seen = detect(&second, &third, |_| false);
        assert_eq!(seen, [], "a first read is not a change");
        assert_eq!(third.coverage.never_read, []);
        let denied = Crawl {
            unread: vec![unread(gap())],
            ..whole(AccountState::Active)
        };
        let fourth = after(&third, denied);
        assert_eq!(fourth.coverage.never_read, [], "older members are known");
        assert!(!fourth.coverage.unread.is_empty());
    }

    #[test]
    fn the_accounts_of_a_set_that_were_never_read_hide_assignments_anywhere() {
        let first = Crawl {
            index: BTreeMap::new(),
            unread: vec![unread(Gap::AccountsOf(pair().set))],
            ..whole(AccountState::Active)
        };
        let first = after(&Parts::default(), first);
        let snapshot = Snapshot::new(first.clone());
        let somewhere = snapshot.never_read().assignments_in(&pair().account);
        assert_eq!(somewhere, Knowledge::NeverRead);
        let listing = PairListing {
            pair: pair(),
            as_of: Timestamp(3),
            principals: BTreeSet::new(),
            provisioned: Provisioned::Latest,
        };
        let second = Crawl {
            pairs: vec![listing],
            ..whole(AccountState::Active)
        };
        let second = Snapshot::new(after(&first, second));
        assert_eq!(second.never_read().assignments(), Knowledge::Read);
    }
}
