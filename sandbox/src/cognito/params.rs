//! Query strings and form bodies as OAuth reads them (RFC 6749 3.1): an empty value counts as absent, and a repeated
//! parameter is rejected. It must never pick one of two values, because the caller or a proxy in front of it may have
//! validated the other one.

use std::collections::BTreeMap;

/// A decoded set of parameters.
#[derive(Clone, Debug, Default)]
pub(super) struct Params(BTreeMap<String, String>);

/// The error for a parameter that is given more than once.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a parameter was given more than once")]
pub(super) struct Repeated;

impl Params {
    pub(super) fn parse(encoded: &str) -> Result<Self, Repeated> {
        let mut found = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(encoded.as_bytes()) {
            if found
                .insert(name.into_owned(), value.into_owned())
                .is_some()
            {
                return Err(Repeated);
            }
        }
        Ok(Self(found))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Returns the parameters, encoded, without those in `names`.
    pub(super) fn encode_without(&self, names: &[&str]) -> String {
        let mut out = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in &self.0 {
            if !names.contains(&name.as_str()) {
                out.append_pair(name, value);
            }
        }
        out.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_value_counts_as_absent() {
        let params = Params::parse("state=&nonce=n").unwrap();
        assert_eq!(params.get("state"), None);
        assert_eq!(params.get("nonce"), Some("n"));
    }

    #[test]
    fn a_repeated_parameter_is_refused_even_with_the_same_value() {
        assert_eq!(Params::parse("state=a&state=a").unwrap_err(), Repeated);
    }

    #[test]
    fn encoding_again_leaves_out_what_was_named() {
        let params = Params::parse("a=1%202&b=3&c=4").unwrap();
        assert_eq!(params.encode_without(&["b"]), "a=1+2&c=4");
    }
}
