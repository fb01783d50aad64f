//! What a change changes: who gains and loses access, in words and as a table of every path, and what changes besides access.

use leptos::prelude::*;

use super::{DiffView, PagePosition, Section, SubjectEffects, effect_words, list_href, pages};
use crate::backend::{EffectPage, EffectRow, Preview, SubjectEffectRow, gains_and_losses};

/// The number of paths up to which the table is unfolded.
const UNFOLDED: usize = 3;

/// What is shown of an effect: one page of its rows, and the numbers of all.
#[derive(Debug, Clone)]
pub struct ShownEffect {
    pub gained: Vec<EffectRow>,
    pub gains: usize,
    pub lost: Vec<EffectRow>,
    pub losses: usize,
    pub others: Vec<SubjectEffectRow>,
    pub other_count: usize,
    /// The heading of the gains and losses.
    pub heading: &'static str,
    /// Who gains and loses, in one line.
    pub summary: String,
    pub paging: EffectPaging,
}

/// Whether there are links to the other pages of an effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EffectPaging {
    /// What is left out is counted.
    Counted,
    /// The page is one of several at this path.
    Linked { number: usize, path: String },
}

impl ShownEffect {
    /// Takes the effect out of a preview.
    pub fn of(preview: &mut Preview, paging: EffectPaging) -> Self {
        Self {
            gained: std::mem::take(&mut preview.gained),
            gains: preview.gainers.rows,
            lost: std::mem::take(&mut preview.lost),
            losses: preview.losers.rows,
            others: std::mem::take(&mut preview.others),
            other_count: preview.other_count,
            heading: "Who gains and loses access",
            summary: gains_and_losses(preview.gainers, preview.losers),
            paging,
        }
    }

    /// Says of the effect of a change that was not carried out that it would have been so.
    #[must_use]
    pub fn not_carried_out(self) -> Self {
        Self {
            heading: "Who would gain and lose access",
            ..self
        }
    }

    fn shown(&self) -> usize {
        self.gained.len() + self.lost.len() + self.others.len()
    }

    fn total(&self) -> usize {
        self.gains + self.losses + self.other_count
    }

    fn pager(&self) -> Option<AnyView> {
        let EffectPaging::Linked { number, path } = &self.paging else {
            return None;
        };
        if self.shown() >= self.total() {
            return Some(().into_any());
        }
        let place = PagePosition::of(*number, EffectPage::SIZE, self.shown(), self.total());
        let path = path.clone();
        let href = move |page| format!("{}#effect", list_href(&path, "", None, page));
        Some(pages(place, "effects", href))
    }
}

/// The gains and losses, then what else changes.
#[component]
pub fn EffectSection(effect: ShownEffect) -> impl IntoView {
    let has_access = effect.gains + effect.losses > 0 || effect.other_count == 0;
    let pager = effect.pager();
    let ShownEffect {
        others,
        other_count,
        ..
    } = &effect;
    let (others, other_count) = (others.clone(), *other_count);
    if other_count == 0 {
        return access(effect, pager);
    }
    let access = has_access.then(|| access(effect, None));
    let changes = match pager {
        Some(pager) => view! { <SubjectEffects rows=others total=other_count pager /> }.into_any(),
        None => view! { <SubjectEffects rows=others total=other_count /> }.into_any(),
    };
    view! {
        {access}
        <Section title="What changes">{changes}</Section>
    }
    .into_any()
}

fn access(effect: ShownEffect, pager: Option<AnyView>) -> AnyView {
    let paths = effect.gains + effect.losses;
    // Sentences count people, so they are about all paths or not shown.
    let whole = effect.gained.len() + effect.lost.len() == paths;
    let words = (whole && paths > 0).then(|| effect_words(&effect.gained, &effect.lost));
    let open = paths <= UNFOLDED || !whole;
    let summary = match paths {
        1 => "Table of 1 path".to_owned(),
        paths => format!("Table of {paths} paths"),
    };
    let ShownEffect {
        gained,
        gains,
        lost,
        losses,
        heading: title,
        summary: detail,
        ..
    } = effect;
    let table = match pager {
        Some(pager) => view! { <DiffView gained gains lost losses pager /> }.into_any(),
        None => view! { <DiffView gained gains lost losses /> }.into_any(),
    };
    let table = if paths == 0 {
        table
    } else {
        view! {
            <details data-rest data-table-fold id="paths" open=open>
                <summary>{summary}</summary>
                {table}
            </details>
        }
        .into_any()
    };
    view! { <Section title detail>{words} {table}</Section> }.into_any()
}
