//! Explains a failed call to an operator: what happened, at which address, and what to do. Every failure has a cure.
//!
//! The message of AWS can contain names, so an explanation is for the terminal and never for a browser.

use super::{
    Aws,
    error::{CallError, ErrorClass, NO_CREDENTIALS},
};

/// An AWS service that Leastwise calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AwsService {
    IdentityCenter,
    IdentityStore,
    Organizations,
    UserPools,
}

impl AwsService {
    fn name(self) -> &'static str {
        match self {
            Self::IdentityCenter => "IAM Identity Center",
            Self::IdentityStore => "the identity store",
            Self::Organizations => "AWS Organizations",
            Self::UserPools => "Amazon Cognito",
        }
    }

    /// Returns the first label of the host name.
    fn host(self) -> &'static str {
        match self {
            Self::IdentityCenter => "sso",
            Self::IdentityStore => "identitystore",
            Self::Organizations => "organizations",
            Self::UserPools => "cognito-idp",
        }
    }
}

impl Aws {
    /// Explains a failed call in one or more sentences. `needed` is the sentence that says which rights the call needs.
    pub fn explain(&self, service: AwsService, error: &CallError, needed: &str) -> String {
        let address = self.address(service);
        let message = error.message.trim().trim_end_matches('.');
        let what = if message.is_empty() {
            error.why()
        } else {
            format!("{}: {message}", error.why())
        };
        let name = service.name();
        let region = &self.region;
        let settings = &match &self.endpoint {
            Some(_) => format!("LEASTWISE_AWS_ENDPOINT and LEASTWISE_AWS_REGION ({region})"),
            None => format!("LEASTWISE_AWS_REGION ({region})"),
        };
        let cure = match error.code.as_str() {
            NO_CREDENTIALS => "No AWS credentials could be loaded. Run Leastwise with a role (task, instance profile), or set \
                 AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE."
                .to_owned(),
            "Timeout" => format!(
                "{name} did not respond at {address}. Check {settings}, and that the network leads \
                 there: route, NAT or VPC endpoint, security group."
            ),
            "DispatchFailure" => not_reached(name, &address, settings, message),
            "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => {
                "The AWS credentials have expired, or the clock of this machine is wrong. Renew the credentials \
                 (`aws sso login` for a profile), and check the time."
                    .to_owned()
            }
            "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "InvalidSignatureException"
            | "SignatureDoesNotMatch"
            | "IncompleteSignature"
            | "MissingAuthenticationToken"
            | "MissingAuthenticationTokenException" => format!(
                "AWS does not accept the credentials. Check the access key, its secret and the session token, the time of \
                 this machine, and {settings}."
            ),
            "OptInRequired" | "SubscriptionRequiredException" => format!(
                "The account is not enabled for {name} in Region {region}. Enable the Region, or correct \
                 LEASTWISE_AWS_REGION."
            ),
            _ => by_class(error, needed, name, &address, (region.as_str(), settings.as_str())),
        };
        format!("{what}. {cure}")
    }

    fn address(&self, service: AwsService) -> String {
        match (&self.endpoint, service) {
            (Some(endpoint), _) => endpoint.clone(),
            (None, AwsService::Organizations) => {
                "https://organizations.us-east-1.amazonaws.com".to_owned()
            }
            (None, service) => format!("https://{}.{}.amazonaws.com", service.host(), self.region),
        }
    }
}

fn not_reached(name: &str, address: &str, settings: &str, message: &str) -> String {
    let message = message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    let why = if says(&["dns", "lookup", "name or service", "resolve"]) {
        format!(
            "The host name of {address} cannot be resolved: check {settings}, and the DNS of this machine"
        )
    } else if says(&["certificate", "tls", "handshake", "peer"]) {
        format!(
            "No TLS connection to {address}: check that no proxy replaces its certificate, and the time of this machine"
        )
    } else {
        format!(
            "{address} cannot be reached: check {settings}, and the network: route, NAT or VPC endpoint, \
             security group, proxy"
        )
    };
    format!("{why}. {name} is called there.")
}

fn by_class(
    error: &CallError,
    needed: &str,
    name: &str,
    address: &str,
    (region, settings): (&str, &str),
) -> String {
    match error.class {
        ErrorClass::AccessDenied => needed.to_owned(),
        ErrorClass::Throttled => format!(
            "{name} receives too many calls. Try again in a minute; if it stays so, lower LEASTWISE_AWS_TPS, because all \
             clients of the account share the quota."
        ),
        ErrorClass::NotFound => format!(
            "It does not exist in Region {region}. Check LEASTWISE_AWS_REGION, the id in the configuration, and that the \
             credentials are those of the right account. {needed}"
        ),
        ErrorClass::Conflict => "Another operation is in progress. Try again in a minute.".into(),
        ErrorClass::Quota => format!("A quota of {name} is exhausted. Request an increase of it."),
        ErrorClass::Invalid => format!(
            "{name} refuses the request. Check {settings}, and the ids in the configuration. {needed}"
        ),
        ErrorClass::Unknown => format!(
            "{name} did not answer the request properly at {address}. Try again; if it stays so, check the AWS Health \
             Dashboard, and that no proxy answers in its place."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::Access;

    fn failed(class: ErrorClass, code: &str, message: &str) -> CallError {
        CallError {
            class,
            code: code.to_owned(),
            message: message.to_owned(),
            reason: None,
            request_id: None,
        }
    }

    #[tokio::test]
    async fn every_failure_has_a_sentence_with_a_cure() {
        let aws = Aws::connect(&Access {
            region: "eu-west-9".into(),
            endpoint: None,
            credentials: Some(("id".into(), "secret".into())),
            calls_per_second: 1.0,
            pool_region: "eu-west-9".into(),
            app_name: None,
        })
        .await;
        let needed = "Allow sso:ListInstances.";
        for (error, said) in [
            (
                failed(
                    ErrorClass::Unknown,
                    "DispatchFailure",
                    "dns error: failed to lookup address",
                ),
                "cannot be resolved",
            ),
            (
                failed(
                    ErrorClass::Unknown,
                    "DispatchFailure",
                    "invalid peer certificate",
                ),
                "No TLS connection",
            ),
            (
                failed(ErrorClass::Unknown, "DispatchFailure", "Connection refused"),
                "cannot be reached",
            ),
            (
                failed(ErrorClass::Unknown, "Timeout", ""),
                "did not respond",
            ),
            (
                failed(ErrorClass::Unknown, NO_CREDENTIALS, ""),
                "AWS_ACCESS_KEY_ID",
            ),
            (
                failed(ErrorClass::Invalid, "ExpiredTokenException", "expired"),
                "Renew the credentials",
            ),
            (
                failed(ErrorClass::Invalid, "UnrecognizedClientException", ""),
                "access key",
            ),
            (
                failed(ErrorClass::AccessDenied, "AccessDeniedException", "no."),
                needed,
            ),
            (
                failed(ErrorClass::Throttled, "ThrottlingException", ""),
                "LEASTWISE_AWS_TPS",
            ),
            (
                failed(ErrorClass::NotFound, "ResourceNotFoundException", ""),
                "eu-west-9",
            ),
            (
                failed(ErrorClass::Unknown, "InternalServerException", ""),
                "Try again",
            ),
            (
                failed(ErrorClass::Conflict, "ConflictException", ""),
                "Try again",
            ),
            (
                failed(ErrorClass::Quota, "LimitExceededException", ""),
                "increase",
            ),
            (
                failed(ErrorClass::Invalid, "ValidationException", ""),
                "ids in the configuration",
            ),
        ] {
            let text = aws.explain(AwsService::IdentityCenter, &error, needed);
            assert!(text.contains(said) && text.ends_with('.'), "{text}");
            assert!(!text.contains(": .") && !text.contains(".."), "{text}");
        }
    }
}
