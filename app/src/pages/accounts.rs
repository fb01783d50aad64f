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
<<<<<<< HEAD
    let what = if freshness.oldest.is_none() {
        "Accounts appear after the first read of the organization."
=======
    if board.known == 0 {
        let what = if freshness.oldest.is_none() {
            "Accounts appear after the first read of the organization."
        } else {
            "AWS Organizations returned no account that Leastwise may read."
        };
        return view! { <Empty title="No accounts" icon=Glyph::Accounts>{what}</Empty> }.into_any();
    }
    let mut chips = vec![
        Chip::new("", "All").counting(board.known),
        Chip::new("production-pci", "Production PCI"),
        Chip::new("findings", "Policy violations"),
        Chip::new("unapproved", "Approval missing"),
        Chip::new("unclassified", "Not classified").counting(board.unclassified),
        Chip::new("contradictory", "Contradictory").counting(board.contradictory),
        Chip::new(WAITING, WAITS_FOR_CONFIRMATION).counting(board.waiting),
        Chip::new(DECLARED, "Declared").counting(board.declarations.declared),
        Chip::new(UNDECLARED, "Not declared").counting(board.declarations.undeclared),
        Chip::new(DECLARED_OTHERWISE, "Declared otherwise than tagged")
            .counting(board.declarations.otherwise),
        Chip::new(TO_CONFIRM, "To confirm").counting(board.declarations.to_confirm),
    ];
    let only = query.only.clone().unwrap_or_default();
    let confirm = (only == WAITING && board.total > 0)
        .then(|| confirmation_notice(board.confirmations, board.total));
    if let Some(rule) = only.strip_prefix("rule:") {
        chips.push(Chip::new(&only, format!("Policy {rule}")));
    } else if let Some((environment, pci)) = super::cell(&only) {
        let label = format!(
            "{}, {}",
            environment_name(environment),
            pci_name(pci).to_lowercase()
        );
        chips.push(Chip::new(&only, label));
    }
    let bar = view! { <ListBar path="/accounts" query=query.clone() chips label="Search accounts" table=None /> };
    let body = if board.total == 0 {
        view! { <EmptyFiltered noun="accounts" clear_href="/accounts" /> }.into_any()
>>>>>>> e673c350
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
<<<<<<< HEAD
=======

/// Renders one row per environment with at least one account. Narrow screens stack its three cells.
fn lanes(query: &ListQuery, cells: Vec<BoardCell>, proposing: Proposing) -> AnyView {
    let heads = COLUMNS
        .map(|pci| view! { <div data-head>{pci_name(pci)}</div> })
        .collect_view();
    let mut rows: Vec<(Environment, Vec<BoardCell>)> = Vec::new();
    for cell in cells {
        match rows.last_mut() {
            Some((environment, row)) if *environment == cell.environment => row.push(cell),
            _ => rows.push((cell.environment, vec![cell])),
        }
    }
    let layout = if rows.len() == 1 && rows[0].1.len() == 1 {
        Layout::OneCell
    } else {
        Layout::Lanes
    };
    let lanes = rows
        .into_iter()
        .map(|(environment, cells)| lane(query, environment, cells, layout, proposing))
        .collect_view();
    view! {
        <div data-board data-single=(layout == Layout::OneCell).then_some("")>
            <div data-heads aria-hidden="true"><div></div>{heads}</div>
            {lanes}
        </div>
    }
    .into_any()
}

fn lane(
    query: &ListQuery,
    environment: Environment,
    cells: Vec<BoardCell>,
    layout: Layout,
    proposing: Proposing,
) -> AnyView {
    let total: usize = cells.iter().map(|cell| cell.total).sum();
    let mut fields: Vec<AnyView> = Vec::new();
    let mut cells = cells.into_iter().peekable();
    for pci in COLUMNS {
        match cells.next_if(|cell| cell.pci == pci) {
            Some(cell) => fields.push(field(query, cell, layout, proposing)),
            None if layout == Layout::OneCell => {}
            None => fields.push(view! { <div data-cell data-void=""></div> }.into_any()),
        }
    }
    view! {
        <section data-lane aria-label=environment_name(environment)>
            <header>
                <h2>{environment_name(environment)}</h2>
                <EnvironmentBadge environment />
                <span class="text-muted">{accounts(total)}</span>
            </header>
            {fields}
        </section>
    }
    .into_any()
}

fn accounts(count: usize) -> String {
    if count == 1 {
        "1 account".into()
    } else {
        format!("{count} accounts")
    }
}

fn field(query: &ListQuery, cell: BoardCell, layout: Layout, proposing: Proposing) -> AnyView {
    let only = format!("{}-{}", cell.environment.as_str(), cell.pci.as_str());
    let shown = cell.accounts.len();
    let place = PagePosition::of(query.page, super::CELL, shown, cell.total);
    let foot = if layout == Layout::OneCell {
        let (words, only) = (query.words.clone(), query.only.clone());
        pages(place, "accounts", move |page| {
            list_href("/accounts", &words, only.as_deref(), page)
        })
    } else if cell.total > shown {
        view! { <a data-more href=list_href("/accounts", &query.words, Some(&only), 1)>{format!("All {}", cell.total)}</a> }.into_any()
    } else {
        ().into_any()
    };
    let cards = cell
        .accounts
        .into_iter()
        .map(|one| card(one, proposing))
        .collect_view();
    view! {
        <div data-cell>
            <p data-scope>{pci_name(cell.pci)}</p>
            <ul>{cards}</ul>
            {foot}
        </div>
    }
    .into_any()
}

fn card(card: AccountCard, proposing: Proposing) -> impl IntoView {
    let AccountCard {
        account,
        people,
        standing,
        findings,
        declaration,
    } = card;
    // The label is a strip beside the link, so that a finger does not open the account by mistake.
    let select = (proposing == Proposing::Offered).then(|| {
        let label = format!("Select {}", account.name);
        view! {
            <label data-select><input type="checkbox" name=ACCOUNT value=account.id.to_string() aria-label=label /></label>
        }
    });
    let unevaluated = findings == Some(Figure::NotKnown);
    let Tally {
        against,
        unapproved,
    } = findings.and_then(Figure::known).unwrap_or_default();
    let marks = view! {
        {(against > 0).then(|| view! { <StatusBadge status=Status::Danger label=format!("Policy violations: {against}") /> })}
        {(unapproved > 0).then(|| view! { <StatusBadge status=Status::Pending label=format!("Approval missing: {unapproved}") /> })}
        {doubt(&account.class).map(|label| view! { <StatusBadge status=Status::Drift label /> })}
        {unevaluated.then(|| view! { <StatusBadge status=Status::Drift label="Not read completely" /> })}
        {declaration_mark(declaration)}
        <WaitingMark class=account.class />
        <AccountStateMark state=account.state />
    };
    view! {
        <li data-account-card data-guarded=account.class.counts_as_production_pci().then_some("")>
            {select}
            <a href=format!("/accounts/{}", account.id)>{account.name}</a>
            <span class="text-muted font-mono text-xs">{account.id.to_string()}</span>
            <span data-figures>
                <span title="People who can reach it"><Icon glyph=Glyph::People label="People" /> {people.to_string()}</span>
                <span title="Standing assignments"><Icon glyph=Glyph::Key label="Standing assignments" /> {standing.to_string()}</span>
            </span>
            <span data-marks>{marks}</span>
        </li>
    }
}

fn declaration_mark(mark: DeclarationMark) -> Option<AnyView> {
    let (status, label) = match mark {
        DeclarationMark::None => return None,
        DeclarationMark::ToConfirm => (Status::Pending, "To confirm"),
        DeclarationMark::Otherwise => (Status::Drift, "Declared otherwise than tagged"),
    };
    Some(view! { <StatusBadge status label /> }.into_any())
}
>>>>>>> e673c350
