//! What the principal of a form holds already of what it asks for, so that people extend access instead of asking for it a
//! second time. Informs only: two access windows of the same access are as good as one, and no verdict depends on it.

use app::backend::{ChangeForm, Held, HeldAccess, Holder};
use domain::{
    access::{self, Path},
    grant::Term,
    ids::{Assignment, Principal},
    time::{Duration, Timestamp},
};

use super::{descriptions, forms::ParsedForm};
use crate::service::{Service, names};

/// How long before the end of access its extension begins. Both exist together for this time, so that what the start of a
/// change waits for does not interrupt the access.
const OVERLAP: Duration = Duration::minutes(5);

/// Returns the start of an extension of access that ends at this time; none if that is now.
pub(in crate::service) fn start_of_extension(ends: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let start = ends - OVERLAP;
    (start > now + Duration::minutes(1)).then_some(start)
}

impl Service {
    /// Returns what the principal of a form holds already, if the form asks for one assignment.
    pub(super) fn held(&self, parsed: &ParsedForm) -> Option<Held> {
        let [item] = parsed.operations.as_slice() else {
            return None;
        };
        let (assignment, term) = item.assigns()?;
        let what = self
            .held_directly(parsed, assignment, term)
            .or_else(|| self.held_through_a_group(assignment))?;
        let own = self.caller.user().cloned().map(Principal::User);
        let holder = if own.as_ref() == Some(&assignment.principal) {
            Holder::Viewer
        } else {
            let snapshot = &self.read_model.snapshot;
            Holder::Other(descriptions::principal(snapshot, &assignment.principal))
        };
        Some(Held { holder, what })
    }

    fn held_directly(
        &self,
        parsed: &ParsedForm,
        assignment: &Assignment,
        term: Term,
    ) -> Option<HeldAccess> {
        let now = self.app_state.clock.now();
        self.read_model.reasons.windows.get(assignment)?;
        let Some(ends) = self.read_model.ends(assignment) else {
            return Some(HeldAccess::Standing);
        };
        let Term::For(length) = term else {
            return None;
        };
        if ends <= now {
            return None;
        }
        let until = parsed.not_before.unwrap_or(now) + length;
        let extends = start_of_extension(ends, now);
        if extends.is_none() || parsed.not_before.is_some_and(|start| start <= ends) && until > ends
        {
            return Some(HeldAccess::Extended { ends, until });
        }
        let start = extends.map(Timestamp::form_minute);
        Some(HeldAccess::Until {
            ends,
            until,
            extend: ChangeForm {
                start: start.unwrap_or_default(),
                ..parsed.change_form.clone()
            },
        })
    }

    fn held_through_a_group(&self, assignment: &Assignment) -> Option<HeldAccess> {
        let Principal::User(user) = &assignment.principal else {
            return None;
        };
        let snapshot = &self.read_model.snapshot;
        let mut reaches = access::reach_of(snapshot, user);
        let reach = reaches
            .find(|reach| reach.pair == assignment.pair && matches!(reach.path, Path::Group(_)))?;
        let through = crate::service::app_state::ReadModel::assignment(&reach);
        Some(HeldAccess::Through {
            via: names::via(snapshot, &reach.path),
            ends: self.read_model.ends(&through),
        })
    }
}
