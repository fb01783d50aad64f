//! Finds the entries of a list by the indexes of the ledger, in pages that begin before or after a number.
//!
//! The cost of a page does not grow with the ledger: of everything that is asked for, what the fewest entries have is looked
//! up in its index, and at most [`EXAMINED`] entries from there are compared with the rest.
//!
//! What is found here is only shown: the indexes and the columns beside an entry prove nothing.

use domain::{
    ids::{ChangeId, PersonId},
    ledger::{EventKind, Hash, Outcome},
    time::{Duration, Timestamp},
};
use sqlx::{AssertSqlSafe, Row as _};

use super::{count_of, index_terms::word_of_id};
use crate::store::{Store, StoreError, change::ChangeTarget};

/// The maximum number of entries that one look compares with a filter.
pub const EXAMINED: usize = 1_000;

/// The same without a filter by an index: nearly every entry matches.
const WALKED: usize = 500;

/// How much later than an event its entry may be written, so that a range of times is found by the order of the entries. A
/// crawl records at its end what it read at its beginning.
const LATE: Duration = Duration::days(1);

/// What an entry may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// All these words of the index.
    Words(Vec<String>),
    /// All these words of the index, from the private value at a path.
    WordsOf {
        path: &'static str,
        words: Vec<String>,
    },
    /// An id in a public field.
    Id(String),
    Kind(EventKind),
    Change(ChangeId),
    /// The entry is about a change that affects this.
    OfChanges(ChangeTarget),
    Actor(PersonId),
    /// It was done in a session.
    Session {
        actor: PersonId,
        session: Hash,
    },
}

/// The entries of a list.
#[derive(Debug, Clone, Default)]
pub struct EntryFilter {
    /// An entry matches if it has a term of each of these groups.
    pub groups: Vec<Vec<Term>>,
    /// It happened at this instant or later.
    pub from: Option<Timestamp>,
    /// It happened before this instant.
    pub until: Option<Timestamp>,
    pub syncs: Syncs,
}

/// Whether crawls that found nothing new are marked as folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Syncs {
    #[default]
    Folded,
    Each,
}

/// The order in which a list is walked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WalkOrder {
    NewestFirst,
    OldestFirst,
}

impl WalkOrder {
    const fn sql(self) -> &'static str {
        match self {
            Self::NewestFirst => "desc",
            Self::OldestFirst => "asc",
        }
    }
}

/// An entry that matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoundEntry {
    pub seq: u64,
    pub at: Timestamp,
    pub kind: FoundKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FoundKind {
    Shown,
    /// A crawl that found nothing new.
    Folded,
}

/// Entries that match, in the order of the walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Walk {
    /// All that match, whatever the range was.
    Whole(Vec<FoundEntry>),
    /// Those of the range that was asked for.
    Part {
        found: Vec<FoundEntry>,
        /// The last entry that was looked at, if there are further ones.
        reached: Option<u64>,
    },
}

/// Numbers from the first one on, before the second one.
type Range = (i64, i64);

/// Finds entries from `first` on and before `end`, as far as one look reaches. If few entries match, finds all of them.
pub async fn find(
    store: &Store,
    filter: &EntryFilter,
    order: WalkOrder,
    (first, end): (u64, u64),
) -> Result<Walk, StoreError> {
    let dated = filter.dated(store).await?;
    let within = (
        dated.0.max(i64::try_from(first).unwrap_or(i64::MAX)),
        dated.1.min(i64::try_from(end).unwrap_or(i64::MAX)),
    );
    let most = i64::try_from(EXAMINED).unwrap_or(i64::MAX);
    let rarest = rarest(store, &filter.groups, dated).await?;
    let (driver, range, is_whole) = match rarest {
        Some((group, count)) if count <= most => (Some(group), dated, true),
        Some((group, _)) => (Some(group), within, false),
        None => (None, within, false),
    };
    let mut examined = candidates(store, filter, driver, order, range).await?;
    let most = most_examined(driver);
    let is_over = examined.len() <= most;
    examined.truncate(most);
    let reached = examined.last().map(|(entry, _)| entry.seq);
    let found = examined.into_iter();
    let found = found.filter_map(|(entry, matches)| matches.then_some(entry));
    let found = found.collect();
    Ok(if is_whole && is_over {
        Walk::Whole(found)
    } else {
        Walk::Part {
            found,
            reached: reached.filter(|_| !is_over),
        }
    })
}

/// Returns the number of entries that one look compares.
fn most_examined(driver: Option<usize>) -> usize {
    driver.map_or(WALKED, |_| EXAMINED)
}

impl EntryFilter {
    /// Returns the range of numbers outside of which nothing is within the dates.
    async fn dated(&self, store: &Store) -> Result<Range, StoreError> {
        let first = match self.from {
            Some(from) => number_at(store, from - LATE).await?,
            None => 0,
        };
        let end = match self.until {
            Some(until) => number_at(store, until + LATE).await?,
            None => i64::MAX,
        };
        Ok((first, end))
    }
}

/// Returns a number between the entries that were written before an instant, and those that were written [`LATE`] after it,
/// by halving: the times of entries ascend, but for what is recorded late.
async fn number_at(store: &Store, at: Timestamp) -> Result<i64, StoreError> {
    let row: Option<(i64,)> = sqlx::query_as(
        "with recursive halved(low, high) as (\
         select cast(0 as bigint), coalesce((select size from ledger_head where id = 'head'), 0) union all \
         select case when (select e.occurred_at from ledger_entry e where e.seq = (h.low + h.high) / 2) < $1 \
         then (h.low + h.high) / 2 + 1 else h.low end, \
         case when (select e.occurred_at from ledger_entry e where e.seq = (h.low + h.high) / 2) < $1 \
         then h.high else (h.low + h.high) / 2 end \
         from halved h where h.low < h.high) select low from halved where low >= high",
    )
    .bind(at.0)
    .fetch_optional(store.read())
    .await?;
    Ok(row.map_or(0, |(low,)| low))
}

/// Returns the group that the fewest entries match, with their number; a number above [`EXAMINED`] is a lower limit.
async fn rarest(
    store: &Store,
    groups: &[Vec<Term>],
    range: Range,
) -> Result<Option<(usize, i64)>, StoreError> {
    if groups.is_empty() {
        return Ok(None);
    }
    let mut sql = Sql::new(range);
    let counts: Vec<String> = groups
        .iter()
        .enumerate()
        .map(|(at, group)| {
            let sources = group.iter().map(|term| sql.source(term));
            let sources: Vec<String> = sources.collect();
            format!(
                "(select count(*) from (select seq from ({}) u{at} limit {}) c{at}) as n{at}",
                sources.join(" union all "),
                EXAMINED + 1
            )
        })
        .collect();
    let row = sql.query(&format!("select {}", counts.join(", ")));
    let row = row.fetch_one(store.read()).await?;
    let mut least = None;
    for at in 0..groups.len() {
        let count: i64 = row.try_get(at)?;
        if least.is_none_or(|(_, other)| count < other) {
            least = Some((at, count));
        }
    }
    Ok(least)
}

/// Returns one entry more than one look compares, each with whether it matches.
async fn candidates(
    store: &Store,
    filter: &EntryFilter,
    driver: Option<usize>,
    order: WalkOrder,
    range: Range,
) -> Result<Vec<(FoundEntry, bool)>, StoreError> {
    let mut sql = Sql::new(range);
    let (direction, limit) = (order.sql(), most_examined(driver) + 1);
    let conditions = sql.conditions(filter, driver);
    let from = match driver {
        None => format!(
            "select e.seq from ledger_entry e where e.seq >= $1 and e.seq < $2 and {} order by e.seq {direction} limit {limit}",
            sql.times(filter)
        ),
        Some(group) => {
            let sources = filter.groups[group].iter().enumerate();
            let sources: Vec<String> = sources
                .map(|(at, term)| {
                    let source = sql.source(term);
                    format!(
                        "select seq from ({source} order by seq {direction} limit {limit}) s{at}"
                    )
                })
                .collect();
            format!(
                "select seq from ({}) found order by seq {direction} limit {limit}",
                sources.join(" union ")
            )
        }
    };
    let folded = match filter.syncs {
        Syncs::Each => "0".to_owned(),
        Syncs::Folded => format!("case when {} then 1 else 0 end", nothing_new()),
    };
    let text = format!(
        "select c.seq, e.occurred_at, {folded} as folded, case when {conditions} then 1 else 0 end as kept \
         from ({from}) c join ledger_entry e on e.seq = c.seq order by c.seq {direction}"
    );
    let rows = sql.query(&text).fetch_all(store.read()).await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let folded: i64 = row.try_get("folded")?;
        let kept: i64 = row.try_get("kept")?;
        let entry = FoundEntry {
            seq: count_of("ledger_entry", row.try_get("seq")?)?,
            at: Timestamp(row.try_get("occurred_at")?),
            kind: if folded == 1 {
                FoundKind::Folded
            } else {
                FoundKind::Shown
            },
        };
        found.push((entry, kept == 1));
    }
    Ok(found)
}

/// Returns the condition for a complete crawl that found nothing new. A leaf is canonical JSON, in which this fact is written
/// in one way only.
fn nothing_new() -> String {
    format!(
        "e.type = '{}' and e.outcome = '{}' and e.leaf like '%\"outside\":0,%'",
        EventKind::SyncCompleted.as_str(),
        Outcome::Success.as_str()
    )
}

impl Term {
    /// Returns the path of the private value from which its words must be.
    fn path(&self) -> Option<&'static str> {
        match self {
            Self::WordsOf { path, .. } => Some(path),
            _ => None,
        }
    }
}

/// Returns the word that is probably the rarest, and the other ones.
fn rarest_first(words: &[String]) -> (&str, Vec<&str>) {
    let first = (0..words.len()).max_by_key(|at| words[*at].len());
    let others = (0..words.len()).filter(|at| Some(*at) != first);
    (
        first.map_or("", |at| words[at].as_str()),
        others.map(|at| words[at].as_str()).collect(),
    )
}

/// Returns the condition for a word to be from a private value. Paths are words of ours.
fn at_path(row: &str, path: Option<&'static str>) -> String {
    path.map_or_else(String::new, |path| format!(" and {row}.path = '{path}'"))
}

enum Value {
    Number(i64),
    Text(String),
}

/// A query with its values. `$1` and `$2` are the range of numbers.
struct Sql {
    values: Vec<Value>,
}

impl Sql {
    fn new((first, end): Range) -> Self {
        Self {
            values: vec![Value::Number(first), Value::Number(end)],
        }
    }

    fn place(&mut self, value: Value) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }

    fn text(&mut self, text: &str) -> String {
        self.place(Value::Text(text.to_owned()))
    }

    /// Returns the place of a pattern that contains a text. Ids have no character that a pattern gives a meaning.
    fn containing(&mut self, text: &str) -> String {
        self.place(Value::Text(format!("%{text}%")))
    }

    fn query(self, text: &str) -> sqlx::query::Query<'static, sqlx::Any, sqlx::any::AnyArguments> {
        let query = sqlx::query(AssertSqlSafe(text.to_owned()));
        self.values
            .into_iter()
            .fold(query, |query, value| match value {
                Value::Number(number) => query.bind(number),
                Value::Text(text) => query.bind(text),
            })
    }

    /// Returns the entries in the range that have a term, by its index.
    fn source(&mut self, term: &Term) -> String {
        let by_word = |word: String| {
            format!(
                "select t.seq from ledger_token t where t.token = {word} and t.seq >= $1 and t.seq < $2"
            )
        };
        let by_column = |column: &str, value: String| {
            format!(
                "select e.seq from ledger_entry e where e.{column} = {value} and e.seq >= $1 and e.seq < $2"
            )
        };
        match term {
            // A word that was derived from several values has several rows.
            Term::Words(words) | Term::WordsOf { words, .. } => {
                let of = term.path();
                let (first, others) = rarest_first(words);
                let first = self.text(first);
                let others: Vec<String> = others
                    .into_iter()
                    .map(|word| format!(" and {}", self.has_word("t", word, of)))
                    .collect();
                format!(
                    "{}{}{} group by t.seq",
                    by_word(first),
                    at_path("t", of),
                    others.concat()
                )
            }
            Term::Id(id) => {
                let word = self.text(&word_of_id(id).unwrap_or_default());
                let pattern = self.containing(id);
                format!(
                    "{} and exists (select 1 from ledger_entry i where i.seq = t.seq and i.leaf like {pattern}) group by t.seq",
                    by_word(word)
                )
            }
            Term::Kind(kind) => by_column("type", format!("'{}'", kind.as_str())),
            Term::Change(change) => {
                let change = self.text(change.as_str());
                by_column("change_id", change)
            }
            Term::OfChanges(target) => {
                let (kind, value) = (target.kind, self.text(&target.value));
                format!(
                    "select e.seq from change_target t join ledger_entry e on e.change_id = t.change_id \
                     where t.kind = '{kind}' and t.value = {value} and e.seq >= $1 and e.seq < $2"
                )
            }
            Term::Actor(person) => {
                let person = self.text(person.as_str());
                by_column("actor", person)
            }
            Term::Session { actor, session } => {
                let actor = self.text(actor.as_str());
                let pattern = self.containing(&session.hex());
                format!("{} and e.leaf like {pattern}", by_column("actor", actor))
            }
        }
    }

    /// Returns the condition for an entry `e` in the range to have a term.
    fn has(&mut self, term: &Term) -> String {
        match term {
            Term::Words(words) | Term::WordsOf { words, .. } => {
                let all: Vec<String> = words
                    .iter()
                    .map(|word| self.has_word("e", word, term.path()))
                    .collect();
                format!("({})", all.join(" and "))
            }
            Term::Id(id) => {
                let word = self.has_word("e", &word_of_id(id).unwrap_or_default(), None);
                let pattern = self.containing(id);
                format!("({word} and e.leaf like {pattern})")
            }
            Term::Kind(kind) => format!("e.type = '{}'", kind.as_str()),
            Term::Change(change) => format!("e.change_id = {}", self.text(change.as_str())),
            Term::OfChanges(target) => {
                let (kind, value) = (target.kind, self.text(&target.value));
                format!(
                    "exists (select 1 from change_target t where t.change_id = e.change_id and t.kind = '{kind}' \
                     and t.value = {value})"
                )
            }
            Term::Actor(person) => format!("e.actor = {}", self.text(person.as_str())),
            Term::Session { actor, session } => {
                let actor = self.text(actor.as_str());
                let pattern = self.containing(&session.hex());
                format!("(e.actor = {actor} and e.leaf like {pattern})")
            }
        }
    }

    /// Returns the condition for the entry of a row to have a word, from a private value if a path is given.
    fn has_word(&mut self, row: &str, word: &str, path: Option<&'static str>) -> String {
        let word = self.text(word);
        format!(
            "exists (select 1 from ledger_token o where o.token = {word} and o.seq = {row}.seq{})",
            at_path("o", path)
        )
    }

    fn times(&mut self, filter: &EntryFilter) -> String {
        let from = filter.from.map_or(i64::MIN, |at| at.0);
        let until = filter.until.map_or(i64::MAX, |at| at.0);
        let from = self.place(Value::Number(from));
        let until = self.place(Value::Number(until));
        format!("e.occurred_at >= {from} and e.occurred_at < {until}")
    }

    /// Returns the condition for an entry to match a filter, except for the group by which it was found.
    fn conditions(&mut self, filter: &EntryFilter, found_by: Option<usize>) -> String {
        let mut all = vec![self.times(filter)];
        for (at, group) in filter.groups.iter().enumerate() {
            if Some(at) != found_by {
                let terms: Vec<String> = group.iter().map(|term| self.has(term)).collect();
                all.push(format!("({})", terms.join(" or ")));
            }
        }
        all.join(" and ")
    }
}
