//! Which removals would be refused whenever somebody asks for them, so that a page says why instead of offering them. The
//! answer is the one that the evaluation of a change gives.

use app::backend::Refused;
use domain::{
    change::Operation,
    policies::Rules,
    snapshot::Snapshot,
    subject::{SubjectContext, SubjectStates},
    verdict::Persistence,
};

/// Returns why an item is refused as long as the organization is as it is; none if it may be carried out.
pub(super) fn of(snapshot: &Snapshot, rules: &Rules, operation: &Operation) -> Option<Refused> {
    let states = SubjectStates::default();
    let context = SubjectContext {
        snapshot,
        states: &states,
    };
    let objections = operation.subject().objections(context).into_iter();
    let mut lasting = objections.filter(|objection| {
        objection.remedy.is_none() && objection.persistence == Persistence::Lasting
    });
    lasting.next().map(|objection| Refused {
        title: rules.title(objection.rule),
        reason: objection.reason,
    })
}
