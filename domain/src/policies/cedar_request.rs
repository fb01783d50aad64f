//! Translates a case for Cedar: one request, and the slice of entities that a policy may look at.
//!
//! Everything is built against the schema, so that a value of the wrong type is an error here and not a policy that
//! silently does not match. Principal, resource and requester are always in the slice, with all their ancestors as
//! direct parents.

use std::{
    collections::{HashMap, HashSet},
    str::FromStr,
    sync::LazyLock,
};

use cedar_policy::{
    Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, Request, RestrictedExpression,
    Schema,
};

use super::request_template::{
    ANY, AccessPath, ApprovedContent, OnRecord, PEOPLE, PolicyAction, PolicyPrincipal,
    PolicyResource, REVIEW_DATE, RequestTemplate, RequesterContext, SetAttributes,
};
use crate::{
    approval::Mfa,
    authorize::Role,
    classification::{Environment, Pci},
    org::AccountState,
    permission_set::analysis::Capability,
};

/// A request to Cedar with its entities.
pub(super) struct CedarRequest {
    pub request: Request,
    pub entities: Entities,
}

impl RequestTemplate {
    /// Builds the request for one person. Fails if the schema does not fit.
    pub(super) fn cedar_request(
        &self,
        who: &PolicyPrincipal,
        schema: &Schema,
    ) -> Result<CedarRequest, String> {
        let principal = uid("Person", &who.id);
        let resource = uid("Account", &self.place.id);
        let request = Request::new(
            principal,
            uid("Action", self.act.word()),
            resource.clone(),
            self.context()?,
            Some(schema),
        )
        .map_err(whole)?;
        let mut slice = vec![
            self.person(who)?,
            Entity::new(resource, self.place.attributes(), self.place.parents()).map_err(whole)?,
        ];
        if let Some(ask) = &self.ask
            && ask.requester.id != who.id
        {
            slice.push(entity_of(&ask.requester, ask.requester.parents())?);
        }
        let entities = Entities::from_entities(slice, Some(schema)).map_err(whole)?;
        Ok(CedarRequest { request, entities })
    }

    /// Builds the person, as a member of the groups that policies name and of the group on the path.
    fn person(&self, who: &PolicyPrincipal) -> Result<Entity, String> {
        let mut parents = who.parents();
        if let AccessPath::Group { id, .. } = &self.access_path {
            parents.insert(uid("Group", id));
        }
        entity_of(who, parents)
    }

    fn context(&self) -> Result<Context, String> {
        use RestrictedExpression as E;
        let mut pairs: Vec<(&str, E)> = vec![
            (
                "set",
                E::new_entity_uid(uid("PermissionSet", &self.power.id)),
            ),
            (
                "capabilities",
                words(
                    "Capability",
                    self.power
                        .capabilities
                        .iter()
                        .map(|capability| capability.as_str()),
                ),
            ),
            ("content_known", E::new_bool(self.power.content_known)),
            ("session_seconds", E::new_long(self.power.session_seconds)),
            ("standing", E::new_bool(self.minutes.is_none())),
            (
                "direct",
                E::new_bool(self.access_path == AccessPath::Direct),
            ),
            (
                "scim_group",
                E::new_bool(matches!(
                    self.access_path,
                    AccessPath::Group { scim: true, .. }
                )),
            ),
            ("latent", E::new_bool(self.latent)),
            (PEOPLE, E::new_long(self.people)),
            ("approvals", self.approvals()?),
        ];
        if let Some(minutes) = self.minutes {
            pairs.push(("minutes", E::new_long(minutes)));
        }
        if let AccessPath::Group { id, .. } = &self.access_path {
            pairs.push(("group", E::new_entity_uid(uid("Group", id))));
        }
        if let Some(ask) = &self.ask {
            pairs.extend([
                (
                    "requester",
                    E::new_entity_uid(uid("Person", &ask.requester.id)),
                ),
                (
                    "roles",
                    words("Role", ask.roles.iter().map(|role| role.as_str())),
                ),
                ("ticket", E::new_bool(ask.ticket)),
                (REVIEW_DATE, E::new_bool(ask.review_date)),
                ("mfa", E::new_bool(ask.mfa == Mfa::Proven)),
                ("at", E::new_long(ask.at)),
            ]);
        } else {
            pairs.extend([
                (
                    "approved_content",
                    E::new_entity_uid(uid("ApprovedContent", self.record.content.as_str())),
                ),
                ("review_passed", E::new_bool(self.record.review_passed)),
            ]);
        }
        Context::from_pairs(
            pairs
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value)),
        )
        .map_err(whole)
    }

    fn approvals(&self) -> Result<RestrictedExpression, String> {
        use RestrictedExpression as E;
        let approvals = &self.record.approvals;
        let count = i64::try_from(approvals.len()).unwrap_or(i64::MAX);
        E::new_record([
            ("count".to_owned(), E::new_long(count)),
            (
                "people".to_owned(),
                words("Person", approvals.iter().map(String::as_str)),
            ),
        ])
        .map_err(whole)
    }
}

impl PolicyPrincipal {
    fn parents(&self) -> HashSet<EntityUid> {
        self.groups
            .iter()
            .map(|group| uid("Group", group.as_str()))
            .collect()
    }
}

fn entity_of(who: &PolicyPrincipal, parents: HashSet<EntityUid>) -> Result<Entity, String> {
    use RestrictedExpression as E;
    let attributes = HashMap::from([
        ("joined".to_owned(), E::new_bool(who.linked)),
        ("disabled".to_owned(), E::new_bool(who.disabled)),
        ("external".to_owned(), E::new_bool(who.external)),
    ]);
    Entity::new(uid("Person", &who.id), attributes, parents).map_err(whole)
}

impl PolicyResource {
    fn attributes(&self) -> HashMap<String, RestrictedExpression> {
        use RestrictedExpression as E;
        HashMap::from([
            (
                "environment".to_owned(),
                E::new_entity_uid(uid("Environment", self.environment.as_str())),
            ),
            (
                "pci".to_owned(),
                E::new_entity_uid(uid("Pci", self.pci.as_str())),
            ),
            (
                "production_pci".to_owned(),
                E::new_bool(self.production_pci),
            ),
            (
                "state".to_owned(),
                E::new_entity_uid(uid("State", self.state.as_str())),
            ),
        ])
    }

    fn parents(&self) -> HashSet<EntityUid> {
        self.units.iter().map(|unit| uid("Unit", unit)).collect()
    }
}

fn words<'a>(kind: &str, ids: impl Iterator<Item = &'a str>) -> RestrictedExpression {
    RestrictedExpression::new_set(ids.map(|id| RestrictedExpression::new_entity_uid(uid(kind, id))))
}

/// Parsing an entity type name runs Cedar's parser, so each is parsed once.
static KINDS: LazyLock<HashMap<&'static str, EntityTypeName>> = LazyLock::new(|| {
    [
        "Account",
        "Action",
        "ApprovedContent",
        "Capability",
        "Environment",
        "Group",
        "Pci",
        "PermissionSet",
        "Person",
        "Role",
        "State",
        "Unit",
    ]
    .into_iter()
    .map(|name| {
        (
            name,
            EntityTypeName::from_str(name).expect("a plain identifier"),
        )
    })
    .collect()
});

pub(super) fn uid(kind: &str, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(KINDS[kind].clone(), EntityId::new(id))
}

/// Formats an error with its causes: Cedar puts the details in `source()`.
pub(super) fn whole(error: impl std::error::Error) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(cause) = below {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        below = cause.source();
    }
    text
}

const ENVIRONMENTS: [Environment; 6] = [
    Environment::Sandbox,
    Environment::Development,
    Environment::Staging,
    Environment::Production,
    Environment::Security,
    Environment::Management,
];
const PCI: [Pci; 3] = [Pci::Out, Pci::Connected, Pci::In];
const STATES: [AccountState; 5] = [
    AccountState::PendingActivation,
    AccountState::Active,
    AccountState::Suspended,
    AccountState::PendingClosure,
    AccountState::Closed,
];

/// Builds a request for every action with every enumerated value, so that a schema that does not fit is detected when
/// it is saved, and not because every change is blocked.
pub(super) fn probe(schema: &Schema) -> Result<(), String> {
    let ask = RequesterContext {
        requester: PolicyPrincipal {
            id: "requester".into(),
            ..PolicyPrincipal::unknown()
        },
        roles: [Role::Approver, Role::Administrator, Role::Auditor].into(),
        ticket: true,
        review_date: true,
        mfa: Mfa::Proven,
        at: 0,
    };
    let power = SetAttributes {
        id: ANY.into(),
        capabilities: Capability::ALL.into(),
        content_known: true,
        session_seconds: 3_600,
    };
    for act in [
        PolicyAction::Request,
        PolicyAction::Grant,
        PolicyAction::Hold,
    ] {
        for (n, environment) in ENVIRONMENTS.into_iter().enumerate() {
            let access_path = if n % 2 == 0 {
                AccessPath::Direct
            } else {
                AccessPath::Group {
                    id: ANY.into(),
                    scim: true,
                }
            };
            let frame = RequestTemplate {
                act,
                place: PolicyResource {
                    id: ANY.into(),
                    environment,
                    pci: PCI[n % PCI.len()],
                    production_pci: true,
                    state: STATES[n % STATES.len()],
                    units: ["ou".to_owned()].into(),
                },
                power: power.clone(),
                minutes: (n % 2 == 0).then_some(60),
                access_path,
                latent: false,
                people: 1,
                record: OnRecord {
                    approvals: ["approver".to_owned()].into(),
                    content: ApprovedContent::ALL[n % ApprovedContent::ALL.len()],
                    review_passed: n % 2 == 0,
                },
                ask: (act != PolicyAction::Hold).then(|| ask.clone()),
            };
            frame.cedar_request(&PolicyPrincipal::unknown(), schema)?;
        }
    }
    Ok(())
}
