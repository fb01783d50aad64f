//! The list of accounts, most exposed first.

use domain::snapshot::Knowledge;
use leptos::prelude::*;

use crate::{
    backend::{AccountList, CLASSIFY, ClassifyForm, Freshness, PortResult},
    components::{
        Button, ButtonKind, Empty, FreshnessNotice, Glyph, LinkButton, ListView, NotKnown, Notice,
        PageHeader, Status,
    },
    lists::{
        ListChoice, Selecting,
        accounts::{ACCOUNTS, CLASSIFICATION, WAITING},
    },
    routes::{Page, Visit},
};

/// The number of accounts up to which the lines that confirm them are unfolded.
const OPEN: usize = 5;

/// Builds the page.
pub async fn page(visit: Visit) -> PortResult<Page> {
    let (choice, dropped) = ListChoice::parse(&ACCOUNTS, &visit.url);
    let AccountList {
        page,
        confirmations,
    } = visit.backend.accounts(&choice).await?;
    let context = super::draw_context(&visit);
    let (freshness, now) = (visit.backend.freshness(), visit.backend.now());
    Ok(Page::new("Accounts", move || {
        let total = page.total;
        let selecting = context.selecting;
        let confirm = (choice.holds(CLASSIFICATION, WAITING) && total > 0)
            .then(|| confirmation_notice(confirmations, total));
        let all = ClassifyForm::of_list(&choice);
        let list = ListView {
            list: &ACCOUNTS,
            choice,
            dropped,
            page,
            context,
        };
        let body = match (list.is_empty(), selecting) {
            (true, _) => nothing(&freshness),
            (false, Selecting::Offered) => list.draw_with(|rows| selection(&all, total, rows)),
            (false, Selecting::NotAllowed) => list.draw(),
        };
        view! {
            <PageHeader title="Accounts" detail=view! { "Every account of the organization, how it is classified and who reaches it." }.into_any() />
            <FreshnessNotice freshness=freshness now />
            {confirm}
            {body}
        }
        .into_any()
    }))
}

fn nothing(freshness: &Freshness) -> AnyView {
    if freshness.lists.accounts == Knowledge::NeverRead {
        return view! { <NotKnown what="The list of accounts" /> }.into_any();
    }
    let what = if freshness.oldest.is_none() {
        "Accounts appear after the first read of the organization."
    } else {
        "AWS Organizations returned no account that Leastwise may read."
    };
    view! { <Empty title="No accounts" icon=Glyph::Accounts>{what}</Empty> }.into_any()
}

/// Renders the rows as a form that leads to the form for the checked accounts, and a link to that form for all. The bar
/// below counts the checked ones by style alone, so that it needs no script; a browser that cannot do this shows the
/// button without a count.
fn selection(all: &ClassifyForm, total: usize, rows: AnyView) -> AnyView {
    let filtered = all.is_filtered().then(|| {
        let label = if total == 1 {
            "Classify the account that matches".to_owned()
        } else {
            format!("Classify all {total} accounts that match")
        };
        view! { <p data-select-all><LinkButton href=all.href() kind=ButtonKind::Quiet>{label}</LinkButton></p> }
    });
    view! {
        <form method="get" action=CLASSIFY data-selection>
            {filtered}
            {rows}
            <div data-selection-bar>
                <p data-selected></p>
                <button type="reset" data-kind="quiet"><span>"Clear"</span></button>
                <Button kind=ButtonKind::Primary>"Classify the selected accounts"</Button>
            </div>
        </form>
    }
    .into_any()
}

/// Renders what it means that accounts wait, and the lines that confirm each of them.
fn confirmation_notice(confirmations: Vec<String>, total: usize) -> AnyView {
    let title = if total == 1 {
        "AWS reports a less strict classification of 1 account".to_owned()
    } else {
        format!("AWS reports a less strict classification of {total} accounts")
    };
    let more = total.saturating_sub(confirmations.len());
    let open = total <= OPEN;
    let more = (more > 0).then(|| {
        view! { <p class="text-muted">{format!("and {more} more, each on the page of the account")}</p> }
    });
    view! {
        <Notice status=Status::Pending title>
            <p>
                "The classification on record stays in effect. Find out who changed the tags or the OU. If the less strict classification is right, declare it: select the accounts and classify them, to which two other people agree. Or add these lines to the file that "
                <code>"LEASTWISE_CLASSIFICATION"</code> " names, and start Leastwise again."
            </p>
            <details data-fold open=open class="mt-2">
                <summary>"Lines to confirm them"</summary>
                <pre class="overflow-x-auto" tabindex="0" role="region" aria-label="Lines to confirm them"><code>{confirmations.join("\n\n")}</code></pre>
                {more}
            </details>
        </Notice>
    }
    .into_any()
}
