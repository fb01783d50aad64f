//! How a database is named in messages: the absolute path of a file, or a URL. Never contains a password.

use std::path::{Path, PathBuf};

use url::Url;

/// Returns the file of a SQLite URL; none for another database and for one in memory.
pub fn sqlite_path(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite:")?;
    let path = path.strip_prefix("//").unwrap_or(path);
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    (path != ":memory:" && !path.is_empty()).then(|| PathBuf::from(path))
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
