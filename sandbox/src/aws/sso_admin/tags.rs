//! Tags of permission sets.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::aws::call::Call;
use crate::aws::page::{HUNDRED, Page};
use crate::aws::params::Params;
use crate::aws::refusal::Refusal;

use super::check_administrator;

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
        set.tags.extend(tags);
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
pub(super) fn read_tags(params: &Params) -> Result<BTreeMap<Arc<str>, Arc<str>>, Refusal> {
    params
        .list("Tags")?
        .iter()
        .map(|tag| {
            let tag = params.nested(tag)?;
            Ok((tag.text("Key")?.into(), tag.text("Value")?.into()))
        })
        .collect()
}

fn tagged(call: &Call<'_>) -> Result<Arc<str>, Refusal> {
    check_administrator(call)?;
    let arn = call.params.text("ResourceArn")?;
    call.sandbox
        .access
        .sets
        .get_key_value(arn)
        .map(|(arn, _)| arn.clone())
        .ok_or_else(|| Refusal::not_found(format!("Could not find resource {arn}")))
}
