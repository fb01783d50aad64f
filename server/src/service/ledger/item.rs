//! What an entry is about: a change in the words of its operations, access, a permission set, an account, or something
//! else by its id.

use app::backend::SentencePart;
use domain::{
    change::Operation,
    ids::{AccountId, Assignment, GroupId, Pair, PermissionSetArn, Principal, UserId},
    job::JobKind,
    ledger::EntryTarget,
    subject::Part,
};
use serde_json::Value;

use super::sentence::{EntryContext, text};
use crate::service::{changes::term_words, names};

/// Returns the parts of a sentence that name what an entry is about. None if it is about nothing.
pub(super) fn parts(context: &EntryContext<'_>) -> Option<Vec<SentencePart>> {
    let entry = context.entry;
    let about_change = entry.kind.as_str().starts_with("change.");
    if about_change && let Some(id) = &entry.change_id {
        return Some(match (context.items.count, &context.items.first) {
            (Some(1), Some(only)) => of_operation(context, only),
            (count, _) => {
                let name = match count {
                    None | Some(0 | 1) => format!("change {id}"),
                    Some(count) => format!("a change of {count} items"),
                };
                vec![SentencePart::Change {
                    id: id.clone(),
                    name,
                }]
            }
        });
    }
    entry
        .target
        .as_ref()
        .map(|target| of_target(context, target))
}

fn of_operation(context: &EntryContext<'_>, operation: &Operation) -> Vec<SentencePart> {
    let parts = operation.subject().thing().into_iter();
    parts.map(|part| linked(context, part)).collect()
}

fn linked(context: &EntryContext<'_>, part: Part) -> SentencePart {
    match part {
        Part::Text(words) => text(words),
        Part::Value(value) => text(value),
        Part::Account(id) => account_part(context, &id),
        Part::Set(arn) => set_part(context, &arn),
        Part::Principal(Principal::Group(group)) => context.group_part(&group),
        Part::Principal(user) => context.principal_part(&user),
        Part::Person(person) => context.identity_part(&person),
        Part::Term(term) => text(term_words(term)),
    }
}

/// The permission set on the account, and whose it is.
fn of_assignment(
    context: &EntryContext<'_>,
    assignment: &Assignment,
    preposition: &str,
) -> Vec<SentencePart> {
    let Assignment {
        pair: Pair { account, set },
        principal,
    } = assignment;
    let set = match set_part(context, set) {
        SentencePart::Text(key) => text(format!("permission set {key}")),
        known => known,
    };
    let account = match account_part(context, account) {
        SentencePart::Text(id) => text(format!("account {id}")),
        known => known,
    };
    vec![
        set,
        text(" on "),
        account,
        text(format!(" {preposition} ")),
        context.principal_part(principal),
    ]
}

fn of_membership(context: &EntryContext<'_>, group: &GroupId, user: &UserId) -> Vec<SentencePart> {
    vec![
        text("the membership of "),
        context.principal_part(&Principal::User(user.clone())),
        text(" in "),
        context.group_part(group),
    ]
}

fn of_target(context: &EntryContext<'_>, target: &EntryTarget) -> Vec<SentencePart> {
    let principal = target
        .principal_type
        .as_deref()
        .zip(target.principal_id.as_deref())
        .and_then(|(kind, id)| Principal::parse(kind, id).ok());
    let set = target.permission_set_arn.as_ref();
    let account = target.account_id.as_ref();
    let group = target.id.as_deref().and_then(|id| GroupId::parse(id).ok());
    match (target.kind.as_str(), set, account, principal, group) {
        ("assignment", Some(set), Some(account), Some(principal), _) => of_assignment(
            context,
            &Assignment {
                pair: Pair {
                    account: account.clone(),
                    set: set.clone(),
                },
                principal,
            },
            "for",
        ),
        ("membership", _, _, Some(Principal::User(user)), Some(group)) => {
            of_membership(context, &group, &user)
        }
        ("group", _, _, _, Some(group)) => vec![
            text("group "),
            match context.group_part(&group) {
                SentencePart::Text(_) => text(group.to_string()),
                known => known,
            },
        ],
        ("permission_set", Some(set), ..) => vec![text("permission set "), set_part(context, set)],
        ("account", _, Some(account), ..) => {
            vec![text("account "), named_account(context, account)]
        }
        ("job", ..) => vec![text(job(context))],
        ("person", ..) => vec![context.person().unwrap_or_else(|| text("a person"))],
        (kind, ..) => {
            let kind = kind.replace('_', " ");
            let name = context.listed.target_name.as_ref().or(target.id.as_ref());
            vec![text(
                name.map_or(kind.clone(), |name| format!("{kind} {name}")),
            )]
        }
    }
}

/// The job that an entry is about, by the title of its kind.
fn job(context: &EntryContext<'_>) -> String {
    let kind = context.entry.data.get("kind").and_then(Value::as_str);
    match kind.map(|word| (word, JobKind::from_word(word))) {
        Some((_, Some(kind))) => format!("the job \u{201c}{}\u{201d}", kind.rules().title),
        Some((word, None)) => format!("a job of the kind {word}"),
        None => "a job".to_owned(),
    }
}

/// A permission set as a link, or its bare key if it is not known today.
fn set_part(context: &EntryContext<'_>, arn: &PermissionSetArn) -> SentencePart {
    let key = arn.key();
    match context.snapshot.set(arn) {
        Some(set) => SentencePart::PermissionSet {
            key: key.to_owned(),
            name: set.name.clone(),
        },
        None => text(key),
    }
}

/// The account that an entry is about. Its recorded name counts if the account is not known today.
fn named_account(context: &EntryContext<'_>, id: &AccountId) -> SentencePart {
    match (context.snapshot.account(id), &context.listed.target_name) {
        (None, Some(name)) => text(format!("{name} ({id})")),
        _ => account_part(context, id),
    }
}

/// An account as a link, or its bare id if it is not known today.
fn account_part(context: &EntryContext<'_>, id: &AccountId) -> SentencePart {
    if context.snapshot.account(id).is_some() {
        SentencePart::Account {
            id: id.clone(),
            name: names::account(context.snapshot, id).name,
        }
    } else {
        text(id.to_string())
    }
}
