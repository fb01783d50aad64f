//! The calls to AWS by this server, on the page of operations: how many a second it may make, and whether AWS slows it down.

use domain::time::Timestamp;
use leptos::prelude::*;

use crate::{
    backend::{QuotaRow, QuotaService},
    components::{Column, Narrow, Section, Status, StatusBadge, Table},
};

const fn service(service: QuotaService) -> &'static str {
    match service {
        QuotaService::IdentityCenter => "IAM Identity Center",
        QuotaService::IdentityStore => "Identity store",
        QuotaService::Organizations => "Organizations",
        QuotaService::UserPool => "Cognito user pool",
    }
}

/// Renders the calls of this server, which began at a time if that is known.
pub(super) fn quotas(rows: Vec<QuotaRow>, since: Option<Timestamp>) -> AnyView {
    let since = match since {
        Some(at) => format!("since {} UTC", at.second()),
        None => "since its start".to_owned(),
    };
    let detail = format!(
        "By this server {since}. Throttles are answers in which AWS asked it to slow down."
    );
    let columns = vec![
        Column::new("Service"),
        Column::new("Limit set here").numeric(),
        Column::new("Calls").numeric(),
        Column::new("Throttles").numeric(),
    ];
    let rows = rows.into_iter().map(|row| {
        view! {
            <tr>
                <th scope="row">{service(row.service)}</th>
                <td data-numeric data-label="Limit set here">{rate_cell(row.now, row.most)} <span data-noun>" limit"</span></td>
                <td data-numeric data-label="Calls">{row.calls} <span data-noun>{if row.calls == 1 { " call" } else { " calls" }}</span></td>
                <td data-numeric data-label="Throttles">{row.throttled} <span data-noun>{if row.throttled == 1 { " throttle" } else { " throttles" }}</span></td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! {
        <Section title="Calls to AWS" detail>
            <Table caption="Calls to AWS" columns id="quotas" narrow=Narrow::Cards>{rows}</Table>
        </Section>
    }
    .into_any()
}

/// Renders how many calls a second are allowed. Only a rate that throttles have slowed down is marked.
fn rate_cell(now: f64, most: f64) -> AnyView {
    match slowed(now, most) {
        Some(label) => view! { <StatusBadge status=Status::Pending label /> }.into_any(),
        None => format!("{}/s", rate(now)).into_any(),
    }
}

/// Returns how many calls a second are allowed now, if throttles of AWS have slowed them down.
fn slowed(now: f64, most: f64) -> Option<String> {
    (now < most).then(|| format!("{}/s, slowed from {}/s", rate(now), rate(most)))
}

fn rate(calls: f64) -> String {
    let words = format!("{calls:.1}");
    words.strip_suffix(".0").unwrap_or(&words).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_rate_that_throttles_have_slowed_down_is_marked() {
        assert_eq!(slowed(300.0, 300.0), None);
        assert_eq!(
            slowed(12.5, 20.0).as_deref(),
            Some("12.5/s, slowed from 20/s")
        );
        assert_eq!([rate(300.0), rate(12.5)], ["300", "12.5"]);
    }
}
