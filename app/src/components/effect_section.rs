//! What a change changes: who gains and loses access, in words and as a table of every path, and what changes besides access.

use domain::{grant::Term, verdict::Outcome};
use leptos::prelude::*;

use super::{
    DiffView, Glyph, Icon, PagePosition, Section, SubjectEffects, effect_words, list_href, pages,
};
use crate::backend::{
    AffectedPrincipal, EffectPage, EffectRow, Preview, SubjectEffectRow, gains_and_losses,
};

/// What is shown of an effect: one page of its rows, and the numbers of all.
#[derive(Debug, Clone)]
pub struct ShownEffect {
    pub gained: Vec<EffectRow>,
    pub gains: usize,
    pub lost: Vec<EffectRow>,
    pub losses: usize,
    pub others: Vec<SubjectEffectRow>,
    pub other_count: usize,
    pub tense: EffectTense,
    /// Who gains and loses, in one line.
    pub summary: String,
    pub paging: EffectPaging,
}

/// Whether an effect is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EffectTense {
    /// It is what a change does, once it is carried out.
    Ahead,
    /// The change was carried out and verified.
    Past,
    /// The change was not carried out.
    Never,
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
            tense: match preview.verdict.outcome {
                Outcome::Refused => EffectTense::Never,
                Outcome::Allowed | Outcome::NeedsApproval => EffectTense::Ahead,
            },
            summary: gains_and_losses(preview.gainers, preview.losers),
            paging,
        }
    }

    /// Returns it in another tense.
    #[must_use]
    pub fn told(self, tense: EffectTense) -> Self {
        Self { tense, ..self }
    }

    /// Returns the heading of the gains and losses.
    fn heading(&self) -> &'static str {
        match (self.tense, self.gains, self.losses) {
            (EffectTense::Ahead, 1.., 0) => "Who gains access",
            (EffectTense::Ahead, 0, 1..) => "Who loses access",
            (EffectTense::Ahead, ..) => "Who gains and loses access",
            (EffectTense::Past, 1.., 0) => "Who gained access",
            (EffectTense::Past, 0, 1..) => "Who lost access",
            (EffectTense::Past, ..) => "Who gained and lost access",
            (EffectTense::Never, 1.., 0) => "Who would gain access",
            (EffectTense::Never, 0, 1..) => "Who would lose access",
            (EffectTense::Never, ..) => "Who would gain and lose access",
        }
    }

    /// Returns the label of the table of paths.
    fn table_label(&self) -> String {
        let rows = self.gained.iter().chain(&self.lost);
        let of_groups =
            rows.filter(|row| matches!(row.who, AffectedPrincipal::FutureMembers { .. }));
        let paths = self.gains + self.losses;
        // What is not on this page may be of either.
        let of_groups = if self.gained.len() + self.lost.len() == paths {
            of_groups.count()
        } else {
            0
        };
        match of_groups {
            0 => format!("Table of {paths} paths"),
            future => format!(
                "Table of {paths} paths: {} of people, {future} of future members",
                paths.saturating_sub(future)
            ),
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
pub fn EffectSection(
    effect: ShownEffect,
    /// What can be done about the access, below who has it.
    #[prop(optional_no_strip)]
    foot: Option<AnyView>,
    /// What gives less, beside the warning.
    #[prop(optional_no_strip)]
    less: Option<AnyView>,
) -> impl IntoView {
    let has_access = effect.gains + effect.losses > 0 || effect.other_count == 0;
    let pager = effect.pager();
    let ShownEffect {
        others,
        other_count,
        ..
    } = &effect;
    let (others, other_count) = (others.clone(), *other_count);
    if other_count == 0 {
        return access(effect, pager, (foot, less));
    }
    let (access, foot) = if has_access {
        (Some(access(effect, None, (foot, less))), None)
    } else {
        (None, foot.map(card_foot))
    };
    let changes = match pager {
        Some(pager) => view! { <SubjectEffects rows=others total=other_count pager /> }.into_any(),
        None => view! { <SubjectEffects rows=others total=other_count /> }.into_any(),
    };
    view! {
        {access}
        <Section title="What changes">{changes} {foot}</Section>
    }
    .into_any()
}

/// Renders the foot of a card.
fn card_foot(actions: AnyView) -> AnyView {
    view! { <div data-card-foot>{actions}</div> }.into_any()
}

fn access(
    effect: ShownEffect,
    pager: Option<AnyView>,
    (foot, less): (Option<AnyView>, Option<AnyView>),
) -> AnyView {
    let paths = effect.gains + effect.losses;
    // Sentences count people, so they are about all paths or not shown.
    let whole = effect.gained.len() + effect.lost.len() == paths;
    let words =
        (whole && paths > 0).then(|| effect_words(&effect.gained, &effect.lost, effect.tense));
    let (title, label) = (effect.heading(), effect.table_label());
    // The numbers and the warning are for who decides, and the sentences below name everybody.
    let open = effect.tense != EffectTense::Past;
    let detail = open.then(|| effect.summary.clone());
    let risk = open.then(|| risk_words(&effect.gained)).flatten();
    let foot = foot.map(card_foot);
    let risk = risk.map(|words| {
        view! { <p data-risk><Icon glyph=Glyph::Warning /> <span>{words}</span> {less}</p> }
    });
    let ShownEffect {
        gained,
        gains,
        lost,
        losses,
        ..
    } = effect;
    if words.is_some() && paths == 1 {
        // The sentence says all of the only path.
        return section(title, detail, view! { {risk} {words} {foot} }.into_any());
    }
    let table = match pager {
        Some(pager) => view! { <DiffView gained gains lost losses pager /> }.into_any(),
        None => view! { <DiffView gained gains lost losses /> }.into_any(),
    };
    let table = if paths == 0 {
        table
    } else {
        view! {
            <details data-rest data-table-fold id="paths" open=!whole>
                <summary>{label}</summary>
                {table}
            </details>
        }
        .into_any()
    };
    section(
        title,
        detail,
        view! { {risk} {words} {table} {foot} }.into_any(),
    )
}

/// Returns what makes gains serious: that they do not end, and that people gain who are not known yet.
pub fn risk_words(gained: &[EffectRow]) -> Option<&'static str> {
    let standing = gained.iter().filter(|row| row.term == Some(Term::Standing));
    let standing = standing.count();
    let future = gained
        .iter()
        .any(|row| matches!(row.who, AffectedPrincipal::FutureMembers { .. }));
    match (standing, future) {
        (0, false) => None,
        (0, true) => Some("Includes future members"),
        (some, false) if some < gained.len() => Some("Standing in part"),
        (some, true) if some < gained.len() => Some("Standing in part, includes future members"),
        (_, false) => Some("Standing"),
        (_, true) => Some("Standing, includes future members"),
    }
}

fn section(title: &'static str, detail: Option<String>, body: AnyView) -> AnyView {
    match detail {
        Some(detail) => view! { <Section title detail>{body}</Section> }.into_any(),
        None => view! { <Section title>{body}</Section> }.into_any(),
    }
}
