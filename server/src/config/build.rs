//! What this build may talk to: the release image to AWS only, a build with the sandbox to AWS on request only.

use url::Url;

use super::ConfigError;
use crate::http::oidc::config::is_safe;

/// What a build may talk to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Build {
    /// The release image: AWS only, with the credentials of the environment.
    Release,
    /// A build with the local AWS and with failpoints, which kill the process.
    Sandbox,
}

const BUILD: Build = if cfg!(feature = "sandbox") {
    Build::Sandbox
} else {
    Build::Release
};

/// Checks an endpoint that replaces AWS. Leastwise believes what it responds about AWS.
pub(super) fn check_endpoint(url: &Url) -> Result<(), ConfigError> {
    endpoint_of(BUILD, url)
}

fn endpoint_of(build: Build, url: &Url) -> Result<(), ConfigError> {
    let cure = match build {
        Build::Release => {
            "remove it: this build connects to AWS only. To try Leastwise on a local AWS, use a build that includes the sandbox"
        }
        Build::Sandbox if is_safe(url) && url.username().is_empty() && url.password().is_none() => {
            return Ok(());
        }
        Build::Sandbox => {
            "must be an https URL, or http on this machine, without a user name: what answers there is believed"
        }
    };
    Err(ConfigError {
        field: "LEASTWISE_AWS_ENDPOINT",
        cure: cure.into(),
    })
}

/// Refuses to run a sandbox build on AWS, unless that is requested.
pub(super) fn check(endpoint: Option<&Url>, allowed: SandboxBuild) -> Result<(), ConfigError> {
    check_build(BUILD, endpoint, allowed)
}

fn check_build(
    build: Build,
    endpoint: Option<&Url>,
    allowed: SandboxBuild,
) -> Result<(), ConfigError> {
    let on_aws = endpoint.is_none();
    if build == Build::Sandbox && on_aws && allowed == SandboxBuild::OnSandboxOnly {
        let cure = "this build includes the sandbox and failpoints, which can kill it between two steps of a change. Use the \
                    release image (`--no-default-features`) on AWS, set LEASTWISE_AWS_ENDPOINT to a local AWS, or pass \
                    --allow-sandbox-build";
        return Err(ConfigError {
            field: "LEASTWISE_ALLOW_SANDBOX_BUILD",
            cure: cure.into(),
        });
    }
    Ok(())
}

/// What a build with the sandbox may run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SandboxBuild {
    OnSandboxOnly,
    OnAws,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_or_an_encrypted_endpoint_may_stand_for_aws() {
        for (endpoint, allowed) in [
            ("http://127.0.0.1:3001", true),
            ("http://localhost:3001", true),
            ("http://[::1]:3001", true),
            ("https://aws.example", true),
            ("http://aws.example", false),
            ("http://10.0.0.1:3001", false),
            ("http://127.0.0.1.evil.example", false),
            ("http://localhost@evil.example", false),
            ("https://user:pw@aws.example", false),
            ("ftp://127.0.0.1", false),
            ("file:///etc/passwd", false),
        ] {
            let url: Url = endpoint.parse().unwrap();
            assert_eq!(
                endpoint_of(Build::Sandbox, &url).is_ok(),
                allowed,
                "{endpoint}"
            );
            let refused = endpoint_of(Build::Release, &url).unwrap_err();
            assert_eq!(refused.field, "LEASTWISE_AWS_ENDPOINT");
            assert!(refused.cure.contains("remove it"), "{endpoint}");
        }
    }

    #[test]
    fn a_build_with_failpoints_runs_on_aws_on_request_only() {
        let local: Url = "http://127.0.0.1:3001".parse().unwrap();
        let refused = check_build(Build::Sandbox, None, SandboxBuild::OnSandboxOnly).unwrap_err();
        assert!(refused.to_string().contains("--allow-sandbox-build"));
        for (build, endpoint, allowed) in [
            (Build::Sandbox, None, SandboxBuild::OnAws),
            (Build::Sandbox, Some(&local), SandboxBuild::OnSandboxOnly),
            (Build::Release, None, SandboxBuild::OnSandboxOnly),
        ] {
            assert_eq!(check_build(build, endpoint, allowed), Ok(()));
        }
    }
}
