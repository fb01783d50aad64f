//! An organisation of the sandbox, as a crawl would have read it, and services bound to its people. Made
//! without the crawl: these tests are about what is shown, not about how it was read.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use domain::{
    approval::Mfa,
    authorize::{Actor, Role},
    classification::classify,
    directory::{ExternalId, Group, Origin, User, UserStatus},
    engine::{Key, WindowRow},
    grant::Window,
    ids::{
        AccountId, Assignment, ChangeId, GrantId, GroupId, OuId, Pair, PermissionSetArn, PersonId,
        Principal, UserId,
    },
    org::{Account, AccountState, OrganizationalUnit, SpecialAccounts},
    permission_set::{Boundary, Content, CustomerPolicy, PermissionSet},
    person::Subject,
    snapshot::{Coverage, PairRead, Parts, Provisioned, Snapshot},
    time::{Duration, Timestamp},
};
use sandbox::org::{self as data, Organisation};
use server::{
    clock::Clock,
    http::session::Signed,
    service::{
        Service,
        core::{Core, Reasons, World},
    },
};

use crate::{
    cores::without_aws,
    database::{Database, Engine},
};

pub const NOW: Timestamp = Timestamp(1_795_425_245_000);
/// When the crawl read everything.
pub const READ: Timestamp = Timestamp(1_795_425_005_000);

pub struct Org {
    pub core: Arc<Core>,
    /// Holds no rows but those that a test writes; removed at the end.
    _database: Database,
}

impl Org {
    pub async fn sample(engine: Engine) -> Self {
        Self::of(engine, &Organisation::sample(), |_| {}).await
    }

    /// With what a test changes in what was read.
    pub async fn of(
        engine: Engine,
        organisation: &Organisation,
        change: impl FnOnce(&mut Parts),
    ) -> Self {
        Self::with_windows(engine, organisation, change, |_| Vec::new()).await
    }

    pub async fn with_windows(
        engine: Engine,
        organisation: &Organisation,
        change: impl FnOnce(&mut Parts),
        windows: impl FnOnce(&Parts) -> Vec<(Assignment, Timestamp)>,
    ) -> Self {
        let database = Database::fresh(engine).await;
        let core = without_aws(&database, &Clock::manual(NOW)).await;
        let special = SpecialAccounts {
            management: AccountId::parse(&organisation.management_account).ok(),
            delegated_administrators: AccountId::parse(&organisation.delegated_admin_account)
                .into_iter()
                .collect(),
            leastwise: Vec::new(),
        };
        let mut parts = parts(&core, organisation, &special);
        change(&mut parts);
        let windows = windows(&parts).into_iter().map(window).collect();
        let snapshot = Snapshot::new(parts);
        let world = World::new(
            snapshot,
            special,
            Reasons {
                windows,
                ..Reasons::default()
            },
            &core.rules,
        );
        core.publish(world);
        Self {
            core: Arc::new(core),
            _database: database,
        }
    }

    /// Before the first crawl.
    pub async fn unread(engine: Engine) -> Self {
        let database = Database::fresh(engine).await;
        let core = without_aws(&database, &Clock::manual(NOW)).await;
        Self {
            core: Arc::new(core),
            _database: database,
        }
    }

    /// Somebody of the directory, by sign-in name.
    pub fn user(&self, name: &str) -> UserId {
        let world = self.core.world();
        let users = &world.snapshot.parts().users;
        let found = users.values().find(|user| user.user_name == name);
        found.unwrap().id.clone()
    }

    pub fn account(&self, name: &str) -> AccountId {
        let world = self.core.world();
        let accounts = &world.snapshot.parts().accounts;
        let found = accounts.values().find(|(account, _)| account.name == name);
        found.unwrap().0.id.clone()
    }

    /// Services as this person, with these roles.
    pub fn as_(&self, user: Option<&UserId>, roles: &[Role]) -> Service {
        let person = person();
        let actor = Actor {
            person: user.map(|_| person.clone()),
            roles: roles.iter().copied().collect(),
            approver_since: Some(Timestamp(0)),
            mfa: Mfa::Proven,
        };
        let subject = Subject {
            iss: "https://issuer".into(),
            sub: "sub".into(),
        };
        let signed = Signed::without_cookie(
            actor,
            person,
            user.cloned(),
            subject,
            "Somebody".into(),
            NOW,
        );
        Service::new(self.core.clone(), signed, "request-1".into())
    }

    pub fn administrator(&self) -> Service {
        let user = {
            let world = self.core.world();
            world.snapshot.parts().users.keys().next().cloned()
        };
        self.as_(user.as_ref(), &[Role::Administrator])
    }

    pub fn requester(&self, name: &str) -> Service {
        self.as_(Some(&self.user(name)), &[])
    }
}

fn person() -> PersonId {
    PersonId::parse("00000002-0000-4000-8000-000000000001").unwrap()
}

fn window((assignment, ends): (Assignment, Timestamp)) -> WindowRow {
    WindowRow {
        key: Key::Assignment(assignment),
        window: Window {
            grant: GrantId::parse("00000005-0000-4000-8000-000000000001").unwrap(),
            change: ChangeId::parse("00000006-0000-4000-8000-000000000001").unwrap(),
            starts: READ,
            ends: Some(ends),
            ended: None,
        },
        delivery: None,
        over: None,
    }
}

fn parts(core: &Core, organisation: &Organisation, special: &SpecialAccounts) -> Parts {
    let mut parts = Parts {
        coverage: Coverage {
            oldest: Some(READ),
            began: Some(READ),
            newest: Some(READ),
            complete_at: Some(READ),
            unread: Vec::new(),
        },
        ..Parts::default()
    };
    units_and_accounts(&mut parts, organisation, special);
    directory(&mut parts, organisation);
    access(&mut parts, core, organisation);
    parts
}

fn units_and_accounts(parts: &mut Parts, organisation: &Organisation, special: &SpecialAccounts) {
    for unit in &organisation.units {
        let id = OuId::parse(&unit.id).unwrap();
        let known = OrganizationalUnit {
            id: id.clone(),
            name: unit.name.clone(),
            parent: OuId::parse(&unit.parent).ok(),
        };
        parts.units.insert(id, known);
    }
    for account in &organisation.accounts {
        let mut ous = Vec::new();
        let mut at = OuId::parse(&account.parent).ok();
        while let Some(id) = at {
            at = parts.units.get(&id).and_then(|unit| unit.parent.clone());
            ous.insert(0, id);
        }
        let known = Account {
            id: AccountId::parse(&account.id).unwrap(),
            name: account.name.to_string(),
            email: account.email.to_string(),
            state: match account.state {
                data::AccountState::PendingActivation => AccountState::PendingActivation,
                data::AccountState::Active => AccountState::Active,
                data::AccountState::Suspended => AccountState::Suspended,
                data::AccountState::PendingClosure => AccountState::PendingClosure,
                data::AccountState::Closed => AccountState::Closed,
            },
            ous,
            tags: account
                .tags
                .iter()
                .map(|(k, v)| (k.to_string(), v.to_string()))
                .collect(),
        };
        let units: Vec<_> = known
            .ous
            .iter()
            .filter_map(|id| parts.units.get(id))
            .collect();
        let class = classify(&known, &units, special, None);
        parts.accounts.insert(known.id.clone(), (known, class));
    }
}

fn directory(parts: &mut Parts, organisation: &Organisation) {
    let origin = |external: &[data::ExternalId]| {
        if external.is_empty() {
            Origin::IdentityCenter
        } else {
            Origin::External
        }
    };
    for user in &organisation.users {
        let id = UserId::parse(&user.id).unwrap();
        let display = format!("{} {}", user.given_name, user.family_name);
        let known = User {
            id: id.clone(),
            user_name: user.user_name.to_string(),
            display_name: user.display_name.as_deref().map_or(display, str::to_owned),
            email: user.email.as_deref().map(str::to_owned),
            title: user.title.as_deref().map(str::to_owned),
            status: if user.enabled {
                UserStatus::Enabled
            } else {
                UserStatus::Disabled
            },
            origin: origin(&user.external_ids),
            external_ids: user
                .external_ids
                .iter()
                .map(|ext| ExternalId {
                    issuer: ext.issuer.to_string(),
                    id: ext.id.to_string(),
                })
                .collect(),
        };
        parts.users.insert(id, known);
    }
    for group in &organisation.groups {
        let id = GroupId::parse(&group.id).unwrap();
        let known = Group {
            id: id.clone(),
            display_name: group.display_name.to_string(),
            description: group.description.as_deref().map(str::to_owned),
            origin: origin(&group.external_ids),
        };
        parts.groups.insert(id.clone(), known);
        parts.members.insert(id.clone(), BTreeSet::new());
        parts.members_as_of.insert(id, READ);
    }
    for membership in &organisation.memberships {
        let group = GroupId::parse(&membership.group).unwrap();
        let user = UserId::parse(&membership.user).unwrap();
        let user = parts
            .users
            .get_key_value(&user)
            .map_or(user, |(id, _)| id.clone());
        parts.members.entry(group).or_default().insert(user);
    }
}

fn access(parts: &mut Parts, core: &Core, organisation: &Organisation) {
    for set in &organisation.permission_sets {
        let customer = |policy: &data::PolicyReference| CustomerPolicy {
            name: policy.name.clone(),
            path: policy.path.clone(),
        };
        let content = Content {
            managed: set.managed_policies.iter().cloned().collect(),
            customer: set.customer_policies.iter().map(customer).collect(),
            inline: set.inline_policy.clone(),
            boundary: set.boundary.as_ref().map(|boundary| match boundary {
                data::Boundary::AwsManaged(arn) => Boundary::Managed(arn.clone()),
                data::Boundary::CustomerManaged(policy) => Boundary::Customer(customer(policy)),
            }),
            session_seconds: 3_600,
        };
        let arn = PermissionSetArn::parse(&set.arn).unwrap();
        let known = PermissionSet {
            arn: arn.clone(),
            name: set.name.clone(),
            description: set.description.clone(),
            hash: content.hash(),
            analysis: core.analyse(&content),
            content,
        };
        parts.sets.insert(arn, known);
    }
    let older: BTreeSet<(&str, &str)> = organisation
        .provisioned_roles
        .iter()
        .map(|role| (&*role.account, &*role.permission_set))
        .collect();
    for assignment in &organisation.assignments {
        let (account, set) = (&*assignment.account, &*assignment.permission_set);
        let pair = Pair {
            account: AccountId::parse(account).unwrap(),
            set: PermissionSetArn::parse(set).unwrap(),
        };
        let kind = assignment.principal_type.as_str();
        let principal = Principal::parse(kind, &assignment.principal_id).unwrap();
        let provisioned = if older.contains(&(account, set)) {
            Provisioned::Outdated
        } else {
            Provisioned::Latest
        };
        let read = parts.pairs.entry(pair).or_insert_with(|| PairRead {
            as_of: READ,
            principals: BTreeMap::new(),
            provisioned,
        });
        read.principals.insert(principal, READ);
    }
}
