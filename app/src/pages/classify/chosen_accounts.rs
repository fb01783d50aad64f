//! The accounts that the form classifies: a compact list, each with what it is and what it becomes, and below it the field in
//! which the list is edited. Never decides what an account becomes: the preview does.

use domain::{change::OPERATIONS, classification::Pci};
use leptos::prelude::*;

use crate::{
    backend::{ChosenAccount, NewClassification, classify_field},
    components::{
        AccountMarks, AccountStateMark, EnvironmentBadge, Glyph, Icon, PciBadge, Requirement,
        Section, TextArea, directory_link,
    },
};

/// The number of accounts that are not folded.
const SHOWN: usize = 6;

/// Renders the accounts: the filters of the list as they are, or a list that can be edited.
pub(super) fn chosen_accounts(new: &NewClassification, error: String) -> AnyView {
    let title = match new.total {
        0 => "Accounts".to_owned(),
        1 => "1 account".to_owned(),
        count => format!("{count} accounts"),
    };
    let list = list(new);
    let form = &new.form;
    if form.is_filtered() {
        let error = (!error.is_empty())
            .then(|| view! { <p id=classify_field::ACCOUNTS data-body data-error>{error}</p> });
        let filters = view! {
            <input type="hidden" name=classify_field::ONLY value=form.only.clone() />
            <input type="hidden" name=classify_field::WORDS value=form.words.clone() />
        }
        .into_any();
        return view! {
            <Section title detail="all that match the filters of the list">{filters} {error} {list}</Section>
        }
        .into_any();
    }
    let open = !error.is_empty();
    let rows = u32::try_from(form.accounts.lines().count()).unwrap_or(u32::MAX);
    let field = view! {
        <div data-body>
            <TextArea
                name=classify_field::ACCOUNTS
                label="Account numbers or exact names"
                hint=format!("One on each line, at most {OPERATIONS}.")
                value=form.accounts.clone()
                error
                need=Requirement::Shown
                rows=rows.clamp(2, 8)
            />
        </div>
    };
    let field = if new.total == 0 {
        field.into_any()
    } else {
        view! {
            <details data-rest data-edited-list open=open>
                <summary>"Edit the list"</summary>
                {field}
            </details>
        }
        .into_any()
    };
    view! { <Section title>{list} {field}</Section> }.into_any()
}

/// Renders the accounts that are known. Those behind the first few are folded, and those that are not named are counted.
fn list(new: &NewClassification) -> Option<AnyView> {
    let unnamed = new.total.saturating_sub(new.accounts.len());
    let mut rows: Vec<AnyView> = new.accounts.iter().cloned().map(chosen).collect();
    if rows.is_empty() {
        return None;
    }
    let folded = if rows.len() + unnamed > SHOWN + 1 {
        rows.split_off(rows.len().min(SHOWN))
    } else {
        Vec::new()
    };
    let more = folded.len() + unnamed;
    let rest = (more > 0).then(|| {
        let unnamed = (unnamed > 0).then(|| {
            view! { <li class="text-muted">{format!("and {unnamed} that are not named here")}</li> }
        });
        view! {
            <details data-rest>
                <summary>{format!("{more} more accounts")}</summary>
                <ul data-plain data-chosen-accounts>{folded} {unnamed}</ul>
            </details>
        }
    });
    let unchanged = unchanged(new).map(|words| view! { <p data-note>{words}</p> });
    Some(view! { <ul data-plain data-chosen-accounts>{rows}</ul> {rest} {unchanged} }.into_any())
}

/// Returns how many accounts the previewed change leaves out, and why.
fn unchanged(new: &NewClassification) -> Option<String> {
    new.preview.as_ref()?;
    Some(match (new.unchanged, new.form.ends()) {
        (0, _) => return None,
        (1, true) => "1 account is left out: it has no declaration that could be ended.".to_owned(),
        (1, false) => {
            "1 account is left out: it is already declared exactly so, until the same day."
                .to_owned()
        }
        (count, true) => {
            format!("{count} accounts are left out: they have no declaration that could be ended.")
        }
        (count, false) => format!(
            "{count} accounts are left out: they are already declared exactly so, until the same day."
        ),
    })
}

fn chosen(one: ChosenAccount) -> AnyView {
    let ChosenAccount { account, becomes } = one;
    let (href, number) = (format!("/accounts/{}", account.id), account.id.to_string());
    let becomes = becomes.map(|(environment, pci)| {
        let scope = match pci {
            Pci::Out => view! { <span class="text-muted text-xs">"out of scope"</span> }.into_any(),
            pci => view! { <PciBadge pci /> }.into_any(),
        };
        view! {
            <Icon glyph=Glyph::ArrowRight label="becomes" />
            <EnvironmentBadge environment />
            {scope}
        }
    });
    view! {
        <li>
            <span data-name>
                {directory_link(href, account.name)}
                <span class="text-muted font-mono text-xs">{number}</span>
                <AccountStateMark state=account.state />
            </span>
            <span data-becomes><AccountMarks class=account.class /> {becomes}</span>
        </li>
    }
    .into_any()
}
