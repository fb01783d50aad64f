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
        let key = stem(key);
        GLOBAL.binary_search(&key.as_str()).is_ok() || self.condition_keys.contains(&key)
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
    fn global_keys_are_in_the_order_in_which_they_are_searched() {
        assert!(GLOBAL.is_sorted());
        assert!(GLOBAL.iter().all(|key| *key == stem(key)));
    }
}
