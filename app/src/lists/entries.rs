//! The list of the entries of the ledger. The store filters it by its indexes and reads it by sequence numbers: it may be
//! long, and it only grows. What is routine is folded: crawls that found nothing new, sign-ins, links of identities, the setup.

use domain::{
    ids::ChangeId,
    ledger::{EventKind, Hash, Outcome, Severity},
};
use leptos::prelude::*;

use super::{
    Bound, Cell, Column, Direction, DrawContext, Filter, FilterOption, List, Paging, Sort, id,
    muted,
};
use crate::{
    backend::{EntryLine, EntryRow, FoldedAs, FoldedEntries, SentencePart, sentence_words},
    components::{
        EntryOutcome, EntrySentence, Glyph, Icon, ListedTime, Status, TimeOfDay, capitalized,
        day_of, not_authentic,
    },
};

/// The path of the list.
pub const LEDGER: &str = "/ledger";

/// The filters to which other pages lead.
pub const WHO: &str = "who";
pub const WHAT: &str = "what";
/// A user, a group or a permission set that an entry names.
pub const ABOUT: &str = "about";
pub const ACCOUNT: &str = "account";
pub const CHANGE: &str = "change";
/// The hash of a session's identifier, as entries have it.
pub const SESSION: &str = "session";
pub const OUTCOME: &str = "outcome";
pub const FROM: &str = "from";
pub const UNTIL: &str = "until";
pub const SYNCS: &str = "syncs";
/// Shows each entry that is folded otherwise.
pub const EACH: &str = "each";

/// The column by which the store sorts.
pub const ENTRY: &str = "entry";

/// The maximum length of what somebody types into a filter.
const TYPED: usize = 100;

const fn column(key: &'static str, label: &'static str) -> Column<(), EntryLine> {
    Column::new(key, label)
}

pub static ENTRIES: List<(), EntryLine> = List {
    path: LEDGER,
    nouns: ("entry", "entries"),
    order: "Newest first",
    default: Some(Sort {
        column: ENTRY,
        direction: Direction::Descending,
    }),
    columns: &[
        column(ENTRY, "Entry")
            .always()
            .newest_first()
            .sorts_in_store()
            .cell(|line, _| number(line))
            .value(|line| of(line, |entry| Cell::Number(entry.seq))),
        column("time", "Time (UTC)")
            .cell(time)
            .value(|line| of(line, |entry| Cell::Time(entry.at))),
        column("event", "Event")
            .cell(|line, _| event(line))
            .value(|line| of(line, |entry| Cell::Text(sentence_words(&entry.sentence)))),
        // On the page it stands behind the sentence.
        column(OUTCOME, "Outcome").value(|line| of(line, |entry| entry.outcome.as_str().into())),
        column("result", "Result").value(|line| {
            of(line, |entry| {
                entry
                    .result
                    .as_ref()
                    .map_or(Cell::Nothing, |result| result.label.into())
            })
        }),
        column("result_entry", "Entry of the result").value(|line| {
            of(line, |entry| {
                entry
                    .result
                    .as_ref()
                    .map_or(Cell::Nothing, |result| Cell::Number(result.seq))
            })
        }),
        column("type", "Type")
            .on_request()
            .cell(|line, _| {
                shown(line, |entry| {
                    view! { <code>{entry.kind.clone()}</code> }.into_any()
                })
            })
            .value(|line| of(line, |entry| Cell::Text(entry.kind.clone()))),
        column("severity", "Severity")
            .on_request()
            .cell(|line, _| shown(line, |entry| muted(severity(entry))))
            .value(|line| of(line, |entry| severity(entry).into())),
        // Most sentences begin with it.
        column("actor", "By")
            .on_request()
            .cell(|line, _| shown(line, |entry| capitalized(&entry.by()).into_any()))
            .value(|line| of(line, |entry| Cell::Text(entry.by()))),
        column("actor_id", "ID of the person").value(|line| {
            of(line, |entry| {
                Cell::optional(entry.person.as_ref().map(ToString::to_string).as_ref())
            })
        }),
        column(ACCOUNT, "Account")
            .on_request()
            .cell(|line, _| {
                shown(line, |entry| match &entry.account {
                    Some(account) => id(account.to_string(), "the number of the account"),
                    None => ().into_any(),
                })
            })
            .value(|line| {
                of(line, |entry| {
                    Cell::optional(entry.account.as_ref().map(ToString::to_string).as_ref())
                })
            }),
        column(CHANGE, "Change")
            .on_request()
            .cell(|line, _| {
                shown(line, |entry| match &entry.change {
                    Some(change) => {
                        let href = format!("/changes/{change}");
                        view! { <a href=href><code>{change.to_string()}</code></a> }.into_any()
                    }
                    None => ().into_any(),
                })
            })
            .value(|line| {
                of(line, |entry| {
                    Cell::optional(entry.change.as_ref().map(ToString::to_string).as_ref())
                })
            }),
        column("ticket", "Ticket")
            .on_request()
            .cell(|line, _| {
                shown(line, |entry| {
                    muted(entry.ticket.clone().unwrap_or_default())
                })
            })
            .value(|line| of(line, |entry| Cell::optional(entry.ticket.as_ref()))),
        column("authentic", "Authentic")
            .value(|line| of(line, |entry| Cell::YesNo(entry.is_authentic()))),
        column("leaf_hash", "Leaf hash")
            .value(|line| of(line, |entry| Cell::Text(entry.leaf_hash.clone()))),
    ],
    filters: &[
        Filter::typed(WHO, "Who", "Name or ID", is_typed),
        Filter::options(
            WHAT,
            "What",
            &[
                FilterOption::in_store("changes", "Changes and decisions"),
                FilterOption::in_store("access", "Access given and removed"),
                FilterOption::in_store("writes", "Writes to AWS"),
                FilterOption::in_store("drift", "Drift"),
                FilterOption::in_store("sessions", "Sessions and refusals"),
                FilterOption::in_store("identities", "Identities"),
                FilterOption::in_store("roles", "Roles"),
                FilterOption::in_store("policies", "Policies and classification"),
                FilterOption::in_store("jobs", "Crawls and jobs"),
                FilterOption::in_store("reads", "Reports and reads of the ledger"),
                FilterOption::in_store("system", "Processes and rows"),
            ],
        ),
        Filter::offered(ABOUT, "About", is_typed, |(), _| true),
        Filter::typed(ACCOUNT, "Account", "Name or 12 digits", is_typed),
        Filter::typed(CHANGE, "Change", "ID of the change", |value| {
            ChangeId::parse(value).is_ok()
        })
        .folded(),
        Filter::offered(
            SESSION,
            "Session",
            |value| Hash::parse_hex(value.as_bytes()).is_some(),
            |(), _| true,
        ),
        Filter::options(
            OUTCOME,
            "Outcome",
            &[
                FilterOption::in_store("success", "Success"),
                FilterOption::in_store("failure", "Failure"),
                FilterOption::in_store("denied", "Denied"),
                FilterOption::in_store("pending", "Pending when recorded"),
            ],
        ),
        Filter::day(FROM, "From", Bound::From, |()| None),
        Filter::day(UNTIL, "Until", Bound::Until, |()| None),
        Filter::options(
            SYNCS,
            "Folded entries",
            &[FilterOption::in_store(EACH, "Each is shown")],
        )
        .folded(),
    ],
    text: |()| "",
    paging: Paging::BySequence,
};

fn is_typed(value: &str) -> bool {
    !value.trim().is_empty() && value.chars().count() <= TYPED
}

/// Returns what a file contains of an entry. Files fold nothing.
fn of(line: &EntryLine, value: impl FnOnce(&EntryRow) -> Cell) -> Cell {
    match line {
        EntryLine::Entry(entry) => value(entry),
        EntryLine::Folded(_) => Cell::Nothing,
    }
}

fn shown(line: &EntryLine, cell: impl FnOnce(&EntryRow) -> AnyView) -> AnyView {
    match line {
        EntryLine::Entry(entry) => cell(entry),
        EntryLine::Folded(_) => ().into_any(),
    }
}

/// Returns the day of a row, which stands above the rows of that day: that of the newest entry in it.
pub fn day(line: &EntryLine) -> String {
    match line {
        EntryLine::Entry(entry) => day_of(entry.at),
        EntryLine::Folded(folded) => day_of(folded.until),
    }
}

fn number(line: &EntryLine) -> AnyView {
    match line {
        EntryLine::Entry(entry) => {
            view! { <a href=format!("{LEDGER}/{}", entry.seq) data-seq>{entry.seq}</a> }.into_any()
        }
        // One entry alone has nothing to unfold.
        EntryLine::Folded(FoldedEntries { first, last, .. }) if first == last => {
            view! { <a href=format!("{LEDGER}/{first}") data-seq>{*first}</a> }.into_any()
        }
        EntryLine::Folded(FoldedEntries { first, last, .. }) => {
            let words = format!("{first} to {last}");
            view! { <span data-seq class="text-muted font-normal">{words}</span> }.into_any()
        }
    }
}

fn time(line: &EntryLine, context: &DrawContext) -> AnyView {
    let now = context.now;
    match line {
        EntryLine::Entry(entry) => view! { <TimeOfDay at=entry.at now /> }.into_any(),
        EntryLine::Folded(FoldedEntries { from, until, .. }) if from == until => {
            view! { <TimeOfDay at=*from now /> }.into_any()
        }
        EntryLine::Folded(FoldedEntries { from, until, .. }) => {
            let begin = if day_of(*from) == day_of(*until) {
                view! { <TimeOfDay at=*from now /> }.into_any()
            } else {
                view! { <ListedTime at=*from now /> }.into_any()
            };
            view! {
                <span class="text-muted">
                    {begin}
                    <span data-until>" to "</span>
                    <TimeOfDay at=*until now />
                </span>
            }
            .into_any()
        }
    }
}

fn event(line: &EntryLine) -> AnyView {
    match line {
        EntryLine::Entry(entry) => {
            let sentence = entry.sentence.iter().map(SentencePart::without_id);
            let sentence = sentence.collect();
            view! {
                <span data-entry-title>
                    {weight(entry).map(mark)}
                    <span>
                        {not_authentic(entry.authenticity)}
                        <EntrySentence sentence />
                        {outcome(entry)}
                        {by(entry).map(|by| view! { " " <span data-by>{by}</span> })}
                    </span>
                </span>
            }
            .into_any()
        }
        EntryLine::Folded(folded) => {
            let words = folded_words(folded);
            let each = (folded.first != folded.last).then(|| {
                view! { " " <a href=folded.href.clone()>"Show each"</a> }
            });
            view! { <span data-folded class="text-muted">{words} {each}</span> }.into_any()
        }
    }
}

/// Returns who did it where the sentence does not say it. What it says nobody did, Leastwise did or observed.
fn by(entry: &EntryRow) -> Option<String> {
    let said = sentence_words(&entry.sentence);
    let is_said = said.contains(&entry.actor) || said.starts_with(&capitalized(&entry.actor));
    let is_own = entry.actor == "Leastwise";
    (entry.is_outside() || !(is_said || is_own)).then(|| format!("By: {}", entry.by()))
}

fn folded_words(folded: &FoldedEntries) -> String {
    match (folded.fold, folded.count) {
        (FoldedAs::Crawls, 1) => "A crawl of AWS found nothing new".to_owned(),
        (FoldedAs::Crawls, count) => format!("{count} crawls of AWS found nothing new"),
        (FoldedAs::Setup, 1) => "Setup: 1 entry from before the first sign-in".to_owned(),
        (FoldedAs::Setup, count) => {
            format!("Setup: {count} entries from before the first sign-in")
        }
        (FoldedAs::SignIns, count) => format!("{count} sign-ins"),
        (FoldedAs::Links, count) => {
            format!("{count} links of identities to their Identity Center users")
        }
    }
}

/// Renders an outcome that is no success, and what became of what was pending. Most entries state a success: a mark on each would
/// hide the others.
fn outcome(entry: &EntryRow) -> Option<AnyView> {
    let is_told = entry.outcome != Outcome::Success || entry.result.is_some();
    is_told.then(|| {
        view! { " " <span data-became><EntryOutcome outcome=entry.outcome result=entry.result.clone() /></span> }
            .into_any()
    })
}

/// What makes an entry stand out of the routine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weight {
    /// It failed, was denied, or is a finding.
    Trouble,
    /// It was done outside Leastwise.
    Outside,
    Decision,
}

fn weight(entry: &EntryRow) -> Option<Weight> {
    if entry.is_outside() {
        return Some(Weight::Outside);
    }
    let failed = matches!(entry.outcome, Outcome::Failure | Outcome::Denied);
    let severe = entry
        .meaning
        .is_some_and(|meaning| meaning.severity >= Severity::High);
    if failed || severe {
        return Some(Weight::Trouble);
    }
    let decisions = [EventKind::ChangeApproved, EventKind::ChangeDeclined];
    let kind = EventKind::from_word(&entry.kind);
    kind.is_some_and(|kind| decisions.contains(&kind))
        .then_some(Weight::Decision)
}

fn mark(weight: Weight) -> AnyView {
    let (status, glyph) = match weight {
        Weight::Trouble => (Status::Danger, Glyph::Warning),
        Weight::Outside => (Status::Drift, Glyph::Drift),
        Weight::Decision => (Status::Info, Glyph::Person),
    };
    view! { <span data-mark data-status=status.token()><Icon glyph /></span> }.into_any()
}

fn severity(entry: &EntryRow) -> &'static str {
    entry
        .meaning
        .map_or("", |meaning| meaning.severity.as_str())
}

#[cfg(test)]
mod tests {
    use domain::ledger::Category;

    use super::*;
    use crate::lists::FilterKind;

    #[test]
    fn each_category_of_events_can_be_chosen() {
        let what = ENTRIES.filters.iter().find(|one| one.key == WHAT).unwrap();
        let FilterKind::Options(options) = what.kind else {
            panic!("a choice");
        };
        let values: Vec<&str> = options.iter().map(|one| one.value).collect();
        assert_eq!(values, Category::ALL.map(Category::as_str));
    }
}
