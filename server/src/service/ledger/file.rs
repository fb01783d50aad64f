//! Chosen entries as a file. In JSON each has its bytes as they are signed, its private values with their salts, and its
//! proof, so that anybody can verify the file without Leastwise: `domain::ledger` specifies how.

use std::collections::{BTreeMap, HashMap};

use app::{
    backend::{Download, EntryLine, EntryRow, FileFormat},
    lists::{ListChoice, entries::ENTRIES},
};
use domain::{
    ledger::{
        Hash, PrivateValue,
        tree::{self, Need},
    },
    time::Timestamp,
};
use serde_json::{Value, json};

use crate::{
    service::csv::lines,
    store::{
        Store, StoreError,
        ledger::{self, LedgerError, ListedEntry, SignedHead},
    },
};

/// The maximum number of entries in a file. They are in memory while it is written.
pub(super) const MOST: usize = 10_000;

/// Entries for a file.
pub(super) struct ChosenFile {
    pub listed: Vec<ListedEntry>,
    pub rows: Vec<EntryRow>,
    pub made: Timestamp,
    /// The verifier key of the current signer.
    pub vkey: String,
}

impl ChosenFile {
    /// Returns the bytes of the file.
    pub(super) async fn bytes(
        self,
        store: &Store,
        choice: &ListChoice,
        format: FileFormat,
    ) -> Result<Vec<u8>, StoreError> {
        match format {
            FileFormat::Csv => Ok(self.csv()),
            FileFormat::Json => self.json(store, choice).await,
        }
    }

    /// Returns the file, with its bytes.
    pub(super) fn download(made: Timestamp, format: FileFormat, bytes: Vec<u8>) -> Download {
        let (ending, media_type) = format.names();
        let day: String = made.rfc3339().chars().take(10).collect();
        Download {
            name: format!("leastwise-ledger-{day}.{ending}"),
            media_type,
            body: Box::new(std::iter::once(bytes)),
        }
    }

    fn csv(self) -> Vec<u8> {
        let columns: Vec<_> = ENTRIES.in_files().collect();
        let head = columns.iter().map(|(key, _)| (*key).to_owned());
        let mut table = lines([head.collect::<Vec<_>>()]);
        let rows = self.rows.into_iter().map(|row| {
            let line = EntryLine::Entry(Box::new(row));
            let cells = columns.iter().map(|(_, value)| value(&line).csv());
            cells.collect::<Vec<_>>()
        });
        table.extend(lines(rows));
        table
    }

    async fn json(self, store: &Store, choice: &ListChoice) -> Result<Vec<u8>, StoreError> {
        let signed = ledger::newest_checkpoint(store).await?;
        let proofs = proofs(store, signed.as_ref(), &self.listed).await?;
        let private = private(store, &self.listed).await?;
        let checkpoint = signed.map(|signed| {
            json!({
                "size": signed.size,
                "root": signed.root.hex(),
                "signed_at": signed.signed_at.rfc3339(),
                "note": signed.note,
            })
        });
        let head = json!({
            "list": "entries",
            "format": "leastwise-ledger-entries/1",
            "filter": choice.at(1).href(ENTRIES.path),
            "made": self.made.rfc3339(),
            "row_count": self.rows.len(),
            "checkpoint": checkpoint,
            "vkey": self.vkey,
        });
        let mut file = format!("{head:#}").into_bytes();
        file.truncate(file.len() - "\n}".len());
        file.extend_from_slice(b",\n  \"rows\": [");
        let mut between = "\n    ";
        for (listed, row) in self.listed.into_iter().zip(self.rows) {
            let seq = row.seq;
            let line = EntryLine::Entry(Box::new(row));
            let mut object: serde_json::Map<String, Value> = ENTRIES
                .in_files()
                .map(|(key, value)| (key.to_owned(), value(&line).json()))
                .collect();
            object.insert("leaf".into(), listed.leaf.into());
            let values = private.get(&seq).map(Vec::as_slice).unwrap_or_default();
            let values: Vec<Value> = values.iter().map(opened).collect();
            object.insert("private".into(), values.into());
            object.insert(
                "proof".into(),
                proofs.get(&seq).cloned().unwrap_or(Value::Null),
            );
            file.extend_from_slice(between.as_bytes());
            file.extend_from_slice(Value::Object(object).to_string().as_bytes());
            between = ",\n    ";
        }
        file.extend_from_slice(b"\n  ]\n}\n");
        Ok(file)
    }
}

/// Returns a private value with what opens its hash in the leaf.
fn opened(value: &PrivateValue) -> Value {
    json!({
        "path": value.path,
        "salt": hex::encode(value.salt.0),
        "value": value.value,
    })
}

/// Returns the inclusion proof of each entry that a checkpoint covers, hashes from the leaf up. What does not verify has none.
async fn proofs(
    store: &Store,
    signed: Option<&SignedHead>,
    listed: &[ListedEntry],
) -> Result<HashMap<u64, Value>, StoreError> {
    let mut proofs = HashMap::new();
    let Some(signed) = signed else {
        return Ok(proofs);
    };
    let covered = listed.iter().filter(|one| one.seq < signed.size);
    let needs: Vec<Need> = covered
        .clone()
        .map(|one| Need::Inclusion {
            size: signed.size,
            index: one.seq,
        })
        .collect();
    let hashes: BTreeMap<u64, Hash> = ledger::tree_hashes(store, &needs).await?;
    for one in covered {
        let leaf = Hash::leaf(one.leaf.as_bytes());
        let proof = tree::prove_inclusion(&hashes, signed.size, one.seq);
        let proof = proof.map_err(LedgerError::from)?;
        let verifies = tree::verify_inclusion(&proof, signed.size, signed.root, one.seq, leaf);
        if verifies.is_ok() {
            let proof: Vec<String> = proof.into_iter().map(Hash::hex).collect();
            proofs.insert(one.seq, proof.into());
        }
    }
    Ok(proofs)
}

/// Returns the private values of entries by their numbers.
async fn private(
    store: &Store,
    listed: &[ListedEntry],
) -> Result<HashMap<u64, Vec<PrivateValue>>, StoreError> {
    let seqs: Vec<u64> = listed.iter().map(|one| one.seq).collect();
    let mut found: HashMap<u64, Vec<PrivateValue>> = HashMap::new();
    for stored in ledger::private_of_all(store, &seqs).await? {
        if let Ok(seq) = u64::try_from(stored.seq) {
            found.entry(seq).or_default().push(stored.value);
        }
    }
    Ok(found)
}
