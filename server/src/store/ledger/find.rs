//! Finds the entries of a list by the indexes of the ledger, in pages that begin before or after a number.
//!
//! The cost of a page does not grow with the ledger: of everything that is asked for, what the fewest entries have is looked
//! up in its index, and at most [`EXAMINED`] entries from there are compared with the rest.
//!
//! What is found here is only shown: the indexes and the columns beside an entry prove nothing.

mod sql;

use domain::{
    ids::{ChangeId, PersonId},
    ledger::{EventKind, Hash},
    time::{Duration, Timestamp},
};
use sqlx::Row as _;

use self::sql::Sql;
use super::{SignedHead, checkpoint, count_of};
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
    /// It was done in a session. No index has it: it only narrows what another group finds.
    Session(Hash),
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
    pub folding: Folding,
}

/// Which entries are marked as folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Folding {
    Nothing,
    /// Crawls that found nothing new.
    #[default]
    Crawls,
    /// These, the setup, and what people do whenever they begin to work: they sign in, and are linked to their users.
    Routine,
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
    Folded(Fold),
}

/// What folded entries have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fold {
    /// Crawls that found nothing new.
    Crawls,
    /// What Leastwise recorded by itself before anybody had signed in.
    Setup,
    /// Sign-ins that succeeded.
    SignIns,
    /// Links of identities to their Identity Center users.
    Links,
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

/// What is known before a list is walked through.
#[derive(Debug, Clone)]
pub struct Survey {
    /// The number of entries in the ledger.
    pub size: u64,
    pub signed: Option<SignedHead>,
    /// Nothing outside of it is within the dates of the filter.
    dated: Range,
    driver: Option<Driver>,
}

/// The group of a filter that the fewest entries match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Driver {
    group: usize,
    /// A number above [`EXAMINED`] is a lower limit.
    count: i64,
}

/// Looks up how long the ledger is, what is signed of it, and by what a filter finds the fewest entries.
pub async fn survey(store: &Store, filter: &EntryFilter) -> Result<Survey, StoreError> {
    let mut sql = Sql::within("(select low from dated)", "(select high from dated)");
    let dated = sql.dated(filter);
    let (driving, counts) = sql.counts(filter);
    let text = format!(
        "with dated(low, high) as ({dated}) \
         select d.low, d.high, h.size as entries, c.size, c.root, c.note, c.signed_at{counts} from dated d \
         left join ledger_head h on h.id = 'head' \
         left join ledger_checkpoint c on c.size = (select max(size) from ledger_checkpoint)"
    );
    let row = sql.query(&text).fetch_one(store.read()).await?;
    let mut driver: Option<Driver> = None;
    for group in driving {
        let count: i64 = row.try_get(&*format!("n{group}"))?;
        if driver.is_none_or(|least| count < least.count) {
            driver = Some(Driver { group, count });
        }
    }
    let entries: Option<i64> = row.try_get("entries")?;
    Ok(Survey {
        size: entries.map_or(Ok(0), |size| count_of("ledger_head", size))?,
        signed: checkpoint::of_row(&row)?,
        dated: (row.try_get("low")?, row.try_get("high")?),
        driver,
    })
}

/// Finds entries from `first` on and before `end`, as far as one look reaches. If few entries match, finds all of them.
pub async fn walk(
    store: &Store,
    filter: &EntryFilter,
    survey: &Survey,
    order: WalkOrder,
    (first, end): (u64, u64),
) -> Result<Walk, StoreError> {
    let dated = survey.dated;
    let within = (
        dated.0.max(i64::try_from(first).unwrap_or(i64::MAX)),
        dated.1.min(i64::try_from(end).unwrap_or(i64::MAX)),
    );
    let most = i64::try_from(EXAMINED).unwrap_or(i64::MAX);
    let (driver, range, is_whole) = match survey.driver {
        Some(Driver { group, count }) if count <= most => (Some(group), dated, true),
        Some(Driver { group, .. }) => (Some(group), within, false),
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

/// Returns one entry more than one look compares, each with whether it matches.
async fn candidates(
    store: &Store,
    filter: &EntryFilter,
    driver: Option<usize>,
    order: WalkOrder,
    range: Range,
) -> Result<Vec<(FoundEntry, bool)>, StoreError> {
    let (sql, text) = Sql::candidates(filter, driver, order, range);
    let rows = sql.query(&text).fetch_all(store.read()).await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let folded: i64 = row.try_get("folded")?;
        let kept: i64 = row.try_get("kept")?;
        let entry = FoundEntry {
            seq: count_of("ledger_entry", row.try_get("seq")?)?,
            at: Timestamp(row.try_get("occurred_at")?),
            kind: match folded {
                sql::CRAWLS => FoundKind::Folded(Fold::Crawls),
                sql::SETUP => FoundKind::Folded(Fold::Setup),
                sql::SIGN_INS => FoundKind::Folded(Fold::SignIns),
                sql::LINKS => FoundKind::Folded(Fold::Links),
                _ => FoundKind::Shown,
            },
        };
        found.push((entry, kept == 1));
    }
    Ok(found)
}
