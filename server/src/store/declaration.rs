//! Declared classifications of accounts.
//!
//! A row alone loosens nothing: it counts only with the ledger entry in force of the same account and text. If the row is
//! missing or was altered, what the entry states still tightens.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    classification::{DeclarationProof, Declared},
    ids::{AccountId, ChangeId},
    ledger::{Hash, projection::declarations::RecordedDeclaration},
    permission_set::ContentHash,
    subject::account_classification::{Declaration, content},
    time::Timestamp,
};

use super::{
    StoreConnection, StoreError, Tx, change,
    ledger::live::{self, Agreement, Comparison},
    places,
};

/// The declaration of an account that is in force according to the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InForce {
    pub declared: Declared,
    /// The content of the declaration: the text of the row if it is the one that the entry records, otherwise none.
    pub content: ContentHash,
    /// The whole declaration and the change that declared it, if the row has that text and this version understands it.
    pub proven: Option<(Declaration, ChangeId)>,
}

impl InForce {
    /// Returns the content of the declaration of an account.
    pub fn content(found: Option<&Self>) -> ContentHash {
        found.map_or_else(|| content(None), |one| one.content.clone())
    }
}

/// Adds the texts of declarations, for display and forms. Nothing is decided by them.
pub async fn open_texts(
    conn: &mut StoreConnection,
    found: impl Iterator<Item = &mut InForce> + Send,
) -> Result<(), StoreError> {
    let proven: Vec<_> = found.filter_map(|one| one.proven.as_mut()).collect();
    let changes = proven.iter().map(|(_, change)| change.clone()).collect();
    let texts = change::texts_of(conn, &changes).await?;
    for (declaration, _) in proven {
        declaration
            .private()
            .for_each(|(_, text)| text.open(&texts));
    }
    Ok(())
}

/// Account, time, change, digest, text.
type OpenRow = (String, i64, String, String, String);

/// Returns the declaration in force of an account.
pub async fn in_force(
    conn: &mut StoreConnection,
    account: &AccountId,
) -> Result<Option<InForce>, StoreError> {
    let mut found = in_force_of(conn, &BTreeSet::from([account.clone()])).await?;
    Ok(found.remove(account))
}

/// The number of accounts that are read in one query.
const AT_ONCE: usize = 500;

/// Returns the declarations in force of these accounts. Costs as much as these accounts were declared.
pub async fn in_force_of(
    conn: &mut StoreConnection,
    accounts: &BTreeSet<AccountId>,
) -> Result<BTreeMap<AccountId, InForce>, StoreError> {
    let accounts: Vec<&AccountId> = accounts.iter().collect();
    let mut found = BTreeMap::new();
    for some in accounts.chunks(AT_ONCE) {
        found.extend(compared(conn, some).await?);
    }
    Ok(found)
}

/// Returns the declarations in force of these accounts. A row that differs from its entry is believed to once the ledger stood
/// still while it was read.
async fn compared(
    conn: &mut StoreConnection,
    accounts: &[&AccountId],
) -> Result<BTreeMap<AccountId, InForce>, StoreError> {
    let sql = format!("{OPEN_ROWS} and account_id in ({})", places(accounts.len()));
    let mut comparison = Comparison::default();
    loop {
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql.clone()));
        let query = accounts
            .iter()
            .fold(query, |query, account| query.bind(account.as_str()));
        let rows: Vec<OpenRow> = query.fetch_all(&mut *conn).await?;
        let found = live::view(conn, |projection| {
            let entries = projection.declarations();
            let open = accounts
                .iter()
                .filter_map(|account| Some((*account, entries.in_force(account)?)));
            combined(open, &rows)
        });
        let found = found.await?;
        if comparison
            .is_settled(conn, agreement(&found, &rows))
            .await?
        {
            return Ok(found);
        }
    }
}

/// The open rows.
const OPEN_ROWS: &str = "select account_id, declared_at, change_id, digest, document from account_declaration \
                         where ended_at is null";

/// Returns what of the declarations in force classifies each account.
pub async fn all_in_force(
    conn: &mut StoreConnection,
) -> Result<BTreeMap<AccountId, Declared>, StoreError> {
    let mut comparison = Comparison::default();
    let all = loop {
        let rows: Vec<OpenRow> = sqlx::query_as(OPEN_ROWS).fetch_all(&mut *conn).await?;
        let all = live::view(conn, |projection| {
            let entries = projection.declarations();
            let accounts = entries.all().keys();
            combined(
                accounts.filter_map(|account| Some((account, entries.in_force(account)?))),
                &rows,
            )
        });
        let all = all.await?;
        if comparison.is_settled(conn, agreement(&all, &rows)).await? {
            break all.into_iter();
        }
    };
    Ok(all.map(|(account, one)| (account, one.declared)).collect())
}

/// Whether each declaration in force has its row.
fn agreement(found: &BTreeMap<AccountId, InForce>, rows: &[OpenRow]) -> Agreement {
    let missing = |one: &InForce| one.declared.proof == DeclarationProof::Missing;
    let has_entry =
        |row: &OpenRow| AccountId::parse(&row.0).is_ok_and(|account| found.contains_key(&account));
    Agreement::of(!found.values().any(missing) && rows.iter().all(has_entry))
}

/// Combines the entries in force with the open rows of their accounts.
fn combined<'e>(
    open: impl Iterator<Item = (&'e AccountId, &'e RecordedDeclaration)>,
    rows: &[OpenRow],
) -> BTreeMap<AccountId, InForce> {
    let rows: BTreeMap<&str, &OpenRow> = rows.iter().map(|row| (row.0.as_str(), row)).collect();
    open.map(|(account, entry)| {
        let row = rows.get(account.as_str()).copied();
        (account.clone(), of(entry, row))
    })
    .collect()
}

/// Combines an entry with the open row of its account. A text that this version does not understand is read-only: it
/// stays in force, and loosens nothing here.
fn of(entry: &RecordedDeclaration, row: Option<&OpenRow>) -> InForce {
    let loosens_nothing = |proof, content| InForce {
        declared: Declared {
            proof,
            ..entry.declared
        },
        content,
        proven: None,
    };
    let Some((account, at, change, digest, document)) = row else {
        return loosens_nothing(DeclarationProof::Missing, content(None));
    };
    if *at != entry.at.0 || *digest != entry.digest || digest_of(document) != entry.digest {
        tracing::error!(
            account,
            "a declaration differs from its entry in the ledger and loosens nothing"
        );
        return loosens_nothing(DeclarationProof::Missing, content(None));
    }
    let proven = content(Some(document));
    let (Some(declaration), Ok(change)) = (Declaration::read(document), ChangeId::parse(change))
    else {
        tracing::error!(
            account,
            "a newer version of Leastwise wrote a declaration, which loosens nothing in this version"
        );
        return loosens_nothing(DeclarationProof::NotUnderstood, proven);
    };
    InForce {
        declared: declaration.declared(),
        content: proven,
        proven: Some((declaration, change)),
    }
}

/// Returns the SHA-256 of the text of a declaration.
pub fn digest_of(document: &str) -> String {
    Hash::of(document.as_bytes()).hex()
}

/// Puts a declaration with this text in force instead of the one that is, or ends that one, and returns the digest of the
/// new text. The caller records it in the ledger with the same instant, because row and entry count only together.
pub async fn put(
    tx: &mut Tx,
    account: &AccountId,
    change: &ChangeId,
    document: Option<&str>,
    now: Timestamp,
) -> Result<Option<String>, StoreError> {
    sqlx::query(
        "update account_declaration set ended_at = $1 where account_id = $2 and ended_at is null",
    )
    .bind(now.0)
    .bind(account.as_str())
    .execute(tx.conn())
    .await?;
    let Some(document) = document else {
        return Ok(None);
    };
    let digest = digest_of(document);
    sqlx::query(
        "insert into account_declaration (account_id, declared_at, change_id, digest, document) \
         values ($1, $2, $3, $4, $5)",
    )
    .bind(account.as_str())
    .bind(now.0)
    .bind(change.as_str())
    .bind(digest.as_str())
    .bind(document)
    .execute(tx.conn())
    .await?;
    Ok(Some(digest))
}

/// A declaration as it is stored, for verification: nothing in it is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclarationRow {
    pub account: String,
    pub declared_at: i64,
    /// The SHA-256 of the stored text, not the stored digest.
    pub digest: String,
    pub ended_at: Option<i64>,
}

/// Returns all declarations, including ended ones.
pub async fn declaration_rows(
    conn: &mut StoreConnection,
) -> Result<Vec<DeclarationRow>, StoreError> {
    let rows: Vec<(String, i64, String, Option<i64>)> = sqlx::query_as(
        "select account_id, declared_at, document, ended_at from account_declaration \
         order by account_id, declared_at",
    )
    .fetch_all(conn)
    .await?;
    let row = |(account, declared_at, document, ended_at): (String, i64, String, Option<i64>)| {
        DeclarationRow {
            account,
            declared_at,
            digest: digest_of(&document),
            ended_at,
        }
    };
    Ok(rows.into_iter().map(row).collect())
}
