//! The calls to AWS by this server, on the page of operations: how many a second it may make, and whether AWS slows it down.

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

pub(super) fn quotas(rows: Vec<QuotaRow>) -> AnyView {
    let columns = vec![
        Column::new("Service"),
        Column::new("Allowed rate").numeric(),
        Column::new("Calls since the start").numeric(),
        Column::new("Throttles").numeric(),
    ];
    let rows = rows.into_iter().map(|row| {
        let (allowed, slowed) = rate_words(row.now, row.most);
        let status = if slowed { Status::Pending } else { Status::Ok };
        view! {
            <tr>
                <th scope="row">{service(row.service)}</th>
                <td data-numeric data-label="Allowed rate"><StatusBadge status label=allowed /></td>
                <td data-numeric data-label="Calls">{row.calls}</td>
                <td data-numeric data-label="Throttles">{row.throttled}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! {
        <Section title="Calls to AWS" detail="by this server; AWS slows it down by throttles">
            <Table caption="Calls to AWS" columns narrow=Narrow::Cards>{rows}</Table>
        </Section>
    }
    .into_any()
}

/// Returns how many calls a second are allowed now, and whether throttles of AWS have slowed them down.
fn rate_words(now: f64, most: f64) -> (String, bool) {
    let slowed = now < most;
    let words = if slowed {
        format!("{}/s, slowed from {}/s", rate(now), rate(most))
    } else {
        format!("{}/s, not slowed", rate(now))
    };
    (words, slowed)
}

fn rate(calls: f64) -> String {
    let words = format!("{calls:.1}");
    words.strip_suffix(".0").unwrap_or(&words).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_says_whether_throttles_have_slowed_it_down() {
        assert_eq!(
            rate_words(300.0, 300.0),
            ("300/s, not slowed".to_owned(), false)
        );
        assert_eq!(
            rate_words(12.5, 20.0),
            ("12.5/s, slowed from 20/s".to_owned(), true)
        );
    }
}
