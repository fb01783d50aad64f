//! The capabilities of a permission set, as the analysis finds them.

use domain::permission_set::analysis::Finding;
use leptos::prelude::*;

use super::{Section, StatusBadge, capability_status};

/// The number of capabilities shown without unfolding; a full administrator has dozens.
const SHOWN: usize = 5;

/// Renders the capabilities of the permission set, worst first.
pub fn capabilities(findings: Vec<Finding>) -> Option<AnyView> {
    if findings.is_empty() {
        return None;
    }
    let mut items: Vec<AnyView> = findings.into_iter().map(finding_line).collect();
    let rest = items.split_off(items.len().min(SHOWN));
    let more = (!rest.is_empty()).then(|| {
        view! {
            <details data-rest>
                <summary>{format!("{} more", rest.len())}</summary>
                <ul data-lines>{rest}</ul>
            </details>
        }
    });
    let section = view! {
        <Section title="Risks of the permission set" detail="determined from its policies">
            <ul data-lines>{items}</ul>
            {more}
        </Section>
    };
    Some(section.into_any())
}

fn finding_line(finding: Finding) -> AnyView {
    let more = match finding.more {
        0 => String::new(),
        more => format!(" and {more} more of this kind"),
    };
    let actions = (!finding.actions.is_empty()).then(|| {
        view! { <span class="text-muted text-xs break-words"><span class="font-mono">{finding.actions.join(", ")}</span>{more}</span> }
    });
    view! {
        <li>
            <div class="flex flex-wrap items-baseline gap-x-3">
                <StatusBadge status=capability_status(finding.capability) label=finding.capability.label() />
                <span>{finding.reason}</span>
            </div>
            {actions}
        </li>
    }
    .into_any()
}
