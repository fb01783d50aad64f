//! Where people open AWS: the access portal of Identity Center, which a company may have given an address of its own.

use clap::Args;
use url::Url;

use super::ConfigError;

/// The access portal.
#[derive(Debug, Clone, Default, Args)]
pub struct PortalArgs {
    /// The address of the access portal, such as `https://acme.awsapps.com/start`. Defaults to the one that AWS derives
    /// from the identity store.
    #[arg(long = "access-portal", env = "LEASTWISE_ACCESS_PORTAL")]
    pub access_portal: Option<Url>,
}

impl PortalArgs {
    /// Returns the address without a slash at its end. People follow links to it and enter their password there, so it
    /// is an https address and nothing else.
    pub fn address(&self) -> Result<Option<String>, ConfigError> {
        let Some(url) = &self.access_portal else {
            return Ok(None);
        };
        let is_plain = url.scheme() == "https"
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if is_plain {
            return Ok(Some(url.as_str().trim_end_matches('/').to_owned()));
        }
        Err(ConfigError {
            field: "LEASTWISE_ACCESS_PORTAL",
            cure: "use an https address without a user name, `?` and `#`, such as https://acme.awsapps.com/start".into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(url: &str) -> Result<Option<String>, ConfigError> {
        let access_portal = Some(url.parse().unwrap());
        PortalArgs { access_portal }.address()
    }

    #[test]
    fn the_portal_is_a_plain_https_address() {
        assert_eq!(PortalArgs::default().address(), Ok(None));
        let start = Some("https://acme.awsapps.com/start".to_owned());
        assert_eq!(address("https://acme.awsapps.com/start/"), Ok(start));
        for wrong in [
            "http://acme.awsapps.com/start",
            "javascript:alert(1)",
            "https://acme@evil.example/start",
            "https://acme.awsapps.com/start?x=1",
            "https://acme.awsapps.com/start#/console",
        ] {
            let error = address(wrong).unwrap_err();
            assert_eq!(error.field, "LEASTWISE_ACCESS_PORTAL", "{wrong}");
        }
    }
}
