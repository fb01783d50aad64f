//! Lists as files: all rows that are chosen, in the order of the page, with every column. Written in pieces while they are
//! sent, so that 50,000 rows are never in memory together.

use std::sync::Arc;

use app::{
    backend::{Denied, Download, FileFormat, ListFilesPort, ListName, PortResult},
    lists::{
        FileColumn, List, ListChoice, access::ACCESS, accounts::ACCOUNTS, changes::CHANGES,
        groups::GROUPS, identities::IDENTITIES, people::PEOPLE, permission_sets::PERMISSION_SETS,
    },
};
use async_trait::async_trait;
use domain::{authorize::Action, ids::AccountId, time::Timestamp};

use super::{Service, accounts, broken, csv::lines, groups, people, permission_sets};

/// The number of rows in one piece.
const PIECE: usize = 500;

#[async_trait]
impl ListFilesPort for Service {
    async fn list_file(
        &self,
        list: ListName,
        choice: &ListChoice,
        format: FileFormat,
    ) -> PortResult<Download> {
        self.allowed(match list {
            ListName::Changes => Action::SeeOwn,
            ListName::Accounts
            | ListName::People
            | ListName::Groups
            | ListName::PermissionSets
            | ListName::Identities => Action::SeeDirectory,
        })?;
        let (read_model, now) = (Arc::clone(&self.read_model), self.app_state.clock.now());
        let written = self.written(choice, format);
        Ok(match list {
            ListName::People => {
                let found = PEOPLE.all(people::facts(&read_model), choice);
                written.file(&PEOPLE, found, move |one| people::row(&read_model, one))
            }
            ListName::Groups => {
                let found = GROUPS.all(groups::facts(&read_model), choice);
                written.file(&GROUPS, found, move |one| groups::row(&read_model, one))
            }
            ListName::PermissionSets => {
                let found = PERMISSION_SETS.all(permission_sets::facts(&read_model), choice);
                written.file(&PERMISSION_SETS, found, move |one| {
                    permission_sets::row(&read_model, one)
                })
            }
            ListName::Changes => {
                let found = self.all_changes(choice).await?;
                written.file(&CHANGES, found, Clone::clone)
            }
            ListName::Identities => {
                let found = self.all_identities(choice).await;
                let found = found.map_err(|error| -> Denied { broken(error) })?;
                written.file(&IDENTITIES, found, Clone::clone)
            }
            ListName::Accounts => {
                let owners = self
                    .all_owners()
                    .await
                    .map_err(|error| -> Denied { broken(error) })?;
                let facts = accounts::facts(&read_model, &owners, choice, now);
                let found = ACCOUNTS.all(facts, choice);
                written.file(&ACCOUNTS, found, move |one| {
                    accounts::row(&read_model, &owners, one)
                })
            }
        })
    }
}

impl Service {
    /// Returns what every file states, with the oldest read of AWS among what is listed.
    fn written(&self, choice: &ListChoice, format: FileFormat) -> Written {
        Written {
            place: None,
            choice: choice.clone(),
            format,
            now: self.app_state.clock.now(),
            as_of: self.read_model.snapshot.parts().coverage.oldest,
        }
    }

    /// Returns the chosen paths to an account as a file.
    pub(super) fn access_file(
        &self,
        id: &AccountId,
        choice: &ListChoice,
        format: FileFormat,
    ) -> Download {
        let read_model = Arc::clone(&self.read_model);
        let reads = read_model.snapshot.pairs_in(id);
        let oldest = reads.map(|(_, read)| read.as_of).min();
        let written = self.written(choice, format);
        let written = Written {
            place: Some(format!("/accounts/{id}")),
            as_of: oldest.or(written.as_of),
            ..written
        };
        let found = ACCESS.all(self.access_facts(id).into_iter(), choice);
        written.file(&ACCESS, found, move |one| {
            accounts::access::row(&read_model, one)
        })
    }
}

/// What every file of a list states.
struct Written {
    /// The path of the page that shows the list, if that is not its own.
    place: Option<String>,
    choice: ListChoice,
    format: FileFormat,
    now: Timestamp,
    /// The oldest read of AWS among what is listed.
    as_of: Option<Timestamp>,
}

impl Written {
    fn path<'a, F, R>(&'a self, list: &'a List<F, R>) -> &'a str {
        self.place.as_deref().unwrap_or(list.path)
    }

    /// Returns the beginning of a file in JSON.
    fn fields<F, R>(&self, list: &List<F, R>, rows: usize) -> Vec<u8> {
        let link = self.choice.at(1).href(self.path(list));
        let fields = serde_json::json!({
            "list": list.nouns.1,
            "filter": link,
            "made": self.now.rfc3339(),
            "as_of": self.as_of.map(Timestamp::rfc3339),
            "row_count": rows,
        });
        let mut open = format!("{fields:#}").into_bytes();
        open.truncate(open.len() - "\n}".len());
        open.extend_from_slice(b",\n  \"rows\": [");
        open
    }

    fn file<L: 'static, F: Send + 'static, R: 'static>(
        self,
        list: &'static List<L, R>,
        found: Vec<F>,
        row: impl Fn(&F) -> R + Send + 'static,
    ) -> Download {
        let (ending, media_type) = self.format.names();
        let name = self.path(list).trim_start_matches('/').replace('/', "-");
        let day: String = self.now.rfc3339().chars().take(10).collect();
        let body: Box<dyn Iterator<Item = Vec<u8>> + Send> = match self.format {
            FileFormat::Csv => Box::new(csv(list, found, row)),
            FileFormat::Json => {
                let open = self.fields(list, found.len());
                Box::new(json(list, open, found, row))
            }
        };
        Download {
            name: format!("leastwise-{name}-{day}.{ending}"),
            media_type,
            body,
        }
    }
}

/// Returns the rows, one piece after the other.
fn pieces<F, R>(
    found: Vec<F>,
    row: impl Fn(&F) -> R,
    mut piece: impl FnMut(Vec<R>) -> Vec<u8>,
) -> impl Iterator<Item = Vec<u8>> {
    let mut found = found.into_iter();
    std::iter::from_fn(move || {
        let some: Vec<F> = found.by_ref().take(PIECE).collect();
        (!some.is_empty()).then(|| piece(some.iter().map(&row).collect()))
    })
}

fn csv<L: 'static, F, R: 'static>(
    list: &'static List<L, R>,
    found: Vec<F>,
    row: impl Fn(&F) -> R,
) -> impl Iterator<Item = Vec<u8>> {
    let columns: Vec<FileColumn<R>> = list.in_files().collect();
    let head = columns.iter().map(|(key, _)| (*key).to_owned());
    let head = lines([head.collect::<Vec<_>>()]);
    let rows = pieces(found, row, move |rows| {
        let cells = |row: &R| -> Vec<String> {
            columns.iter().map(|(_, value)| value(row).csv()).collect()
        };
        lines(rows.iter().map(cells))
    });
    [head].into_iter().chain(rows)
}

/// Returns one JSON object: what the file contains, then the rows, one per line.
fn json<L: 'static, F, R: 'static>(
    list: &'static List<L, R>,
    open: Vec<u8>,
    found: Vec<F>,
    row: impl Fn(&F) -> R,
) -> impl Iterator<Item = Vec<u8>> {
    let columns: Vec<FileColumn<R>> = list.in_files().collect();
    let mut between = "\n    ";
    let rows = pieces(found, row, move |rows| {
        let mut piece = Vec::new();
        for row in &rows {
            let cells = columns
                .iter()
                .map(|(key, value)| ((*key).to_owned(), value(row).json()));
            let object: serde_json::Map<String, serde_json::Value> = cells.collect();
            piece.extend_from_slice(between.as_bytes());
            piece.extend_from_slice(serde_json::Value::Object(object).to_string().as_bytes());
            between = ",\n    ";
        }
        piece
    });
    [open]
        .into_iter()
        .chain(rows)
        .chain([b"\n  ]\n}\n".to_vec()])
}
