//! Signature Version 4, as every AWS endpoint verifies it: who calls, with which secret, for which service and Region.
//!
//! All services share one port, so the Region of the credential scope says which Region's endpoint the client means. The
//! age of a signature is not checked, because the clock of the sandbox may run ahead of the client's.

use std::sync::Arc;

use axum::http::HeaderMap;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use super::call::Caller;
use super::refusal::Refusal;
use super::response::IncomingCall;
use super::service::Service;
use crate::state::SandboxState;

/// The access keys of the delegated administrator account: the one of Leastwise, and one for other clients, so that
/// CloudTrail tells them apart. Besides, each account of the organization has a key that equals its ID, as in moto.
pub const ACCESS_KEYS: [&str; 2] = ["sandbox", "outside"];

/// The secret of every access key.
pub const SECRET: &str = "sandbox";

/// Whether calls must be signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Signatures {
    /// As at AWS.
    #[default]
    Required,
    /// Everything in an `Authorization` header but the access key is ignored, for people who try calls by hand.
    Ignored,
}

/// The reason why a call is not authenticated.
#[derive(Debug)]
enum AuthenticationError {
    Unsigned,
    Incomplete(&'static str),
    UnknownKey,
    /// The credential scope names another service, or a Region that has no endpoint of the service.
    Scope(String),
    Mismatch,
}

/// Returns the caller of a call to a service, or the error that AWS answers to a call that is not properly signed.
pub(crate) fn authenticate(
    sandbox: &SandboxState,
    asked: &IncomingCall<'_>,
    service: Service,
) -> Result<Caller, Refusal> {
    if sandbox.signatures == Signatures::Ignored {
        return Ok(claimed(sandbox, asked));
    }
    verified(sandbox, asked, service).map_err(|error| error.refusal(service))
}

/// Returns the caller that a call claims to come from. A call without a known access key counts as one of the
/// delegated administrator account, in the home Region.
pub(crate) fn claimed(sandbox: &SandboxState, asked: &IncomingCall<'_>) -> Caller {
    let header = asked.header("authorization").unwrap_or_default();
    let key = header
        .split_once("Credential=")
        .map_or("unsigned", |(_, rest)| {
            rest.split(['/', ',']).next().unwrap_or_default()
        });
    Caller {
        account: account_of(sandbox, key)
            .unwrap_or_else(|| sandbox.organizations.delegated_admin_account.clone()),
        access_key: key.into(),
        region: None,
        app: app_of(asked),
    }
}

/// Returns the name after `app/` in the user agent, where AWS SDKs put the name of the application.
fn app_of(asked: &IncomingCall<'_>) -> Arc<str> {
    let agent = asked
        .header("x-amz-user-agent")
        .or_else(|| asked.header("user-agent"));
    let mut words = agent.unwrap_or_default().split(' ');
    let app = words.find_map(|word| word.strip_prefix("app/"));
    app.unwrap_or_default().into()
}

fn verified(
    sandbox: &SandboxState,
    asked: &IncomingCall<'_>,
    service: Service,
) -> Result<Caller, AuthenticationError> {
    let header = asked
        .header("authorization")
        .ok_or(AuthenticationError::Unsigned)?;
    let signed = Authorization::parse(header)?;
    let scope = &signed.scope;
    if scope.service != service.signing_name() {
        return Err(AuthenticationError::Scope(format!(
            "Credential should be scoped to correct service: '{}'.",
            service.signing_name()
        )));
    }
    if !is_region(scope.region) {
        return Err(AuthenticationError::Scope(
            "Credential should be scoped to a valid region.".to_owned(),
        ));
    }
    if let Some(only) = service.only_region()
        && scope.region != only
    {
        return Err(AuthenticationError::Scope(format!(
            "Credential should be scoped to a valid region, not '{}': the service has one endpoint, in {only}.",
            scope.region
        )));
    }
    let account = account_of(sandbox, signed.access_key).ok_or(AuthenticationError::UnknownKey)?;
    if signed.expected(asked)? != signed.signature {
        return Err(AuthenticationError::Mismatch);
    }
    Ok(Caller {
        account,
        access_key: signed.access_key.into(),
        region: Some(scope.region.into()),
        app: app_of(asked),
    })
}

/// Returns the account of an access key.
fn account_of(sandbox: &SandboxState, key: &str) -> Option<Arc<str>> {
    let organizations = &sandbox.organizations;
    if ACCESS_KEYS.contains(&key) {
        return Some(organizations.delegated_admin_account.clone());
    }
    let account = organizations.accounts.get_key_value(key);
    account.map(|(id, _)| id.clone())
}

/// Returns whether the text has the form of a Region, such as `eu-west-1` or `us-gov-east-1`.
fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let letters =
        |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    match parts.as_slice() {
        [words @ .., number] if words.len() >= 2 => {
            words.iter().all(letters) && number.parse::<u8>().is_ok()
        }
        _ => false,
    }
}

struct Scope<'a> {
    day: &'a str,
    region: &'a str,
    service: &'a str,
}

/// The parts of an `Authorization` header.
struct Authorization<'a> {
    access_key: &'a str,
    scope: Scope<'a>,
    headers: Vec<&'a str>,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    fn parse(header: &'a str) -> Result<Self, AuthenticationError> {
        let parts =
            header
                .strip_prefix("AWS4-HMAC-SHA256")
                .ok_or(AuthenticationError::Incomplete(
                    "Authorization header requires the algorithm AWS4-HMAC-SHA256.",
                ))?;
        let part = |name: &str, missing| {
            let mut named = parts
                .split(',')
                .filter_map(|part| part.trim().split_once('='));
            let found = named.find(|(held, _)| *held == name);
            found
                .map(|(_, value)| value)
                .ok_or(AuthenticationError::Incomplete(missing))
        };
        let credential = part(
            "Credential",
            "Authorization header requires 'Credential' parameter.",
        )?;
        let headers = part(
            "SignedHeaders",
            "Authorization header requires 'SignedHeaders' parameter.",
        )?;
        let signature = part(
            "Signature",
            "Authorization header requires 'Signature' parameter.",
        )?;
        let [access_key, day, region, service, "aws4_request"] =
            *credential.split('/').collect::<Vec<_>>().as_slice()
        else {
            return Err(AuthenticationError::Incomplete(
                "Credential must have the form KEY/DATE/REGION/SERVICE/aws4_request.",
            ));
        };
        Ok(Self {
            access_key,
            scope: Scope {
                day,
                region,
                service,
            },
            headers: headers.split(';').collect(),
            signature,
        })
    }

    /// Returns the signature that the call must have.
    fn expected(&self, asked: &IncomingCall<'_>) -> Result<String, AuthenticationError> {
        let date = asked
            .header("x-amz-date")
            .ok_or(AuthenticationError::Incomplete(
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
            ))?;
        let Scope {
            day,
            region,
            service,
        } = self.scope;
        if !date.starts_with(day) {
            return Err(AuthenticationError::Scope(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{day}' != '{date}'."
            )));
        }
        let names = self.headers.join(";");
        let headers = self.headers.iter();
        let lines: Vec<String> = headers
            .map(|name| format!("{name}:{}\n", canonical(asked.headers, name, asked.host)))
            .collect();
        let lines = lines.concat();
        let payload = hex::encode(Sha256::digest(asked.body));
        let request = format!("POST\n/\n\n{lines}\n{names}\n{payload}");
        let digest = hex::encode(Sha256::digest(request));
        let text =
            format!("AWS4-HMAC-SHA256\n{date}\n{day}/{region}/{service}/aws4_request\n{digest}");
        let key = [day, region, service, "aws4_request"]
            .iter()
            .fold(format!("AWS4{SECRET}").into_bytes(), |key, part| {
                hmac(&key, part.as_bytes())
            });
        Ok(hex::encode(hmac(&key, text.as_bytes())))
    }
}

/// Returns the values of a header as they are signed. In process there is no `host` header; the client signs the host of
/// the URL.
fn canonical(headers: &HeaderMap, name: &str, host: Option<&str>) -> String {
    let values: Vec<String> = headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .map(|value| value.split_ascii_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    if values.is_empty() && name == "host" {
        return host.unwrap_or_default().to_owned();
    }
    values.join(",")
}

fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length is accepted");
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

impl AuthenticationError {
    fn refusal(self, service: Service) -> Refusal {
        let query = service == Service::Sts;
        let (code, query_code, message) = match self {
            Self::Unsigned => (
                "MissingAuthenticationTokenException",
                "MissingAuthenticationToken",
                "Missing Authentication Token".to_owned(),
            ),
            Self::Incomplete(what) => (
                "IncompleteSignatureException",
                "IncompleteSignature",
                what.to_owned(),
            ),
            Self::UnknownKey => (
                "UnrecognizedClientException",
                "InvalidClientTokenId",
                "The security token included in the request is invalid.".to_owned(),
            ),
            Self::Scope(what) => ("InvalidSignatureException", "SignatureDoesNotMatch", what),
            Self::Mismatch => (
                "InvalidSignatureException",
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
                 Access Key and signing method. Consult the service documentation for details."
                    .to_owned(),
            ),
        };
        Refusal {
            status: if query { 403 } else { 400 },
            ..Refusal::new(if query { query_code } else { code }, message)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_region;

    #[test]
    fn a_region_is_known_by_its_form() {
        for region in ["eu-west-1", "us-gov-east-1", "ap-southeast-5"] {
            assert!(is_region(region), "{region}");
        }
        for other in [
            "",
            "x",
            "Europe",
            "eu-west",
            "eu--1",
            "eu-west-1a",
            "aws-global",
        ] {
            assert!(!is_region(other), "{other}");
        }
    }
}
