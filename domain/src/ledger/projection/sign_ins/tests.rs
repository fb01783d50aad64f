//! Sign-ins follow their entries, and nothing else.

use serde_json::json;

use super::*;
use crate::{
    ids::ChangeId,
    ledger::{Actor, ActorKind, EntryTarget, EntryType},
};

const USER: &str = "00000000-0000-4000-8000-000000000002";

fn person(n: u8) -> PersonId {
    PersonId::parse(&format!("00000003-0000-4000-8000-0000000000{n:02}")).unwrap()
}

fn sign_in(sub: &str) -> Subject {
    Subject {
        iss: "https://issuer".into(),
        sub: sub.into(),
    }
}

/// An entry of a sign-in, about `target`, by `actor`.
fn entry(kind: &str, sub: &str, actor: u8, target: u8) -> Entry {
    let by = Actor {
        person_id: Some(person(actor)),
        iss: Some(sign_in(sub).iss),
        sub: Some(sub.into()),
        ..Actor::new(ActorKind::Human)
    };
    let outcome = if kind == CLAIMED {
        Outcome::Denied
    } else {
        Outcome::Success
    };
    let kind = EntryType::parse(kind).unwrap();
    let mut entry = Entry::new(kind, Timestamp(5), outcome, by);
    entry.target = Some(EntryTarget {
        id: Some(person(target).to_string()),
        principal_id: Some(USER.into()),
        ..EntryTarget::new("person")
    });
    entry.change_id = Some(ChangeId::parse("00000004-0000-4000-8000-000000000001").unwrap());
    entry
}

fn joining(who: u8, holder: u8) -> Entry {
    let mut entry = entry(identities::LINK_AGREED, "x", 9, who);
    entry
        .data
        .insert("joins".into(), json!(person(holder).as_str()));
    entry
}

#[test]
fn a_sign_in_belongs_to_the_person_of_its_last_assignment() {
    let mut sign_ins = SignIns::default();
    assert_eq!(sign_ins.person_of(&sign_in("ann")), None);
    sign_ins.apply(&entry(ASSIGNED, "ann", 9, 1));
    assert_eq!(sign_ins.person_of(&sign_in("ann")), Some(&person(1)));
    sign_ins.apply(&entry(LINKED, "ann", 9, 2));
    assert_eq!(sign_ins.person_of(&sign_in("ann")), Some(&person(2)));
    // Began beside the move, as the person of before.
    sign_ins.apply(&entry(sessions::STARTED, "ann", 1, 9));
    assert_eq!(sign_ins.person_of(&sign_in("ann")), Some(&person(2)));
    assert_eq!(sign_ins.persons().collect::<Vec<_>>(), [&person(2)]);
    let mut denied = entry(sessions::STARTED, "bob", 4, 9);
    denied.outcome = Outcome::Denied;
    sign_ins.apply(&denied);
    assert_eq!(sign_ins.person_of(&sign_in("bob")), None);
    sign_ins.apply(&entry(sessions::STARTED, "bob", 3, 9));
    assert_eq!(sign_ins.person_of(&sign_in("bob")), Some(&person(3)));
}

#[test]
fn a_claim_lasts_until_people_settle_it() {
    for settled_by in [
        entry(identities::CLAIM_REFUSED, "x", 9, 1),
        entry(identities::LINK_AGREED, "x", 9, 1),
        entry(identities::LINK_ENDED, "x", 9, 1),
    ] {
        let mut sign_ins = SignIns::default();
        sign_ins.apply(&entry(CLAIMED, "ann", 1, 2));
        sign_ins.apply(&entry(sessions::STARTED, "ann", 1, 9));
        let claims: Vec<_> = sign_ins.claiming().collect();
        assert_eq!(claims.len(), 1);
        assert_eq!(claims[0].0.person, person(1));
        assert_eq!(claims[0].1.user, UserId::parse(USER).unwrap());
        sign_ins.apply(&settled_by);
        assert_eq!(sign_ins.claiming().count(), 0, "{:?}", settled_by.kind);
    }
}

#[test]
fn an_end_gives_back_the_sign_ins_that_joined_and_no_others() {
    let mut sign_ins = SignIns::default();
    for (sub, of) in [("ann", 1), ("bob", 2)] {
        sign_ins.apply(&entry(sessions::STARTED, sub, of, 9));
    }
    sign_ins.apply(&joining(1, 2));
    let of = |sign_ins: &SignIns, n| sign_ins.of(&person(n)).cloned().collect::<Vec<_>>();
    assert_eq!(of(&sign_ins, 1), []);
    assert_eq!(of(&sign_ins, 2), [sign_in("ann"), sign_in("bob")]);
    let given: Vec<_> = sign_ins.given_by(&person(1)).collect();
    assert_eq!(given, [&sign_in("ann")]);
    // The next sign-in is one of the identity that it joined, and still came from the other one.
    sign_ins.apply(&entry(sessions::STARTED, "ann", 2, 9));
    sign_ins.apply(&entry(identities::LINK_ENDED, "x", 9, 1));
    assert_eq!(of(&sign_ins, 1), [sign_in("ann")]);
    assert_eq!(of(&sign_ins, 2), [sign_in("bob")]);
    assert_eq!(sign_ins.given_by(&person(1)).count(), 0);
}
