//! The actions of AWS with their capabilities, embedded in the binary.
//!
//! Facts and judgements are separate files: `actions.tsv.br` is generated from a package, `corrections.txt` states where it
//! departs from AWS, and each file of `capabilities/` is written by people for one service. `data/README.md` documents
//! them, with source and licence.

use domain::{
    permission_set::analysis::ActionCatalogue,
    time::{Date, Timestamp},
};
use include_dir::{Dir, include_dir};

use crate::packed::{self, PackedError};

const PACKED: &[u8] = include_bytes!("../data/actions.tsv.br");

const CORRECTIONS: &str = include_str!("../data/corrections.txt");

static REVIEWS: Dir = include_dir!("$CARGO_MANIFEST_DIR/data/capabilities");

/// How many reviewed actions a catalogue may lack. AWS renames and removes a few a year; a file that lacks more is not what
/// the review is about.
const MOST_LACKING: usize = 50;

/// Why facts cannot replace those in the binary.
#[derive(Debug, thiserror::Error)]
pub enum ReplacementError {
    /// They cannot be read.
    #[error("is no catalogue of actions: {0}")]
    Packed(#[from] PackedError),
    /// They would take actions away that the binary knows.
    #[error("is of {date}, and the catalogue in the binary is newer: it is of {embedded}")]
    Older {
        /// The date of the facts.
        date: Date,
        /// The date of those in the binary.
        embedded: Date,
    },
    /// They have a wrong date, so that their age would not be known.
    #[error("is of {0}, which is after today")]
    Future(Date),
    /// They lack too many actions.
    #[error("lacks {count} actions that have been reviewed, such as {examples}")]
    Lacking {
        /// How many.
        count: usize,
        /// Some of them.
        examples: String,
    },
}

/// Reads the actions embedded in the binary.
pub fn embedded() -> Result<ActionCatalogue, PackedError> {
    unpack(PACKED)
}

/// Reads facts in the form described in `data/README.md` that replace those in the binary, with the reviews embedded in the
/// binary. Refuses what would make actions harmless that are not.
pub fn replacement(packed: &[u8], now: Timestamp) -> Result<ActionCatalogue, ReplacementError> {
    let actions = unpack(packed)?;
    let (date, embedded) = (actions.date(), embedded()?.date());
    if date < embedded {
        return Err(ReplacementError::Older { date, embedded });
    }
    if date.days_until(now) < 0 {
        return Err(ReplacementError::Future(date));
    }
    let lacking = actions.lacking();
    if lacking.len() > MOST_LACKING {
        return Err(ReplacementError::Lacking {
            count: lacking.len(),
            examples: lacking[..5].join(", "),
        });
    }
    Ok(actions)
}

fn unpack(packed: &[u8]) -> Result<ActionCatalogue, PackedError> {
    let reviews = reviews().collect::<Result<Vec<_>, _>>()?;
    let text = packed::text(packed)?;
    Ok(ActionCatalogue::parse(&text, CORRECTIONS, reviews)?)
}

/// Returns the reviews, each with the prefix of its service.
pub fn reviews() -> impl Iterator<Item = Result<(&'static str, &'static str), PackedError>> {
    REVIEWS.files().map(|file| {
        let service = file.path().file_stem().and_then(|stem| stem.to_str());
        let text = file.contents_utf8();
        service.zip(text).ok_or_else(|| PackedError::Review {
            file: file.path().display().to_string(),
        })
    })
}
