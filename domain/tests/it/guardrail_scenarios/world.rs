//! A small organisation to judge, built by name, so that a test reads as what it is about.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use domain::{
    approval::Mfa,
    authorize::Role,
    change::Operation,
    classification::{Classification, Environment, Pci, Source},
    directory::{Group, Origin, User, UserStatus},
    grant::Term,
    guardrails::{Asked, Judgement, Rules, judge},
    ids::{
        AccountId, Assignment, GroupId, OuId, Pair, PermissionSetArn, PersonId, Principal, UserId,
    },
    org::{Account, AccountState},
    permission_set::{
        Content, CustomerPolicy, PermissionSet,
        analysis::{Analysis, Finding, ManagedPolicies, PolicyRef, Risk, analyse},
    },
    snapshot::{PairRead, Parts, Provisioned, Snapshot},
    time::{Duration, Timestamp},
    verdict::Outcome,
};

pub const SCHEMA: &str = include_str!("../../../../server/policies/leastwise.cedarschema");
pub const ELIGIBILITY: &str = include_str!("../../../../server/policies/eligibility.cedar");
pub const GUARDRAILS: &str = include_str!("../../../../server/policies/guardrails.cedar");
pub const NOW: Timestamp = Timestamp(1_795_425_245_000);

/// Parsed once: in an unoptimised build that takes longer than most tests.
pub fn default_rules() -> &'static Rules {
    static RULES: LazyLock<Rules> = LazyLock::new(|| {
        Rules::parse(SCHEMA, ELIGIBILITY, GUARDRAILS).expect("the default rules are valid")
    });
    &RULES
}

pub fn with_guardrails(more: &str) -> Rules {
    Rules::parse(SCHEMA, ELIGIBILITY, &format!("{GUARDRAILS}\n{more}")).expect("valid rules")
}

/// A guardrail of a test's own.
pub fn rule(id: &str, annotations: &str, rest: &str) -> String {
    format!("@id(\"{id}\") @reason(\"r\") @control(\"c\") {annotations}\nforbid ({rest};\n")
}

pub struct NoCatalogue;
impl ManagedPolicies for NoCatalogue {
    fn document(&self, _arn: &str) -> Option<&str> {
        None
    }
}

/// Accounts `cards-prod` (production PCI), `cards-staging` (staging, PCI), `web-prod` (production),
/// `web-dev` (development), `master` (management). Ann, Bob, Cas, Dan and Eve. Groups `operators`
/// (Bob, Cas), `empty`, and `okta` (Dan), which SCIM feeds.
#[derive(Debug, Clone)]
pub struct World {
    pub parts: Parts,
}

impl World {
    pub fn new() -> Self {
        let mut world = Self {
            parts: Parts::default(),
        };
        world.account("cards-prod", Environment::Production, Pci::In);
        world.account("cards-staging", Environment::Staging, Pci::In);
        world.account("web-prod", Environment::Production, Pci::Out);
        world.account("web-dev", Environment::Development, Pci::Out);
        world.account("master", Environment::Management, Pci::Out);
        for name in ["ann", "bob", "cas", "dan", "eve"] {
            world.user(name);
        }
        world.group("operators", Origin::IdentityCenter, &["bob", "cas"]);
        world.group("empty", Origin::IdentityCenter, &[]);
        world.group("okta", Origin::External, &["dan"]);
        world.set("viewer", &[]);
        world.set("reader", &[Risk::DataRead]);
        world.set("administrator", &[Risk::Administrator]);
        world.set("escalation", &[Risk::Escalation]);
        world.set("takeover", &[Risk::IdentityCenterTakeover]);
        world.set("tampering", &[Risk::Tampering]);
        world.set("unknown", &[Risk::Unknown]);
        world
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
            waiting: None,
        };
        self.parts
            .accounts
            .insert(account.id.clone(), (account, class));
    }

    pub fn user(&mut self, name: &str) {
        let known = User {
            id: user(name),
            user_name: name.into(),
            display_name: name.into(),
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

    pub fn set(&mut self, name: &str, risks: &[Risk]) {
        let findings = risks
            .iter()
            .map(|risk| Finding {
                risk: *risk,
                reason: "as the test says".into(),
                policy: PolicyRef::Inline,
                statement: Some(0),
                actions: vec![],
                more: 0,
            })
            .collect();
        self.add_set(name, Content::default(), Analysis { findings });
    }

    /// A set whose analysis is what the analysis really says of it.
    pub fn analysed(&mut self, name: &str, content: Content) {
        let analysis = analyse(&content, &NoCatalogue);
        self.add_set(name, content, analysis);
    }

    fn add_set(&mut self, name: &str, content: Content, analysis: Analysis) {
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

    pub fn assigned(&mut self, who: &Principal, account: &str, with: &str) {
        self.parts
            .pairs
            .entry(pair(account, with))
            .or_insert_with(|| PairRead {
                as_of: NOW,
                principals: BTreeMap::new(),
                provisioned: Provisioned::Latest,
            })
            .principals
            .insert(who.clone(), Timestamp(1));
    }

    pub fn snapshot(&self) -> Snapshot {
        Snapshot::new(self.parts.clone())
    }

    /// Judged under the default rules, with nothing under way.
    pub fn judge(&self, operations: &[Operation], asked: &Asked) -> Judgement {
        self.judge_under(default_rules(), &[], operations, asked)
    }

    pub fn judge_under(
        &self,
        rules: &Rules,
        under_way: &[Operation],
        operations: &[Operation],
        asked: &Asked,
    ) -> Judgement {
        judge(&self.snapshot(), under_way, operations, asked, rules, NOW)
    }
}

/// Ann, an administrator, with a second factor and no ticket.
pub fn ann() -> Asked {
    Asked {
        requester: person("ann"),
        roles: [Role::Administrator].into(),
        mfa: Mfa::Proven,
        ticket: false,
        approvals: BTreeSet::new(),
        ours: BTreeSet::new(),
    }
}

/// Somebody without any role.
pub fn requester(name: &str) -> Asked {
    Asked {
        requester: person(name),
        roles: BTreeSet::new(),
        ..ann()
    }
}

pub fn approved_by(asked: Asked, names: &[&str]) -> Asked {
    Asked {
        approvals: names.iter().map(|name| person(name)).collect(),
        ..asked
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
pub fn the_user(name: &str) -> Principal {
    Principal::User(user(name))
}
pub fn the_group(name: &str) -> Principal {
    Principal::Group(group(name))
}

pub fn assignment(who: Principal, at: &str, with: &str) -> Assignment {
    Assignment {
        pair: pair(at, with),
        principal: who,
    }
}
pub fn standing(who: Principal, at: &str, with: &str) -> Operation {
    Operation::Assign {
        assignment: assignment(who, at, with),
        term: Term::Standing,
    }
}
pub fn window(who: Principal, at: &str, with: &str, minutes: i64) -> Operation {
    Operation::Assign {
        assignment: assignment(who, at, with),
        term: Term::For(Duration::minutes(minutes)),
    }
}
pub fn unassign(who: Principal, at: &str, with: &str) -> Operation {
    Operation::Unassign {
        assignment: assignment(who, at, with),
    }
}
pub fn join(whom: &str, to: &str) -> Operation {
    Operation::AddMember {
        group: group(to),
        user: user(whom),
    }
}
pub fn leave(whom: &str, from: &str) -> Operation {
    Operation::RemoveMember {
        group: group(from),
        user: user(whom),
    }
}

pub fn inline(text: &str) -> Content {
    Content {
        inline: Some(text.into()),
        session_seconds: 3_600,
        ..Content::default()
    }
}

pub fn customer_managed(name: &str) -> Content {
    Content {
        customer: [CustomerPolicy {
            name: name.into(),
            path: "/".into(),
        }]
        .into(),
        session_seconds: 3_600,
        ..Content::default()
    }
}

/// The ids of the rules that were hit, in order.
pub fn hit(judgement: &Judgement) -> Vec<&str> {
    judgement
        .verdict
        .hits
        .iter()
        .map(|hit| hit.rule.as_str())
        .collect()
}

#[track_caller]
pub fn refused_by(judgement: &Judgement, rule: &str) {
    let all = hit(judgement);
    assert_eq!(judgement.verdict.outcome, Outcome::Refused, "{all:?}");
    let finally = judgement
        .verdict
        .hits
        .iter()
        .any(|hit| hit.rule == rule && hit.remedy.is_none());
    assert!(finally, "{rule} is not among {all:?}");
}

#[track_caller]
pub fn needs(judgement: &Judgement, approvals: u8) {
    assert_eq!(
        (judgement.verdict.outcome, judgement.verdict.approvals),
        (Outcome::NeedsApproval, approvals),
        "{:?}",
        hit(judgement)
    );
}

#[track_caller]
pub fn allowed(judgement: &Judgement) {
    assert_eq!(
        judgement.verdict.outcome,
        Outcome::Allowed,
        "{:?}",
        hit(judgement)
    );
}
