//! Which user a sign-in is linked to.

use super::*;
use crate::directory::{Origin, UserStatus};

const POOL: &str = "https://pool";
const OKTA: &str = "https://okta";

fn id(n: u8) -> UserId {
    UserId::parse(&format!("00000000-0000-4000-8000-0000000000{n:02x}")).unwrap()
}

fn user(n: u8, external_ids: &[(&str, &str)]) -> User {
    User {
        id: id(n),
        user_name: "ann".into(),
        display_name: "Ann".into(),
        email: Some("ann@example.com".into()),
        title: None,
        status: UserStatus::Enabled,
        origin: Origin::External,
        external_ids: external_ids
            .iter()
            .map(|(issuer, id)| external(issuer, id))
            .collect(),
    }
}

fn external(issuer: &str, id: &str) -> ExternalId {
    ExternalId {
        issuer: issuer.into(),
        id: id.into(),
    }
}

fn subject(iss: &str, sub: &str) -> LinkKeys {
    LinkKeys::of_subject(Subject {
        iss: iss.into(),
        sub: sub.into(),
    })
}

fn linked(n: u8, methods: &[LinkMethod]) -> IdentityLink {
    IdentityLink::Linked(id(n), methods.iter().copied().collect())
}

#[test]
fn a_sign_in_is_linked_by_issuer_and_subject_together() {
    let users = [
        user(1, &[("https://a", "s1")]),
        user(2, &[("https://b", "s1")]),
    ];
    assert_eq!(
        link_identity(&subject("https://b", "s1"), users.iter()),
        linked(2, &[LinkMethod::Subject])
    );
    assert_eq!(
        link_identity(&subject("https://a", "s2"), users[1..].iter()),
        IdentityLink::Unknown
    );
}

#[test]
fn two_users_with_the_same_external_id_link_nobody() {
    let users = [user(1, &[(POOL, "s1")]), user(2, &[(POOL, "s1")])];
    assert!(
        matches!(link_identity(&subject(POOL, "s1"), users.iter()), IdentityLink::Ambiguous(found) if found.len() == 2)
    );
}

#[test]
fn an_equal_e_mail_address_links_nobody() {
    let users = [user(1, &[(POOL, "s1")])];
    let by_address = subject("https://another", "ann@example.com");
    assert_eq!(
        link_identity(&by_address, users.iter()),
        IdentityLink::Unknown
    );
}

#[test]
fn a_federated_identity_and_an_attribute_find_their_user_where_no_subject_is_in_the_directory() {
    let users = [user(1, &[(OKTA, "o1")]), user(2, &[(OKTA, "o2")])];
    let federated = LinkKeys {
        identity: Some(external(OKTA, "o2")),
        ..subject(POOL, "s9")
    };
    assert_eq!(
        link_identity(&federated, users.iter()),
        linked(2, &[LinkMethod::Identities])
    );
    let attribute = LinkKeys {
        attribute: Some(id(1)),
        ..subject(POOL, "s9")
    };
    assert_eq!(
        link_identity(&attribute, users.iter()),
        linked(1, &[LinkMethod::Attribute])
    );
    let both = LinkKeys {
        attribute: Some(id(2)),
        ..federated
    };
    assert_eq!(
        link_identity(&both, users.iter()),
        linked(2, &[LinkMethod::Identities, LinkMethod::Attribute])
    );
}

#[test]
fn methods_that_disagree_link_nobody() {
    let users = [
        user(1, &[(OKTA, "o1"), (POOL, "s1")]),
        user(2, &[(OKTA, "o2")]),
    ];
    let disagreeing = [
        // Two methods, two users.
        LinkKeys {
            identity: Some(external(OKTA, "o2")),
            ..subject(POOL, "s1")
        },
        LinkKeys {
            attribute: Some(id(2)),
            ..subject(POOL, "s1")
        },
        // The directory knows the user of the attribute under another identity of the same provider.
        LinkKeys {
            identity: Some(external(OKTA, "o7")),
            attribute: Some(id(2)),
            ..subject(POOL, "s9")
        },
        // The directory knows the user of the attribute under another sign-in of the same pool.
        LinkKeys {
            attribute: Some(id(1)),
            ..subject(POOL, "s9")
        },
        // The attribute names somebody whom the directory does not have.
        LinkKeys {
            attribute: Some(id(9)),
            ..subject(POOL, "s1")
        },
    ];
    for keys in disagreeing {
        let found = link_identity(&keys, users.iter());
        assert!(
            matches!(found, IdentityLink::Contradictory(_)),
            "{keys:?}: {found:?}"
        );
        assert!(found.obstacle().is_some());
    }
}

#[test]
fn a_contradiction_says_which_method_leads_where_and_names_no_user() {
    let users = [user(1, &[(POOL, "s1")]), user(2, &[(OKTA, "o2")])];
    let two = LinkKeys {
        identity: Some(external(OKTA, "o2")),
        ..subject(POOL, "s1")
    };
    let found = link_identity(&two, users.iter());
    let result = |method, n| MethodResult {
        method,
        user: Some(id(n)),
    };
    assert_eq!(
        found,
        IdentityLink::Contradictory(vec![
            result(LinkMethod::Subject, 1),
            result(LinkMethod::Identities, 2),
        ])
    );
    assert_eq!(
        found.obstacle().unwrap().to_string(),
        "the methods of linking lead to different directory users: the subject of the user pool to one user, the \
         identity at the identity provider to another user"
    );
    let missing = LinkKeys {
        attribute: Some(id(9)),
        ..subject(POOL, "s1")
    };
    let said = link_identity(&missing, users.iter()).obstacle();
    let said = said.unwrap().to_string();
    assert!(
        said.ends_with("one user, the attribute of the user pool to none"),
        "{said}"
    );
}

#[test]
fn a_key_that_cannot_be_used_links_nobody_even_if_another_method_would() {
    let users = [user(1, &[(POOL, "s1")])];
    let keys = LinkKeys {
        unusable: Some(UnusableKey::SeveralIdentities),
        ..subject(POOL, "s1")
    };
    assert_eq!(
        link_identity(&keys, users.iter()),
        IdentityLink::Unusable(UnusableKey::SeveralIdentities)
    );
}
