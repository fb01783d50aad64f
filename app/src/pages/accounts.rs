//! The list of accounts, most exposed first.

use domain::snapshot::Knowledge;
use leptos::prelude::*;

use crate::{
    backend::{AccountList, AccountRef, CLASSIFY, ClassifyForm, Freshness, PortResult},
    components::{
        Button, ButtonKind, COUNTED_RULE, Empty, FreshnessNotice, Glyph, LedgerLinks, LinkButton,
        ListView, NotKnown, Notice, PageHeader, Status, waiting_choices, waiting_rows,
    },
    lists::{
        ListChoice, Selecting,
        accounts::{ACCOUNTS, CLASSIFICATION, WAITING},
        entries,
    },
    routes::{Page, Visit},
};

/// The number of accounts that the notice names.
const NAMED: usize = 5;

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
        let all = ClassifyForm::of_list(&choice);
        let waits = choice.holds(CLASSIFICATION, WAITING) && total > 0;
        let confirm = waits.then(|| {
            let waiting = page.rows.iter().map(|row| &row.account);
            let waiting: Vec<AccountRef> = waiting
                .filter(|one| one.class.waiting.is_some())
                .cloned()
                .collect();
            let form = (selecting == Selecting::Offered).then(|| all.href());
            confirmation_notice(&waiting, confirmations, total, form)
        });
        let list = ListView {
            list: &ACCOUNTS,
            choice,
            dropped,
            page,
            context,
        };
        let body = match (list.is_empty(), selecting) {
            (true, _) => nothing(&freshness),
            // The notice leads to the form for all of them already.
            (false, Selecting::Offered) => {
                let all = (all.is_filtered() && !waits).then_some(&all);
                let shown = list.page.rows.len();
                list.draw_with(|rows| selection(all, total, shown, rows))
            }
            (false, Selecting::NotAllowed) => list.draw(),
        };
        view! {
            <PageHeader title="Accounts" detail=view! { "Every account of the organization, how it is classified and who reaches it. " {COUNTED_RULE} ". Violations and missing approvals are counted there only." }.into_any() />
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

/// Renders the rows as a form that leads to the form for the checked accounts, and a link to that form for all of a filter. The bar
/// below counts the checked ones by style alone, so that it needs no script; a browser that cannot do this shows the
/// button without a count. The box that checks all rows of the page needs one (`islands/row_tools.rs`).
fn selection(all: Option<&ClassifyForm>, total: usize, shown: usize, rows: AnyView) -> AnyView {
    let filtered = all.map(|all| {
        let label = if total == 1 {
            "Classify the account that matches".to_owned()
        } else {
            format!("Classify all {total} accounts that match")
        };
        view! { <p data-select-all><LinkButton href=all.href()>{label}</LinkButton></p> }
    });
    view! {
        <form method="get" action=CLASSIFY data-selection>
            {filtered}
            <div>
                <label data-select-page><input type="checkbox" /><span>{format!("Select all {shown} on this page")}</span></label>
                {rows}
            </div>
            <div data-selection-bar>
                <p data-selected></p>
                <button type="reset" data-kind="quiet"><span>"Clear"</span></button>
                <Button kind=ButtonKind::Primary>"Classify" <span data-chosen-count></span></Button>
            </div>
        </form>
    }
    .into_any()
}

/// Renders which accounts wait and what they wait for, the form that settles it, and, closed, the lines that confirm each of
/// them in the configuration. `form` is for those who may classify.
fn confirmation_notice(
    waiting: &[AccountRef],
    confirmations: Vec<String>,
    total: usize,
    form: Option<String>,
) -> AnyView {
    let only = match waiting {
        [one] if total == 1 => Some(one),
        _ => None,
    };
    let title = match only {
        Some(one) => format!("AWS reports a less strict classification of {}", one.name),
        None => format!("AWS reports a less strict classification of {total} accounts"),
    };
    let found = if let Some(one) = only {
        view! { {rows_of(one)} }.into_any()
    } else {
        let lines = waiting.iter().take(NAMED).map(waits).collect_view();
        let unnamed = total.saturating_sub(waiting.len().min(NAMED));
        let unnamed = (unnamed > 0)
            .then(|| view! { <li>{format!("and {unnamed} more, in the list below")}</li> });
        view! { <ul data-plain>{lines} {unnamed}</ul> }.into_any()
    };
    // The choices of one account say it.
    let says_it = only.is_some() && form.is_some();
    let rule = (!says_it).then(|| {
        view! { <p class="mt-2">"What is on record stays in effect until two other people agree to something less strict."</p> }
    });
    let settled = settle(only, total, form);
    let history = only.and_then(ledger_of);
    let more = total.saturating_sub(confirmations.len());
    let more = (more > 0).then(|| {
        view! { <p class="text-muted">{format!("and {more} more, each on the page of the account")}</p> }
    });
    view! {
        <Notice status=Status::Pending title glyph=Glyph::Clock>
            {found}
            {rule}
            {settled}
            <div data-beside>
                {history}
                <details data-fold>
                    <summary>"Confirm in the configuration file instead"</summary>
                    <p>
                        "Add these lines to the file that " <code>"LEASTWISE_CLASSIFICATION"</code>
                        " names, and start Leastwise again."
                    </p>
                    <pre data-code tabindex="0" role="region" aria-label="Lines to confirm them"><code>{confirmations.join("\n\n")}</code></pre>
                    {more}
                </details>
            </div>
        </Notice>
    }
    .into_any()
}

/// Renders the links to the form that settles it: of one account, one for each of the two classifications.
fn settle(only: Option<&AccountRef>, total: usize, form: Option<String>) -> AnyView {
    let Some(href) = form else {
        return view! { <p class="mt-2 text-muted">"An administrator can classify it."</p> }
            .into_any();
    };
    if let Some((one, reported)) = only.and_then(|one| Some((one, one.class.waiting?))) {
        let form = ClassifyForm::of_account(&one.id);
        return waiting_choices(&form, one.class.strictness(), reported);
    }
    let label = format!("Classify these {total} accounts");
    view! { <p class="mt-2"><LinkButton href kind=ButtonKind::Primary>{label}</LinkButton></p> }
        .into_any()
}

/// Renders what is on record of one of several accounts against what AWS says now.
fn waits(account: &AccountRef) -> AnyView {
    view! {
        <li>
            <p><b>{account.name.clone()}</b> " " <span class="font-mono text-xs">{account.id.to_string()}</span> " " {ledger_of(account)}</p>
            {rows_of(account)}
        </li>
    }
    .into_any()
}

fn rows_of(account: &AccountRef) -> Option<AnyView> {
    let class = account.class;
    class
        .waiting
        .map(|reported| waiting_rows(class.strictness(), reported))
}

/// Renders a link to where it can be seen who changed an account.
fn ledger_of(account: &AccountRef) -> Option<AnyView> {
    let links = use_context::<LedgerLinks>().unwrap_or_default();
    (links == LedgerLinks::Linked).then(|| {
        let href = ListChoice::only(entries::ACCOUNT, account.id.as_str()).href(entries::LEDGER);
        view! { <a href=href>"When it changed, in the ledger"</a> }.into_any()
    })
}
