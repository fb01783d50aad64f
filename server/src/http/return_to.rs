//! The path to return to after sign-in. It must never yield a value that a browser could interpret as another host.

use url::Url;

/// The maximum length of a path. Longer paths are replaced by the home page.
const LONGEST: usize = 2_048;

/// A path with query on this origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnTo(String);

impl ReturnTo {
    /// Returns the home page.
    pub fn home() -> Self {
        Self("/".into())
    }

    /// Parses a path. Anything that is not clearly a local path becomes the home page.
    pub fn parse(text: &str) -> Self {
        Self::local(text).unwrap_or_else(Self::home)
    }

    /// Returns the path of an absolute URL or `Referer` on this origin, or the home page.
    pub fn of_url(text: &str, public_base: &Url) -> Self {
        match Url::parse(text) {
            Ok(url) if url.origin() == public_base.origin() => Self::parse(&path_and_query(&url)),
            _ => Self::home(),
        }
    }

    fn local(text: &str) -> Option<Self> {
        let plain = text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
        if text.len() > LONGEST || !text.starts_with('/') || text.starts_with("//") || !plain {
            return None;
        }
        // Resolve it as a browser would, with a host that cannot exist.
        let base = Url::parse("https://leastwise.invalid/").ok()?;
        let url = base.join(text).ok()?;
        let path = path_and_query(&url);
        // `/..//evil` resolves to `//evil`, which a browser would interpret as a host.
        if url.origin() != base.origin() || path.starts_with("//") || own_business(url.path()) {
            return None;
        }
        Some(Self(path))
    }

    /// Returns the path, for use in `Location`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Actions and sign-in are not pages to return to.
fn own_business(path: &str) -> bool {
    path.starts_with("/sign-in") || path.starts_with("/signed-out") || path.starts_with("/do/")
}

fn path_and_query(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_of_ours_are_kept() {
        for path in [
            "/",
            "/accounts?pci=in&sort=name",
            "/changes/0190?draft=1",
            "/a%2Fb",
        ] {
            assert_eq!(ReturnTo::parse(path).as_str(), path);
        }
    }

    #[test]
    fn everything_that_could_be_another_host_leads_home() {
        for evil in [
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https:evil.example",
            "https://evil.example/",
            "javascript:alert(1)",
            "/..//evil.example",
            "/.//evil.example",
            "/a\r\nSet-Cookie: x=1",
            "/\t/evil.example",
            "",
            "accounts",
            "/sign-in?return_to=/",
            "/do/sign-out",
        ] {
            assert_eq!(ReturnTo::parse(evil).as_str(), "/", "{evil:?}");
        }
    }

    #[test]
    fn a_referer_counts_on_our_origin_only() {
        let base = Url::parse("https://leastwise.example/").unwrap();
        assert_eq!(
            ReturnTo::of_url("https://leastwise.example/changes?x=1", &base).as_str(),
            "/changes?x=1"
        );
        assert_eq!(
            ReturnTo::of_url("https://evil.example/changes", &base).as_str(),
            "/"
        );
        assert_eq!(
            ReturnTo::of_url("http://leastwise.example/changes", &base).as_str(),
            "/"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn s09_whatever_is_asked_for_the_answer_is_local(text in r"(/|\\|//|/\\|https?:|%2f|%2F|%5c|\.\.|\.|@|:|\?|#|evil\.example|a|[\x00-\x20]|\PC){0,12}") {
            let location = ReturnTo::parse(&text).as_str().to_owned();
            let base = Url::parse("https://leastwise.example/here/there").unwrap();
            let resolved = base.join(&location).unwrap();
            prop_assert_eq!(resolved.origin(), base.origin());
            prop_assert!(location.starts_with('/') && !location.starts_with("//"));
            prop_assert!(location.bytes().all(|b| b.is_ascii_graphic()));
        }
    }
}
