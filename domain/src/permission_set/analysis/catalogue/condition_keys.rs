//! The condition keys of all services, which no service of the facts lists.
//!
//! Source: AWS global condition context keys, in the user guide of IAM. A key that is missing here is told as one that
//! services do not have; no capability depends on it.

use super::Service;

/// Keys of all services, in lower case and without a variable part.
const GLOBAL: &[&str] = &[
    "aws:assumedroot",
    "aws:calledvia",
    "aws:calledviaawsmcp",
    "aws:calledviafirst",
    "aws:calledvialast",
    "aws:chatbotsourcearn",
    "aws:currenttime",
    "aws:ec2instancesourceprivateipv4",
    "aws:ec2instancesourcevpc",
    "aws:epochtime",
    "aws:federatedprovider",
    "aws:ismcpserviceaction",
    "aws:multifactorauthage",
    "aws:multifactorauthpresent",
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalisawsservice",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principalservicename",
    "aws:principalservicenameslist",
    "aws:principaltag",
    "aws:principaltype",
    "aws:referer",
    "aws:requestedregion",
    "aws:requesttag",
    "aws:resourceaccount",
    "aws:resourceorgid",
    "aws:resourceorgpaths",
    "aws:resourcetag",
    "aws:securetransport",
    "aws:signinsessionarn",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceidentity",
    "aws:sourceip",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpcarn",
    "aws:sourcevpce",
    "aws:tagkeys",
    "aws:tokenissuetime",
    "aws:useragent",
    "aws:userid",
    "aws:username",
    "aws:viaawsmcpservice",
    "aws:viaawsservice",
    "aws:vpceaccount",
    "aws:vpceorgid",
    "aws:vpceorgpaths",
    "aws:vpcsourceip",
    // Keys with the name of a service that exist in the calls of all.
    "ec2:roledelivery",
    "ec2:sourceinstancearn",
    "glue:credentialissuingservice",
    "glue:roleassumedby",
    "identitystore:userid",
    "lambda:sourcefunctionarn",
    "ssm:sourceinstancearn",
];

impl Service {
    /// Whether a condition key is one of the service or of all services.
    pub(in super::super) fn knows_key(&self, key: &str) -> bool {
        let stem = stem(key);
        GLOBAL.binary_search(&stem.as_str()).is_ok()
            || self.condition_keys.contains(&stem)
            || self.key_forms.iter().any(|form| form.fits(key))
    }
}

/// The form of condition keys with a variable part that no slash separates, such as `kms:EncryptionContext:${Key}`. In lower
/// case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyForm {
    before: String,
    after: String,
}

impl KeyForm {
    /// Reads a key of the facts; none if it has no variable part, or one that stands after a slash.
    pub(super) fn of(key: &str) -> Option<Self> {
        let (before, rest) = key.split_once("${")?;
        let (_, after) = rest.split_once('}')?;
        (!before.contains('/')).then(|| Self {
            before: before.to_ascii_lowercase(),
            after: after.to_ascii_lowercase(),
        })
    }

    fn fits(&self, key: &str) -> bool {
        let key = key.to_ascii_lowercase();
        let rest = key.strip_prefix(&self.before);
        let part = rest.and_then(|rest| rest.strip_suffix(&self.after));
        part.is_some_and(|part| !part.is_empty())
    }
}

/// Returns a condition key in lower case without its variable part: `aws:RequestTag/owner` is known by what stands before
/// the slash.
pub(super) fn stem(key: &str) -> String {
    let stem = key.split('/').next().unwrap_or(key);
    stem.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_form_fits_what_stands_for_its_variable_part() {
        let form = |key| KeyForm::of(key).expect("a variable part");
        let context = form("kms:EncryptionContext:${EncryptionContextKey}");
        assert!(context.fits("kms:EncryptionContext:purpose"));
        assert!(context.fits("KMS:encryptioncontext:aws:s3:arn"));
        assert!(!context.fits("kms:EncryptionContext:"));
        assert!(!context.fits("kms:EncryptionContextKeys"));
        let domain = form("agent.${Domain}.buildkite.dev:cluster_id");
        assert!(domain.fits("agent.acme.buildkite.dev:cluster_id"));
        assert!(!domain.fits("agent.acme.buildkite.dev:pipeline_id"));
        // Known by what stands before the slash.
        assert_eq!(KeyForm::of("aws:RequestTag/${TagKey}"), None);
        assert_eq!(KeyForm::of("s3:prefix"), None);
    }

    #[test]
    fn global_keys_are_in_the_order_in_which_they_are_searched() {
        assert!(GLOBAL.is_sorted());
        assert!(GLOBAL.iter().all(|key| *key == stem(key)));
    }
}
