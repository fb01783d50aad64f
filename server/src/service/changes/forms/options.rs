//! Lists of options that several forms offer.

use app::backend::{FormOption, FormOptions};
use domain::snapshot::Snapshot;

use super::users;
use crate::service::changes::scope::Scope;

/// The maximum length of a list. If there are more options, the value is typed instead.
pub(super) const LISTED: usize = 600;

/// Sorts options by what people read.
pub(super) fn sorted(list: &mut [FormOption]) {
    list.sort_by_cached_key(|choice| choice.label.to_lowercase());
}

/// Keeps only the selected option of a list that is too long, and says that the field is typed.
pub(super) fn shortened(
    field: &'static str,
    mut list: Vec<FormOption>,
    chosen: &str,
    typed: &mut Vec<&'static str>,
) -> Vec<FormOption> {
    if list.len() > LISTED {
        list.retain(|choice| choice.value == chosen);
        typed.push(field);
    }
    list
}

/// Returns the principals of a form about access: `groups`, then everybody, or only the viewer themselves.
pub(super) fn principals(
    snapshot: &Snapshot,
    groups: Vec<FormOption>,
    chosen: &str,
    scope: &Scope,
) -> Vec<FormOption> {
    if let Scope::Own { user, .. } = scope {
        return vec![users::option(snapshot, user)];
    }
    let all = snapshot.parts().users.keys();
    let mut list = groups;
    list.extend(all.map(|id| users::option(snapshot, id)));
    sorted(&mut list);
    // A principal that is not in the directory can only be selected through a link, to remove its remaining access.
    if !chosen.is_empty() && !list.iter().any(|choice| choice.value == chosen) {
        list.push(FormOption {
            value: chosen.to_owned(),
            label: format!("{chosen} (no longer in the directory)"),
        });
    }
    list
}

/// Returns the options of a form about access, without its lists.
pub(super) fn of_access(scope: &Scope) -> FormOptions {
    FormOptions {
        kinds: scope.kinds(),
        ..FormOptions::default()
    }
}
