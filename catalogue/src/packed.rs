//! Unpacks the embedded data.

use std::io::Read as _;

/// An error in packed data. Cannot occur with the embedded data.
#[derive(Debug, thiserror::Error)]
pub enum PackedError {
    /// The data is not brotli, or the unpacked text is not UTF-8.
    #[error("the data cannot be unpacked: {0}")]
    Packing(#[from] std::io::Error),
    /// A line has too few fields, or the lines are not sorted by ARN.
    #[error("the managed policies are malformed in line {line}")]
    Line {
        /// The line number, counted from 1.
        line: usize,
    },
    /// The actions or a review are malformed.
    #[error(transparent)]
    Actions(#[from] domain::permission_set::analysis::catalogue::CatalogueError),
}

pub(crate) fn text(packed: &[u8]) -> Result<String, PackedError> {
    let mut text = String::new();
    brotli::Decompressor::new(packed, 64 * 1024).read_to_string(&mut text)?;
    text.shrink_to_fit();
    Ok(text)
}
