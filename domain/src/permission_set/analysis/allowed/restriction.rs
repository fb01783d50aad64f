//! What the resources of a statement, the Deny statements and the boundary leave of its actions.
//!
//! Deny statements take away only what they certainly cover, and a boundary only what it certainly does not allow.

use super::Limit;
use crate::permission_set::analysis::{
    action_set::{ActionNumber, ActionSet},
    catalogue::{ActionCatalogue, ResourceType, Service},
    glob::{Glob, Variables},
    policy::Resources,
};

/// What the Deny statements and the boundary leave of a statement.
pub(super) struct Restriction<'a> {
    catalogue: &'a ActionCatalogue,
    /// The actions that are denied on all resources.
    denied: ActionSet,
    /// The Deny statements about some resources.
    partial: Vec<&'a Limit<'a>>,
    /// The actions that the boundary allows on some resources.
    bounded: Option<ActionSet>,
    /// The statements of the boundary, if one of them is about some resources only.
    narrow: Option<&'a [Limit<'a>]>,
    /// The resource of a call of an action without resource types: the character `*`.
    star: Glob,
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
            partial,
            bounded: bounds.map(|bounds| union(&mut bounds.iter())),
            narrow: bounds.filter(|bounds| !bounds.iter().all(|one| everywhere(&one))),
            star: Glob::resource("${*}", Variables::Replaced),
        }
    }

    /// Removes the actions that the resources, the Deny statements and the boundary leave nothing of.
    pub(super) fn restrict(&self, actions: &mut ActionSet, resources: &Resources) {
        actions.subtract(&self.denied);
        if let Some(bounded) = &self.bounded {
            actions.keep(bounded);
        }
        if resources.are_all() && self.partial.is_empty() && self.narrow.is_none() {
            return;
        }
        let mut from = 0;
        while let Some(action) = actions.first_from(from) {
            let service = self.catalogue.service_of(action);
            let place = Place {
                service,
                resources,
                whole: self,
            };
            place.restrict(actions);
            from = service.to;
        }
    }
}

/// The resources of a statement at one service.
struct Place<'a> {
    service: &'a Service,
    resources: &'a Resources,
    whole: &'a Restriction<'a>,
}

impl Place<'_> {
    fn restrict(&self, actions: &mut ActionSet) {
        // What is left of a resource type is the same for all actions of the service.
        let mut left: Vec<Option<Vec<Left>>> = Vec::new();
        left.resize_with(self.service.resource_types.len(), || None);
        let mut plain = None;
        let mut from = self.service.from;
        while let Some(action) = actions
            .first_from(from)
            .filter(|one| *one < self.service.to)
        {
            from = action + 1;
            let allows = |left: &Vec<Left>| left.iter().any(|one| one.allows(action));
            let kinds = &self.whole.catalogue.action(action).resource_types;
            let stays =
                if kinds.is_empty() {
                    allows(plain.get_or_insert_with(|| self.left_of_plain()))
                } else {
                    kinds.iter().any(|kind| {
                        allows(left[*kind].get_or_insert_with(|| {
                            self.left_of(&self.service.resource_types[*kind])
                        }))
                    })
                };
            if !stays {
                actions.remove(action);
            }
        }
    }

    /// Returns what is left for actions without resource types.
    fn left_of_plain(&self) -> Vec<Left> {
        let resource = WithoutTypes {
            star: &self.whole.star,
            service: self.service,
        };
        if !resource.may_be_in(self.resources) {
            return Vec::new();
        }
        vec![self.left(
            |denied| resource.is_certainly_in(denied),
            |bounds| resource.may_be_in(bounds),
        )]
    }

    fn left_of(&self, kind: &ResourceType) -> Vec<Left> {
        match reach(self.resources, kind) {
            Reach::Nothing => Vec::new(),
            Reach::Whole => vec![self.left_of_glob(&kind.arn, &kind.arn)],
            Reach::Some(globs) => globs
                .into_iter()
                .map(|glob| self.left_of_glob(glob, &kind.arn))
                .collect(),
        }
    }

    fn left_of_glob(&self, glob: &Glob, kind: &Glob) -> Left {
        self.left(
            |denied| covers(denied, glob, kind),
            |bounds| meets(bounds, glob, kind),
        )
    }

    /// Returns what the Deny statements and the boundary leave of a resource.
    fn left(
        &self,
        is_denied: impl Fn(&Resources) -> bool,
        is_bounded: impl Fn(&Resources) -> bool,
    ) -> Left {
        let mut denied = ActionSet::default();
        for deny in &self.whole.partial {
            if is_denied(&deny.statement.resources) {
                denied.add(&deny.actions);
            }
        }
        let bounded = self.whole.narrow.map(|bounds| {
            let mut all = ActionSet::default();
            for bound in bounds {
                if is_bounded(&bound.statement.resources) {
                    all.add(&bound.actions);
                }
            }
            all
        });
        Left { denied, bounded }
    }
}

/// The actions that are taken from a resource.
struct Left {
    denied: ActionSet,
    /// None without a boundary.
    bounded: Option<ActionSet>,
}

impl Left {
    fn allows(&self, action: ActionNumber) -> bool {
        !self.denied.contains(action)
            && self
                .bounded
                .as_ref()
                .is_none_or(|bounded| bounded.contains(action))
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
    star: &'a Glob,
    service: &'a Service,
}

impl WithoutTypes<'_> {
    fn may_be(&self, glob: &Glob) -> bool {
        glob.can_meet(self.star) || glob.is_all_of(&self.service.nothing_named)
    }

    fn may_be_in(&self, resources: &Resources) -> bool {
        match resources {
            Resources::Named(globs) => globs.iter().any(|glob| self.may_be(glob)),
            Resources::AllBut(globs) => !globs.iter().any(|glob| glob.covers(self.star)),
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
