//! How an item about an identity reads, as an order and as a thing.

use super::{Aim, Link};
use crate::{
    ids::{Principal, UserId},
    subject::Part,
};

fn user(id: &UserId) -> Part {
    Part::Principal(Principal::User(id.clone()))
}

fn each_user<'a>(
    preposition: &'static str,
    users: impl IntoIterator<Item = &'a UserId>,
) -> Vec<Part> {
    let users = users.into_iter();
    users
        .flat_map(|id| [Part::Text(preposition), user(id)])
        .collect()
}

pub(super) fn order(item: &Link<'_>) -> Vec<Part> {
    let person = Part::Person(item.person.clone());
    match item.aim() {
        Aim::Link(after) => vec![
            Part::Text("Link "),
            person,
            Part::Text(" to the Identity Center user "),
            user(after),
        ],
        Aim::End(before) => vec![
            Part::Text("End the link of "),
            person,
            Part::Text(" to the Identity Center user "),
            user(before),
        ],
        Aim::Refuse(users) => {
            let mut parts = vec![Part::Text("Refuse the claim of "), person];
            parts.extend(each_user(" to be the Identity Center user ", users));
            parts
        }
        Aim::Withdraw(users) => {
            let mut parts = vec![Part::Text("Withdraw the refusal of the claim of "), person];
            parts.extend(each_user(" to be the Identity Center user ", users));
            parts
        }
        Aim::Nothing => vec![Part::Text("Leave "), person, Part::Text(" without a link")],
    }
}

pub(super) fn thing(item: &Link<'_>) -> Vec<Part> {
    let person = Part::Person(item.person.clone());
    let (text, to): (_, Vec<&UserId>) = match item.aim() {
        Aim::Link(user) => ("the link of ", vec![user]),
        Aim::End(user) => ("the end of the link of ", vec![user]),
        Aim::Refuse(users) => ("the refusal of the claim of ", users.iter().collect()),
        Aim::Withdraw(users) => (
            "the withdrawal of the refusal of the claim of ",
            users.iter().collect(),
        ),
        Aim::Nothing => ("the missing link of ", Vec::new()),
    };
    let mut parts = vec![Part::Text(text), person];
    parts.extend(each_user(" to ", to));
    parts
}
