//! A small company with items referred to by name, so that the tests are readable. The tests of the domain and of the
//! server include this file.

use std::collections::BTreeMap;

use domain::{
    classification::{Basis, Classification, Environment, Pci, Source},
    directory::{Group, Origin, User, UserStatus},
    ids::{AccountId, GroupId, OuId, Pair, PermissionSetArn, PersonId, Principal, UserId},
    org::{Account, AccountState},
    permission_set::{
        Content, PermissionSet,
        analysis::{Analysis, Capability, Extent, Finding, PolicyRef},
    },
    shared_map::SharedMap,
    snapshot::{PairRead, Parts, Provisioned},
    time::Timestamp,
};

pub const PEOPLE: [&str; 6] = ["ann", "bob", "cas", "dan", "eve", "fay"];

/// Accounts `cards-prod` (production PCI), `cards-staging` (staging, PCI), `web-prod` (production), `web-dev`
/// (development) and `master` (management). Groups `operators` (Bob, Eve), `empty`, and `okta` (Fay), which is
/// provisioned by SCIM. The analysis of the permission sets is stated, one capability each: the real one needs the
/// catalogue, which the tests inside this crate cannot use.
#[derive(Debug, Clone)]
pub struct Company {
    pub parts: Parts,
}

impl Company {
    pub fn new() -> Self {
        let mut company = Self {
            parts: Parts::default(),
        };
        company.account("cards-prod", Environment::Production, Pci::In);
        company.account("cards-staging", Environment::Staging, Pci::In);
        company.account("web-prod", Environment::Production, Pci::Out);
        company.account("web-dev", Environment::Development, Pci::Out);
        company.account("master", Environment::Management, Pci::Out);
        for name in PEOPLE {
            company.user(name);
        }
        company.group("operators", Origin::IdentityCenter, &["bob", "eve"]);
        company.group("empty", Origin::IdentityCenter, &[]);
        company.group("okta", Origin::External, &["fay"]);
        let viewer = allowing("cloudwatch:ListMetrics");
        company.add_set("viewer", viewer, stated(&[Capability::Metadata]));
        let admin = allowing("*");
        company.add_set("admin", admin, stated(&[Capability::Administrator]));
        company.set("auditor", &[Capability::ReadsConfiguration]);
        company.set("developer", &[Capability::Changes]);
        company.set("coder", &[Capability::RunsCode]);
        company.set("reader", &[Capability::ReadsData]);
        company.set("administrator", &[Capability::Administrator]);
        company.set("escalation", &[Capability::GrantsRights]);
        company.set("takeover", &[Capability::Identity]);
        company.set("tampering", &[Capability::LogsAndGuardrails]);
        company.set("unknown", &[Capability::Unknown]);
        company
    }

    pub fn account(&mut self, name: &str, environment: Environment, pci: Pci) {
        let account = Account {
            id: account(name),
            name: name.into(),
            email: format!("{name}@example.com"),
            state: AccountState::Active,
            ous: vec![
                OuId::parse("r-root").unwrap(),
                OuId::parse("ou-root-cards").unwrap(),
            ],
            tags: BTreeMap::new(),
        };
        let class = Classification {
            environment,
            environment_source: if environment == Environment::Management {
                Source::Role
            } else {
                Source::Tag
            },
            pci,
            pci_source: Source::Tag,
            contradictory: false,
            waiting: None,
            basis: Basis::default(),
        };
        self.parts
            .accounts
            .insert(account.id.clone(), (account, class));
    }

    pub fn user(&mut self, name: &str) {
        let known = User {
            id: user(name),
            user_name: name.into(),
            display_name: name.to_uppercase(),
            email: None,
            title: None,
            status: UserStatus::Enabled,
            origin: Origin::IdentityCenter,
            external_ids: vec![],
        };
        self.parts.persons.insert(known.id.clone(), person(name));
        self.parts.users.insert(known.id.clone(), known);
    }

    pub fn group(&mut self, name: &str, origin: Origin, members: &[&str]) {
        let known = Group {
            id: group(name),
            display_name: name.into(),
            description: None,
            origin,
        };
        self.parts.members.insert(
            known.id.clone(),
            members.iter().map(|name| user(name)).collect(),
        );
        self.parts.groups.insert(known.id.clone(), known);
    }

    pub fn set(&mut self, name: &str, capabilities: &[Capability]) {
        self.add_set(name, Content::default(), stated(capabilities));
    }

    pub fn add_set(&mut self, name: &str, content: Content, analysis: Analysis) {
        let set = PermissionSet {
            arn: set(name),
            name: name.into(),
            description: None,
            hash: content.hash(),
            content,
            analysis,
        };
        self.parts.sets.insert(set.arn.clone(), set);
    }
}

/// Adds an assignment to the observed state.
pub fn assign(parts: &mut Parts, pair: Pair, who: Principal, as_of: Timestamp, since: Timestamp) {
    let read = parts.pairs.or_insert_with(pair, || PairRead {
        as_of,
        principals: SharedMap::default(),
        provisioned: Provisioned::Latest,
    });
    read.principals.insert(who, since);
}

/// The analysis of a set with these capabilities, one action each.
pub fn stated(capabilities: &[Capability]) -> Analysis {
    let findings = capabilities
        .iter()
        .map(|capability| Finding {
            capability: *capability,
            reason: "as the test says".into(),
            policy: PolicyRef::Inline,
            statement: Some(0),
            actions: vec![],
            more: 0,
            unreviewed: 0,
        })
        .collect();
    let one = Extent {
        actions: 1,
        services: 1,
    };
    Analysis {
        findings,
        extents: capabilities.iter().map(|found| (*found, one)).collect(),
        ..Analysis::default()
    }
}

fn number(name: &str) -> u64 {
    name.bytes()
        .fold(7, |sum, byte| (sum * 31 + u64::from(byte)) % 99_999_999_977)
}

fn uuid(kind: u8, name: &str) -> String {
    format!("{kind:08x}-0000-4000-8000-{:012x}", number(name))
}

pub fn account(name: &str) -> AccountId {
    AccountId::parse(&format!("{:012}", number(name))).unwrap()
}
pub fn user(name: &str) -> UserId {
    UserId::parse(&uuid(1, name)).unwrap()
}
pub fn group(name: &str) -> GroupId {
    GroupId::parse(&uuid(2, name)).unwrap()
}
pub fn person(name: &str) -> PersonId {
    PersonId::parse(&uuid(3, name)).unwrap()
}
pub fn set(name: &str) -> PermissionSetArn {
    PermissionSetArn::parse(&format!(
        "arn:aws:sso:::permissionSet/ssoins-0123456789abcdef/ps-{:016x}",
        number(name)
    ))
    .unwrap()
}
pub fn pair(at: &str, with: &str) -> Pair {
    Pair {
        account: account(at),
        set: set(with),
    }
}
pub fn inline(text: &str) -> Content {
    Content {
        inline: Some(text.into()),
        session_seconds: 3_600,
        ..Content::default()
    }
}

pub fn allowing(action: &str) -> Content {
    inline(&format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"{action}","Resource":"*"}}]}}"#
    ))
}
