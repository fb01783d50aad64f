//! The home page: the viewer's access and requests, and a form to request more; for those who see the organization, who can
//! reach production PCI, and changes that need their decision.

mod my_access;
mod my_requests;
mod request;

use domain::{
    authorize::Action, identity::LinkDifferenceKind, person::link::LinkObstacle, time::Timestamp,
};
use leptos::prelude::*;

use crate::{
    backend::{
        AwsConsole, ChangeForm, ChangeRow, DIFFERING_ROWS, Freshness, Home, IdentityNotice,
        NewChange, NotLinked, PortResult,
    },
    components::{
        ButtonKind, FreshnessNotice, Glyph, LinkButton, Notice, PageHeader, RecentChanges, Section,
        Status, Time, clock_time, relative, whom_to_ask,
    },
    routes::{Page, Visit},
};

use self::{
    my_access::my_access,
    my_requests::{MayPropose, my_requests},
    request::{REQUEST, request},
};
use super::exposure::{self, Acting, ExposureContext};

/// Builds the page.
pub async fn page(visit: Visit) -> PortResult<Page> {
    let home = visit.backend.home().await?;
    let proposes = visit.backend.may(Action::ProposeOwn).is_ok();
    // Whoever sees the organization has a page full of it, and the form behind a button.
    let request = if proposes && home.organisation.is_none() && home.me.is_some() {
        let form = ChangeForm::request();
        Some(visit.backend.new_change(&form).await?)
    } else {
        None
    };
    let context = PageContext {
        freshness: visit.backend.freshness(),
        now: visit.backend.now(),
        console: visit.backend.aws_console(),
        request,
        proposes,
        decides: visit.backend.may(Action::SeeInbox).is_ok(),
        reports: visit.backend.may(Action::SeeReports).is_ok(),
        all_drift: (visit.backend.may(Action::SeeLedger).is_ok()).then_some("/ledger?what=drift"),
        proposing: super::Proposing::of(&visit),
    };
    let title = if home.organisation.is_some() {
        "Production PCI"
    } else {
        "Home"
    };
    Ok(Page::new(title, move || draw(title, home, context)))
}

/// Inputs of the page in addition to its view.
struct PageContext {
    freshness: Freshness,
    now: Timestamp,
    console: AwsConsole,
    /// The form to request access, if it is on this page.
    request: Option<NewChange>,
    proposes: bool,
    decides: bool,
    reports: bool,
    /// The page that lists every change outside Leastwise, if the viewer may see it.
    all_drift: Option<&'static str>,
    proposing: super::Proposing,
}

fn draw(title: &'static str, home: Home, context: PageContext) -> AnyView {
    let PageContext {
        freshness,
        now,
        console,
        request: form,
        proposes,
        decides,
        reports,
        all_drift,
        proposing,
    } = context;
    let Home {
        waiting,
        mine,
        access,
        access_count,
        organisation,
        me,
        not_linked,
        administrators,
        suspended,
        identities,
        idle_oversight_marks,
        differing_rows,
    } = home;
    let known = freshness.oldest.is_some();
    let actions = view! {
        {reports.then(|| view! { <LinkButton href="/reports/production-pci" icon=Glyph::Report>"View report"</LinkButton> })}
        {(proposes && me.is_some())
            .then(|| {
                let href = match &form {
                    Some(_) => format!("#{REQUEST}"),
                    None => "/changes/new".to_owned(),
                };
                view! { <LinkButton href kind=ButtonKind::Primary icon=Glyph::Plus>"Request access"</LinkButton> }
            })}
    }
    .into_any();
    let read = freshness.oldest.filter(|_| organisation.is_some());
    let header = match read {
        Some(at) => view! { <PageHeader title actions detail=read_at(at, now) /> }.into_any(),
        None => view! { <PageHeader title actions /> }.into_any(),
    };
    let may = if proposes {
        MayPropose::Yes
    } else {
        MayPropose::No
    };
    let mine = my_requests(mine, may, now);
    let reach = me
        .is_some()
        .then(|| my_access(access, access_count, me.clone(), &console, now));
    let body = match organisation {
        None => view! {
            {decides.then(|| decisions(waiting, now))}
            {reach}
            {form.as_ref().map(request)}
            {mine}
        }
        .into_any(),
        Some(organisation) => {
            // Before the first read, every count would be wrong.
            let (head, rest) = if known {
                let acting = Acting {
                    proposing,
                    decides: decides.then_some(waiting),
                };
                let context = ExposureContext {
                    all_drift,
                    all_findings: reports.then_some("/reports/production-pci#violations"),
                    now,
                };
                exposure::draw(organisation, acting, &context)
            } else {
                (().into_any(), ().into_any())
            };
            let aside = view! { {mine} {reach} }.into_any();
            beside(head, rest, aside)
        }
    };
    view! {
        {header}
        {not_linked.map(|why| no_link(&why, &administrators))}
        {suspended.map(suspension)}
        {identities.map(|identities| identity_notice(identities, now))}
        {differing_notice(differing_rows)}
        {idle_oversight(&idle_oversight_marks)}
        <FreshnessNotice freshness now />
        {body}
    }
    .into_any()
}

/// Renders when the oldest of what the numbers rest on was read.
fn read_at(at: Timestamp, now: Timestamp) -> AnyView {
    let words = clock_time(at, now);
    let ago = relative(at, now);
    view! {
        <span class="text-xs">"Read from AWS " <time datetime=at.rfc3339() title=ago>{words}</time></span>
    }
    .into_any()
}

/// Renders the organization with what is the viewer's own beside it, or below it on a narrow screen.
fn beside(head: AnyView, rest: AnyView, aside: AnyView) -> AnyView {
    view! {
        {head}
        <div data-columns="side">
            <div class="min-w-0">{rest}</div>
            <div data-aside>{aside}</div>
        </div>
    }
    .into_any()
}

/// Renders what it means that a sign-in is linked to no user, and whom to ask.
fn no_link(why: &NotLinked, administrators: &[String]) -> AnyView {
    let reason = not_linked_words(why);
    let ask = whom_to_ask(administrators, "to link it");
    view! {
        <Notice status=Status::Pending title="Your sign-in is not linked to an Identity Center user">
            <p>{reason}</p>
            <p class="mt-2">
                "Access in AWS is given to users of Identity Center, so Leastwise does not know which access is yours. Until your sign-in is linked, you can read what your roles show, and request nothing. "
                {ask}
                " A link needs the agreement of two other people."
            </p>
        </Notice>
    }
    .into_any()
}

/// Returns why a sign-in is linked to no user. The entry in the ledger names users only if there are several.
fn not_linked_words(why: &NotLinked) -> String {
    match why {
        NotLinked::UsersNotRead => "Users of Identity Center were not read yet.".to_owned(),
        NotLinked::Ended => {
            "People agreed to end the link of your identity. No new sign-in links it again, only another change.".to_owned()
        }
        NotLinked::AnotherIdentity => {
            "Your Identity Center user is, or was, another identity.".to_owned()
        }
        NotLinked::NoUser => {
            "Identity Center has no user that belongs to your sign-in.".to_owned()
        }
        NotLinked::Unclear(obstacle) => {
            let ledger = match obstacle {
                LinkObstacle::Ambiguous | LinkObstacle::Contradictory(_) => {
                    " The ledger names the users to administrators."
                }
                LinkObstacle::Unusable(_) => "",
            };
            format!("It is not clear who you are: {obstacle}.{ledger}")
        }
    }
}

fn suspension(difference: LinkDifferenceKind) -> AnyView {
    view! {
        <Notice status=Status::Danger title="Your identity is suspended">
            <p>
                {difference.reason()}
                " You see your own access and changes, and you can neither request nor decide anything. Ask an administrator to request the link of your identity again, or the operator of Leastwise to confirm it on the host."
            </p>
        </Notice>
    }
    .into_any()
}

fn identity_notice(identities: IdentityNotice, now: Timestamp) -> AnyView {
    let alarm = identities.alarm.map(|alarm| {
        view! {
            <Notice status=Status::Danger title="Decisions on production PCI are stopped">
                <p>
                    {format!("{} of {} identities differ from the directory at once, since ", alarm.differing, alarm.linked)}
                    <Time at=alarm.at now />
                    ". If the directory was provisioned again, look at them on the host with "
                    <code>"leastwise identity list"</code> " and confirm them with "
                    <code>"leastwise identity confirm --all"</code> "."
                </p>
            </Notice>
        }
    });
    let suspended = match (identities.suspended, identities.only_suspended) {
        (0, _) => None,
        (1, Some(name)) => Some(format!("The identity of {name} is suspended")),
        (1, None) => Some("1 identity is suspended".to_owned()),
        (some, _) => Some(format!("{some} identities are suspended")),
    };
    let suspended = suspended.map(|title| {
        view! {
            <Notice status=Status::Pending title>
                <p>
                    "The identity differs from the directory. "
                    <a href="/identities?status=suspended">"The list of suspended identities"</a>
                    " shows what differs. A change that two people approve links an identity to its user again; on the host, "
                    <code>"leastwise identity confirm"</code> " does."
                </p>
            </Notice>
        }
    });
    view! {
        {alarm}
        {suspended}
    }
    .into_any()
}

/// Renders that rows of the database differ from the ledger.
fn differing_notice(rows: usize) -> Option<AnyView> {
    let title = match rows {
        0 => return None,
        1 => "1 row of the database differs from the ledger".to_owned(),
        rows => format!("{rows} rows of the database differ from the ledger"),
    };
    let notice = view! {
        <Notice status=Status::Danger title>
            <p>
                "Somebody or something wrote to the database beside Leastwise. What the ledger does not confirm gives no right and no access. "
                <a href=DIFFERING_ROWS>"View the rows that differ"</a>
            </p>
        </Notice>
    };
    Some(notice.into_any())
}

fn idle_oversight(marks: &[String]) -> Option<AnyView> {
    let title = match marks {
        [] => return None,
        some => format!(
            "No permission set is marked as oversight by {}",
            some.join(", ")
        ),
    };
    let notice = view! {
        <Notice status=Status::Pending title>
            <p>
                <code>"LEASTWISE_OVERSIGHT_SETS"</code>
                " replaces the default, so access that it does not mark can be removed by one person. Correct it and restart Leastwise; "
                <code>"leastwise check-config"</code> " checks it."
            </p>
        </Notice>
    };
    Some(notice.into_any())
}

/// Renders the changes that wait for a viewer who does not see the organization. With it, they are what needs action.
fn decisions(changes: Vec<ChangeRow>, now: Timestamp) -> AnyView {
    if changes.is_empty() {
        return ().into_any();
    }
    let count = changes.len().to_string();
    view! { <Section title="Waiting for you" detail=count><RecentChanges changes now /></Section> }
        .into_any()
}

#[cfg(test)]
mod tests {
    use domain::person::link::UnusableKey;

    use super::*;

    #[test]
    fn the_ledger_is_named_only_where_it_names_users() {
        let said = |obstacle| not_linked_words(&NotLinked::Unclear(obstacle));
        assert_eq!(
            said(LinkObstacle::Unusable(UnusableKey::UnreadAttribute)),
            "It is not clear who you are: the attribute of the user pool could not be read."
        );
        for several in [
            LinkObstacle::Ambiguous,
            LinkObstacle::Contradictory(Vec::new()),
        ] {
            let words = said(several);
            assert!(
                words.ends_with("The ledger names the users to administrators."),
                "{words}"
            );
        }
    }
}
