//! What the analysis of permission sets is told: which buckets hold logs, and a newer catalogue of actions.

use std::path::{Path, PathBuf};

use catalogue::{Catalogue, actions};
use clap::Args;
use domain::{
    permission_set::analysis::{ActionCatalogue, LogBuckets},
    time::Timestamp,
};

use super::ConfigError;

/// What the analysis of permission sets looks up beside the data in the binary.
#[derive(Debug, Clone, Default, Args)]
pub struct AnalysisArgs {
    /// The buckets that hold logs: ARNs such as `arn:aws:s3:::acme-trail`, in which `*` and `?` are wildcards. Without any,
    /// a bucket whose name has a word of logs counts as one.
    #[arg(
        long = "log-bucket",
        env = "LEASTWISE_LOG_BUCKETS",
        value_delimiter = ','
    )]
    pub log_buckets: Vec<String>,
    /// A file with newer actions of AWS that replaces the one in the binary, as `cargo xtask catalogue VERSION --out FILE`
    /// writes it.
    #[arg(long = "action-catalogue", env = "LEASTWISE_ACTION_CATALOGUE")]
    pub action_catalogue: Option<PathBuf>,
}

impl AnalysisArgs {
    /// Checks both values.
    pub fn check(&self, now: Timestamp) -> Result<(), ConfigError> {
        self.log_buckets()?;
        self.replacement(now).map(drop)
    }

    /// Returns what the analysis looks up.
    pub fn catalogue(&self, now: Timestamp) -> Result<Catalogue, ConfigError> {
        let mut catalogue = Catalogue::embedded().map_err(|error| ConfigError {
            field: "LEASTWISE_ACTION_CATALOGUE",
            cure: format!("the data in the binary is damaged, install it again: {error}"),
        })?;
        catalogue.log_buckets = self.log_buckets()?;
        if let Some(actions) = self.replacement(now)? {
            catalogue.actions = actions;
        }
        Ok(catalogue)
    }

    fn replacement(&self, now: Timestamp) -> Result<Option<ActionCatalogue>, ConfigError> {
        let path = self.action_catalogue.as_deref();
        path.map(|path| read(path, now)).transpose()
    }

    /// Returns which buckets hold logs. An empty variable declares none.
    pub fn log_buckets(&self) -> Result<LogBuckets, ConfigError> {
        let arns: Vec<String> = self
            .log_buckets
            .iter()
            .map(|arn| arn.trim().to_owned())
            .filter(|arn| !arn.is_empty())
            .collect();
        LogBuckets::declared(&arns).map_err(|wrong| ConfigError {
            field: "LEASTWISE_LOG_BUCKETS",
            cure: format!(
                "`{wrong}` is not the ARN of a bucket: use the form arn:aws:s3:::NAME, with `*` and `?` as wildcards and without objects"
            ),
        })
    }
}

/// Reads the file of a catalogue.
fn read(path: &Path, now: Timestamp) -> Result<ActionCatalogue, ConfigError> {
    let refused = |why: String| ConfigError {
        field: "LEASTWISE_ACTION_CATALOGUE",
        cure: format!(
            "the file {} {why}. It must be what `cargo xtask catalogue VERSION --out FILE` writes",
            path.display()
        ),
    };
    let packed =
        std::fs::read(path).map_err(|error| refused(format!("cannot be read: {error}")))?;
    actions::replacement(&packed, now).map_err(|error| refused(error.to_string()))
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;

    /// The file in the binary, of 2026-09-26.
    const EMBEDDED: &[u8] = include_bytes!("../../../catalogue/data/actions.tsv.br");

    fn packed(name: &str, text: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("leastwise-{}-{name}", std::process::id()));
        let mut packed = Vec::new();
        let mut writer = brotli::CompressorWriter::new(&mut packed, 4_096, 1, 22);
        writer.write_all(text.as_bytes()).unwrap();
        drop(writer);
        std::fs::write(&path, packed).unwrap();
        path
    }

    /// The facts in the binary with another date, and without the lines that `dropped` names.
    fn facts(date: &str, dropped: impl Fn(&str) -> bool) -> String {
        let mut text = String::new();
        let mut unpacked = brotli::Decompressor::new(EMBEDDED, 4_096);
        unpacked.read_to_string(&mut text).unwrap();
        let lines = text.lines().skip(1).filter(|line| !dropped(line));
        let head = format!("here\t2\t{date}");
        std::iter::once(head.as_str())
            .chain(lines)
            .flat_map(|line| [line, "\n"])
            .collect()
    }

    fn with_file(path: PathBuf) -> Result<Catalogue, ConfigError> {
        let args = AnalysisArgs {
            action_catalogue: Some(path),
            ..AnalysisArgs::default()
        };
        args.catalogue(Timestamp::parse_rfc3339("2026-12-01T00:00:00Z").unwrap())
    }

    #[test]
    fn log_buckets_are_arns_of_buckets() {
        let of = |arns: &[&str]| {
            AnalysisArgs {
                log_buckets: arns.iter().map(|&arn| arn.to_owned()).collect(),
                ..AnalysisArgs::default()
            }
            .log_buckets()
        };
        assert_eq!(of(&[]), Ok(LogBuckets::NotDeclared));
        assert_eq!(of(&[""]), Ok(LogBuckets::NotDeclared));
        assert!(matches!(
            of(&["arn:aws:s3:::acme-trail", " arn:aws-cn:s3:::*-logs-?"]),
            Ok(LogBuckets::Declared(_))
        ));
        for wrong in [
            "acme-trail",
            "arn:aws:s3:::a/*",
            "arn:aws:s3:::",
            "arn:aws:sns:::a",
            "*",
        ] {
            let error = of(&["arn:aws:s3:::acme-trail", wrong]).unwrap_err();
            assert_eq!(error.field, "LEASTWISE_LOG_BUCKETS");
            assert!(
                error.cure.starts_with(&format!("`{wrong}`")),
                "{}",
                error.cure
            );
        }
    }

    #[test]
    fn a_newer_catalogue_replaces_the_embedded_one_and_takes_no_reviewed_action_away() {
        let embedded = Catalogue::embedded().unwrap().actions;
        let create_user = |line: &str| line.starts_with("A\tCreateUser\t");
        let path = packed("newer", &facts("2026-12-01", create_user));
        let actions = with_file(path).unwrap().actions;
        assert_eq!(actions.date().to_string(), "2026-12-01");
        assert_eq!(actions.reviewed(), embedded.reviewed());
        assert!(actions.lacking().contains(&"iam:CreateUser".to_owned()));
        let names = ["iam:CreateUser", "s3:GetObject"];
        for name in names {
            let expected = embedded.capabilities_named(name);
            assert_eq!(actions.capabilities_named(name), expected, "{name}");
        }
    }

    #[test]
    fn a_file_that_is_no_newer_catalogue_is_an_error_that_says_why() {
        let plain = packed("plain", "");
        std::fs::write(&plain, "here\t2\t2026-11-01\n").unwrap();
        let none = |_: &str| false;
        let of_iam = "S\tiam\nA\tPassRole\tW\t\n";
        for (path, part) in [
            (PathBuf::from("/nowhere/actions"), "cannot be read"),
            (plain, "cannot be unpacked"),
            (
                packed("thin", &format!("here\t2\t2026-11-01\n{of_iam}")),
                "actions that have been reviewed, such as access-analyzer:",
            ),
            (
                packed("older", &facts("2026-09-25", none)),
                "is of 2026-09-25, and the catalogue in the binary is newer: it is of 2026-09-26",
            ),
            (
                packed("future", &facts("2026-12-02", none)),
                "is of 2026-12-02, which is after today",
            ),
            (
                packed("bad", "here\t2\t2026-11-01\nS\tiam\nA\tPassRole\tX\t\n"),
                "catalogue, line 3: expected an access level",
            ),
            (packed("empty", ""), "line 1: expected the source"),
        ] {
            let error = with_file(path).unwrap_err();
            assert_eq!(error.field, "LEASTWISE_ACTION_CATALOGUE");
            assert!(error.cure.contains(part), "{}", error.cure);
        }
    }
}
