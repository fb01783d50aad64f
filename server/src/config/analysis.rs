//! What the analysis of permission sets is told: which buckets hold logs, and a newer catalogue of actions.

use std::path::{Path, PathBuf};

use catalogue::{Catalogue, actions};
use clap::Args;
use domain::permission_set::analysis::{ActionCatalogue, LogBuckets};

use super::ConfigError;

/// What the analysis of permission sets looks up beside the data in the binary.
#[derive(Debug, Clone, Default, Args)]
pub struct AnalysisArgs {
    /// The buckets that hold logs: ARNs such as `arn:aws:s3:::acme-trail`, in which `*` and `?` are wildcards. Without any,
    /// a bucket whose name sounds like logs counts as one.
    #[arg(
        long = "log-bucket",
        env = "LEASTWISE_LOG_BUCKETS",
        value_delimiter = ','
    )]
    pub log_buckets: Vec<String>,
    /// A file with the actions of AWS that replaces the one in the binary, as `cargo xtask catalogue` writes it.
    #[arg(long = "action-catalogue", env = "LEASTWISE_ACTION_CATALOGUE")]
    pub action_catalogue: Option<PathBuf>,
}

impl AnalysisArgs {
    /// Checks both values.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.log_buckets()?;
        self.action_catalogue
            .as_deref()
            .map_or(Ok(()), |path| read(path).map(drop))
    }

    /// Returns what the analysis looks up.
    pub fn catalogue(&self) -> Result<Catalogue, ConfigError> {
        let mut catalogue = Catalogue::embedded().map_err(|error| ConfigError {
            field: "LEASTWISE_ACTION_CATALOGUE",
            cure: format!("the data in the binary is damaged, install it again: {error}"),
        })?;
        catalogue.log_buckets = self.log_buckets()?;
        if let Some(path) = &self.action_catalogue {
            catalogue.actions = read(path)?;
        }
        Ok(catalogue)
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
fn read(path: &Path) -> Result<ActionCatalogue, ConfigError> {
    let refused = |why: String| ConfigError {
        field: "LEASTWISE_ACTION_CATALOGUE",
        cure: format!(
            "the file {} {why}. It must be the actions.tsv.br that `cargo xtask catalogue` writes",
            path.display()
        ),
    };
    let packed =
        std::fs::read(path).map_err(|error| refused(format!("cannot be read: {error}")))?;
    let actions = actions::unpack(&packed)
        .map_err(|error| refused(format!("is no catalogue of actions: {error}")))?;
    if actions.actions() == 0 {
        return Err(refused("contains no action".to_owned()));
    }
    Ok(actions)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use domain::permission_set::analysis::Catalogue as _;

    use super::*;

    fn packed(name: &str, text: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("leastwise-{}-{name}", std::process::id()));
        let mut packed = Vec::new();
        let mut writer = brotli::CompressorWriter::new(&mut packed, 4_096, 5, 22);
        writer.write_all(text.as_bytes()).unwrap();
        drop(writer);
        std::fs::write(&path, packed).unwrap();
        path
    }

    fn with_file(path: PathBuf) -> AnalysisArgs {
        AnalysisArgs {
            action_catalogue: Some(path),
            ..AnalysisArgs::default()
        }
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
    fn a_catalogue_of_actions_replaces_the_embedded_one() {
        let path = packed("newer", "here\t2\t2026-11-01\nS\tiam\nA\tPassRole\tW\t\n");
        let catalogue = with_file(path).catalogue().unwrap();
        assert_eq!(catalogue.actions().actions(), 1);
        assert_eq!(catalogue.actions().date(), "2026-11-01");
        assert_eq!(catalogue.actions().reviewed(), 1, "the review is applied");
    }

    #[test]
    fn a_file_that_is_no_catalogue_is_an_error_that_says_why() {
        let plain = packed("plain", "");
        std::fs::write(&plain, "here\t2\t2026-11-01\n").unwrap();
        for (path, part) in [
            (PathBuf::from("/nowhere/actions"), "cannot be read"),
            (plain, "cannot be unpacked"),
            (
                packed("none", "here\t2\t2026-11-01\n"),
                "contains no action",
            ),
            (
                packed("bad", "here\t2\t2026-11-01\nS\tiam\nA\tPassRole\tX\t\n"),
                "catalogue, line 3: expected an access level",
            ),
            (packed("empty", ""), "line 1: expected the source"),
        ] {
            let error = with_file(path).catalogue().unwrap_err();
            assert_eq!(error.field, "LEASTWISE_ACTION_CATALOGUE");
            assert!(error.cure.contains(part), "{}", error.cure);
        }
    }
}
