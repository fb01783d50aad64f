//! Tags of permission sets.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::aws::call::Call;
use crate::aws::page::{HUNDRED, Page};
use crate::aws::params::Params;
use crate::aws::refusal::Refusal;

use super::{check_administrator, check_instance};

type Tags = BTreeMap<Arc<str>, Arc<str>>;

/// The quota of tags, the same for all services of AWS.
const TAGS_PER_RESOURCE: usize = 50;

pub(crate) fn list(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let arn = tagged(call)?;
    let page = Page::read(call, &HUNDRED, &[&arn])?;
    let tags = call.sandbox.access.sets.get(&arn).map(|set| &set.tags);
    let tags = tags
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.to_string(), json!({ "Key": &**key, "Value": &**value })))
        .collect();
    let (tags, token) = page.cut_sorted(tags);
    Ok(json!({ "Tags": tags, "NextToken": token }))
}

pub(crate) fn tag(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let arn = tagged(call)?;
    let tags = read_tags(call.params)?;
    if let Some(set) = call.sandbox.access.sets.get_mut(&arn) {
        let mut changed = set.tags.clone();
        changed.extend(tags);
        check_room(&changed)?;
        set.tags = changed;
    }
    Ok(json!({}))
}

pub(crate) fn untag(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let arn = tagged(call)?;
    let keys = call.params.list("TagKeys")?;
    if let Some(set) = call.sandbox.access.sets.get_mut(&arn) {
        for key in keys.iter().filter_map(Value::as_str) {
            set.tags.remove(key);
        }
    }
    Ok(json!({}))
}

/// Reads the key-value pairs in `Tags`.
pub(super) fn read_tags(params: &Params) -> Result<Tags, Refusal> {
    let mut tags = Tags::new();
    for tag in params.list("Tags")? {
        let tag = params.nested(tag)?;
        let key = tag.text("Key")?;
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(params.invalid(format!("The tag key {key} has the reserved prefix aws:")));
        }
        if tags.insert(key.into(), tag.text("Value")?.into()).is_some() {
            return Err(params.invalid(format!("The tag key {key} occurs more than once")));
        }
    }
    check_room(&tags)?;
    Ok(tags)
}

/// Checks the number of tags of one resource.
fn check_room(tags: &Tags) -> Result<(), Refusal> {
    if tags.len() <= TAGS_PER_RESOURCE {
        return Ok(());
    }
    Err(Refusal {
        status: 402,
        ..Refusal::new(
            "ServiceQuotaExceededException",
            format!("A resource has at most {TAGS_PER_RESOURCE} tags"),
        )
    })
}

fn tagged(call: &Call<'_>) -> Result<Arc<str>, Refusal> {
    check_administrator(call)?;
    if call.params.optional("InstanceArn")?.is_some() {
        check_instance(call)?;
    }
    let arn = call.params.text("ResourceArn")?;
    call.sandbox
        .access
        .sets
        .get_key_value(arn)
        .map(|(arn, _)| arn.clone())
        .ok_or_else(|| Refusal::not_found(format!("Could not find resource {arn}")))
}
