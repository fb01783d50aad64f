//! Which actions each statement of a permission set allows.
//!
//! An action is allowed if an Allow statement covers it on a resource that it can have, no unconditional Deny covers all
//! of that, and the boundary allows it there. A Deny with a condition or with a policy variable removes nothing, and
//! neither does a boundary that cannot be read.

mod denials;
mod effort;
mod restriction;

pub(super) use self::effort::Effort;
use self::restriction::Restriction;
use super::{
    PolicyRef,
    action_set::{ActionNumber, ActionSet},
    catalogue::ActionCatalogue,
    pattern::Expansion,
    policy::{Effect, Policy, Resources, Statement},
};

/// A policy that could be read, at least in part.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) name: PolicyRef,
    pub(super) policy: Policy,
}

/// An Allow statement, and what is left of it.
#[derive(Debug)]
pub(super) struct Allowed<'a> {
    pub(super) policy: &'a PolicyRef,
    pub(super) statement: &'a Statement,
    pub(super) actions: ActionSet,
    /// Patterns of services that the catalogue does not have.
    pub(super) unknown: Vec<String>,
    /// Patterns that match no action of a known service.
    pub(super) void: Vec<String>,
    /// Actions that an inline policy names in full, although they cannot have any of its resources.
    pub(super) unreached: Vec<Unreached>,
    /// The number of actions of a statement of an inline policy of which none can have any of its resources, so that it
    /// allows nothing; otherwise zero.
    pub(super) pointless: usize,
}

/// An action that a statement names in full and does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unreached {
    pub(super) action: ActionNumber,
    pub(super) because: Because,
}

/// Why a statement does not allow an action that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Because {
    /// None of its resources can be one of the action.
    NoResource,
    /// Its resources only narrow a call, which needs another resource that no statement allows.
    OtherResourceMissing,
}

/// A Deny statement without a condition, or a statement of a boundary.
#[derive(Debug)]
pub(super) struct Limit<'a> {
    pub(super) statement: &'a Statement,
    pub(super) actions: ActionSet,
}

/// What a permission set allows.
#[derive(Debug)]
pub(super) struct Permissions<'a> {
    pub(super) catalogue: &'a ActionCatalogue,
    pub(super) sources: &'a [Source],
    pub(super) statements: Vec<Allowed<'a>>,
    /// The Deny statements without a condition.
    pub(super) denies: Vec<Limit<'a>>,
    /// The statements of the boundary, if there is one that can be read.
    pub(super) bounds: Option<Vec<Limit<'a>>>,
    /// All statements together.
    pub(super) total: ActionSet,
    /// Whether a Deny or the boundary rules out services that are not in the catalogue.
    pub(super) closed: bool,
    /// Whether not all resources were compared, so that less may be allowed than is stated.
    pub(super) incomplete: bool,
}

impl<'a> Permissions<'a> {
    /// Combines the policies. `boundary` must not contain anything that could not be understood.
    pub(super) fn of(
        catalogue: &'a ActionCatalogue,
        sources: &'a [Source],
        boundary: Option<&'a Policy>,
    ) -> Self {
        let denies: Vec<Limit> = sources
            .iter()
            // A policy with a problem may not deny what it seems to.
            .filter(|source| source.policy.problems.is_empty())
            .flat_map(|source| limits(catalogue, &source.policy, Effect::Deny))
            .chain(
                boundary
                    .into_iter()
                    .flat_map(|policy| limits(catalogue, policy, Effect::Deny)),
            )
            .filter(|limit| !limit.statement.conditional)
            .collect();
        let bounds: Option<Vec<Limit>> =
            boundary.map(|policy| limits(catalogue, policy, Effect::Allow).collect());
        let restriction = Restriction::of(catalogue, &denies, bounds.as_deref());
        let mut total = ActionSet::default();
        let mut statements = Vec::new();
        for source in sources {
            let allows = source
                .policy
                .statements
                .iter()
                .filter(|statement| statement.effect == Effect::Allow);
            for statement in allows {
                let Expansion {
                    mut actions,
                    unknown,
                    void,
                } = statement.actions.expand(catalogue);
                let stated = actions.len();
                restriction.restrict(&mut actions, statement);
                let is_told = source.name == PolicyRef::Inline && restriction.is_none();
                let unreached = if is_told {
                    unreached(catalogue, statement, &actions)
                } else {
                    Vec::new()
                };
                let narrows = unreached
                    .iter()
                    .any(|one| one.because == Because::OtherResourceMissing);
                let is_pointless = is_told && actions.is_empty() && !narrows;
                total.add(&actions);
                statements.push(Allowed {
                    policy: &source.name,
                    statement,
                    actions,
                    unknown,
                    void,
                    unreached,
                    pointless: if is_pointless { stated } else { 0 },
                });
            }
        }
        // A statement for the resource that narrows a call stands beside the one for the resource that it needs.
        for allowed in &mut statements {
            allowed
                .unreached
                .retain(|one| one.because == Because::NoResource || !total.contains(one.action));
        }
        Self {
            catalogue,
            sources,
            statements,
            total,
            incomplete: restriction.is_incomplete(),
            closed: is_closed(catalogue, &denies, bounds.as_deref()),
            denies,
            bounds,
        }
    }

    /// Returns the first statement that allows an action.
    pub(super) fn giver(&self, action: ActionNumber) -> Option<&Allowed<'a>> {
        self.statements
            .iter()
            .find(|allowed| allowed.actions.contains(action))
    }
}

/// Returns the actions that a statement names in full and does not allow on any of its resources.
fn unreached(
    catalogue: &ActionCatalogue,
    statement: &Statement,
    allowed: &ActionSet,
) -> Vec<Unreached> {
    let named = statement.actions.named_in(catalogue).into_iter();
    let others = named.filter(|action| !allowed.contains(*action));
    others
        .map(|action| {
            let types = &catalogue.service_of(action).resource_types;
            let mut narrowing = catalogue.action(action).narrowing_types.iter();
            let narrows = narrowing.any(|kind| match &statement.resources {
                Resources::Named(globs) => {
                    globs.iter().any(|glob| glob.can_meet(&types[*kind].arn))
                }
                Resources::AllBut(_) => false,
            });
            Unreached {
                action,
                because: if narrows {
                    Because::OtherResourceMissing
                } else {
                    Because::NoResource
                },
            }
        })
        .collect()
}

fn limits<'a>(
    catalogue: &'a ActionCatalogue,
    policy: &'a Policy,
    effect: Effect,
) -> impl Iterator<Item = Limit<'a>> {
    policy
        .statements
        .iter()
        .filter(move |statement| statement.effect == effect)
        .map(|statement| Limit {
            statement,
            actions: statement.actions.expand(catalogue).actions,
        })
}

fn is_closed(catalogue: &ActionCatalogue, denies: &[Limit], bounds: Option<&[Limit]>) -> bool {
    denies.iter().any(|deny| {
        deny.statement.resources.are_all() && deny.statement.actions.cover_the_unknown(catalogue)
    }) || bounds.is_some_and(|bounds| {
        !bounds
            .iter()
            .any(|bound| bound.statement.actions.meet_the_unknown(catalogue))
    })
}
