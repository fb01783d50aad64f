//! The metrics of this process in the text format of Prometheus: calls of AWS, alarms, publications, identities, the engine
//! and jobs.
//!
//! Never contains a name or an identifier of a person.

use std::{fmt::Write as _, sync::atomic::Ordering};

use super::{app_state::AppState, jobs, oversight};

/// Returns all metrics.
pub async fn text(app_state: &AppState) -> String {
    let budgets = &app_state.aws.budgets;
    let mut text = String::new();
    for (service, budget) in [
        ("sso", &budgets.sso),
        ("identitystore", &budgets.directory),
        ("organizations", &budgets.organizations),
    ] {
        let (calls, throttled) = (budget.calls(), budget.throttled());
        let lines = [
            format!("leastwise_aws_calls_total{{service=\"{service}\"}} {calls}\n"),
            format!("leastwise_aws_throttled_total{{service=\"{service}\"}} {throttled}\n"),
        ];
        text.extend(lines);
    }
    let alarms = app_state.removal_alarms.load(Ordering::Relaxed);
    writeln!(text, "leastwise_removal_alarms_total {alarms}")
        .expect("writing to a string cannot fail");
    let publication = &app_state.publication;
    let (count, took) = (publication.count(), publication.took().as_secs_f64());
    let failing = publication.failing_for(app_state.clock.elapsed());
    let failing = failing.unwrap_or_default().as_secs();
    text.extend([
        format!("leastwise_publications_total {count}\n"),
        format!("leastwise_publication_seconds_total {took}\n"),
        format!("leastwise_publication_failing_seconds {failing}\n"),
    ]);
    let identities = app_state.identity_summary();
    text.extend([
        format!("leastwise_identities_suspended {}\n", identities.suspended),
        format!(
            "leastwise_identity_alarm {}\n",
            u8::from(identities.alarm.is_some())
        ),
    ]);
    let engine = u8::from(*app_state.engine_lease.runs_here().borrow());
    writeln!(text, "leastwise_engine_runs_here {engine}").expect("writing to a string cannot fail");
    let differing = app_state.row_findings.differing();
    writeln!(text, "leastwise_rows_differing {differing}")
        .expect("writing to a string cannot fail");
    let idle = oversight::idle_marks(app_state).len();
    writeln!(text, "leastwise_oversight_marks_idle {idle}")
        .expect("writing to a string cannot fail");
    text + &jobs::metrics(app_state).await
}
