//! Which actions each statement of a permission set allows.
//!
//! An action is allowed if an Allow statement covers it on a resource that it can have, no unconditional Deny covers all
//! of that, and the boundary allows it there. A Deny with a condition or with a policy variable removes nothing, and
//! neither does a boundary that cannot be read.

use super::{
    PolicyRef,
    action_set::{ActionNumber, ActionSet},
    catalogue::{ActionCatalogue, ResourceType, Service},
    glob::{Glob, Variables},
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
        let mut total = catalogue.empty();
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
                restrict(
                    catalogue,
                    &mut actions,
                    &statement.resources,
                    &denies,
                    bounds.as_deref(),
                );
                total.add(&actions);
                statements.push(Allowed {
                    policy: &source.name,
                    statement,
                    actions,
                    unknown,
                    void,
                });
            }
        }
        Self {
            catalogue,
            sources,
            statements,
            total,
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

/// Removes the actions that the resources, the Deny statements and the boundary leave nothing of.
fn restrict(
    catalogue: &ActionCatalogue,
    actions: &mut ActionSet,
    resources: &Resources,
    denies: &[Limit],
    bounds: Option<&[Limit]>,
) {
    let (total, partial): (Vec<&Limit>, Vec<&Limit>) = denies
        .iter()
        .partition(|deny| deny.statement.resources.are_all());
    for deny in total {
        actions.subtract(&deny.actions);
    }
    if let Some(bounds) = bounds {
        let mut bounded = catalogue.empty();
        for bound in bounds {
            bounded.add(&bound.actions);
        }
        actions.keep(&bounded);
    }
    let narrow_bounds = bounds.is_some_and(|bounds| {
        bounds
            .iter()
            .any(|bound| !bound.statement.resources.are_all())
    });
    if resources.are_all() && partial.is_empty() && !narrow_bounds {
        return;
    }
    let mut from = 0;
    while let Some(action) = actions.first_from(from) {
        let service = catalogue.service_of(action);
        Place {
            catalogue,
            service,
            resources,
            denies: &partial,
            bounds: bounds.filter(|_| narrow_bounds),
        }
        .restrict(actions);
        from = service.to;
    }
}

/// The resources of a statement at one service.
struct Place<'a> {
    catalogue: &'a ActionCatalogue,
    service: &'a Service,
    resources: &'a Resources,
    denies: &'a [&'a Limit<'a>],
    bounds: Option<&'a [Limit<'a>]>,
}

impl Place<'_> {
    fn restrict(&self, actions: &mut ActionSet) {
        // Which resource types the statement reaches is the same for all actions of the service.
        let reached: Vec<Reach> = self
            .service
            .resource_types
            .iter()
            .map(|kind| reach(self.resources, kind))
            .collect();
        let without_types = WithoutTypes::of(self.service);
        let reached_without = without_types.may_be_in(self.resources);
        for action in self.service.from..self.service.to {
            if !actions.contains(action) {
                continue;
            }
            let kinds = &self.catalogue.action(action).resource_types;
            let stays = if kinds.is_empty() {
                reached_without && self.is_left_without_types(action, &without_types)
            } else {
                kinds.iter().any(|kind| {
                    self.is_left(
                        action,
                        &reached[*kind],
                        &self.service.resource_types[*kind].arn,
                    )
                })
            };
            if !stays {
                actions.remove(action);
            }
        }
    }

    /// Whether an action without resource types remains after the Deny statements and within the boundary.
    fn is_left_without_types(&self, action: ActionNumber, resource: &WithoutTypes) -> bool {
        let denied = self
            .denies
            .iter()
            .filter(|deny| deny.actions.contains(action))
            .any(|deny| resource.is_certainly_in(&deny.statement.resources));
        let bounded = self.bounds.is_none_or(|bounds| {
            bounds
                .iter()
                .filter(|bound| bound.actions.contains(action))
                .any(|bound| resource.may_be_in(&bound.statement.resources))
        });
        !denied && bounded
    }

    /// Whether something of a reach remains after the Deny statements and within the boundary.
    fn is_left(&self, action: ActionNumber, reach: &Reach, kind: &Glob) -> bool {
        let globs: Vec<&Glob> = match reach {
            Reach::Nothing => return false,
            Reach::Whole => vec![kind],
            Reach::Some(globs) => globs.clone(),
        };
        globs.iter().any(|glob| {
            let denied = self
                .denies
                .iter()
                .filter(|deny| deny.actions.contains(action))
                .any(|deny| covers(&deny.statement.resources, glob, kind));
            let bounded = self.bounds.is_none_or(|bounds| {
                bounds
                    .iter()
                    .filter(|bound| bound.actions.contains(action))
                    .any(|bound| meets(&bound.statement.resources, glob, kind))
            });
            !denied && bounded
        })
    }
}

/// What a statement reaches of a resource type.
enum Reach<'a> {
    Nothing,
    /// Possibly all of it.
    Whole,
    Some(Vec<&'a Glob>),
}

fn reach<'a>(resources: &'a Resources, kind: &ResourceType) -> Reach<'a> {
    match resources {
        Resources::AllBut(globs) => {
            if globs.iter().any(|glob| glob.covers(&kind.arn)) {
                Reach::Nothing
            } else {
                Reach::Whole
            }
        }
        Resources::Named(globs) => {
            if globs.iter().any(Glob::is_everything) {
                return Reach::Whole;
            }
            let met: Vec<&Glob> = globs
                .iter()
                .filter(|glob| glob.may_be_of(kind.arn_service.as_deref()))
                .filter(|glob| glob.can_meet(&kind.arn))
                .collect();
            if met.is_empty() {
                Reach::Nothing
            } else {
                Reach::Some(met)
            }
        }
    }
}

/// The resource of a call of an action without resource types. It is the character `*`, but some services compare with
/// an ARN of their own that their documentation does not tell, so a pattern of everything in the service counts as well.
struct WithoutTypes<'a> {
    star: Glob,
    service: &'a Service,
}

impl<'a> WithoutTypes<'a> {
    fn of(service: &'a Service) -> Self {
        Self {
            star: Glob::resource("${*}", Variables::Replaced),
            service,
        }
    }

    fn may_be(&self, glob: &Glob) -> bool {
        glob.can_meet(&self.star) || glob.is_all_of(&self.service.nothing_named)
    }

    fn may_be_in(&self, resources: &Resources) -> bool {
        match resources {
            Resources::Named(globs) => globs.iter().any(|glob| self.may_be(glob)),
            Resources::AllBut(globs) => !globs.iter().any(|glob| glob.covers(&self.star)),
        }
    }

    fn is_certainly_in(&self, resources: &Resources) -> bool {
        match resources {
            Resources::Named(globs) => globs.iter().any(Glob::is_everything),
            Resources::AllBut(globs) => !globs.iter().any(|glob| self.may_be(glob)),
        }
    }
}

/// Whether the resources of a Deny certainly include everything that a pattern can match of a resource type.
fn covers(resources: &Resources, glob: &Glob, kind: &Glob) -> bool {
    match resources {
        Resources::Named(denied) => denied
            .iter()
            .any(|deny| deny.covers(glob) || deny.covers(kind)),
        Resources::AllBut(spared) => !spared
            .iter()
            .any(|spared| spared.can_meet(glob) && spared.can_meet(kind)),
    }
}

/// Whether the resources of a boundary may include something that a pattern can match of a resource type.
fn meets(resources: &Resources, glob: &Glob, kind: &Glob) -> bool {
    match resources {
        Resources::Named(bounds) => bounds
            .iter()
            .any(|bound| bound.can_meet(glob) && bound.can_meet(kind)),
        Resources::AllBut(excepted) => !excepted
            .iter()
            .any(|excepted| excepted.covers(glob) || excepted.covers(kind)),
    }
}
