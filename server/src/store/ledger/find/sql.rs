//! Builds the statements that find entries: one text for both databases, with its values.

use domain::{
    ledger::{EventKind, Outcome},
    time::Timestamp,
};
use sqlx::AssertSqlSafe;

use super::{EXAMINED, EntryFilter, Folding, LATE, Range, Term, WalkOrder, most_examined};
use crate::store::ledger::{index_terms::word_of_id, listed::type_list};

/// The values of the column `folded`.
pub(super) const CRAWLS: i64 = 1;
pub(super) const SETUP: i64 = 2;
pub(super) const SIGN_INS: i64 = 3;
pub(super) const LINKS: i64 = 4;

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

/// Returns the condition for a complete crawl that found nothing new. A leaf is canonical JSON, in which this fact is written
/// in one way only.
fn nothing_new() -> String {
    format!(
        "{} and e.leaf like '%\"outside\":0,%'",
        succeeded(EventKind::SyncCompleted)
    )
}

/// Returns the condition for an entry of the setup: of one of its kinds, or a crawl that found nothing new, and recorded before
/// the first sign-in. As long as there is none, nothing is.
fn setup() -> String {
    let kinds = EventKind::SETUP.map(EventKind::as_str);
    format!(
        "(e.type in ({}) or ({})) and e.seq < (select min(f.seq) from ledger_entry f where f.type = '{}')",
        type_list(&kinds),
        nothing_new(),
        EventKind::SessionStarted.as_str()
    )
}

/// Returns the condition for an entry of a kind that states a success.
fn succeeded(kind: EventKind) -> String {
    format!(
        "e.type = '{}' and e.outcome = '{}'",
        kind.as_str(),
        Outcome::Success.as_str()
    )
}

/// Returns the expression for what an entry is folded as; 0 if it is shown.
fn folded(folding: Folding) -> String {
    match folding {
        Folding::Nothing => "0".to_owned(),
        Folding::Crawls => format!("case when {} then {CRAWLS} else 0 end", nothing_new()),
        Folding::Routine => format!(
            "case when {} then {SETUP} when {} then {CRAWLS} when {} then {SIGN_INS} when {} then {LINKS} else 0 end",
            setup(),
            nothing_new(),
            succeeded(EventKind::SessionStarted),
            succeeded(EventKind::IdentityLinked)
        ),
    }
}

enum Value {
    Number(i64),
    Text(String),
}

/// A query with its values.
pub(super) struct Sql {
    values: Vec<Value>,
    /// The range of numbers in which entries are found, as expressions: from the first one on, before the second one.
    range: (String, String),
}

impl Sql {
    /// Returns an empty query whose range the text of the statement defines.
    pub(super) fn within(low: &str, high: &str) -> Self {
        Self {
            values: Vec::new(),
            range: (low.to_owned(), high.to_owned()),
        }
    }

    fn new((first, end): Range) -> Self {
        Self {
            values: vec![Value::Number(first), Value::Number(end)],
            range: ("$1".to_owned(), "$2".to_owned()),
        }
    }

    /// Returns the query for the entries that are compared with a filter, in their order. `driver` is the group whose index finds
    /// them.
    pub(super) fn candidates(
        filter: &EntryFilter,
        driver: Option<usize>,
        order: WalkOrder,
        range: Range,
    ) -> (Self, String) {
        let mut sql = Self::new(range);
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
                    .filter_map(|(at, term)| {
                        let source = sql.source(term)?;
                        Some(format!(
                            "select seq from ({source} order by seq {direction} limit {limit}) s{at}"
                        ))
                    })
                    .collect();
                format!(
                    "select seq from ({}) found order by seq {direction} limit {limit}",
                    sources.join(" union ")
                )
            }
        };
        let folded = folded(filter.folding);
        let text = format!(
            "select c.seq, e.occurred_at, {folded} as folded, case when {conditions} then 1 else 0 end as kept \
             from ({from}) c join ledger_entry e on e.seq = c.seq order by c.seq {direction}"
        );
        (sql, text)
    }

    /// Returns the query for the range of numbers outside of which nothing is within the dates of a filter.
    pub(super) fn dated(&mut self, filter: &EntryFilter) -> String {
        let low = match filter.from {
            Some(from) => self.number_at(from - LATE),
            None => "cast(0 as bigint)".to_owned(),
        };
        let high = match filter.until {
            Some(until) => self.number_at(until + LATE),
            None => format!("cast({} as bigint)", i64::MAX),
        };
        format!("select {low}, {high}")
    }

    /// Returns the expression for a number between the entries that were written before an instant, and those that were written
    /// [`LATE`] after it, by halving: the times of entries ascend, but for what is recorded late.
    fn number_at(&mut self, at: Timestamp) -> String {
        let at = self.place(Value::Number(at.0));
        let middle =
            "(select e.occurred_at from ledger_entry e where e.seq = (h.low + h.high) / 2)";
        format!(
            "(with recursive halved(low, high) as (\
             select cast(0 as bigint), coalesce((select size from ledger_head where id = 'head'), 0) union all \
             select case when {middle} < {at} then (h.low + h.high) / 2 + 1 else h.low end, \
             case when {middle} < {at} then h.high else (h.low + h.high) / 2 end \
             from halved h where h.low < h.high) select low from halved where low >= high)"
        )
    }

    /// Returns the groups that an index finds, and the columns with the number of entries of each, such as `n0` for the first
    /// group; a number above [`EXAMINED`] is a lower limit.
    pub(super) fn counts(&mut self, filter: &EntryFilter) -> (Vec<usize>, String) {
        let (mut groups, mut columns) = (Vec::new(), Vec::new());
        for (at, group) in filter.groups.iter().enumerate() {
            let sources = group.iter().map(|term| self.source(term));
            let Some(sources) = sources.collect::<Option<Vec<String>>>() else {
                continue;
            };
            groups.push(at);
            columns.push(format!(
                ", (select count(*) from (select seq from ({}) u{at} limit {}) c{at}) as n{at}",
                sources.join(" union all "),
                EXAMINED + 1
            ));
        }
        (groups, columns.concat())
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

    pub(super) fn query(
        self,
        text: &str,
    ) -> sqlx::query::Query<'static, sqlx::Any, sqlx::any::AnyArguments> {
        let query = sqlx::query(AssertSqlSafe(text.to_owned()));
        self.values
            .into_iter()
            .fold(query, |query, value| match value {
                Value::Number(number) => query.bind(number),
                Value::Text(text) => query.bind(text),
            })
    }

    /// Returns the entries in the range that have a term, by its index; none if no index has it.
    fn source(&mut self, term: &Term) -> Option<String> {
        let (low, high) = self.range.clone();
        let by_word = |word: String| {
            format!(
                "select t.seq from ledger_token t where t.token = {word} and t.seq >= {low} and t.seq < {high}"
            )
        };
        let by_column = |column: &str, value: String| {
            format!(
                "select e.seq from ledger_entry e where e.{column} = {value} and e.seq >= {low} and e.seq < {high}"
            )
        };
        Some(match term {
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
            Term::Change(change) => by_column("change_id", self.text(change.as_str())),
            Term::OfChanges(target) => {
                let (kind, value) = (target.kind, self.text(&target.value));
                format!(
                    "select e.seq from change_target t join ledger_entry e on e.change_id = t.change_id \
                     where t.kind = '{kind}' and t.value = {value} and e.seq >= {low} and e.seq < {high}"
                )
            }
            Term::Actor(person) => by_column("actor", self.text(person.as_str())),
            Term::Session(_) => return None,
        })
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
            Term::Session(session) => {
                // A leaf is canonical JSON, in which this is written in one way only.
                let pattern = self.containing(&format!("\"session\":\"{}\"", session.hex()));
                format!("e.leaf like {pattern}")
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
