//! The grammar of IAM identity policies, as far as AWS refuses a document for it.

use serde_json::{Map, Value};

const VERSIONS: [&str; 2] = ["2012-10-17", "2008-10-17"];
const STATEMENT_ELEMENTS: [&str; 7] = [
    "Sid",
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

/// Checks a document. Returns what is malformed.
pub(crate) fn check(text: &str) -> Result<(), String> {
    let Ok(Value::Object(policy)) = serde_json::from_str(text) else {
        return Err("The policy is not in the valid JSON format.".to_owned());
    };
    only(&policy, &["Version", "Id", "Statement"])?;
    let version = policy.get("Version");
    if version.is_some_and(|held| held.as_str().is_none_or(|held| !VERSIONS.contains(&held))) {
        return Err("The policy must contain a valid version string.".to_owned());
    }
    let statements = match policy.get("Statement") {
        Some(Value::Array(statements)) if !statements.is_empty() => statements.as_slice(),
        Some(one @ Value::Object(_)) => std::slice::from_ref(one),
        _ => return Err("Missing required field Statement".to_owned()),
    };
    let mut sids = Vec::new();
    for held in statements {
        let Value::Object(held) = held else {
            return Err("Statement must be an object".to_owned());
        };
        statement(held)?;
        if let Some(sid) = held.get("Sid") {
            if sids.contains(&sid) {
                return Err("Statement IDs (SID) in a single policy must be unique.".to_owned());
            }
            sids.push(sid);
        }
    }
    Ok(())
}

fn statement(held: &Map<String, Value>) -> Result<(), String> {
    only(held, &STATEMENT_ELEMENTS)?;
    let alphanumeric = |sid: &str| sid.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let sid = held.get("Sid");
    if sid.is_some_and(|sid| sid.as_str().is_none_or(|sid| !alphanumeric(sid))) {
        return Err("Statement IDs (SID) must be alpha-numeric.".to_owned());
    }
    let effect = held.get("Effect").and_then(Value::as_str);
    if !effect.is_some_and(|effect| effect == "Allow" || effect == "Deny") {
        return Err("Invalid effect: it must be Allow or Deny".to_owned());
    }
    let action = |action: &str| {
        action == "*"
            || action
                .split_once(':')
                .is_some_and(|(vendor, name)| !vendor.is_empty() && !name.is_empty())
    };
    if !one_of(held, ["Action", "NotAction"], action)? {
        return Err(
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.".to_owned(),
        );
    }
    let resource = |resource: &str| resource == "*" || resource.starts_with("arn:");
    if !one_of(held, ["Resource", "NotResource"], resource)? {
        return Err("Resource must be in ARN format or \"*\".".to_owned());
    }
    let condition = held.get("Condition");
    let operators = |condition: &Value| {
        let operators = condition.as_object();
        operators.is_some_and(|operators| operators.values().all(Value::is_object))
    };
    if condition.is_some_and(|condition| !operators(condition)) {
        return Err("Syntax errors in policy: Condition".to_owned());
    }
    Ok(())
}

/// Returns whether all values of the one of two elements that is present have a permitted form.
fn one_of(
    held: &Map<String, Value>,
    names: [&str; 2],
    permitted: impl Fn(&str) -> bool,
) -> Result<bool, String> {
    let ([Some(given), None] | [None, Some(given)]) = names.map(|name| held.get(name)) else {
        return Err(format!(
            "Policy statement must contain exactly one of {} and {}.",
            names[0], names[1]
        ));
    };
    Ok(match given {
        Value::String(one) => permitted(one),
        Value::Array(all) => {
            !all.is_empty() && all.iter().all(|one| one.as_str().is_some_and(&permitted))
        }
        _ => false,
    })
}

fn only(held: &Map<String, Value>, elements: &[&str]) -> Result<(), String> {
    match held.keys().find(|name| !elements.contains(&name.as_str())) {
        Some(other) => Err(format!(
            "Syntax errors in policy: unexpected element {other}"
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    fn statement(members: &str) -> String {
        format!(r#"{{"Version":"2012-10-17","Statement":[{{{members}}}]}}"#)
    }

    #[test]
    fn policies_that_iam_accepts_are_accepted() {
        for good in [
            statement(r#""Sid":"A","Effect":"Allow","Action":"*","Resource":"*""#),
            statement(
                r#""Effect":"Deny","NotAction":["iam:*"],"NotResource":["arn:aws:s3:::a/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}"#,
            ),
            r#"{"Statement":{"Effect":"Allow","Action":["s3:Get*"],"Resource":"*"}}"#.to_owned(),
        ] {
            assert_eq!(check(&good), Ok(()), "{good}");
        }
    }

    #[test]
    fn documents_that_are_no_policies_are_refused() {
        for bad in [
            "[]".to_owned(),
            r#"{"a":1}"#.to_owned(),
            r#"{"Version":"2012-10-17"}"#.to_owned(),
            r#"{"Version":"2012-10-17","Statement":[]}"#.to_owned(),
            statement(r#""Effect":"Permit","Action":"*","Resource":"*""#),
            statement(r#""Effect":"Allow","Resource":"*""#),
            statement(r#""Effect":"Allow","Action":"*""#),
            statement(r#""Effect":"Allow","Action":"GetObject","Resource":"*""#),
            statement(r#""Effect":"Allow","Action":"*","NotAction":"*","Resource":"*""#),
            statement(r#""Effect":"Allow","Action":"*","Resource":"bucket""#),
            statement(r#""Effect":"Allow","Action":"*","Resource":"*","Principal":"*""#),
            statement(r#""Effect":"Allow","Action":"*","Resource":"*","Condition":"x""#),
        ] {
            assert!(check(&bad).is_err(), "{bad}");
        }
    }
}
