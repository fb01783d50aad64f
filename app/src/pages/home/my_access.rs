//! The viewer's access on the home page: what it is, when it ends, and what they can do about it.

use domain::{ids::UserId, snapshot::Figure, time::Timestamp};
use leptos::prelude::*;

use crate::{
    backend::{AwsConsole, ChangeForm, MyAccess, OwnAccess, ViaRef, change_field},
    components::{
        AccountMarks, AccountStateMark, BadgeWeight, Button, ButtonKind, ConfirmDialog, Empty,
        Glyph, Icon, LinkButton, NotKnown, Section, Status, StatusBadge, directory_link, relative,
    },
};

/// Whether the rows say how long the access lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Terms {
    /// All access is standing, which stands in the head.
    Standing,
    Each,
}

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
    let listed = access.len();
    let more = count.known().filter(|count| *count > listed);
    let all = more.zip(me).map(|(count, me)| {
        let label = format!("All {count}, on your own page");
        view! { <a href=format!("/people/{me}") aria-label=label>{format!("All {count}")}</a> }
    });
    // What ends is listed first, so that nothing ends if the first one does not.
    let is_known = count != Figure::NotKnown;
    let is_standing = is_known && access.first().is_some_and(|row| row.ends.is_none());
    let terms = if is_standing {
        Terms::Standing
    } else {
        Terms::Each
    };
    let detail = match terms {
        Terms::Standing => "all standing",
        Terms::Each => "",
    };
    let rows = access.into_iter().enumerate();
    let rows = rows
        .map(|(at, row)| line(at, row, terms, console, now))
        .collect_view();
    let body = if listed == 0 && count == Figure::NotKnown {
        view! { <NotKnown what="Your access" /> }.into_any()
    } else if count == 0 {
        view! { <Empty title="You have no access" icon=Glyph::Accounts>"Access that is granted to you appears here, with the time when it ends."</Empty> }
            .into_any()
    } else {
        view! { <ul data-lines data-access>{rows}</ul> }.into_any()
    };
    view! { <Section title="My access" detail actions=all.into_any()>{body}</Section> }.into_any()
}

fn line(at: usize, row: MyAccess, terms: Terms, console: &AwsConsole, now: Timestamp) -> AnyView {
    let portal = console.access(&row.account.id, &row.set.name);
    let object = format!("{} on {}", row.set.name, row.account.name);
    let own = row.own.clone();
    let is_own = own.as_ref().map(|_| "");
    let extend = own.as_ref().and_then(|own| own.extend.clone());
    let extend = extend.map(|form| extend_link(&form, &object));
    let end = own.map(|own| end_now(at, &row, own, &object));
    let managed = matches!(row.via, ViaRef::Group { .. }).then_some("Managed by an administrator");
    let account = row.account;
    let marks =
        view! { <AccountMarks class=account.class /> <AccountStateMark state=account.state /> };
    view! {
        <li data-own=is_own>
            <div class="min-w-0">
                <p class="flex flex-wrap items-center gap-x-2">
                    {directory_link(format!("/accounts/{}", account.id), account.name)}
                    <span class="inline-flex flex-wrap items-center gap-x-1">{marks}</span>
                </p>
                <p class="text-muted text-xs" data-parts>
                    <span class="font-mono">{account.id.to_string()}</span>
                    {directory_link(format!("/permission-sets/{}", row.set.key()), row.set.name.clone())}
                    <span data-via title=managed>{row.via.to_string()}</span>
                    {(terms == Terms::Each).then(|| ends(row.ends, now))}
                </p>
            </div>
            <div data-row-actions>
                <a href=portal data-kind="secondary" data-portal target="_blank" rel="noopener noreferrer">
                    <span>"Open"</span><span class="sr-only">" in AWS: " {object} " (new tab)"</span>
                    <Icon glyph=Glyph::External />
                </a>
                {extend}
                {end}
            </div>
        </li>
    }
    .into_any()
}

/// Renders how long the access lasts.
fn ends(ends: Option<Timestamp>, now: Timestamp) -> AnyView {
    let Some(at) = ends else {
        return view! { <span>"standing"</span> }.into_any();
    };
    let left = at.since(now).as_seconds();
    let (status, label) = match left {
        ..=0 => (Status::Info, "Ended, being removed".to_owned()),
        1..SOON => (Status::Pending, format!("Ends {}", relative(at, now))),
        _ => (Status::Ok, format!("Ends {}", relative(at, now))),
    };
    let absolute = format!("{} UTC", at.minute());
    view! {
        <time datetime=at.rfc3339() title=absolute><StatusBadge status label weight=BadgeWeight::Pill /></time>
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
