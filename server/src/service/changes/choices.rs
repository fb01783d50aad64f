//! The options of the change form, limited to what the viewer may propose.
//!
//! The limits are a convenience; `submit` checks again. Guardrails are not applied here: a combination that policies
//! block can be selected, and the preview explains the verdict.

use app::backend::{ChangeForm, FormOption, FormOptions, change_field};
use domain::{
    classification::{Environment, Pci},
    ids::{Principal, UserId},
    snapshot::Snapshot,
    time::Duration,
};

use super::{change_form::ParsedForm, descriptions, identity_form, scope::Scope, session_length};

/// The offered durations of temporary access, in minutes, shortest first.
const WINDOWS: [i64; 6] = [30, 60, 120, 240, 480, 720];
/// The maximum length of a list. If there are more options, the value is typed instead.
const LISTED: usize = 600;

/// Returns the options of a form. The selected values are always included.
pub(super) fn choices(snapshot: &Snapshot, parsed: &ParsedForm, scope: &Scope) -> FormOptions {
    let change_form = &parsed.change_form;
    if change_form.is_identity() {
        return of_identity(snapshot, parsed);
    }
    let mut choices = FormOptions {
        who: who(snapshot, change_form, scope),
        sets: sets(snapshot),
        accounts: accounts(snapshot),
        groups: groups(snapshot, scope),
        terms: terms(),
        kinds: scope.kinds(),
        typed: Vec::new(),
    };
    let membership = change_form.is_membership();
    let lists = [
        (change_field::WHO, &mut choices.who, &change_form.who),
        (
            change_field::ACCOUNT,
            &mut choices.accounts,
            &change_form.account,
        ),
        (
            change_field::SET,
            if membership {
                &mut choices.groups
            } else {
                &mut choices.sets
            },
            &change_form.set,
        ),
    ];
    for (field, list, chosen) in lists {
        if list.len() > LISTED {
            list.retain(|choice| &choice.value == chosen);
            choices.typed.push(field);
        }
    }
    if membership {
        choices.sets.clear();
    } else {
        choices.groups.clear();
    }
    choices
}

/// The identity is fixed, and only the user is chosen.
fn of_identity(snapshot: &Snapshot, parsed: &ParsedForm) -> FormOptions {
    let named = parsed.person.clone().map(|label| FormOption {
        value: parsed.change_form.who.clone(),
        label,
    });
    let mut choices = FormOptions {
        who: named.into_iter().collect(),
        sets: identity_form::users(snapshot),
        ..FormOptions::default()
    };
    if choices.sets.len() > LISTED {
        choices
            .sets
            .retain(|user| user.value == parsed.change_form.set);
        choices.typed.push(change_field::SET);
    }
    choices
}

fn who(snapshot: &Snapshot, change_form: &ChangeForm, scope: &Scope) -> Vec<FormOption> {
    let parts = snapshot.parts();
    let user = |id: &UserId| FormOption {
        value: format!("user:{id}"),
        label: named(snapshot, id),
    };
    if let Scope::Own { user: own, .. } = scope {
        return vec![user(own)];
    }
    let groups = parts.groups.values().map(|group| FormOption {
        value: format!("group:{}", group.id),
        label: format!(
            "{} (group of {})",
            group.display_name,
            snapshot.members(&group.id).count()
        ),
    });
    let mut list: Vec<FormOption> = Vec::new();
    if !change_form.is_membership() {
        list.extend(groups);
    }
    list.extend(parts.users.keys().map(user));
    sorted(&mut list);
    // A principal that is not in the directory can only be selected through a link, to remove its remaining access.
    if !change_form.who.is_empty() && !list.iter().any(|choice| choice.value == change_form.who) {
        let label = format!("{} (no longer in the directory)", change_form.who);
        list.push(FormOption {
            value: change_form.who.clone(),
            label,
        });
    }
    list
}

fn named(snapshot: &Snapshot, id: &UserId) -> String {
    match snapshot.user(id) {
        Some(user) if user.status == domain::directory::UserStatus::Disabled => {
            format!("{} ({}, disabled)", user.display_name, user.user_name)
        }
        Some(user) => format!("{} ({})", user.display_name, user.user_name),
        None => descriptions::principal(snapshot, &Principal::User(id.clone())),
    }
}

fn accounts(snapshot: &Snapshot) -> Vec<FormOption> {
    let mut list: Vec<FormOption> = snapshot
        .parts()
        .accounts
        .values()
        .map(|(account, class)| {
            let pci = match class.pci {
                Pci::In => ", PCI",
                Pci::Connected => ", PCI-connected",
                Pci::Out => "",
            };
            let environment = match class.environment {
                Environment::Sandbox => "sandbox",
                Environment::Development => "development",
                Environment::Staging => "staging",
                Environment::Production => "production",
                Environment::Security => "security",
                Environment::Management => "management",
            };
            FormOption {
                value: account.id.to_string(),
                label: format!("{} ({}, {environment}{pci})", account.name, account.id),
            }
        })
        .collect();
    sorted(&mut list);
    list
}

fn sets(snapshot: &Snapshot) -> Vec<FormOption> {
    let sets = snapshot.parts().sets.values();
    let mut list: Vec<FormOption> = sets
        .map(|set| FormOption {
            value: set.arn.key().to_owned(),
            label: format!(
                "{} (sessions up to {})",
                set.name,
                session_length::words(set)
            ),
        })
        .collect();
    sorted(&mut list);
    list
}

/// Empty for a viewer who may propose no change of a group: its name is not theirs to know.
fn groups(snapshot: &Snapshot, scope: &Scope) -> Vec<FormOption> {
    if *scope != Scope::Everybody {
        return Vec::new();
    }
    let groups = snapshot.parts().groups.values();
    let mut list: Vec<FormOption> = groups
        .map(|group| FormOption {
            value: group.id.to_string(),
            label: group.display_name.clone(),
        })
        .collect();
    sorted(&mut list);
    list
}

fn terms() -> Vec<FormOption> {
    let windows = WINDOWS.into_iter().map(|minutes| FormOption {
        value: minutes.to_string(),
        label: format!(
            "For {}",
            descriptions::length_words(Duration::minutes(minutes))
        ),
    });
    windows
        .chain([FormOption {
            value: "standing".into(),
            label: "Standing, until it is removed".into(),
        }])
        .collect()
}

fn sorted(list: &mut [FormOption]) {
    list.sort_by_cached_key(|choice| choice.label.to_lowercase());
}
