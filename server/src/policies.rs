//! The text of every AWS managed policy, shipped in the binary.
//!
//! The analysis needs it to say what a set really allows without asking AWS. Never invents a text:
//! an ARN that is not here is not here, and the analysis calls it unknown. How the data is made, and
//! under which licence it stands, is told in `data/README.md`.

use std::io::Read as _;

use domain::permission_set::analysis::ManagedPolicies;

const PACKED: &[u8] = include_bytes!("../data/aws_managed_policies.tsv.br");

/// AWS managed policies: one text, and where in it each line begins.
///
/// About 3.3 MB in memory. Unpacking takes some milliseconds: do it once, share it in an `Arc`.
#[derive(Debug)]
pub struct Catalogue {
    text: String,
    /// Where each policy's line begins, in the order of their ARNs.
    lines: Vec<usize>,
}

/// Why the policies could not be loaded. With the data that is built in, neither can happen.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// Not brotli, or not UTF-8 inside.
    #[error("the managed policies cannot be unpacked: {0}")]
    Packing(#[from] std::io::Error),
    /// A line has too few fields, or the lines are out of order.
    #[error("the managed policies are malformed in line {line}")]
    Line {
        /// Counted from 1.
        line: usize,
    },
}

impl Catalogue {
    /// Unpacks the policies that are built into the binary.
    pub fn embedded() -> Result<Self, CatalogueError> {
        Self::unpack(PACKED)
    }

    /// Unpacks policies in the form that `data/README.md` describes.
    pub fn unpack(packed: &[u8]) -> Result<Self, CatalogueError> {
        let mut text = String::new();
        brotli::Decompressor::new(packed, 64 * 1024).read_to_string(&mut text)?;
        text.shrink_to_fit();

        let mut lines = Vec::new();
        let (mut start, mut last) = (0, "");
        for (index, line) in text.split_inclusive('\n').enumerate() {
            let mut fields = line.splitn(3, '\t');
            let arn = fields.next().unwrap_or_default();
            if fields.count() != 2 || (index > 1 && arn <= last) {
                return Err(CatalogueError::Line { line: index + 1 });
            }
            if index > 0 {
                lines.push(start);
                last = arn;
            }
            start += line.len();
        }
        if start == 0 {
            return Err(CatalogueError::Line { line: 1 });
        }
        Ok(Self { text, lines })
    }

    /// Where the data is from, with its licence.
    pub fn source(&self) -> &str {
        self.field(0, 0)
    }

    /// The version of the source.
    pub fn version(&self) -> &str {
        self.field(0, 1)
    }

    /// The day of the newest policy in it, as `YYYY-MM-DD`.
    pub fn date(&self) -> &str {
        self.field(0, 2)
    }

    /// How many policies there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The ARNs, in byte order.
    pub fn arns(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(|start| self.field(*start, 0))
    }

    /// AWS's id of the version whose text is held, such as `v12`.
    pub fn version_id(&self, arn: &str) -> Option<&str> {
        self.find(arn).map(|start| self.field(start, 1))
    }

    fn find(&self, arn: &str) -> Option<usize> {
        let found = self.lines.binary_search_by(|start| self.field(*start, 0).cmp(arn)).ok()?;
        self.lines.get(found).copied()
    }

    fn field(&self, start: usize, number: usize) -> &str {
        let line = self.text[start..].lines().next().unwrap_or_default();
        line.splitn(3, '\t').nth(number).unwrap_or_default()
    }
}

impl ManagedPolicies for Catalogue {
    fn document(&self, arn: &str) -> Option<&str> {
        self.find(arn).map(|start| self.field(start, 2))
    }
}
