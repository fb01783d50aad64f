//! The list of accounts, most exposed first.

use domain::{snapshot::Knowledge, time::Timestamp};
use leptos::prelude::*;

use crate::{
    backend::{AccountList, AccountRef, AccountRow, CLASSIFY, ClassifyForm, Freshness, PortResult},
    components::{
        Button, ButtonKind, COUNTED_RULE, Empty, FreshnessNotice, Glyph, LedgerLinks, LinkButton,
        ListView, NotKnown, Notice, PageHeader, Status, WaitingClassification, waiting_choices,
        waiting_rows,
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

/// An account of the list that waits for a confirmation.
struct Waiting {
    account: AccountRef,
    classification: WaitingClassification,
}

impl Waiting {
    /// Creates it from its row, and from when AWS began to report it; none for an account that does not wait.
    fn of(row: &AccountRow, changed: Option<(Timestamp, Timestamp)>) -> Option<Self> {
        let class = row.account.class;
        let classification = WaitingClassification::of(class, changed, row.people, row.standing)?;
        Some(Self {
            account: row.account.clone(),
            classification,
        })
    }

    fn rows(&self, now: Timestamp) -> AnyView {
        waiting_rows(&self.classification, Some(&self.account.id), now)
    }
}

/// Builds the page.
pub async fn page(visit: Visit) -> PortResult<Page> {
    let (choice, dropped) = ListChoice::parse(&ACCOUNTS, &visit.url);
    let AccountList {
        page,
        confirmations,
        changed,
    } = visit.backend.accounts(&choice).await?;
    let context = super::draw_context(&visit);
    let (freshness, now) = (visit.backend.freshness(), visit.backend.now());
    Ok(Page::new("Accounts", move || {
        let total = page.total;
        let selecting = context.selecting;
        let all = ClassifyForm::of_list(&choice);
        let waits = choice.holds(CLASSIFICATION, WAITING) && total > 0;
        let confirm = waits.then(|| {
            let since = |row: &AccountRow| changed.get(&row.account.id).copied();
            let rows = page.rows.iter();
            let waiting: Vec<Waiting> = rows
                .filter_map(|row| Waiting::of(row, since(row)))
                .collect();
            let form = (selecting == Selecting::Offered).then(|| all.href());
            confirmation_notice(&waiting, confirmations, total, form, now)
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
        let detail =
            format!("Every account, how it is classified and who reaches it. {COUNTED_RULE}.");
        view! {
            <PageHeader title="Accounts" detail=view! { {detail} }.into_any() />
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
    // One row is checked by its own box.
    let page_box = (shown > 1).then(|| {
        view! {
            <label data-select-page><input type="checkbox" /><span>{format!("Select all {shown} on this page")}</span></label>
        }
    });
    view! {
        <form method="get" action=CLASSIFY data-selection>
            {filtered}
            <div>
                {page_box}
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
    waiting: &[Waiting],
    confirmations: Vec<String>,
    total: usize,
    form: Option<String>,
    now: Timestamp,
) -> AnyView {
    let only = match waiting {
        [one] if total == 1 => Some(one),
        _ => None,
    };
    let title = match only {
        Some(one) => {
            let name = &one.account.name;
            format!("AWS reports a less strict classification of {name}")
        }
        None => format!("AWS reports a less strict classification of {total} accounts"),
    };
    let found = if let Some(one) = only {
        one.rows(now)
    } else {
        let named = waiting.iter().take(NAMED);
        let lines = named.map(|one| waits(one, now)).collect_view();
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
    let history = only.and_then(|one| ledger_of(&one.account));
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
fn settle(only: Option<&Waiting>, total: usize, form: Option<String>) -> AnyView {
    let Some(href) = form else {
        return view! { <p class="mt-2 text-muted">"An administrator can classify it."</p> }
            .into_any();
    };
    if let Some(one) = only {
        let form = ClassifyForm::of_account(&one.account.id);
        return waiting_choices(&form, &one.classification);
    }
    let label = format!("Classify these {total} accounts");
    view! { <p class="mt-2"><LinkButton href kind=ButtonKind::Primary>{label}</LinkButton></p> }
        .into_any()
}

/// Renders what is in effect of one of several accounts against what AWS reports.
fn waits(one: &Waiting, now: Timestamp) -> AnyView {
    let account = &one.account;
    view! {
        <li>
            <p><b>{account.name.clone()}</b> " " {ledger_of(account)}</p>
            {one.rows(now)}
        </li>
    }
    .into_any()
}

/// Renders a link to where it can be seen what happened to an account.
fn ledger_of(account: &AccountRef) -> Option<AnyView> {
    let links = use_context::<LedgerLinks>().unwrap_or_default();
    (links == LedgerLinks::Linked).then(|| {
        let href = ListChoice::only(entries::ACCOUNT, account.id.as_str()).href(entries::LEDGER);
        let name = account.name.clone();
        view! { <a href=href>"Ledger entries about " {name}</a> }.into_any()
    })
}
