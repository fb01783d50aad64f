//! Unpacks data: what is embedded in the binary, and a catalogue of actions that replaces it.

use std::io::Read as _;

/// An error in packed data.
#[derive(Debug, thiserror::Error)]
pub enum PackedError {
    /// The data is not brotli, or the unpacked text is not UTF-8.
    #[error("the data cannot be unpacked: {0}")]
    Packing(#[from] std::io::Error),
    /// A line has too few fields, the lines are not sorted by ARN, or the first line has no date.
    #[error("the managed policies are malformed in line {line}")]
    Line {
        /// The line number, counted from 1.
        line: usize,
    },
    /// A review is not UTF-8, or its name is not.
    #[error("the review {file} is not UTF-8")]
    Review {
        /// The name of the file.
        file: String,
    },
    /// The actions, a correction or a review are malformed.
    #[error(transparent)]
    Actions(#[from] domain::permission_set::analysis::catalogue::CatalogueError),
}

pub(crate) fn text(packed: &[u8]) -> Result<String, PackedError> {
    let mut text = String::new();
    brotli::Decompressor::new(packed, 64 * 1024).read_to_string(&mut text)?;
    text.shrink_to_fit();
    Ok(text)
}
