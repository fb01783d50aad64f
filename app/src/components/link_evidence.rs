//! What speaks for and against the link of an identity. Names and e-mail addresses come last, marked as no evidence,
//! because they can be reassigned to somebody else.

use domain::{approval::Mfa, person::link::LinkMethod, time::Timestamp};
use leptos::prelude::*;

use super::{
    AbsoluteTime, Column, Definition, DefinitionList, Notice, PersonLink, Section, Status,
    StatusBadge, Table,
};
use crate::backend::{EvidenceAge, KeyFinding, KeyView, LinkEvidence, SignInView, UserRef};

/// The evidence of one item about an identity.
#[component]
pub fn LinkEvidenceSection(evidence: LinkEvidence, now: Timestamp) -> impl IntoView {
    let LinkEvidence {
        identity,
        sign_ins,
        gone,
        user,
        reassignable,
        others,
        joins,
    } = evidence;
    let detail = format!("{identity}, as of now");
    let joins = joins.map(|name| {
        view! {
            <Notice status=Status::Pending title=format!("These sign-ins become sign-ins of {name}")>
                "The user already is an identity that is in use. Everybody who signs in here acts as that identity, with its roles."
            </Notice>
        }
    });
    let gone = (gone > 0).then(|| {
        view! { <Notice status=Status::Drift title=format!("Sign-ins of the request that are no longer there: {gone}") /> }
    });
    let others = if others.is_empty() && user.is_none() {
        view! { "It is about no user, so no other identity is concerned." }.into_any()
    } else if others.is_empty() {
        view! { "No other identity is, was or claims to be this user." }.into_any()
    } else {
        let names = others
            .into_iter()
            .map(|name| view! { <li>{name}</li> })
            .collect_view();
        view! { <ul data-plain>{names}</ul> }.into_any()
    };
    let keys = sign_ins.iter().flat_map(|sign_in| &sign_in.keys);
    let found = |finding| keys.clone().any(|key| key.finding == finding);
    let unsupported = (user.is_some() && !found(KeyFinding::For)).then(|| {
        let detail = "No key of these sign-ins leads to the user. Names and e-mail addresses are no evidence.";
        view! { <Notice status=Status::Pending title="Nothing speaks for it">{detail}</Notice> }
    });
    let no_evidence = sign_ins
        .iter()
        .map(|sign_in| format!("{} signs in as “{}”", sign_in.username, sign_in.stated_name))
        .chain(
            reassignable
                .into_iter()
                .map(|value| format!("The user has “{value}”")),
        )
        .map(|text| view! { <li>{text}</li> })
        .collect_view();
    let sign_ins = sign_ins
        .into_iter()
        .map(|sign_in| one(sign_in, now))
        .collect_view();
    view! {
        <Section title="What speaks for and against it" detail>
            <div data-body data-evidence>
                {joins} {gone} {unsupported} {sign_ins}
                <DefinitionList>
                    {user.map(|user| view! { <Definition term="User of this item"><PersonLink user /></Definition> })}
                    <Definition term="Other identities">{others}</Definition>
                    <Definition term="No evidence: names and e-mail addresses can be reassigned">
                        <ul data-plain class="text-muted">{no_evidence}</ul>
                    </Definition>
                </DefinitionList>
            </div>
        </Section>
    }
    .into_any()
}

fn one(sign_in: SignInView, now: Timestamp) -> AnyView {
    let factor = match sign_in.second_factor {
        Some(Mfa::Proven) => "The last session proved a second factor",
        Some(Mfa::NotProven) => "The last session proved no second factor",
        None => "Not known: there is no session of this sign-in",
    };
    let mark = match sign_in.age {
        EvidenceAge::Same => None,
        EvidenceAge::Changed => Some("Changed since the request"),
        EvidenceAge::New => Some("Not recorded with the request"),
    };
    let mark = mark.map(|label| view! { <StatusBadge status=Status::Drift label /> });
    let unusable = sign_in.unusable.map(|why| {
        view! { <Notice status=Status::Pending title="The keys of this sign-in cannot be used">{why.reason()}</Notice> }
    });
    let columns = vec![
        Column::new("Key"),
        Column::new("Leads to"),
        Column::new("Finding"),
    ];
    let keys = sign_in.keys.into_iter().map(key).collect_view();
    view! {
        <h3 class="mt-2 mb-2 break-words">"Sign-in " {sign_in.username.clone()} " " {mark}</h3>
        {unusable}
        <Table caption=format!("Keys of {}", sign_in.username) columns>{keys}</Table>
        <DefinitionList>
            <Definition term="First seen"><AbsoluteTime at=sign_in.first_seen now /></Definition>
            {sign_in.last_sign_in.map(|at| view! { <Definition term="Last sign-in"><AbsoluteTime at now /></Definition> })}
            <Definition term="Second factor">{factor}</Definition>
        </DefinitionList>
    }
    .into_any()
}

fn key(view: KeyView) -> AnyView {
    let method = match view.method {
        LinkMethod::Subject => "Subject of the user pool",
        LinkMethod::Identities => "Identity at the identity provider",
        LinkMethod::Attribute => "Attribute of the user pool",
    };
    let (status, label) = match view.finding {
        KeyFinding::For => (Status::Ok, "Speaks for it"),
        KeyFinding::Against => (Status::Danger, "Speaks against it"),
        KeyFinding::Neither => (Status::Off, "Says nothing about it"),
    };
    let before = view.before.map(|users| {
        view! { <p class="text-xs"><StatusBadge status=Status::Drift label="When requested" /> {found(users)}</p> }
    });
    view! {
        <tr>
            <th scope="row">
                {method}
                <p class="text-muted font-mono text-xs break-all">{view.key}</p>
            </th>
            <td>{found(view.leads_to)} {before}</td>
            <td><StatusBadge status label /></td>
        </tr>
    }
    .into_any()
}

fn found(users: Vec<UserRef>) -> AnyView {
    if users.is_empty() {
        return view! { <span class="text-muted">"No user of the directory"</span> }.into_any();
    }
    let users = users
        .into_iter()
        .map(|user| view! { <li><PersonLink user /></li> })
        .collect_view();
    view! { <ul data-plain>{users}</ul> }.into_any()
}
