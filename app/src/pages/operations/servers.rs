//! The servers on the page of operations, and which of them have probably ended.

use domain::time::{Duration, Timestamp};
use leptos::prelude::*;

use super::short;
use crate::{
    backend::{ServerRole, ServerRow},
    components::{Column, ListedTime, Narrow, Section, Status, StatusBadge, Table},
};

/// After this time without a heartbeat a server is marked: it beats every three seconds, and has probably ended.
const SILENT: Duration = Duration::seconds(30);

pub(super) fn servers(rows: Vec<ServerRow>, now: Timestamp) -> AnyView {
    let columns = vec![
        Column::new("Server"),
        Column::new("Role"),
        Column::new("Version"),
        Column::new("Started (UTC)"),
        Column::new("Heartbeat (UTC)"),
    ];
    let engine = rows.iter().find(|row| row.role == ServerRole::Engine);
    let lease = match engine {
        Some(_) if rows.len() == 1 => {
            "one server, which runs the engine and writes to AWS".to_owned()
        }
        Some(one) => format!(
            "{} holds the engine lease and writes to AWS",
            short(&one.process)
        ),
        None => "none holds the engine lease at the moment".to_owned(),
    };
    let rows = rows.into_iter().map(|row| {
        let this = row
            .this
            .then(|| view! { <span data-control>"This server"</span> });
        let role = match row.role {
            ServerRole::Engine => "Runs the engine",
            ServerRole::EngineBefore => "Ran the engine",
            ServerRole::Standby => "Standby",
        };
        let silent = (now.since(row.seen) >= SILENT)
            .then(|| view! { " " <StatusBadge status=Status::Danger label="No heartbeat" /> });
        view! {
            <tr>
                <th scope="row"><span class="inline-flex flex-wrap items-center gap-x-2"><code>{short(&row.process)}</code> {this}</span></th>
                <td data-label="Role">{role}</td>
                <td data-label="Version">{row.version}</td>
                <td data-label="Started (UTC)"><ListedTime at=row.started now /></td>
                <td data-label="Heartbeat (UTC)"><ListedTime at=row.seen now /> " " <span data-keep class="text-muted">{age(now.since(row.seen))}</span> {silent}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! {
        <Section title="Servers" detail=lease>
            <Table caption="Servers" columns id="servers" narrow=Narrow::Cards>{rows}</Table>
        </Section>
    }
    .into_any()
}

/// Returns how long ago a server beat.
fn age(span: Duration) -> String {
    match span.as_seconds() {
        seconds @ 0..120 => format!("{seconds} s ago"),
        seconds => format!("{} min ago", seconds / 60),
    }
}
