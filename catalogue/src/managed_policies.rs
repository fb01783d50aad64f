//! The documents of all AWS managed policies, embedded in the binary.
//!
//! The analysis uses them to determine what a permission set allows without calling AWS. A missing ARN is reported as
//! unknown and never guessed. `data/README.md` documents the build of the data and its licence.

use domain::time::Date;

use crate::packed::{self, PackedError};

const PACKED: &[u8] = include_bytes!("../data/aws_managed_policies.tsv.br");

/// The AWS managed policies: one text and the offset of each line.
///
/// Uses about 3.3 MB of memory. Unpacking takes some milliseconds: unpack once and share the value in an `Arc`.
#[derive(Debug)]
pub struct ManagedPolicies {
    text: String,
    /// The date of the newest policy.
    date: Date,
    /// The offset of each policy's line, sorted by ARN.
    lines: Vec<usize>,
}

impl ManagedPolicies {
    /// Unpacks the policies embedded in the binary.
    pub fn embedded() -> Result<Self, PackedError> {
        Self::unpack(PACKED)
    }

    /// Unpacks policies in the format described in `data/README.md`.
    pub fn unpack(packed: &[u8]) -> Result<Self, PackedError> {
        let text = packed::text(packed)?;
        let mut lines = Vec::new();
        let (mut start, mut last) = (0, "");
        for (index, line) in text.split_inclusive('\n').enumerate() {
            let mut fields = line.splitn(3, '\t');
            let arn = fields.next().unwrap_or_default();
            if fields.count() != 2 || (index > 1 && arn <= last) {
                return Err(PackedError::Line { line: index + 1 });
            }
            if index > 0 {
                lines.push(start);
                last = arn;
            }
            start += line.len();
        }
        let head = text.lines().next().unwrap_or_default();
        let date = head.splitn(3, '\t').nth(2).map(Date::parse);
        let Some(Ok(date)) = date else {
            return Err(PackedError::Line { line: 1 });
        };
        Ok(Self { text, date, lines })
    }

    /// Returns the date of the newest policy.
    pub fn date(&self) -> Date {
        self.date
    }

    /// Returns the number of policies.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Returns whether the catalogue is empty.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Returns the ARNs in byte order.
    pub fn arns(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(|start| self.arn(*start))
    }

    /// Returns the JSON of a policy.
    pub fn document(&self, arn: &str) -> Option<&str> {
        let start = self.find(arn)?;
        let line = self.text[start..].lines().next()?;
        line.splitn(3, '\t').nth(2)
    }

    fn find(&self, arn: &str) -> Option<usize> {
        let found = self
            .lines
            .binary_search_by(|start| self.arn(*start).cmp(arn))
            .ok()?;
        self.lines.get(found).copied()
    }

    /// Reads no further than the ARN, because a line is long.
    fn arn(&self, start: usize) -> &str {
        self.text[start..].split('\t').next().unwrap_or_default()
    }
}
