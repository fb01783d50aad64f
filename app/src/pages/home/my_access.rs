//! The viewer's access on the home page: what it is, when it ends, and what they can do about it.

use domain::{ids::UserId, snapshot::Figure, time::Timestamp};
use leptos::prelude::*;

use crate::{
    backend::{AwsConsole, ChangeForm, MyAccess, OwnAccess, ViaRef, change_field},
    components::{
        AccountLink, BadgeWeight, Button, ButtonKind, ConfirmDialog, Empty, Glyph, LinkButton,
        NotKnown, Section, Status, StatusBadge, directory_link, relative,
    },
};

/// Access that ends within this time is marked.
const SOON: i64 = 15 * 60;

/// Renders the section. `me` is the viewer's user, whose page lists what is left out.
pub(super) fn my_access(
    access: Vec<MyAccess>,
    count: Figure,
    me: Option<UserId>,
    console: &AwsConsole,
    now: Timestamp,
) -> AnyView {
    let more = count
        .known()
        .map_or(0, |count| count.saturating_sub(access.len()));
    let access_is_empty = access.is_empty();
    let rows = access.into_iter().enumerate();
    let rows = rows
        .map(|(at, row)| line(at, row, console, now))
        .collect_view();
    let body = if access_is_empty && count == Figure::NotKnown {
        view! { <NotKnown what="Your access" /> }.into_any()
    } else if count == 0 {
        view! { <Empty title="You have no access" icon=Glyph::Accounts>"Access that is granted to you appears here, with the time when it ends."</Empty> }
            .into_any()
    } else {
        view! {
            <ul data-lines data-access>{rows}</ul>
            {me.filter(|_| more > 0).map(|me| view! { <p data-more>{format!("and {more} more on ")} <a href=format!("/people/{me}")>"your own page"</a></p> })}
        }
        .into_any()
    };
    let detail = if count == 0 || access_is_empty {
        String::new()
    } else {
        count.to_string()
    };
    view! { <Section title="My access" detail>{body}</Section> }.into_any()
}

fn line(at: usize, row: MyAccess, console: &AwsConsole, now: Timestamp) -> AnyView {
    let portal = console.access(&row.account.id, &row.set.name);
    let object = format!("{} on {}", row.set.name, row.account.name);
    let own = row.own.clone();
    let extend = own.as_ref().and_then(|own| own.extend.clone());
    let extend = extend.map(|form| extend_link(&form, &object));
    let end = own.map(|own| end_now(at, &row, own, &object));
    let managed = matches!(row.via, ViaRef::Group { .. })
        .then(|| view! { <span>"managed by an administrator"</span> });
    view! {
        <li>
            <div class="min-w-0">
                <AccountLink account=row.account.clone() />
                <p class="text-muted text-xs flex flex-wrap items-center gap-x-2">
                    {directory_link(format!("/permission-sets/{}", row.set.key()), row.set.name.clone())}
                    <span>{row.via.to_string()}</span>
                    {managed}
                </p>
            </div>
            {countdown(row.ends, now)}
            <div data-row-actions>
                <a href=portal data-kind="secondary" target="_blank" rel="noopener noreferrer">
                    <span>"Open in AWS"<span class="sr-only">": " {object} " (new tab)"</span></span>
                </a>
                {extend}
                {end}
            </div>
        </li>
    }
    .into_any()
}

/// Renders how long the access lasts.
fn countdown(ends: Option<Timestamp>, now: Timestamp) -> AnyView {
    let Some(at) = ends else {
        return view! { <StatusBadge status=Status::Off label="Permanent" weight=BadgeWeight::Pill /> }
            .into_any();
    };
    let left = at.since(now).as_seconds();
    let (status, label) = match left {
        ..=0 => (Status::Info, "Ended, being removed".to_owned()),
        1..SOON => (Status::Pending, format!("Ends {}", relative(at, now))),
        _ => (Status::Ok, format!("Ends {}", relative(at, now))),
    };
    let absolute = format!("{} UTC", at.minute());
    view! {
        <div data-countdown>
            <StatusBadge status label weight=BadgeWeight::Pill />
            <time class="text-muted text-xs" datetime=at.rfc3339()>{absolute}</time>
        </div>
    }
    .into_any()
}

fn extend_link(form: &ChangeForm, object: &str) -> AnyView {
    let object = object.to_owned();
    view! { <LinkButton href=form.href()>"Extend"<span class="sr-only">" " {object}</span></LinkButton> }
        .into_any()
}

/// Renders the button that removes the access, and the dialog that says what this does.
fn end_now(at: usize, row: &MyAccess, own: OwnAccess, object: &str) -> AnyView {
    let OwnAccess {
        end,
        other_paths,
        form_key,
        ..
    } = own;
    let title = format!("End {object}");
    let session = (row.session.0 > 0).then(|| {
        format!(
            " A session that is open then stays usable for up to {}, because AWS ends no session early.",
            row.session.words()
        )
    });
    let account = &row.account.name;
    let rest = match other_paths {
        0 => format!("You have no other access to {account}."),
        1 => format!("You keep 1 other path to {account}."),
        some => format!("You keep {some} other paths to {account}."),
    };
    let fields = end
        .fields()
        .into_iter()
        .filter(|(_, value)| !value.is_empty());
    let fields = fields
        .map(|(name, value)| view! { <input type="hidden" name=name value=value.to_owned() /> })
        .collect_view();
    view! {
        <ConfirmDialog id=format!("end-{at}") trigger="End now" object=object.to_owned() kind=ButtonKind::Danger title>
            <p>"Leastwise removes this access from AWS and verifies that it is gone." {session}</p>
            <p class="mt-2">{rest} " To have it again, request it again."</p>
            <form method="post" action="/do/changes/submit" class="mt-4">
                {fields}
                <input type="hidden" name=change_field::FORM_KEY value=form_key />
                <label class="grid gap-1 mb-4">
                    "Reason"
                    <input type="text" name=change_field::JUSTIFICATION value="I no longer need this access." required autocomplete="off" />
                </label>
                <Button kind=ButtonKind::Danger>"End now"</Button>
            </form>
        </ConfirmDialog>
    }
    .into_any()
}
