//! What the ports return, as data: names and types, and neither markup nor addresses.

use app::backend::{ChangesPort as _, DecisionObstacle, NewChangePort as _};
use domain::approval::ApproverRefusal;
use serde_json::Value;

use super::support::{Org, grant, join};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    a_change_and_its_preview_are_data_without_markup_or_addresses,
}

/// Returns each text in a document that is markup or an address, with its place.
fn drawn(value: &Value, place: &str, found: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            let is_address = text.starts_with('/') || text.contains("://");
            let is_markup = text.contains(['<', '>']) || text.contains("href");
            if is_address || is_markup {
                found.push(format!("{place}: {text}"));
            }
        }
        Value::Array(all) => {
            for one in all {
                drawn(one, place, found);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                drawn(member, &format!("{place}.{name}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Returns the names of members that are not snake case. Ids are the names of members where a map is keyed by them.
fn misnamed(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(all) => all.iter().for_each(|one| misnamed(one, found)),
        Value::Object(members) => {
            for (name, member) in members {
                if name.contains(|c: char| c.is_ascii_uppercase() || c == '-') {
                    found.push(name.clone());
                }
                if name != "policy_titles" {
                    misnamed(member, found);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

async fn a_change_and_its_preview_are_data_without_markup_or_addresses(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let form = grant("operators", "viewer", "cards-prod", "60");
    let new = org.as_("ann").await.new_change(&form).await.unwrap();
    let id = org.ask("ann", &form).await;
    org.approve("bob", &id).await.ok();
    let joined = org.ask("ann", &join("eve", "operators")).await;
    let mut documents = vec![serde_json::to_value(&new).unwrap()];
    for id in [&id, &joined] {
        let view = org.as_("ann").await.change(id).await.unwrap();
        documents.push(serde_json::to_value(&view).unwrap());
    }
    let change = &documents[1];
    assert_eq!(
        change.pointer("/decision_obstacle"),
        serde_json::to_value(DecisionObstacle::Viewer(ApproverRefusal::NotApprover))
            .ok()
            .as_ref()
    );
    assert_eq!(
        change.pointer("/preview/gained/0/who/principal/user/name"),
        Some(&Value::from("BOB"))
    );
    assert_eq!(
        change.pointer("/row/title/items/items"),
        Some(&Value::from(1))
    );
    for document in &documents {
        let (mut addresses, mut names) = (Vec::new(), Vec::new());
        drawn(document, "", &mut addresses);
        misnamed(document, &mut names);
        assert_eq!((addresses, names), (Vec::new(), Vec::new()), "{document:#}");
    }
}
