//! Which actions each statement of a permission set allows.
//!
//! An action is allowed if an Allow statement covers it on a resource that it can have, no unconditional Deny covers all
//! of that, and the boundary allows it there. A Deny with a condition or with a policy variable removes nothing, and
//! neither does a boundary that cannot be read.

mod denials;
mod effort;
mod restriction;

use self::restriction::Restriction;
use super::{
    PolicyRef,
    action_set::{ActionNumber, ActionSet},
    catalogue::ActionCatalogue,
    pattern::Expansion,
    policy::{Effect, Policy, Statement},
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
    pub(super) unreached: Vec<ActionNumber>,
    /// The number of actions of a statement of an inline policy of which none can have any of its resources, so that it
    /// allows nothing; otherwise zero.
    pub(super) pointless: usize,
}

/// A Deny statement without a condition, or a statement of a boundary.
#[derive(Debug)]
struct Limit<'a> {
    statement: &'a Statement,
    actions: ActionSet,
}

/// What a permission set allows.
#[derive(Debug)]
pub(super) struct Permissions<'a> {
    pub(super) catalogue: &'a ActionCatalogue,
    pub(super) sources: &'a [Source],
    pub(super) statements: Vec<Allowed<'a>>,
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
        boundary: Option<&Policy>,
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
                let mut unreached = Vec::new();
                if source.name == PolicyRef::Inline && restriction.is_none() {
                    unreached = statement.actions.named_in(catalogue);
                    unreached.retain(|action| !actions.contains(*action));
                }
                let is_pointless =
                    source.name == PolicyRef::Inline && restriction.is_none() && actions.is_empty();
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
        Self {
            catalogue,
            sources,
            statements,
            total,
            incomplete: restriction.is_incomplete(),
            closed: is_closed(catalogue, &denies, bounds.as_deref()),
        }
    }

    /// Returns the first statement that allows an action.
    pub(super) fn giver(&self, action: ActionNumber) -> Option<&Allowed<'a>> {
        self.statements
            .iter()
            .find(|allowed| allowed.actions.contains(action))
    }
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
