//! The summary of a permission set: what it allows in one sentence, what production PCI needs for it, and what keeps it
//! from standing access there.

use domain::permission_set::analysis::{
    Analysis, Capability, ServiceActions,
    capability::{Need, ProductionPciNeeds},
    labels::{counted, grouped},
};
use leptos::prelude::*;

use crate::{
    backend::{AccountRef, CatalogueFacts},
    components::{
        AccountNames, Definition, DefinitionList, Empty, Glyph, Icon, Notice, Section, Status,
        StatusBadge, policy_notes,
    },
};

/// The maximum number of actions in one list; more are folded by service.
const ONE_LIST: usize = 40;

/// The number of accounts named.
const NAMED: usize = 3;

/// Renders the summary: one sentence, what production PCI needs, and what keeps the set from standing access there.
/// `against` are the actions that do, `held` the production PCI accounts where somebody has it all the same, and `boundary` is the note about a permissions boundary that is not taken into
/// account. `sessions` says how long sessions last.
pub fn summary(
    analysis: &Analysis,
    needs: ProductionPciNeeds,
    sessions: &str,
    (against, held): (Vec<ServiceActions>, Vec<AccountRef>),
    boundary: Option<String>,
) -> AnyView {
    let notes = boundary.into_iter().chain(analysis.notes.clone()).collect();
    let notes = policy_notes(notes);
    let sentence = analysis.sentence();
    if analysis.extents.is_empty() {
        return view! {
            <Section title="Capabilities">
                <Empty title=sentence icon=Glyph::Dash>"No policy of this permission set allows an action."</Empty>
                {notes}
            </Section>
        }
        .into_any();
    }
    let standing = need(needs.standing);
    let by_capabilities = analysis.temporary_in_production_pci();
    let temporary = if needs.temporary == Need::Blocked && by_capabilities != Need::Blocked {
        let label = format!("Not allowed with sessions of up to {sessions}");
        view! { <StatusBadge status=Status::Danger label /> }.into_any()
    } else {
        need(needs.temporary)
    };
    let blocked = needs.standing == Need::Blocked;
    let against = blocked.then(|| against_standing(analysis, against));
    view! {
        <section data-card data-set-summary>
            <div data-body>
                <h2>{sentence}</h2>
                <DefinitionList>
                    <Definition term="Standing access to production PCI">{standing}</Definition>
                    <Definition term="Temporary access to production PCI">{temporary}</Definition>
                </DefinitionList>
                {blocked.then(|| in_production_pci(held))}
                {against}
            </div>
            {notes}
        </section>
    }
    .into_any()
}

/// Says where somebody has a permission set that would not be allowed there.
fn in_production_pci(held: Vec<AccountRef>) -> Option<AnyView> {
    let total = held.len();
    let accounts = match total {
        0 => return None,
        1 => "1 production PCI account: ".to_owned(),
        some => format!("{some} production PCI accounts: "),
    };
    Some(
        view! {
            <p data-held data-status="danger">
                <Icon glyph=Glyph::Warning />
                <span>"It is assigned in " {accounts} <AccountNames accounts=held.into_iter().take(NAMED).collect() total /></span>
            </p>
        }
        .into_any(),
    )
}

fn need(need: Need) -> AnyView {
    match need {
        Need::TwoApprovals | Need::ReviewDate | Need::StepUp => {
            view! { <StatusBadge status=Status::Pending label=need.words() glyph=Glyph::Approval /> }
        }
        Need::Blocked => view! { <StatusBadge status=Status::Danger label=need.words() /> },
    }
    .into_any()
}

/// Renders which actions a set would have to give up to become standing access: all of them, so that nobody removes some
/// and finds others.
fn against_standing(analysis: &Analysis, services: Vec<ServiceActions>) -> AnyView {
    let unknown = analysis.has(Capability::Unknown).then(|| {
        view! { <p>"What cannot be read or understood keeps it from standing access."</p> }
    });
    let count: usize = services.iter().map(|one| one.actions.len()).sum();
    let title = match count {
        0 => None,
        1 => Some("this action".to_owned()),
        all => Some(format!("these {} actions", grouped(all))),
    };
    let actions = title.map(|title| {
        let list = if count > ONE_LIST {
            services
                .into_iter()
                .map(of_service)
                .collect_view()
                .into_any()
        } else {
            services
                .into_iter()
                .flat_map(in_full)
                .collect_view()
                .into_any()
        };
        view! {
            <details data-fold>
                <summary><span>"Not allowed because of " <b>{title}</b></span></summary>
                <ul data-plain>{list}</ul>
            </details>
        }
    });
    view! { <div data-against>{unknown} {actions}</div> }.into_any()
}

/// Renders the actions of one service with their full names.
fn in_full(one: ServiceActions) -> Vec<AnyView> {
    let ServiceActions { service, actions } = one;
    actions
        .into_iter()
        .map(|name| view! { <li><code>{format!("{service}:{name}")}</code></li> }.into_any())
        .collect()
}

/// Renders the actions of one service, folded. All names are one text, because an administrator has thousands.
fn of_service(one: ServiceActions) -> impl IntoView {
    let count = counted(one.actions.len(), "action");
    view! {
        <li>
            <details data-fold>
                <summary><code>{one.service}</code> " " <span class="text-muted">{count}</span></summary>
                <p><code>{one.actions.join(", ")}</code></p>
            </details>
        </li>
    }
}

/// Returns what the analysis knows about the actions of AWS.
pub fn known_actions(facts: &CatalogueFacts) -> String {
    format!(
        "{} of {} services as of {}, {} of them reviewed one by one",
        grouped(facts.actions),
        grouped(facts.services),
        facts.age.actions.words(),
        grouped(facts.reviewed)
    )
}

/// Returns which AWS managed policies the analysis knows.
pub fn known_policies(facts: &CatalogueFacts) -> String {
    format!(
        "{} as of {}",
        grouped(facts.policies),
        facts.age.policies.words()
    )
}

/// Says that data about AWS is so old that it lacks what AWS has added.
pub fn outdated(warning: String) -> AnyView {
    view! { <Notice status=Status::Info title="Data about AWS is outdated">{warning}</Notice> }
        .into_any()
}
