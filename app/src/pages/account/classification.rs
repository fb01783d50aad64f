//! The classification of an account on its page: what is in effect and why, what is declared, and what is doubtful. Displays
//! a classification and never computes one.

use domain::{
    classification::{Assertion, Classification, Reading, ReadingSource, Source},
    time::Timestamp,
};
use leptos::prelude::*;

use crate::{
    backend::{
        AccountRef, ClassifyForm, DeclarationState, DeclarationView, classification_cures,
        reading_rows,
    },
    components::{
        Column, Day, Definition, DefinitionList, Narrow, Notice, PersonLink, Section, Status,
        Table, WaitingClassification, classification_words, doubt, environment_name, pci_name,
        pci_words, relative, source_words, waiting_choices, waiting_rows,
    },
    pages::Proposing,
};

/// The id of the classification.
pub(super) const ID: &str = "classification";

/// What is known about the classification of an account besides the classification itself.
pub(super) struct ClassificationFacts {
    /// The sources of the environment and of the PCI scope.
    pub sources: (Source, Source),
    pub readings: Vec<Reading>,
    pub declaration: Option<DeclarationView>,
    pub tags: Vec<(String, String)>,
}

/// Renders what needs attention about a declaration.
pub(super) fn notices(declaration: &DeclarationView, class: Classification) -> AnyView {
    let DeclarationView {
        environment,
        pci,
        reported,
        state,
        ..
    } = declaration;
    let confirm = match state {
        DeclarationState::Valid => None,
        DeclarationState::EndsSoon => Some((
            "The classification has to be confirmed",
            "Its declaration ends soon. Afterwards it makes the account no less strict. Classify the account anew.",
        )),
        DeclarationState::Ended => Some((
            "The classification has to be confirmed",
            "Its declaration has ended and makes the account no less strict. Classify the account anew.",
        )),
        DeclarationState::Unproven => Some((
            "The declaration differs from the ledger",
            "It makes the account no less strict. Run leastwise ledger verify, and classify the account anew.",
        )),
        DeclarationState::Newer => Some((
            "A newer version of Leastwise wrote the declaration",
            "It makes the account no less strict in this version, and only that version can change it.",
        )),
    };
    let confirm = confirm.map(|(title, words)| {
        view! { <Notice status=Status::Pending title>{words}</Notice> }
    });
    let drift = reported.map(|reported| {
        let (declared, reported) = (
            classification_words((*environment, *pci)),
            classification_words(reported),
        );
        let counts = classification_words(class.strictness());
        view! {
            <Notice status=Status::Drift title="Declared otherwise than tagged">
                {format!("Declared: {declared}. Its role, tags and OUs say: {reported}. In effect: {counts}.")}
            </Notice>
        }
    });
    view! { {confirm} {drift} }.into_any()
}

/// Renders what is doubtful about a classification, and what to do. The last cure confirms a less strict one.
pub(super) fn doubts(
    account: &AccountRef,
    waiting: Option<WaitingClassification>,
    readings: &[Reading],
    proposing: Proposing,
    now: Timestamp,
) -> AnyView {
    let class = account.class;
    // Nothing was read of an account that is not in the organization.
    let mut cures = if account.state.is_some() {
        classification_cures(&account.id, &class, readings)
    } else {
        Vec::new()
    };
    let waiting = waiting.map(|waiting| {
        let confirm = cures.pop().map(cure_view);
        let choices = (proposing == Proposing::Offered).then(|| {
            let form = ClassifyForm::of_account(&account.id);
            waiting_choices(&form, &waiting)
        });
        // The choices say it.
        let rule = choices.is_none().then(|| {
            view! { <p class="mt-2">"What is on record stays in effect until two other people agree to something less strict."</p> }
        });
        view! {
            <Notice status=Status::Pending title="AWS reports a less strict classification">
                {waiting_rows(&waiting, None, now)}
                {rule}
                {choices}
                <details data-fold class="mt-2">
                    <summary>"Confirm in the configuration file instead"</summary>
                    {confirm}
                </details>
            </Notice>
        }
    });
    let doubt = doubt(&class).map(|title| {
        let steps = cures.into_iter().map(|cure| view! { <li>{cure_view(cure)}</li> }).collect_view();
        view! {
            <Notice status=Status::Drift title=title>
                "The strictest reading counts, and what is not understood counts as production PCI." <ul data-plain>{steps}</ul>
            </Notice>
        }
    });
    view! { {waiting} {doubt} }.into_any()
}

/// Renders what is in effect and from which source, what is declared, and, folded, what each source says.
pub(super) fn section(
    class: Classification,
    facts: ClassificationFacts,
    now: Timestamp,
) -> AnyView {
    let ClassificationFacts {
        sources: (environment, pci),
        readings,
        declaration,
        tags,
    } = facts;
    // What is doubtful is not folded.
    let is_open = doubt(&class).is_some();
    let tags = other_tags(tags, &readings);
    let environment = match environment {
        Source::Tag => tag_words(&readings, |reading| {
            reading.environment == Assertion::Value(class.environment)
        }),
        source => source_words(source).to_owned(),
    };
    let pci = match pci {
        Source::Tag => tag_words(&readings, |reading| {
            reading.pci == Assertion::Value(class.pci)
        }),
        source => source_words(source).to_owned(),
    };
    let environment = format!("{}, {environment}", environment_name(class.environment));
    let pci = format!("{}, {pci}", pci_name(class.pci));
    view! {
        <div id=ID>
            <Section title="Classification">
                <div data-body>
                    <DefinitionList>
                        <Definition term="Environment">{environment}</Definition>
                        <Definition term="PCI DSS scope">{pci}</Definition>
                        {declaration.map(|declaration| declared(declaration, now))}
                        {tags}
                    </DefinitionList>
                    <p class="text-muted mt-3">"Where role, tags and OUs say different things, the strictest counts."</p>
                </div>
                <details data-rest open=is_open>
                    <summary>"What role, tags and OUs say"</summary>
                    {sources_table(&readings)}
                </details>
            </Section>
        </div>
    }
    .into_any()
}

/// Returns the tag that a half of a classification comes from, with its value. `says` tells whether a reading says what is in
/// effect.
fn tag_words(readings: &[Reading], says: impl Fn(&Reading) -> bool) -> String {
    let mut found = readings.iter().zip(reading_rows(readings));
    let tag = found.find_map(|(reading, row)| {
        let is_tag = matches!(reading.source, ReadingSource::Tag { .. });
        (is_tag && says(reading)).then_some(row.source)
    });
    match tag {
        Some(tag) => format!("from its {tag}"),
        None => source_words(Source::Tag).to_owned(),
    }
}

/// Renders what a declaration says.
fn declared(declaration: DeclarationView, now: Timestamp) -> AnyView {
    let DeclarationView {
        environment,
        pci,
        valid_until,
        text,
        ..
    } = declaration;
    let texts = text.map(|text| {
        let owner = match text.owner {
            Some(user) => view! { <PersonLink user /> }.into_any(),
            None => "nobody".into_any(),
        };
        view! {
            <Definition term="Owner">{owner}</Definition>
            <Definition term="Purpose"><span class="whitespace-pre-wrap break-words">{text.purpose}</span></Definition>
            {text.out_of_scope.map(|reason| view! { <Definition term="Reason for out of scope"><span class="whitespace-pre-wrap break-words">{reason}</span></Definition> })}
            <Definition term="Declared by"><a href=format!("/changes/{}", text.change)>"this change"</a></Definition>
        }
    });
    view! {
        <Definition term="Declared">{format!("{}, {}", environment_name(environment), pci_words(pci))}</Definition>
        <Definition term="Declared until"><Day at=valid_until /> " (" {relative(valid_until, now)} ")"</Definition>
        {texts}
    }
    .into_any()
}

/// Renders the tags that say nothing about the classification.
fn other_tags(tags: Vec<(String, String)>, readings: &[Reading]) -> AnyView {
    let is_read = |key: &str| {
        readings.iter().any(|reading| {
            matches!(&reading.source, ReadingSource::Tag { key: read, .. } if read == key)
        })
    };
    tags.into_iter()
        .filter(|(key, _)| !is_read(key))
        .map(|(key, value)| view! { <Definition term=format!("Tag {key}")>{value}</Definition> })
        .collect_view()
        .into_any()
}

/// Renders what each source says.
fn sources_table(readings: &[Reading]) -> AnyView {
    let columns = vec![
        Column::new("Source"),
        Column::new("Environment"),
        Column::new("PCI DSS"),
    ];
    let said = |value: Option<String>| value.unwrap_or_else(|| "–".to_owned());
    let lines = reading_rows(readings)
        .into_iter()
        .map(|row| {
            view! {
                <tr>
                    <th scope="row" class="break-words">{row.source}</th>
                    <td data-label="Environment">{said(row.environment)}</td>
                    <td data-label="PCI DSS">{said(row.pci)}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Table caption="What role, tags and OUs say about this account" columns narrow=Narrow::Cards>{lines}</Table>
    }
    .into_any()
}

/// Renders a cure: a sentence, and the lines of the mapping that follow it.
fn cure_view(cure: String) -> impl IntoView {
    let (sentence, lines) = match cure.split_once('\n') {
        Some((sentence, lines)) => (sentence.to_owned(), Some(lines.to_owned())),
        None => (cure, None),
    };
    view! { {sentence} {lines.map(|lines| view! { <pre class="overflow-x-auto">{lines}</pre> })} }
}
