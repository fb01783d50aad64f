//! What the form can choose from, narrowed to what this person may propose.
//!
//! The narrowing is a convenience: `submit` checks again. No guardrail is known here; what the rules
//! refuse can be chosen, and is then explained.

use app::backend::{Choice, Choices, Draft, change_field};
use domain::{
    change::Operation,
    classification::{Environment, Pci},
    ids::{Principal, UserId},
    snapshot::Snapshot,
    time::Duration,
};

use super::words;

/// Windows that are offered, in minutes, shortest first.
const WINDOWS: [i64; 6] = [30, 60, 120, 240, 480, 720];
/// A longer list is typed instead.
const LISTED: usize = 600;

/// For whom somebody may propose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scope {
    /// For everybody.
    Everybody,
    /// For themselves.
    Own(UserId),
}

impl Scope {
    /// Whether an operation stays within it.
    pub(super) fn covers(&self, operation: &Operation) -> bool {
        let Self::Own(own) = self else { return true };
        match operation {
            Operation::Assign { assignment, .. } | Operation::Unassign { assignment } => {
                assignment.principal == Principal::User(own.clone())
            }
            // A membership opens whatever the group is given later, and guardrails ask which groups
            // somebody is in: nobody moves themselves in or out of one.
            Operation::AddMember { .. } | Operation::RemoveMember { .. } => false,
        }
    }
}

/// The lists for a form. What is chosen already is in them in any case.
pub(super) fn choices(snapshot: &Snapshot, draft: &Draft, scope: &Scope) -> Choices {
    let mut choices = Choices {
        who: who(snapshot, draft, scope),
        sets: sets(snapshot),
        accounts: accounts(snapshot),
        groups: groups(snapshot),
        terms: terms(),
        typed: Vec::new(),
    };
    let membership = draft.is_membership();
    let lists = [
        (change_field::WHO, &mut choices.who, &draft.who),
        (change_field::ACCOUNT, &mut choices.accounts, &draft.account),
        (
            change_field::SET,
            if membership {
                &mut choices.groups
            } else {
                &mut choices.sets
            },
            &draft.set,
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

fn who(snapshot: &Snapshot, draft: &Draft, scope: &Scope) -> Vec<Choice> {
    let parts = snapshot.parts();
    let user = |id: &UserId| Choice {
        value: format!("user:{id}"),
        label: named(snapshot, id),
    };
    if let Scope::Own(own) = scope {
        return vec![user(own)];
    }
    let groups = parts.groups.values().map(|group| Choice {
        value: format!("group:{}", group.id),
        label: format!(
            "{} (group of {})",
            group.display_name,
            snapshot.members(&group.id).count()
        ),
    });
    let mut list: Vec<Choice> = Vec::new();
    if !draft.is_membership() {
        list.extend(groups);
    }
    list.extend(parts.users.keys().map(user));
    sorted(&mut list);
    // Somebody who is gone can be chosen by a link only: to take away what is left of them.
    if !draft.who.is_empty() && !list.iter().any(|choice| choice.value == draft.who) {
        let label = format!("{} (no longer in the directory)", draft.who);
        list.push(Choice {
            value: draft.who.clone(),
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
        None => words::principal(snapshot, &Principal::User(id.clone())),
    }
}

fn accounts(snapshot: &Snapshot) -> Vec<Choice> {
    let mut list: Vec<Choice> = snapshot
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
            Choice {
                value: account.id.to_string(),
                label: format!("{} ({}, {environment}{pci})", account.name, account.id),
            }
        })
        .collect();
    sorted(&mut list);
    list
}

fn sets(snapshot: &Snapshot) -> Vec<Choice> {
    let sets = snapshot.parts().sets.values();
    let mut list: Vec<Choice> = sets
        .map(|set| Choice {
            value: set
                .arn
                .as_str()
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .to_owned(),
            label: set.name.clone(),
        })
        .collect();
    sorted(&mut list);
    list
}

fn groups(snapshot: &Snapshot) -> Vec<Choice> {
    let groups = snapshot.parts().groups.values();
    let mut list: Vec<Choice> = groups
        .map(|group| Choice {
            value: group.id.to_string(),
            label: group.display_name.clone(),
        })
        .collect();
    sorted(&mut list);
    list
}

fn terms() -> Vec<Choice> {
    let windows = WINDOWS.into_iter().map(|minutes| Choice {
        value: minutes.to_string(),
        label: format!("For {}", words::length_words(Duration::minutes(minutes))),
    });
    windows
        .chain([Choice {
            value: "standing".into(),
            label: "Standing, until somebody removes it".into(),
        }])
        .collect()
}

fn sorted(list: &mut [Choice]) {
    list.sort_by_cached_key(|choice| choice.label.to_lowercase());
}
