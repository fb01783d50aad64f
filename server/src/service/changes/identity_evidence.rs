//! What speaks for and against the items of a change about identities, as of now, beside what the request recorded. An
//! identity that claims several users has evidence for each of them.

use app::backend::{EvidenceAge, KeyFinding, KeyView, LinkEvidence, SignInView, UserRef};
use domain::{
    change::Operation,
    ids::UserId,
    person::link::{LinkKeys, LinkMethod},
    snapshot::Snapshot,
    subject::identity_link::{Link, SIGN_INS, SignInEvidence},
};

use super::{forms::identity_name as name, identity_state, person_names::PersonNames};
use crate::{
    service::names,
    store::{
        StoreConnection, StoreError,
        agreed_link::{self, KnownIdentity, SignInOfIdentity},
        identity,
    },
};

/// Returns the evidence of each item about an identity.
pub(super) async fn of(
    conn: &mut StoreConnection,
    snapshot: &Snapshot,
    people: &mut PersonNames<'_>,
    operations: &[Operation],
) -> Result<Vec<LinkEvidence>, StoreError> {
    let mut found = Vec::new();
    for item in operations.iter().filter_map(Operation::links) {
        let Some(known) = agreed_link::known(conn, item.person).await? else {
            continue;
        };
        for user in judged(&item) {
            found.push(of_user(conn, snapshot, people, (&item, user), &known).await?);
        }
    }
    Ok(found)
}

/// Returns the users about whom people judge the evidence: the one to link, each one that is claimed, or the one whose link
/// ends.
fn judged<'a>(item: &Link<'a>) -> Vec<Option<&'a UserId>> {
    let claimed = item.claimed();
    if item.after.is_some() || claimed.is_empty() {
        return vec![item.after.or(item.before)];
    }
    claimed.into_iter().map(Some).collect()
}

async fn of_user(
    conn: &mut StoreConnection,
    snapshot: &Snapshot,
    people: &mut PersonNames<'_>,
    (item, user): (&Link<'_>, Option<&UserId>),
    known: &KnownIdentity,
) -> Result<LinkEvidence, StoreError> {
    let now = identity_state::evidence(conn, snapshot, known, item.after).await?;
    let suspended = identity::suspended_users(conn).await?;
    let mut others = Vec::new();
    if let Some(user) = user {
        let concerned = agreed_link::others(conn, user, item.person, &suspended).await?;
        for other in agreed_link::in_use(conn, concerned).await? {
            others.push(people.identity(conn, &other).await?);
        }
    }
    let joins = match &item.seen.joins {
        Some(holder) => Some(people.name(conn, holder).await?),
        None => None,
    };
    let then = &item.seen.evidence;
    let sign_ins = known.sign_ins.iter().take(SIGN_INS).zip(&now);
    let sign_ins = sign_ins.map(|(sign_in, now)| view(snapshot, sign_in, now, then, user));
    let still = |recorded: &&SignInEvidence| now.iter().any(|one| one.sign_in == recorded.sign_in);
    let described = user.and_then(|user| snapshot.user(user));
    Ok(LinkEvidence {
        identity: name(known, snapshot),
        sign_ins: sign_ins.collect(),
        gone: then.len() - then.iter().filter(still).count(),
        user: user.map(|user| names::user(snapshot, user)),
        reassignable: described
            .into_iter()
            .flat_map(|user| [Some(user.user_name.clone()), user.email.clone()])
            .flatten()
            .collect(),
        others,
        joins,
    })
}

fn view(
    snapshot: &Snapshot,
    sign_in: &SignInOfIdentity,
    now: &SignInEvidence,
    then: &[SignInEvidence],
    user: Option<&UserId>,
) -> SignInView {
    let recorded = then.iter().find(|one| one.sign_in == now.sign_in);
    let keys = now.leads_to.iter().map(|(method, users)| KeyView {
        method: *method,
        key: key_of(&sign_in.keys, *method),
        leads_to: refs(snapshot, users),
        finding: match user {
            _ if now.against.contains(method) => KeyFinding::Against,
            Some(user) if users.contains(user) && users.len() == 1 => KeyFinding::For,
            _ if users.is_empty() => KeyFinding::Neither,
            _ => KeyFinding::Against,
        },
        before: recorded
            .and_then(|recorded| recorded.leads_to.get(method))
            .filter(|before| *before != users)
            .map(|before| refs(snapshot, before)),
    });
    let sub = || sign_in.keys.subject.sub.clone();
    SignInView {
        username: sign_in.username.clone().unwrap_or_else(sub),
        stated_name: sign_in.stated_name.clone(),
        keys: keys.collect(),
        unusable: now.unusable,
        first_seen: now.first_seen,
        last_sign_in: sign_in.last_sign_in,
        second_factor: now.second_factor,
        age: match recorded {
            None => EvidenceAge::New,
            Some(recorded) if recorded == now => EvidenceAge::Same,
            Some(_) => EvidenceAge::Changed,
        },
    }
}

fn refs<'a>(snapshot: &Snapshot, users: impl IntoIterator<Item = &'a UserId>) -> Vec<UserRef> {
    let users = users.into_iter();
    users.map(|user| names::user(snapshot, user)).collect()
}

fn key_of(keys: &LinkKeys, method: LinkMethod) -> String {
    match method {
        LinkMethod::Subject => format!("{} at {}", keys.subject.sub, keys.subject.iss),
        LinkMethod::Identities => keys
            .identity
            .as_ref()
            .map_or_else(String::new, |id| format!("{} at {}", id.id, id.issuer)),
        LinkMethod::Attribute => keys
            .attribute
            .as_ref()
            .map_or_else(String::new, ToString::to_string),
    }
}
