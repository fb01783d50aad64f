//! Permission sets: name, description, session duration and relay state.

use std::ops::Bound;
use std::sync::Arc;

use rand::Rng;
use serde_json::{Map, Value, json};

use super::tags::read_tags;
use super::{check_delegation, check_instance, check_set_free, permission_set};
use crate::aws::call::Call;
use crate::aws::page::{HUNDRED, Page};
use crate::aws::params::{Params, epoch_seconds};
use crate::aws::refusal::Refusal;
use crate::org::PermissionSet;

pub(crate) fn list(call: &mut Call<'_>) -> Result<Value, Refusal> {
    check_instance(call)?;
    let page = Page::read(call, &HUNDRED, &[])?;
    let from = page.after().map_or(Bound::Unbounded, Bound::Excluded);
    let rest = call
        .sandbox
        .access
        .sets
        .range::<str, _>((from, Bound::Unbounded))
        .map(|(arn, _)| (&**arn, &**arn));
    let (arns, token) = page.cut(rest);
    Ok(json!({ "PermissionSets": arns, "NextToken": token }))
}

pub(crate) fn describe(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let arn = permission_set(call)?;
    Ok(json!({ "PermissionSet": call.sandbox.access.sets.get(&arn).map(template) }))
}

pub(crate) fn create(call: &mut Call<'_>) -> Result<Value, Refusal> {
    check_instance(call)?;
    let name = call.params.text("Name")?;
    let fields = Fields::read(call.params)?;
    let tags = read_tags(call.params)?;
    let sets = &call.sandbox.access.sets;
    if sets.values().any(|set| set.name == name) {
        return Err(Refusal::conflict(format!(
            "PermissionSet with name {name} already exists"
        )));
    }
    if sets.len() >= 3_500 {
        return Err(Refusal {
            status: 402,
            ..Refusal::new(
                "ServiceQuotaExceededException",
                "You have exceeded the limit of permission sets",
            )
        });
    }
    let instance = call
        .sandbox
        .instance_arn
        .replace("instance", "permissionSet");
    let arn: Arc<str> = format!("{instance}/ps-{:016x}", call.entropy.r#gen::<u64>()).into();
    let set = PermissionSet {
        arn: arn.clone(),
        name: name.to_owned(),
        description: fields.description,
        session_duration: fields.session_duration.unwrap_or_else(|| "PT1H".to_owned()),
        relay_state: fields.relay_state,
        managed_policies: Vec::new(),
        customer_policies: Vec::new(),
        inline_policy: None,
        boundary: None,
        tags,
        created_ms: call.now_ms,
        revision: 1,
    };
    let answer = json!({ "PermissionSet": template(&set) });
    call.sandbox.access.sets.insert(arn, set);
    Ok(answer)
}

pub(crate) fn update(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let fields = Fields::read(call.params)?;
    edit(call, |set| {
        if fields.description.is_some() {
            set.description = fields.description;
        }
        if let Some(duration) = fields.session_duration {
            set.session_duration = duration;
        }
        // Unlike the other fields, an absent relay state is cleared: terraform-provider-aws #17411.
        set.relay_state = fields.relay_state;
        Ok(())
    })
}

pub(crate) fn delete(call: &mut Call<'_>) -> Result<Value, Refusal> {
    let arn = permission_set(call)?;
    check_delegation(call, &arn, None)?;
    if call
        .sandbox
        .access
        .accounts_of(&arn)
        .is_some_and(|accounts| !accounts.is_empty())
    {
        return Err(Refusal::conflict(
            "PermissionSet has ApplicationProfile associated with it",
        ));
    }
    check_set_free(call, &arn)?;
    call.sandbox.access.sets.remove(&arn);
    Ok(json!({}))
}

/// Edits a permission set. Roles in accounts keep their revision until they are provisioned again.
pub(super) fn edit(
    call: &mut Call<'_>,
    change: impl FnOnce(&mut PermissionSet) -> Result<(), Refusal>,
) -> Result<Value, Refusal> {
    let arn = permission_set(call)?;
    check_delegation(call, &arn, None)?;
    check_set_free(call, &arn)?;
    if let Some(set) = call.sandbox.access.sets.get_mut(&arn) {
        change(set)?;
        set.revision += 1;
    }
    Ok(json!({}))
}

struct Fields {
    description: Option<String>,
    session_duration: Option<String>,
    relay_state: Option<String>,
}

impl Fields {
    fn read(params: &Params) -> Result<Self, Refusal> {
        let text = |member: &str| Ok(params.optional(member)?.map(str::to_owned));
        let session_duration = text("SessionDuration")?;
        if let Some(duration) = &session_duration
            && !is_session_duration(duration)
        {
            return Err(params.invalid(format!(
                "Session duration {duration} is not between PT1H and PT12H"
            )));
        }
        Ok(Self {
            description: text("Description")?,
            session_duration,
            relay_state: text("RelayState")?,
        })
    }
}

/// Returns whether the text is an ISO 8601 duration from one to twelve hours.
fn is_session_duration(text: &str) -> bool {
    // The parser also accepts "1h"; AWS does not.
    text.starts_with("PT")
        && text
            .parse::<jiff::SignedDuration>()
            .is_ok_and(|duration| (3_600..=43_200).contains(&duration.as_secs()))
}

fn template(set: &PermissionSet) -> Value {
    let mut members = Map::new();
    let mut put = |member: &str, value: Value| {
        members.insert(member.to_owned(), value);
    };
    put("Name", Value::from(set.name.as_str()));
    put("PermissionSetArn", Value::from(&*set.arn));
    put("CreatedDate", epoch_seconds(set.created_ms));
    put(
        "SessionDuration",
        Value::from(set.session_duration.as_str()),
    );
    if let Some(description) = &set.description {
        put("Description", Value::from(description.as_str()));
    }
    if let Some(relay_state) = &set.relay_state {
        put("RelayState", Value::from(relay_state.as_str()));
    }
    Value::Object(members)
}

#[cfg(test)]
mod tests {
    use super::is_session_duration;

    #[test]
    fn sessions_last_from_one_to_twelve_hours() {
        for good in ["PT1H", "PT12H", "PT90M", "PT1H30M", "PT43200S"] {
            assert!(is_session_duration(good), "{good}");
        }
        for bad in ["PT59M", "PT13H", "1h", "3600", "P1D", ""] {
            assert!(!is_session_duration(bad), "{bad}");
        }
    }
}
