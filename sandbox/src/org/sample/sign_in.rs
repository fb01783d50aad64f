//! The people of Harbourline who sign in to Leastwise, with their roles and second factors.

use std::sync::Arc;

use super::people::user_id;
use super::{FOUNDED_MS, REGION, uuid_for};
use crate::org::pool::{
    IDENTITY_ATTRIBUTE, IdentityProvider, Mfa, MfaConfiguration, Pool, PoolClient, PoolGroup,
    PoolUser,
};
use crate::org::{ExternalId, User};

const POOL_ID: &str = "eu-west-1_Hb7Qx2LmN";

/// User name, name, group of the role (empty for a requester), second factor.
const PEOPLE: [(&str, &str, &str, Mfa); 12] = [
    (
        "maya.okafor",
        "Maya Okafor",
        "leastwise-administrators",
        Mfa::Totp,
    ),
    (
        "tomas.novak",
        "Tomas Novak",
        "leastwise-administrators",
        Mfa::Passkey,
    ),
    (
        "ines.carvalho",
        "Ines Carvalho",
        "leastwise-approvers",
        Mfa::Totp,
    ),
    (
        "kwame.boateng",
        "Kwame Boateng",
        "leastwise-approvers",
        Mfa::Sms,
    ),
    (
        "amara.nwosu",
        "Amara Nwosu",
        "leastwise-approvers",
        Mfa::Totp,
    ),
    // Can read, but not approve until a second factor is enrolled.
    (
        "lena.fischer",
        "Lena Fischer",
        "leastwise-approvers",
        Mfa::None,
    ),
    (
        "farid.haddad",
        "Farid Haddad",
        "leastwise-auditors",
        Mfa::Totp,
    ),
    ("marcus.dube", "Marcus Dube", "", Mfa::Totp),
    ("hannah.cole", "Hannah Cole", "", Mfa::Sms),
    ("ravi.menon", "Ravi Menon", "", Mfa::None),
    // Signs in through the company's own identity provider, which is responsible for the second factor.
    ("chloe.martin", "Chloe Martin", "", Mfa::None),
    // In the pool but not in the directory: can read, but not request access.
    (STRANGER, "Noor El-Amin", "", Mfa::Totp),
];

const STRANGER: &str = "noor.elamin";
const FEDERATED: &str = "chloe.martin";

/// Returns the pool of the sample, linked to the users of its directory.
pub(super) fn pool() -> Pool {
    pool_with(|_, name| (name != STRANGER).then(|| user_id(name)))
}

/// Returns the same people, linked to the first users of another directory.
pub(super) fn pool_linked_to(user_ids: &[Arc<str>]) -> Pool {
    pool_with(|number, name| {
        (name != STRANGER)
            .then(|| user_ids.get(number).cloned())
            .flatten()
    })
}

/// Gives the first users of another directory the names and the external ids of these people, so that they are linked.
pub(super) fn settle(users: &mut [User]) {
    for (user, (name, shown, ..)) in users.iter_mut().zip(PEOPLE) {
        if name == STRANGER {
            continue;
        }
        let (given, family) = shown.split_once(' ').unwrap_or((shown, ""));
        user.user_name = name.into();
        user.email = Some(format!("{name}@harbourline.example").into());
        user.given_name = given.into();
        user.family_name = family.into();
        user.display_name = Some(shown.into());
        user.external_ids.extend(external_id(name));
    }
}

/// Returns the pool of a company whose people all sign in through its identity provider, which also provisions the
/// directory: no subject of the pool is an external id.
pub(super) fn federated_pool(
    provider: &str,
    issuer: &str,
    id_at_provider: impl Fn(&str) -> Arc<str>,
) -> Pool {
    let mut pool = pool();
    pool.identity_providers = vec![IdentityProvider {
        name: provider.to_owned(),
        directory_issuer: issuer.to_owned(),
        requires_mfa: true,
    }];
    for user in &mut pool.users {
        user.username = format!("{provider}_{}", id_at_provider(&user.username));
        user.federated = true;
        user.identity_store_user_id = None;
        user.mfa = Mfa::None;
        user.totp_secret = None;
    }
    pool
}

/// Returns the external ID that links a directory user to a Cognito subject.
pub(super) fn external_id(name: &str) -> Option<ExternalId> {
    PEOPLE
        .iter()
        .any(|row| row.0 == name && name != STRANGER)
        .then(|| external_id_of(&uuid_for("cognito", name)))
}

fn external_id_of(sub: &str) -> ExternalId {
    ExternalId {
        issuer: issuer().into(),
        id: sub.into(),
    }
}

/// Returns the issuer of the pool at AWS.
pub(super) fn issuer() -> String {
    format!("https://cognito-idp.{REGION}.amazonaws.com/{POOL_ID}")
}

fn pool_with(linked: impl Fn(usize, &str) -> Option<Arc<str>>) -> Pool {
    let group = |name: &str, description: &str| PoolGroup {
        name: name.to_owned(),
        description: description.to_owned(),
    };
    Pool {
        id: POOL_ID.to_owned(),
        region: REGION.to_owned(),
        name: "leastwise".to_owned(),
        mfa: MfaConfiguration::Optional,
        client: PoolClient {
            client_id: "5k2vq8h1n7d4t9c3m6r0wzysab".to_owned(),
            // Not a secret: the local Cognito lets anyone sign in.
            client_secret: "sandboxclientsecret3f9c1d7e5b2a8406".to_owned(),
            name: "leastwise-web".to_owned(),
            callback_urls: Vec::new(),
            logout_urls: Vec::new(),
            write_attributes: Some(["email", "name"].map(str::to_owned).to_vec()),
        },
        identity_providers: Vec::new(),
        custom_attributes: vec![IDENTITY_ATTRIBUTE.to_owned()],
        groups: vec![
            group("leastwise-administrators", "Administrators of Leastwise"),
            group("leastwise-approvers", "May approve changes"),
            group("leastwise-auditors", "Read everything, change nothing"),
        ],
        users: PEOPLE
            .iter()
            .enumerate()
            .map(|(number, row)| user(row, linked(number, row.0)))
            .collect(),
        created_ms: FOUNDED_MS,
    }
}

fn user(row: &(&str, &str, &str, Mfa), linked: Option<Arc<str>>) -> PoolUser {
    let (name, shown, group, mfa) = *row;
    PoolUser {
        sub: uuid_for("cognito", name).to_string(),
        username: name.to_owned(),
        email: format!("{name}@harbourline.example"),
        name: shown.to_owned(),
        groups: if group.is_empty() {
            Vec::new()
        } else {
            vec![group.to_owned()]
        },
        identity_store_user_id: linked.map(|id| id.to_string()),
        mfa,
        totp_secret: (mfa == Mfa::Totp).then(|| base32(&uuid_for("totp", name))),
        enabled: true,
        federated: name == FEDERATED,
        linked_providers: Vec::new(),
        signed_out_at_ms: None,
        created_ms: FOUNDED_MS,
        updated_ms: FOUNDED_MS,
    }
}

/// Derives 32 characters of the base32 alphabet (RFC 4648) from the digits of a UUID.
fn base32(uuid: &str) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    uuid.bytes()
        .filter(u8::is_ascii_hexdigit)
        .zip(0_u8..)
        .map(|(digit, place)| char::from(LETTERS[usize::from((digit ^ place) & 31)]))
        .collect()
}
