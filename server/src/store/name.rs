//! How a database is named in messages: the absolute path of a file, or a URL. Never contains a password.

use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;
use url::Url;

/// Returns the file of a SQLite URL, which the driver opens; none for another database, for one in memory, and for a URL
/// that the driver refuses.
pub fn sqlite_path(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite:")?;
    let path = path.strip_prefix("//").unwrap_or(path);
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    if path == ":memory:" || path.is_empty() {
        return None;
    }
    let path = percent_decode_str(path).decode_utf8().ok()?;
    Some(PathBuf::from(path.into_owned()))
}

/// Returns the name of a database.
pub fn shown(url: &str) -> String {
    if let Some(path) = sqlite_path(url) {
        return format!("sqlite:{}", absolute(&path).display());
    }
    match Url::parse(url) {
        Ok(mut url) => {
            // Fails only for a URL without a host, which has no password.
            let _ = url.set_password(None);
            url.set_query(None);
            url.into()
        }
        // The part in front of `@` may contain a password.
        Err(_) => url.rsplit_once('@').map_or_else(
            || "with a URL that cannot be parsed".to_owned(),
            |(_, place)| format!("at {place}"),
        ),
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_a_file_is_decoded_as_by_the_driver() {
        for (url, path) in [
            ("sqlite:/My%20Data/a.db?mode=rw", Some("/My Data/a.db")),
            ("sqlite:///a/%6c%3F.db", Some("/a/l?.db")),
            ("sqlite:/a/%ff.db", None),
            ("sqlite::memory:", None),
        ] {
            assert_eq!(sqlite_path(url), path.map(PathBuf::from), "{url}");
        }
    }

    #[test]
    fn a_name_is_an_absolute_path_or_a_url_and_has_no_password() {
        assert_eq!(shown("sqlite:/a/b.db?mode=rwc"), "sqlite:/a/b.db");
        assert_eq!(shown("sqlite:///a/b.db"), "sqlite:/a/b.db");
        let relative = shown("sqlite:b.db");
        assert!(
            relative.starts_with("sqlite:/") && relative.ends_with("/b.db"),
            "{relative}"
        );
        for url in [
            "postgres://l:hunter2@db:5432/leastwise",
            "postgres://l:hunter2@db:port/leastwise",
            "postgres://db/leastwise?user=l&password=hunter2",
        ] {
            let shown = shown(url);
            assert!(
                shown.contains("db") && !shown.contains("hunter2"),
                "{shown}"
            );
        }
    }
}
