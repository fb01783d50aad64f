//! The TOML file that maps tags and OUs to environments and PCI scope.
//!
//! Checked completely before anything uses it: what is unknown, listed twice or contradictory is an error with its line.

use std::path::Path;

use domain::{
    classification::{Mapping, MappingError},
    ids::AccountId,
};
use serde::Deserialize;
use thiserror::Error;
use toml::Spanned;

use crate::config::ConfigError;

/// A mapping, and the text that it was parsed from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MappingFile {
    pub mapping: Mapping,
    /// Empty if no file is configured.
    pub text: String,
}

/// A mistake in the file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}: {problem}")]
pub struct MappingFileError {
    /// Counted from 1.
    pub line: usize,
    pub problem: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    tags: Tags,
    #[serde(default)]
    ou: Vec<Spanned<Unit>>,
    #[serde(default)]
    confirmed: Vec<Spanned<Confirmed>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tags {
    #[serde(default)]
    environment: TagSection,
    #[serde(default)]
    pci: TagSection,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct TagSection {
    #[serde(default)]
    keys: Vec<Spanned<String>>,
    #[serde(default)]
    values: std::collections::BTreeMap<String, Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unit {
    path: Vec<String>,
    environment: Option<String>,
    pci: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Confirmed {
    account: String,
    environment: String,
    pci: String,
}

impl MappingFile {
    /// Reads and checks a file.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let refused = |cure: String| ConfigError {
            field: "LEASTWISE_CLASSIFICATION",
            cure,
        };
        let shown = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|error| refused(format!("the file {shown} cannot be read: {error}")))?;
        Self::parse(&text).map_err(|error| refused(format!("{shown}, {error}")))
    }

    /// Parses and checks a text.
    pub fn parse(text: &str) -> Result<Self, MappingFileError> {
        let at = |start: usize, problem: String| MappingFileError {
            line: text[..start.min(text.len())].matches('\n').count() + 1,
            problem,
        };
        let file: File = toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let problem = error.message().replace('\n', ", ");
            at(start, format!("{problem}; see the README for the format"))
        })?;
        let mut mapping = Mapping::default();
        let refused = |start: usize| move |error: MappingError| (start, error.to_string());
        let File {
            tags,
            ou,
            confirmed,
        } = file;
        let filled = (|| {
            for key in &tags.environment.keys {
                let start = key.span().start;
                mapping
                    .environment_key(key.get_ref())
                    .map_err(refused(start))?;
            }
            for key in &tags.pci.keys {
                let start = key.span().start;
                mapping.pci_key(key.get_ref()).map_err(refused(start))?;
            }
            for (value, to) in &tags.environment.values {
                let start = to.span().start;
                let done = mapping.environment_value(value, to.get_ref());
                done.map_err(refused(start))?;
            }
            for (value, to) in &tags.pci.values {
                let start = to.span().start;
                mapping
                    .pci_value(value, to.get_ref())
                    .map_err(refused(start))?;
            }
            for unit in &ou {
                let start = unit.span().start;
                let Unit {
                    path,
                    environment,
                    pci,
                } = unit.get_ref();
                let done = mapping.unit_path(path, environment.as_deref(), pci.as_deref());
                done.map_err(refused(start))?;
            }
            for one in &confirmed {
                let start = one.span().start;
                let Confirmed {
                    account,
                    environment,
                    pci,
                } = one.get_ref();
                let account =
                    AccountId::parse(account).map_err(|error| (start, error.to_string()))?;
                let done = mapping.confirm(account, environment, pci);
                done.map_err(refused(start))?;
            }
            Ok(())
        })();
        filled.map_err(|(start, problem)| at(start, problem))?;
        Ok(Self {
            mapping,
            text: text.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_is_reported_with_its_line_and_cure() {
        for (text, line, said) in [
            ("[tags.enviroment]\nkeys = []", 1, "enviroment"),
            (
                "[tags.pci]\nkeys = [\"a\"]\nkey = 1",
                3,
                "unknown field `key`",
            ),
            (
                "[tags.pci]\nkeys = [\"a\"]\nkeys = [\"b\"]",
                3,
                "duplicate key",
            ),
            ("[tags.pci]\nkeys = [\n \"a\",\n \"A\"]", 4, "listed twice"),
            (
                "[tags.environment]\nkeys = [\"a\"]\n[tags.pci]\nkeys = [\"a\"]",
                4,
                "keep it in one of the two",
            ),
            (
                "[tags.pci.values]\n\"Level 1\" = \"in\"\n\"level 1\" = \"out\"",
                0,
                "listed twice",
            ),
            (
                "\n[tags.environment.values]\nprod = \"development\"",
                3,
                "less strict",
            ),
            (
                "[tags.pci.values]\ngold = \"yes\"",
                2,
                "use out, connected, in, or none",
            ),
            (
                "[[ou]]\npath = [\"A\"]",
                1,
                "neither `environment` nor `pci`",
            ),
            (
                "[[ou]]\npath = [\"A\"]\npci = \"in\"\n\n[[ou]]\npath = [\"A\"]\npci = \"out\"",
                5,
                "merge the two",
            ),
            (
                "[[confirmed]]\naccount = \"1\"\nenvironment = \"development\"\npci = \"out\"",
                1,
                "12 digits",
            ),
            (
                "[[confirmed]]\naccount = \"111122223333\"",
                1,
                "missing field",
            ),
        ] {
            let error = MappingFile::parse(text).unwrap_err();
            assert!(error.problem.contains(said), "{text}: {error}");
            // The order of values in a table is not preserved.
            assert!(line == 0 || error.line == line, "{text}: {error}");
        }
    }

    #[test]
    fn an_empty_file_maps_nothing() {
        assert_eq!(MappingFile::parse("").unwrap(), MappingFile::default());
    }
}
