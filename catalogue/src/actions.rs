//! The actions of AWS with their capabilities, embedded in the binary.
//!
//! Facts and judgements are separate files: `actions.tsv.br` is generated from a package, and each file of
//! `capabilities/` is written by people for one service. `data/README.md` documents both, with source and licence.

use domain::permission_set::analysis::ActionCatalogue;
use include_dir::{Dir, include_dir};

use crate::packed::{self, PackedError};

const PACKED: &[u8] = include_bytes!("../data/actions.tsv.br");

static REVIEWS: Dir = include_dir!("$CARGO_MANIFEST_DIR/data/capabilities");

/// Reads the actions embedded in the binary.
pub fn embedded() -> Result<ActionCatalogue, PackedError> {
    unpack(PACKED)
}

/// Reads actions in the form described in `data/README.md`, with the reviews embedded in the binary.
pub fn unpack(packed: &[u8]) -> Result<ActionCatalogue, PackedError> {
    Ok(ActionCatalogue::parse(&packed::text(packed)?, reviews())?)
}

/// Returns the reviews, each with the prefix of its service.
pub fn reviews() -> impl Iterator<Item = (&'static str, &'static str)> {
    REVIEWS.files().filter_map(|file| {
        let service = file.path().file_stem()?.to_str()?;
        Some((service, file.contents_utf8()?))
    })
}
