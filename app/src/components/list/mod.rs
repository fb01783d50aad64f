//! The page of a list: search, filters, columns, order, files, and the rows as a table that becomes cards on a narrow
//! screen. Drawn by the declaration of the list (`lists`); every control is a link or a form, so it works without
//! JavaScript and the URL holds everything.

mod filters;
mod groups;
mod rows;
mod search;
mod sequence;
mod tools;

use leptos::prelude::*;

use groups::Headings;
pub use groups::{ListSection, RowGroups};

use self::rows::RowLayout;
use super::{Glyph, Icon, Notice, Status, capitalized};
use crate::{
    backend::{Extent, ListPage},
    lists::{DrawContext, Dropped, IN_PRODUCTION_PCI, List, ListChoice, ListPlace, Start},
};

/// What the page of a list shows.
pub struct ListView<F: 'static, R: 'static> {
    pub list: &'static List<F, R>,
    pub choice: ListChoice,
    /// What of the URL the list does not have.
    pub dropped: Vec<Dropped>,
    pub page: ListPage<R>,
    pub context: DrawContext,
}

/// Where the results are, so that a search while typing replaces them.
pub const RESULTS: &str = "results";

impl<F, R> ListView<F, R> {
    /// Whether the list has no rows at all.
    pub fn is_empty(&self) -> bool {
        self.page.known == 0
    }

    /// Renders the list.
    pub fn draw(self) -> AnyView {
        self.draw_with(|rows| rows)
    }

    /// Renders the list, or what is shown instead as long as it has no rows at all.
    pub fn draw_or(self, nothing: impl FnOnce() -> AnyView) -> AnyView {
        if self.is_empty() {
            nothing()
        } else {
            self.draw()
        }
    }

    /// Renders the list, with something around its rows.
    pub fn draw_with(self, around: impl FnOnce(AnyView) -> AnyView) -> AnyView {
        let place = ListPlace::of(self.list);
        self.draw_at(&place, around)
    }

    /// Renders the list with a heading above the rows that have it in common.
    pub fn draw_under(self, heading: fn(&R) -> String) -> AnyView {
        let place = ListPlace::of(self.list);
        self.draw_page(&place, |rows| rows, Headings::Of(heading))
    }

    /// Renders the list on the page of something else.
    pub fn draw_at(self, place: &ListPlace, around: impl FnOnce(AnyView) -> AnyView) -> AnyView {
        self.draw_page(place, around, Headings::Nothing)
    }

    fn draw_page(
        self,
        place: &ListPlace,
        around: impl FnOnce(AnyView) -> AnyView,
        headings: Headings<'_, R>,
    ) -> AnyView {
        let notices = notice(&self.dropped);
        let columns = self.columns();
        let search = search::form(self.list, place, &self.choice);
        let pills = filters::pills(self.list, place, &self.choice, &self.page);
        let head = self.head(place, None);
        let layout = RowLayout {
            without: Vec::new(),
            headings,
        };
        let body = self.body(place, around, &layout);
        view! {
            {notices}
            <div data-list=columns>
                {search}
                <div id=RESULTS>
                    {pills}
                    <div data-card>
                        {head}
                        {body}
                    </div>
                </div>
            </div>
        }
        .into_any()
    }

    /// Renders the list as a section of the page of something else, with its rows in groups as long as no column brings them
    /// in another order and nobody chooses columns: each is about one row.
    pub fn draw_section(self, place: &ListPlace, section: ListSection<R>) -> AnyView {
        let ListSection {
            title,
            detail,
            id,
            same,
            groups,
        } = section;
        let notices = notice(&self.dropped);
        let columns = self.columns();
        let search = search::form(self.list, place, &self.choice);
        let pills = filters::pills(self.list, place, &self.choice, &self.page);
        let is_default = self.choice.columns.is_empty();
        let groups = Some(groups).filter(|_| self.choice.sort.is_none() && is_default);
        let head = self.head(place, groups.as_ref());
        let mut without = if is_default { same } else { Vec::new() };
        without.extend(groups.iter().flat_map(|groups| groups.without));
        let headings = groups.as_ref().map_or(Headings::Nothing, Headings::Rows);
        let layout = RowLayout { without, headings };
        let body = self.body(place, |rows| rows, &layout);
        view! {
            {notices}
            <section data-card data-list=columns aria-labelledby=id>
                <header>
                    <div class="flex flex-wrap items-baseline gap-x-3 min-w-0">
                        <h2 id=id>{title}</h2>
                        {detail.map(|detail| view! { <span class="text-muted">{detail}</span> })}
                    </div>
                    {search}
                </header>
                <div id=RESULTS>
                    {pills}
                    {head}
                    {body}
                </div>
            </section>
        }
        .into_any()
    }

    /// Returns whose columns are shown, for the style.
    fn columns(&self) -> &'static str {
        if self.choice.columns.is_empty() {
            "default"
        } else {
            "chosen"
        }
    }

    fn body(
        self,
        place: &ListPlace,
        around: impl FnOnce(AnyView) -> AnyView,
        layout: &RowLayout<'_, R>,
    ) -> AnyView {
        if self.page.rows.is_empty() {
            return self.nothing(place);
        }
        let foot = self.foot(place);
        let rows = around(rows::table(
            self.list,
            place,
            &self.choice,
            &self.page.rows,
            &self.context,
            layout,
        ));
        view! { {rows} {foot} }.into_any()
    }

    fn head(&self, place: &ListPlace, groups: Option<&RowGroups<R>>) -> AnyView {
        let count = count_words(self.list, &self.page, &self.choice);
        // A filter chooses rows, not groups.
        let (count, rows) = match groups.filter(|_| !self.choice.is_filtered()) {
            Some(groups) => (groups.count.clone(), Some(count)),
            None => (count, None),
        };
        let order = match self.list.order_of(&self.choice) {
            None => Some(self.context.order.unwrap_or(self.list.order)),
            Some(_) => None,
        };
        view! {
            <header data-list-head>
                <p role="status">
                    <b>{count}</b>
                    {rows.map(|rows| view! { <span class="text-muted">{rows}</span> })}
                    {order.map(|order| view! { <span class="text-muted">{order}</span> })}
                    {self.guarded().map(|words| view! { <span class="text-muted" data-guarded>{words}</span> })}
                </p>
                {tools::tools(self.list, place, &self.choice)}
            </header>
        }
        .into_any()
    }

    /// Returns which of the columns count in production PCI alone, for where their heads have no room to say it; none if none
    /// does.
    fn guarded(&self) -> Option<String> {
        let shown = self.list.shown(&self.choice);
        let shown = shown.filter(|column| column.note == Some(IN_PRODUCTION_PCI));
        let mut labels: Vec<String> = shown.map(|column| column.label.to_lowercase()).collect();
        let last = labels.pop()?;
        let all = match labels.as_slice() {
            [] => last,
            others => format!("{} and {last}", others.join(", ")),
        };
        Some(format!("{}: {IN_PRODUCTION_PCI}", capitalized(&all)))
    }

    fn nothing(&self, place: &ListPlace) -> AnyView {
        let older = self.page.sequence.and_then(|sequence| sequence.older);
        if let Some(older) = older {
            return self.nothing_so_far(place, older);
        }
        let clear = self.choice.unfiltered().href(&place.page);
        view! {
            <div data-empty>
                <Icon glyph=Glyph::Filter />
                <p class="font-semibold text-text">"No " {self.list.nouns.1} " match this filter"</p>
                <p>{format!("The whole list has {} {}.", self.page.known, self.list.noun(self.page.known))}</p>
                <p class="mt-2"><a href=clear data-kind="secondary">"Clear filters"</a></p>
            </div>
        }
        .into_any()
    }

    /// Says that none of the rows that were looked at match, and leads to the next ones.
    fn nothing_so_far(&self, place: &ListPlace, older: u64) -> AnyView {
        let next = self.choice.from(Start::Before(older)).href(&place.page);
        let clear = self.choice.unfiltered().href(&place.page);
        view! {
            <div data-empty>
                <Icon glyph=Glyph::Filter />
                <p class="font-semibold text-text">{format!("No {} match as far back as number {older}", self.list.nouns.1)}</p>
                <p>"Older ones were not searched yet."</p>
                <p class="mt-2">
                    <a href=next data-kind="secondary">"Search older ones"</a>
                    " "
                    <a href=clear data-kind="quiet">"Clear filters"</a>
                </p>
            </div>
        }
        .into_any()
    }

    fn foot(&self, place: &ListPlace) -> AnyView {
        if let Some(sequence) = &self.page.sequence {
            return sequence::foot(self.list, place, &self.choice, &self.page, sequence);
        }
        let (path, choice, page) = (&place.page, &self.choice, &self.page);
        let pages = page.pages();
        if pages == 1 {
            return ().into_any();
        }
        let first = (page.number - 1) * page.size + 1;
        let last = (page.number - 1) * page.size + page.rows.len();
        let step = |number: usize, word: &'static str| {
            let exists = (1..=pages).contains(&number);
            exists.then(
                || view! { <a href=choice.at(number).href(path) data-kind="secondary">{word}</a> },
            )
        };
        view! {
            <nav data-pagination aria-label=format!("Pages of {}", self.list.nouns.1)>
                <p>{format!("{first} to {last} of {} {}", page.total, self.list.noun(page.total))}</p>
                <div>
                    {step(page.number - 1, "Previous")}
                    {step(page.number + 1, "Next")}
                </div>
            </nav>
        }
        .into_any()
    }
}

/// Returns the number of rows that the filters keep, and of all if that is another one.
fn count_words<F, R>(list: &List<F, R>, page: &ListPage<R>, choice: &ListChoice) -> String {
    let extent = page.sequence.map_or(Extent::All, |place| place.extent);
    if extent == Extent::AtLeast {
        format!(
            "At least {} of {} {}",
            page.total,
            page.known,
            list.noun(page.known)
        )
    } else if choice.is_filtered() {
        format!("{} of {} {}", page.total, page.known, list.noun(page.known))
    } else if page.total < page.known {
        // A row may stand for several.
        let rows = if page.total == 1 { "row" } else { "rows" };
        format!(
            "{} {rows} for {} {}",
            page.total,
            page.known,
            list.noun(page.known)
        )
    } else {
        format!("{} {}", page.total, list.noun(page.total))
    }
}

/// Names what of the URL the list does not have.
fn notice(dropped: &[Dropped]) -> Option<AnyView> {
    let words = |one: &Dropped| match one {
        Dropped::Filter { .. } => format!("{one}: the list is shown without it"),
        Dropped::Sort(_) | Dropped::Column(_) => format!("{one} is left out"),
    };
    let (title, rest) = match dropped {
        [] => return None,
        [one] => (words(one), None),
        several => {
            let lines = several.iter().map(|one| view! { <li>{words(one)}</li> });
            let lines = lines.collect_view();
            let title = format!("{} parts of the link are not known", several.len());
            (title, Some(view! { <ul>{lines}</ul> }))
        }
    };
    let notice = view! {
        <Notice status=Status::Drift title>
            {rest}
            "The link may be of another version of Leastwise, or have a mistake. Use the filters of the list."
        </Notice>
    };
    Some(notice.into_any())
}
