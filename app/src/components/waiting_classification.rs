//! A less strict classification that waits for confirmation: what is on record beside what AWS says now, and the two ways to
//! settle it. Displays classifications and never computes one.

use domain::classification::{Environment, Pci};
use leptos::prelude::*;

use super::{
    ButtonKind, EnvironmentBadge, LinkButton, PciBadge, classification_words, environment_words,
    pci_words,
};
use crate::backend::ClassifyForm;

/// Environment and PCI scope.
type Strictness = (Environment, Pci);

/// Renders what is on record and in effect, and what AWS says now.
pub fn waiting_rows(recorded: Strictness, reported: Strictness) -> AnyView {
    view! {
        <dl data-two-readings>
            <div><dt>"On record, in effect"</dt><dd>{marked(recorded, reported)}</dd></div>
            <div><dt>"AWS says now"</dt><dd>{marked(reported, recorded)}</dd></div>
        </dl>
    }
    .into_any()
}

/// Renders a classification by the badges that accounts have everywhere. That both are out of scope is not said.
fn marked((environment, pci): Strictness, other: Strictness) -> AnyView {
    let scope = match pci {
        Pci::Out if other.1 == Pci::Out => ().into_any(),
        Pci::Out => {
            view! { <span class="text-muted font-normal">{pci_words(pci)}</span> }.into_any()
        }
        pci => view! { <PciBadge pci /> }.into_any(),
    };
    view! { <EnvironmentBadge environment /> " " {scope} }.into_any()
}

/// Renders the links to the form that declares the one or the other, each with what follows from it.
pub fn waiting_choices(form: &ClassifyForm, recorded: Strictness, reported: Strictness) -> AnyView {
    let keep = format!("Keep {}", differing(recorded, reported));
    let accept = format!("Ask to accept {}", differing(reported, recorded));
    view! {
        <ul data-plain data-choices>
            <li>
                <LinkButton href=form.href_as(recorded) kind=ButtonKind::Primary>{keep}</LinkButton>
                <span>"What is in effect stays, and is declared. AWS is left as it is."</span>
            </li>
            <li>
                <LinkButton href=form.href_as(reported)>{accept}</LinkButton>
                <span>"What is in effect stays until two other people agree."</span>
            </li>
        </ul>
    }
    .into_any()
}

/// Returns in which words one classification differs from another.
fn differing(this: Strictness, other: Strictness) -> String {
    if this.1 == other.1 {
        environment_words(this.0)
    } else if this.0 == other.0 {
        pci_words(this.1).to_owned()
    } else {
        classification_words(this)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_names_what_differs() {
        let (production, staging) = (Environment::Production, Environment::Staging);
        assert_eq!(
            differing((production, Pci::Out), (staging, Pci::Out)),
            "production"
        );
        assert_eq!(
            differing((production, Pci::In), (production, Pci::Out)),
            "in PCI scope"
        );
        assert_eq!(
            differing((staging, Pci::Out), (production, Pci::In)),
            "staging, out of scope"
        );
    }
}
