//! Refuses passwords on the command line: every user of the machine can read it, and shells store it.
//!
//! Runs before the flags are parsed, because an error of the parser would print the value.

use std::ffi::OsString;

use thiserror::Error;
use url::Url;

use crate::config::DATABASE_VARIABLE;

/// A value on the command line contains a password. Never contains the value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{flag}: a password on the command line can be read by every user of this machine. Set {variable}, or {variable}_FILE to \
     the path of a file that contains the URL"
)]
pub struct PasswordOnCommandLine {
    flag: String,
    variable: &'static str,
}

/// Refuses any argument that is a URL with a password.
pub fn refuse(args: impl IntoIterator<Item = OsString>) -> Result<(), PasswordOnCommandLine> {
    let mut flag = String::new();
    for arg in args {
        let arg = arg.to_string_lossy().into_owned();
        let (named, value) = match arg.split_once('=') {
            Some((named, value)) if named.starts_with('-') => (named.to_owned(), value.to_owned()),
            _ => (flag, arg.clone()),
        };
        if holds_password(&value) {
            let flag = if named.starts_with('-') {
                named
            } else {
                "argument".into()
            };
            return Err(PasswordOnCommandLine {
                flag,
                variable: DATABASE_VARIABLE,
            });
        }
        flag = arg;
    }
    Ok(())
}

/// Returns whether a value is a URL with a password, also if the URL is malformed because of its password.
fn holds_password(value: &str) -> bool {
    let Some((_, rest)) = value.split_once("://") else {
        return false;
    };
    let in_authority = rest
        .rsplit_once('@')
        .is_some_and(|(user, _)| user.contains(':'));
    let in_query = Url::parse(value).is_ok_and(|url| {
        url.query_pairs()
            .any(|(name, _)| name.ends_with("password"))
    });
    in_authority || in_query
}

/// Returns a URL without its password, to be shown.
#[cfg(feature = "sandbox")]
pub fn without_password(text: &str) -> String {
    match Url::parse(text) {
        Ok(mut url) if url.password().is_some() => {
            // Fails only for a URL without a host, which has no password.
            let _ = url.set_password(None);
            url.into()
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(args: &[&str]) -> Option<String> {
        let args = args.iter().map(OsString::from);
        refuse(args).err().map(|error| error.to_string())
    }

    #[test]
    fn a_password_on_the_command_line_is_refused_and_never_repeated() {
        for args in [
            &[
                "leastwise",
                "migrate",
                "--database",
                "postgres://u:hunter2@h/n",
            ][..],
            &[
                "leastwise",
                "migrate",
                "--database=postgres://u:hunter2@h/n",
            ],
            &[
                "leastwise",
                "migrate",
                "--database",
                "postgres://u:hunter2/#@h/n",
            ],
            &[
                "leastwise",
                "migrate",
                "--database",
                "postgres:///n?user=u&password=hunter2",
            ],
            &["leastwise", "ledger", "export", "postgres://u:hunter2@h/n"],
        ] {
            let error = refused(args).unwrap_or_else(|| panic!("{args:?}"));
            assert!(!error.contains("hunter2"), "{error}");
            assert!(error.contains("LEASTWISE_DATABASE_URL_FILE"), "{error}");
        }
        assert!(
            refused(&["x", "--database", "postgres://u:hunter2@h/n"])
                .unwrap()
                .starts_with("--database: ")
        );
    }

    #[test]
    fn a_url_without_a_password_passes() {
        for value in [
            "sqlite:data/leastwise.db",
            "postgres://u@h:5432/n?sslmode=require",
            "http://localhost:3000/a:b",
            "eu-west-1",
        ] {
            assert_eq!(
                refused(&["leastwise", "serve", "--database", value]),
                None,
                "{value}"
            );
        }
    }
}
