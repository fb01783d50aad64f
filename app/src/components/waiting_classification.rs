//! A less strict classification that waits for confirmation: what is in effect beside what AWS reports, when that was first
//! seen, and the two ways to settle it with what follows from each. Displays classifications and never computes one.

use domain::{
    classification::{Classification, Environment, Pci},
    ids::AccountId,
    permission_set::analysis::labels::counted,
    snapshot::Figure,
    time::Timestamp,
};
use leptos::prelude::*;

use super::{
    AbsoluteTime, ButtonKind, EnvironmentBadge, LinkButton, PciBadge, classification_words,
    environment_words, pci_words,
};
use crate::backend::ClassifyForm;

/// Environment and PCI scope.
type Strictness = (Environment, Pci);

/// What AWS reports of an account less strictly than is on record, and whom that concerns.
#[derive(Debug, Clone, Copy)]
pub struct WaitingClassification {
    class: Classification,
    reported: Strictness,
    changed: Option<(Timestamp, Timestamp)>,
    people: Figure,
    standing: Figure,
}

impl WaitingClassification {
    /// Creates it; none for an account that does not wait. `changed` are the last read before AWS reported it and the first
    /// with it, if they are known. `people` reach the account, by `standing` and other assignments.
    pub fn of(
        class: Classification,
        changed: Option<(Timestamp, Timestamp)>,
        people: Figure,
        standing: Figure,
    ) -> Option<Self> {
        class.waiting.map(|reported| Self {
            class,
            reported,
            changed,
            people,
            standing,
        })
    }

    fn recorded(&self) -> Strictness {
        self.class.strictness()
    }

    /// Whether the account would no longer be in the report of production PCI.
    fn leaves_report(&self) -> bool {
        let (environment, pci) = self.reported;
        let accepted = Classification {
            environment,
            pci,
            ..self.class
        };
        self.class.counts_as_production_pci() && !accepted.counts_as_production_pci()
    }

    /// Returns who has access to the account; none if it is not known.
    fn reach(&self) -> Option<String> {
        let (people, standing) = (self.people.known()?, self.standing.known()?);
        let people = match people {
            1 => "1 person".to_owned(),
            some => format!("{some} people"),
        };
        Some(format!(
            "{people} and {}",
            counted(standing, "standing assignment")
        ))
    }

    /// Says what follows if what is in effect is declared.
    fn kept(&self) -> String {
        let stays = differing(self.recorded(), self.reported);
        let whom = match self.reach() {
            Some(reach) => format!("Nothing changes for {reach}."),
            None => "Nothing changes for who has access.".to_owned(),
        };
        format!("Stays {stays}, by your declaration. {whom} Tags and OUs in AWS stay as they are.")
    }

    /// Says what follows if what AWS reports is accepted.
    fn accepted(&self) -> String {
        let stays = differing(self.recorded(), self.reported);
        let becomes = differing(self.reported, self.recorded());
        let whom = match self.reach() {
            Some(reach) => format!("the account with {reach}"),
            None => "the account, with access that is not known completely,".to_owned(),
        };
        let report = if self.leaves_report() {
            " and leaves the report of production PCI"
        } else {
            ""
        };
        format!(
            "Stays {stays} until two other people approve. Then {whom} counts as {becomes}{report}."
        )
    }
}

/// Renders what is in effect and what AWS reports, since when and by whom. `account` is the number, where the page is not about
/// that account alone.
pub fn waiting_rows(
    waiting: &WaitingClassification,
    account: Option<&AccountId>,
    now: Timestamp,
) -> AnyView {
    let number = account.map(|id| {
        view! { <div><dt>"Account"</dt><dd class="font-mono">{id.to_string()}</dd></div> }
    });
    let seen = match waiting.changed {
        Some((_, by)) => view! { <AbsoluteTime at=by now /> }.into_any(),
        None => "not known".into_any(),
    };
    // It changed between two reads. Within one minute they say the same.
    let before = waiting
        .changed
        .filter(|(after, by)| after.minute() != by.minute());
    let before = before.map(|(after, _)| {
        view! { <div><dt>"Unchanged at"</dt><dd><AbsoluteTime at=after now /></dd></div> }
    });
    view! {
        <dl data-two-readings>
            {number}
            <div><dt>"In effect"</dt><dd>{marked(waiting.recorded())}</dd></div>
            <div><dt>"AWS reports"</dt><dd>{marked(waiting.reported)}</dd></div>
            {before}
            <div><dt>"First seen"</dt><dd>{seen}</dd></div>
            <div><dt>"Changed by"</dt><dd>"not known"</dd></div>
        </dl>
    }
    .into_any()
}

/// Renders a classification by the badges that accounts have everywhere, and always with its scope: that it stays is a fact too.
fn marked((environment, pci): Strictness) -> AnyView {
    let scope = match pci {
        Pci::Out => view! { <span>{pci_words(pci)}</span> }.into_any(),
        pci => view! { <PciBadge pci /> }.into_any(),
    };
    view! { <EnvironmentBadge environment /> " " {scope} }.into_any()
}

/// Renders the links to the form that declares the one or the other, each with what follows from it.
pub fn waiting_choices(form: &ClassifyForm, waiting: &WaitingClassification) -> AnyView {
    let (recorded, reported) = (waiting.recorded(), waiting.reported);
    let keep = format!("Keep {}", differing(recorded, reported));
    let accept = format!("Ask to accept {}", differing(reported, recorded));
    view! {
        <ul data-plain data-choices>
            <li>
                <LinkButton href=form.href_as(recorded) kind=ButtonKind::Primary>{keep}</LinkButton>
                <span>{waiting.kept()}</span>
            </li>
            <li>
                <LinkButton href=form.href_as(reported)>{accept}</LinkButton>
                <span>{waiting.accepted()}</span>
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
    use domain::classification::{Basis, Source};

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

    fn waiting(pci: Pci, people: Figure) -> WaitingClassification {
        let class = Classification {
            environment: Environment::Production,
            environment_source: Source::Record,
            pci,
            pci_source: Source::Record,
            contradictory: false,
            waiting: Some((Environment::Staging, pci)),
            basis: Basis::default(),
        };
        WaitingClassification::of(class, None, people, Figure::Known(4)).unwrap()
    }

    #[test]
    fn a_choice_says_whom_it_concerns_and_whether_the_account_leaves_the_report() {
        let outside = waiting(Pci::Out, Figure::Known(11));
        assert_eq!(
            outside.accepted(),
            "Stays production until two other people approve. \
             Then the account with 11 people and 4 standing assignments counts as staging."
        );
        assert_eq!(
            outside.kept(),
            "Stays production, by your declaration. \
             Nothing changes for 11 people and 4 standing assignments. \
             Tags and OUs in AWS stay as they are."
        );
        let inside = waiting(Pci::In, Figure::Known(1)).accepted();
        assert!(
            inside.contains("1 person and 4")
                && inside.ends_with("counts as staging and leaves the report of production PCI."),
            "{inside}"
        );
    }

    #[test]
    fn access_that_is_not_known_is_no_number() {
        let unread = waiting(Pci::Out, Figure::NotKnown);
        for said in [unread.kept(), unread.accepted()] {
            assert!(!said.contains(|c: char| c.is_ascii_digit()), "{said}");
        }
        assert!(unread.accepted().contains("not known completely"));
    }
}
