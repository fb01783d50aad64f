//! What the resources of a statement, the Deny statements and the boundary leave of its actions.
//!
//! Deny statements take away only what they certainly cover, and a boundary only what it certainly does not allow.

use std::cell::OnceCell;

use super::{Limit, denials::Denials, effort::Effort};
use crate::permission_set::analysis::{
    action_set::{ActionNumber, ActionSet},
    catalogue::{ActionCatalogue, ResourceType, Service},
    glob::{Glob, Variables},
    pattern::Actions,
    policy::{Resources, Statement},
};

/// What the Deny statements and the boundary leave of a statement.
pub(super) struct Restriction<'a> {
    catalogue: &'a ActionCatalogue,
    /// The actions that are denied on all resources.
    denied: ActionSet,
    /// The Deny statements about some resources.
    partial: Denials<'a>,
    /// The actions that the boundary allows on some resources.
    bounded: Option<ActionSet>,
    /// The statements of the boundary, if one of them is about some resources only.
    narrow: Option<&'a [Limit<'a>]>,
    /// The resource of a call of an action without resource types: the character `*`.
    star: Glob,
    effort: Effort,
}

impl<'a> Restriction<'a> {
    pub(super) fn of(
        catalogue: &'a ActionCatalogue,
        denies: &'a [Limit<'a>],
        bounds: Option<&'a [Limit<'a>]>,
    ) -> Self {
        let everywhere = |limit: &&Limit| limit.statement.resources.are_all();
        let (total, partial): (Vec<&Limit>, Vec<&Limit>) = denies.iter().partition(everywhere);
        let union = |limits: &mut dyn Iterator<Item = &'a Limit<'a>>| {
            let mut all = ActionSet::default();
            limits.for_each(|limit| all.add(&limit.actions));
            all
        };
        Self {
            catalogue,
            denied: union(&mut total.into_iter()),
            partial: Denials::of(partial.into_iter()),
            bounded: bounds.map(|bounds| union(&mut bounds.iter())),
            narrow: bounds.filter(|bounds| !bounds.iter().all(|one| everywhere(&one))),
            star: Glob::resource("${*}", Variables::Replaced),
            effort: Effort::default(),
        }
    }

    /// Whether not all resources were compared, so that less may be allowed than it seems.
    pub(super) fn is_incomplete(&self) -> bool {
        self.effort.is_spent()
    }

    /// Removes the actions that the resources, the Deny statements and the boundary leave nothing of.
    pub(super) fn restrict(&self, actions: &mut ActionSet, statement: &Statement) {
        let resources = &statement.resources;
        actions.subtract(&self.denied);
        if let Some(bounded) = &self.bounded {
            actions.keep(bounded);
        }
        let everything = resources.are_all();
        if everything && self.leaves_all() || self.effort.is_spent() {
            return;
        }
        let named = OnceCell::new();
        let mut from = 0;
        while let Some(action) = actions.first_from(from) {
            let service = self.catalogue.service_of(action);
            from = service.to;
            if !everything && !may_be_of(resources, service) {
                actions.remove_range(service.from, service.to);
                continue;
            }
            let place = Place {
                service,
                resources,
                patterns: &statement.actions,
                named: &named,
                reach: if everything {
                    Reach::All
                } else {
                    Reach::Compared
                },
                whole: self,
            };
            place.restrict(actions);
        }
    }

    /// Whether there is neither a Deny nor a boundary.
    pub(super) fn is_none(&self) -> bool {
        self.denied.is_empty() && self.bounded.is_none() && self.leaves_all()
    }

    /// Whether neither a Deny nor the boundary is about some resources only.
    fn leaves_all(&self) -> bool {
        self.partial.is_empty() && self.narrow.is_none()
    }
}

/// Whether resources can be of a service by the service in their ARNs. Most statements are about one.
fn may_be_of(resources: &Resources, service: &Service) -> bool {
    match resources {
        Resources::AllBut(_) => true,
        Resources::Named(globs) => globs.iter().any(|glob| {
            let mut services = service.arn_services.iter();
            services.any(|one| glob.may_be_of(one.as_deref()))
        }),
    }
}

/// Whether the resources of a statement are compared with a resource type.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// They are `*`.
    All,
    Compared,
}

/// The resources of a statement at one service.
struct Place<'a> {
    service: &'a Service,
    resources: &'a Resources,
    patterns: &'a Actions,
    /// The actions that the statement means for ARNs of their service, looked up once.
    named: &'a OnceCell<ActionSet>,
    reach: Reach,
    whole: &'a Restriction<'a>,
}

/// The actions of a service that are left on one kind of resource.
#[derive(Clone)]
enum Left {
    All,
    Some(ActionSet),
}

impl Left {
    fn nothing() -> Self {
        Self::Some(ActionSet::default())
    }
}

impl Place<'_> {
    fn restrict(&self, actions: &mut ActionSet) {
        // What is left of a resource type is the same for all actions of the service.
        let mut left: Vec<Option<Left>> = vec![None; self.service.resource_types.len()];
        let (mut plain, mut named) = (None, None);
        let mut from = self.service.from;
        while let Some(action) = actions
            .first_from(from)
            .filter(|one| *one < self.service.to)
        {
            from = action + 1;
            let allows = |left: &mut Left| match left {
                Left::All => true,
                Left::Some(set) => set.contains(action),
            };
            let kinds = &self.whole.catalogue.action(action).resource_types;
            let stays = if kinds.is_empty() {
                allows(plain.get_or_insert_with(|| self.left_of_plain(Meant::Everything)))
                    || self.names(action)
                        && allows(named.get_or_insert_with(|| self.left_of_plain(Meant::OwnArns)))
            } else {
                kinds.iter().any(|kind| {
                    allows(
                        left[*kind].get_or_insert_with(|| {
                            self.left_of(&self.service.resource_types[*kind])
                        }),
                    )
                })
            };
            if !stays {
                actions.remove(action);
            }
        }
    }

    /// Whether the statement means an action for ARNs of its service.
    fn names(&self, action: ActionNumber) -> bool {
        let named = || self.patterns.meant_for_arns(self.whole.catalogue);
        self.named.get_or_init(named).contains(action)
    }

    /// Returns what is left for actions without resource types.
    fn left_of_plain(&self, meant: Meant) -> Left {
        let resource = WithoutTypes {
            whole: self.whole,
            service: self.service,
            meant,
        };
        if self.reach == Reach::Compared && !resource.may_be_in(self.resources) {
            return Left::nothing();
        }
        if self.whole.leaves_all() {
            return Left::All;
        }
        // A Deny and a boundary take nothing away that a service may compare with its own ARNs.
        let resource = WithoutTypes {
            meant: Meant::OwnArns,
            ..resource
        };
        let mut denied = ActionSet::default();
        let spared = |globs: &[Glob]| globs.iter().any(|glob| resource.may_be(glob));
        let partial = &self.whole.partial;
        partial.add_all_but(|globs| !spared(globs), &mut denied);
        self.less(&denied, |bounds| resource.may_be_in(bounds))
    }

    fn left_of(&self, kind: &ResourceType) -> Left {
        let effort = &self.whole.effort;
        let covered = |glob: &Glob| effort.covers(glob, &kind.arn) == Some(true);
        let whole = std::iter::once(&kind.arn);
        match self.resources {
            _ if self.reach == Reach::All => self.left_of_globs(whole, kind),
            Resources::AllBut(globs) if globs.iter().any(covered) => Left::nothing(),
            Resources::AllBut(_) => self.left_of_globs(whole, kind),
            Resources::Named(globs) => {
                let service = kind.arn_service.as_deref();
                let met = globs
                    .iter()
                    .filter(|glob| glob.may_be_of(service))
                    .filter(|glob| effort.can_meet(glob, &kind.arn) != Some(false));
                self.left_of_globs(met, kind)
            }
        }
    }

    /// Returns what is left on any of these patterns, of which each can match resources of the type.
    fn left_of_globs<'g>(
        &self,
        mut globs: impl Iterator<Item = &'g Glob>,
        kind: &ResourceType,
    ) -> Left {
        let Restriction {
            partial, effort, ..
        } = self.whole;
        if self.whole.leaves_all() {
            return globs.next().map_or_else(Left::nothing, |_| Left::All);
        }
        let mut of_kind = ActionSet::default();
        partial.add_covering(&kind.arn, effort, &mut of_kind);
        let mut left = ActionSet::default();
        for glob in globs {
            let mut denied = of_kind.clone();
            partial.add_covering(glob, effort, &mut denied);
            partial.add_sparing_none((glob, &kind.arn), effort, &mut denied);
            match self.less(&denied, |bounds| meets(effort, bounds, glob, &kind.arn)) {
                Left::All => return Left::All,
                Left::Some(more) => left.add(&more),
            }
        }
        Left::Some(left)
    }

    /// Returns the actions of the service without the denied ones, and within the boundary.
    fn less(&self, denied: &ActionSet, is_bounded: impl Fn(&Resources) -> bool) -> Left {
        let mut all = ActionSet::default();
        all.insert_range(self.service.from, self.service.to);
        if self.whole.narrow.is_none() && !denied.meets(&all) {
            return Left::All;
        }
        all.subtract(denied);
        if let Some(bounds) = self.whole.narrow {
            let mut bounded = ActionSet::default();
            let bounds = bounds.iter().filter(|bound| bound.actions.meets(&all));
            bounds
                .filter(|bound| is_bounded(&bound.statement.resources))
                .for_each(|bound| bounded.add(&bound.actions));
            all.keep(&bounded);
        }
        Left::Some(all)
    }
}

/// What a statement means by the resource of an action without resource types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meant {
    /// It covers the action among others.
    Everything,
    /// It names the action in full, or by a pattern of such actions only, beside ARNs of its service, so somebody has seen that
    /// the service compares with them.
    OwnArns,
}

/// The resource of a call of an action without resource types. It is the character `*`, but some services compare with
/// an ARN of their own that their documentation does not tell. So a pattern of everything in the service counts as well,
/// and any ARN of the service for an action that is named in full, or by a pattern of such actions only.
struct WithoutTypes<'a> {
    whole: &'a Restriction<'a>,
    service: &'a Service,
    meant: Meant,
}

impl WithoutTypes<'_> {
    fn may_be(&self, glob: &Glob) -> bool {
        let Restriction { effort, star, .. } = self.whole;
        let may_meet = |other: &Glob| effort.can_meet(glob, other) != Some(false);
        may_meet(star)
            || self.meant == Meant::OwnArns && self.is_own(glob)
            || !glob.has_variable()
                && glob.may_be_of(Some(&self.service.prefix))
                && may_meet(&self.service.nothing_named)
    }

    fn is_own(&self, glob: &Glob) -> bool {
        let mut services = self.service.arn_services.iter().flatten();
        services.any(|service| glob.may_be_of(Some(service)))
    }

    fn may_be_in(&self, resources: &Resources) -> bool {
        match resources {
            Resources::Named(globs) => globs.iter().any(|glob| self.may_be(glob)),
            Resources::AllBut(globs) => {
                let Restriction { effort, star, .. } = self.whole;
                let covers = |glob: &Glob| effort.covers(glob, star) == Some(true);
                !globs.iter().any(covers)
            }
        }
    }
}

/// Whether the resources of a boundary may include something that a pattern can match of a resource type.
fn meets(effort: &Effort, resources: &Resources, glob: &Glob, kind: &Glob) -> bool {
    match resources {
        Resources::Named(bounds) => bounds.iter().any(|bound| {
            effort.can_meet(bound, kind) != Some(false)
                && effort.can_meet(bound, glob) != Some(false)
        }),
        Resources::AllBut(excepted) => {
            let covers = |glob: &Glob, other: &Glob| effort.covers(glob, other) == Some(true);
            !excepted
                .iter()
                .any(|excepted| covers(excepted, glob) || covers(excepted, kind))
        }
    }
}
