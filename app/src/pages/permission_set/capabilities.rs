//! What production PCI makes of a permission set, which statement decides that, what keeps it from standing access there, and
//! where somebody has it all the same; what it allows, in one sentence and by capability; and what that was found with.

use domain::{
    grant::{LONGEST_IN_PRODUCTION_PCI, LONGEST_SESSION_IN_PRODUCTION_PCI},
    permission_set::analysis::{
        Analysis, Capability, ServiceActions,
        capability::{Need, ProductionPciNeeds},
        labels::{counted, grouped},
    },
};
use leptos::prelude::*;

use crate::{
    backend::{AccountRef, CatalogueFacts, OutdatedData, SetRef},
    components::{
        AccountNames, ApprovalMissing, CapabilityGroups, Empty, Glyph, Icon, LinkButton, Notice,
        PolicyAnchors, Section, Status, allows_everything, cure_line, finding_source, policy_notes,
    },
    lists::{ListChoice, access::ACCESS_HEADING},
};

/// The maximum number of actions in one list; more are folded by service.
const ONE_LIST: usize = 40;

/// The number of accounts named.
const NAMED: usize = 3;

/// The id of the accounts in which a set is.
pub const ACCOUNTS: &str = "holds";

/// Returns the capability that decides that a set is not allowed as standing access to production PCI: the most dangerous one.
/// None if the set is allowed.
pub fn deciding(analysis: &Analysis, needs: ProductionPciNeeds) -> Option<Capability> {
    let worst = analysis.extents.keys().next().copied();
    worst.filter(|_| needs.standing == Need::Blocked)
}

/// Renders what production PCI makes of a set. `against` are the actions that keep it from standing access, `held` the
/// production PCI accounts where somebody has it all the same, `lacking` those where it lacks an approval that would permit it.
/// `sessions` says how long sessions last.
pub fn verdict(
    set: &SetRef,
    analysis: &Analysis,
    anchors: &PolicyAnchors,
    needs: ProductionPciNeeds,
    sessions: &str,
    against: Vec<ServiceActions>,
    (held, lacking): (Vec<AccountRef>, Vec<AccountRef>),
) -> Option<AnyView> {
    if analysis.extents.is_empty() {
        return None;
    }
    let by_capabilities = analysis.temporary_in_production_pci();
    let too_long = needs.temporary == Need::Blocked && by_capabilities != Need::Blocked;
    let temporary = if too_long {
        format!("Not allowed with sessions of up to {sessions}")
    } else {
        needs.temporary.words().to_owned()
    };
    let standing = needs.standing.words();
    let blocked = needs.standing == Need::Blocked;
    let same = temporary == standing;
    let title = match (blocked, same) {
        (true, true) => "Not allowed in production PCI".to_owned(),
        (true, false) => "Not allowed as standing access to production PCI".to_owned(),
        (false, true) => format!("{standing} in production PCI, standing or temporary"),
        (false, false) => format!("Standing access to production PCI: {standing}"),
    };
    let status = match (blocked, needs.temporary) {
        (true, Need::Blocked) => Status::Danger,
        (true, _) => Status::Pending,
        (false, _) => Status::Off,
    };
    let allowed = (!blocked && same)
        .then(|| view! { <p>"No policy in force forbids this permission set there."</p> });
    let temporary = (!same).then(|| view! { <p>"Temporary access: " {temporary}</p> });
    let shorter = too_long.then(shorter_sessions);
    let decided = deciding(analysis, needs);
    let decided = decided.and_then(|capability| decided_by(analysis, anchors, capability));
    let held = blocked.then(|| in_production_pci(set, held));
    let lacking = (!lacking.is_empty()).then(|| without_approval(set, lacking));
    let against = blocked.then(|| against_standing(analysis, against));
    Some(
        view! { <Notice status title>{allowed} {temporary} {shorter} {decided} {held} {lacking} {against}</Notice> }
            .into_any(),
    )
}

/// Says which session duration makes temporary access to production PCI possible.
fn shorter_sessions() -> AnyView {
    cure_line(format!(
        "Set the session duration to at most {} in IAM Identity Center. AWS ends no session early, and temporary access to production PCI ends within {}, its last session included.",
        LONGEST_SESSION_IN_PRODUCTION_PCI.words(),
        LONGEST_IN_PRODUCTION_PCI.words()
    ))
}

/// Names the first statement that gives the deciding capability, and leads to it.
fn decided_by(
    analysis: &Analysis,
    anchors: &PolicyAnchors,
    capability: Capability,
) -> Option<AnyView> {
    let findings = analysis.findings.iter();
    let mut deciding = findings.filter(|finding| finding.capability == capability);
    let first = deciding.next()?;
    let href = format!("#{}", anchors.of_finding(first)?);
    let more = match deciding.count() {
        0 => None,
        more => Some(format!(" and {}", counted(more, "more finding"))),
    };
    let source = finding_source(first);
    Some(
        view! {
            <p data-decided-by>"Decided by " <a href=href>{source}</a> {more}</p>
        }
        .into_any(),
    )
}

/// Renders what a set allows, with links to the statements that the page shows, and the notes on its policies. `aged` is the
/// outdated data by which it may allow more, `boundary` the note about a permissions boundary that is not taken into account.
pub fn allowed(
    analysis: Analysis,
    aged: Option<OutdatedData>,
    boundary: Option<String>,
    anchors: PolicyAnchors,
) -> AnyView {
    // Nothing is more than everything.
    let aged = aged.filter(|_| !allows_everything(&analysis)).map(outdated);
    let notes = boundary.into_iter().chain(analysis.notes.clone()).collect();
    let notes = policy_notes(notes);
    let sentence = analysis.sentence();
    if analysis.extents.is_empty() {
        return view! {
            <Section title="Capabilities">
                {aged}
                <Empty title=sentence icon=Glyph::Dash>"No policy of this permission set allows an action."</Empty>
                {notes}
            </Section>
        }
        .into_any();
    }
    view! {
        <Section title=sentence>
            {aged}
            <CapabilityGroups analysis anchors />
            {notes}
        </Section>
    }
    .into_any()
}

/// Says where somebody has a permission set that would not be allowed there, and leads to the assignments.
fn in_production_pci(set: &SetRef, held: Vec<AccountRef>) -> Option<AnyView> {
    let total = held.len();
    let first = held.first()?;
    let (accounts, href) = if total == 1 {
        let choice = ListChoice {
            words: set.name.clone(),
            ..ListChoice::default()
        };
        let list = choice.href(&format!("/accounts/{}", first.id));
        (
            "1 production PCI account: ".to_owned(),
            format!("{list}#{ACCESS_HEADING}"),
        )
    } else {
        (
            format!("{total} production PCI accounts: "),
            format!("#{ACCOUNTS}"),
        )
    };
    Some(
        view! {
            <p data-held>
                <span>"Assigned in " {accounts} <AccountNames accounts=held.into_iter().take(NAMED).collect() total /></span>
                <LinkButton href>"Review assignments"</LinkButton>
            </p>
        }
        .into_any(),
    )
}

/// Says where somebody has a permission set without the approval that would permit it. The page of an account offers to request
/// it.
fn without_approval(set: &SetRef, lacking: Vec<AccountRef>) -> AnyView {
    let total = lacking.len();
    // The form is about one assignment: the page of the account has it for each.
    let request = match lacking.as_slice() {
        [only] => {
            let choice = ListChoice {
                words: set.name.clone(),
                ..ListChoice::default()
            };
            let list = choice.href(&format!("/accounts/{}", only.id));
            Some((format!("{list}#{ACCESS_HEADING}"), "Request approval"))
        }
        _ => None,
    };
    let request = request.map(|(href, label)| view! { <LinkButton href>{label}</LinkButton> });
    view! {
        <p data-held>
            <span><ApprovalMissing /> " in " <AccountNames accounts=lacking.into_iter().take(NAMED).collect() total /></span>
            {request}
        </p>
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
    // An administrator has all actions: nobody removes them one by one.
    let everything = analysis.has(Capability::Administrator);
    let title = match count {
        0 => None,
        1 => Some(("Not allowed because of ", "this action".to_owned(), "")),
        all if everything => Some((
            "",
            format!("{} of its actions", grouped(all)),
            " are not allowed as standing access",
        )),
        all => Some((
            "Not allowed because of ",
            format!("these {} actions", grouped(all)),
            "",
        )),
    };
    let actions = title.map(|(before, which, after)| {
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
                <summary><span>{before} <b>{which}</b> {after}</span></summary>
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

/// Returns what the analysis knows about AWS.
pub fn evaluated_with(facts: &CatalogueFacts) -> String {
    format!(
        "Evaluated with {} actions of {} AWS services as of {}, {} of them reviewed by hand, and with {} AWS managed policies as of {}.",
        grouped(facts.actions),
        grouped(facts.services),
        facts.age.actions.words(),
        grouped(facts.reviewed),
        grouped(facts.policies),
        facts.age.policies.words()
    )
}

/// Says which data about AWS is so old that it lacks what AWS has added.
fn outdated(found: OutdatedData) -> AnyView {
    let OutdatedData { warning, oldest } = found;
    view! {
        <details data-fold data-aged data-status=Status::Pending.token()>
            <summary>
                <Icon glyph=Glyph::Warning />
                <span><b>{oldest}</b> ". This set may allow more than is shown."</span>
            </summary>
            <p>{warning}</p>
        </details>
    }
    .into_any()
}
