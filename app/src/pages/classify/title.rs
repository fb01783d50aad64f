//! The title of a classification of several accounts, when all of them become the same.

use domain::classification::Pci;

use super::{ENVIRONMENTS, SCOPES};
use crate::{backend::NewClassification, components::environment_name};

/// Returns what the form does to all accounts, such as *Classify 2 accounts as Development, out of PCI scope*. None if a value
/// stays as it is, because that differs between the accounts.
pub(super) fn title(new: &NewClassification) -> Option<String> {
    let form = &new.form;
    let accounts = match new.total.saturating_sub(new.unchanged) {
        1 => new
            .accounts
            .first()
            .filter(|_| new.total == 1)?
            .account
            .name
            .clone(),
        count => format!("{count} accounts"),
    };
    if form.ends() {
        return Some(format!("End the declared classification of {accounts}"));
    }
    let environment = ENVIRONMENTS
        .into_iter()
        .find(|one| one.as_str() == form.environment)?;
    let scope = SCOPES.into_iter().find(|one| one.as_str() == form.pci)?;
    let scope = match scope {
        Pci::In => "in PCI scope",
        Pci::Connected => "connected to PCI scope",
        Pci::Out => "out of PCI scope",
    };
    Some(format!(
        "Classify {accounts} as {}, {scope}",
        environment_name(environment)
    ))
}
