//! Renders every component inside the layout, writes the pages to `target/gallery/` for visual review, and checks the
//! properties that every page must have. The sample data must fit on one screen.
#![cfg(feature = "ssr")]

use app::backend::{
    AlarmPhase, AlarmRow, Alarms, ChangeRow, ChangeTitle, LedgerComparison, SentencePart,
};
use app::components::*;
use app::islands::live_status::LiveStatus;
use app::shell::{Appearance, Assets, Density, Layout, Surroundings, Theme, Viewer, render};
use domain::change::{Aim, State};
use domain::classification::{Environment, Pci};
use domain::ids::ChangeId;
use domain::time::{Duration, Timestamp};
use leptos::prelude::*;

const NOW: Timestamp = Timestamp(1_795_425_245_000);

fn page(appearance: Appearance, content: fn() -> AnyView) -> String {
    let around = Surroundings {
        title: "</title><b>Gallery".into(),
        assets: assets(),
        appearance,
        ..Surroundings::default()
    };
    render(around, move || {
        let viewer = Viewer {
            name: "Amara Okafor".into(),
            detail: "Approver, administrator".into(),
        };
        let freshness =
            view! { "Read from AWS " <Time at={NOW - Duration::minutes(4)} now=NOW /> ", 42 of 42 accounts read." }.into_any();
        view! { <Layout nav=navigation() viewer path="/" freshness>{content()}</Layout> }.into_any()
    })
}

/// Returns the assets of the last `cargo xtask build`, if any.
fn assets() -> Assets {
    let manifest = std::fs::read_to_string(target().join("site/manifest.txt")).unwrap_or_default();
    let url = |kind: &str| {
        let line = manifest
            .lines()
            .find(|line| line.starts_with(&format!("{kind} ")));
        line.and_then(|line| line.split(' ').nth(1))
            .map(|name| format!("/assets/{name}"))
            .unwrap_or_default()
    };
    Assets {
        css: url("css"),
        js: url("js"),
        wasm: url("wasm"),
        font: url("font"),
        icon: url("icon"),
    }
}

fn target() -> std::path::PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"),
        Into::into,
    )
}

fn navigation() -> Vec<NavItem> {
    let item = |href: &str, label: &str, icon, count| NavItem {
        href: href.into(),
        label: label.into(),
        icon,
        current: href == "/",
        count,
    };
    vec![
        item("/", "Home", Glyph::Home, None),
        item("/inbox", "Inbox", Glyph::Inbox, Some(3)),
        item("/changes", "Changes", Glyph::Changes, None),
        item("/accounts", "Accounts", Glyph::Accounts, None),
        item("/people", "People", Glyph::People, None),
        item("/groups", "Groups", Glyph::Groups, None),
        item(
            "/permission-sets",
            "Permission sets",
            Glyph::PermissionSets,
            None,
        ),
        item("/report", "Reports", Glyph::Report, None),
        item("/ledger", "Ledger", Glyph::Ledger, None),
    ]
}

#[expect(clippy::too_many_lines, reason = "one page, read from top to bottom")]
fn home() -> AnyView {
    let columns = vec![
        Column::new("Person").sortable("?sort=person", Some(Sorted::Ascending)),
        Column::new("Account"),
        Column::new("Permission set"),
        Column::new("Through").wide_only(),
        Column::new("State"),
        Column::new("Since").wide_only(),
    ];
    let rows = [
        (
            "Jonas Lindqvist",
            "payments-prod",
            "AdministratorAccess",
            "assigned directly",
            Status::Danger,
            "2 policy violations",
            412,
        ),
        (
            "Mei Tanaka",
            "payments-prod",
            "CardOpsReadOnly",
            "card-ops",
            Status::Ok,
            "Allowed",
            96,
        ),
        (
            "Rafael Costa",
            "tokenization-prod",
            "BreakGlass",
            "sre-oncall",
            Status::Pending,
            "Waiting for approval",
            1,
        ),
        (
            "Ingrid Vos",
            "payments-prod",
            "DataPipeline",
            "data-platform",
            Status::Drift,
            "Changed outside Leastwise",
            3,
        ),
        (
            "Sam Whitfield",
            "card-vault-prod",
            "PowerUserAccess",
            "platform-admins",
            Status::Info,
            "Removing",
            200,
        ),
        (
            "Tomasz Zielinski",
            "card-vault-prod",
            "SupportReadOnly",
            "support-l2",
            Status::Off,
            "Ended",
            31,
        ),
    ]
    .into_iter()
    .map(|(person, account, set, through, status, word, days)| {
        view! {
            <tr>
                <th scope="row"><a href="/people/1">{person}</a></th>
                <td>
                    <a href="/accounts/1">{account}</a>
                    " "
                    <span class="text-muted font-mono text-xs">"481220935517"</span>
                </td>
                <td>{set}</td>
                <td data-wide>{through}</td>
                <td><StatusBadge status label=word /></td>
                <td data-wide><Time at={NOW - Duration::days(days)} now=NOW /></td>
            </tr>
        }
    })
    .collect_view();
    view! {
        <PageHeader
            title="Who can reach production PCI"
            detail=view! { "Standing and temporary access to the accounts that store or reach card data." }.into_any()
            actions=view! {
                <LinkButton href="/report" icon=Glyph::Download>"Download report"</LinkButton>
                <LinkButton href="/changes/new" kind=ButtonKind::Primary icon=Glyph::Plus>"Request access"</LinkButton>
            }
                .into_any()
        />
        <Notice status=Status::Danger title="2 people hold standing administrator access in production PCI">
            "They were found in the last crawl. " <a href="/report">"View the report"</a>
        </Notice>
        <AlarmList alarms=alarms() now=NOW />
        <Stats>
            <Stat label="People with access" value="14" href="/report" status=Status::Danger detail="the goal is none permanently" />
            <Stat label="Standing assignments" value="23" href="/report" detail="9 fewer than last quarter" />
            <Stat label="Temporary now" value="3" href="/report" status=Status::Ok detail="next ends in 42 min" />
            <Stat label="Findings" value="5" href="/report" status=Status::Drift detail="1 changed outside Leastwise" />
        </Stats>
        <Section title="Access" detail="6 of 23" actions=view! { <form method="get"><SearchBox label="Filter people, accounts, sets" value="" /></form> }.into_any()>
            <Table caption="Access to production PCI" columns id="access">{rows}</Table>
            <Pagination first=1 last=6 total=23 noun="assignments" previous=None next=Some("?page=2".into()) />
        </Section>
        <Section title="Waiting for me">
            <Empty title="No changes need your decision">"Changes that need your decision appear here and in your inbox."</Empty>
        </Section>
    }
    .into_any()
}

/// A removal that raised an alarm.
fn removal(title: &str, requester: &str, state: State, minutes: i64) -> ChangeRow {
    let submitted = NOW - Duration::minutes(minutes);
    ChangeRow {
        items: 1,
        id: ChangeId::parse("3e0d3d3e-0b3b-4b6c-9d6a-0f5f0e6d7c8b").expect("an id"),
        title: ChangeTitle::Items {
            first: vec![SentencePart::Text(title.into())],
            items: 1,
        },
        requester: requester.into(),
        submitted,
        decide_by: submitted + Duration::hours(3),
        state,
        accounts: Vec::new(),
        approvals: (0, 1),
        folded: None,
        ledger: LedgerComparison::Matches,
    }
}

fn alarms() -> Alarms {
    let row = |phase, count, newest| AlarmRow {
        phase,
        aim: Aim::RemoveAssignments,
        count,
        newest,
        each: app::lists::ListChoice::default(),
    };
    let one = "Remove SecurityAudit on log-archive from auditors";
    let other = "Remove SecurityAudit on security-tooling from auditors";
    Alarms {
        rows: vec![
            row(
                AlarmPhase::Waiting,
                1,
                removal(one, "Maya Okafor", State::Waiting, 5),
            ),
            row(
                AlarmPhase::Approved,
                3,
                removal(other, "Viktor Hall", State::Verified, 90),
            ),
            row(
                AlarmPhase::NotCarriedOut,
                40,
                removal(one, "Viktor Hall", State::Withdrawn, 2),
            ),
        ],
        more: 12,
    }
}

fn change() -> AnyView {
    let choices = ["1 hour", "4 hours", "8 hours"]
        .map(|hours| Choice::new(hours, hours))
        .to_vec();
    let tabs = [
        ("Overview", true, None),
        ("Who gains", false, Some(4)),
        ("History", false, Some(12)),
    ]
    .map(|(label, current, count)| Tab {
        href: "#".into(),
        label: label.into(),
        current,
        count,
    })
    .to_vec();
    view! {
        <PageHeader
            title="Grant CardOpsReadOnly on payments-prod to card-ops"
            crumbs=vec![Crumb::new("/changes", "Changes"), Crumb::new("/accounts/1", "payments-prod")]
            marks=view! {
                <EnvironmentBadge environment=Environment::Production />
                <PciBadge pci=Pci::In />
                <StatusBadge status=Status::Pending label="Waiting for approval" weight=BadgeWeight::Pill />
            }
                .into_any()
            detail=view! { "Requested by Mei Tanaka " <Time at={NOW - Duration::minutes(12)} now=NOW /> ". Live: " <LiveStatus url="/changes/1/events".into() state="waiting".into() text="1 of 2 approvals".into() /> }.into_any()
            actions=view! {
                <ConfirmDialog id="withdraw" trigger="Withdraw change" title="Withdraw this change">
                    <p>"Nothing has changed in AWS. The approval given is void."</p>
                    <form method="post"><Button kind=ButtonKind::Danger>"Withdraw change"</Button></form>
                </ConfirmDialog>
            }
                .into_any()
        />
        <Tabs label="Views of this change" tabs />
        <Notice status=Status::Pending title="Needs two approvals">
            <ul>
                <li>"Standing access to production PCI requires two approvals. PCI DSS 7.2.2"</li>
                <li>"The permission set reads S3 objects in an account that stores card data. PCI DSS 7.2.6"</li>
            </ul>
        </Notice>
        <Section title="Facts">
            <div data-body>
                <DefinitionList>
                    <Definition term="Account">"payments-prod " <span class="font-mono text-muted">"481220935517"</span></Definition>
                    <Definition term="Classification">
                        <EnvironmentBadge environment=Environment::Development /> " "
                        <EnvironmentBadge environment=Environment::Staging /> " "
                        <EnvironmentBadge environment=Environment::Production /> " "
                        <EnvironmentBadge environment=Environment::Sandbox /> " "
                        <EnvironmentBadge environment=Environment::Security /> " "
                        <PciBadge pci=Pci::In /> " " <PciBadge pci=Pci::Connected />
                    </Definition>
                    <Definition term="Verified at"><AbsoluteTime at={NOW - Duration::minutes(3)} now=NOW /></Definition>
                    <Definition term="States">
                        <StatusBadge status=Status::Ok label="Active" weight=BadgeWeight::Pill /> " "
                        <StatusBadge status=Status::Danger label="Blocked" weight=BadgeWeight::Pill /> " "
                        <StatusBadge status=Status::Info label="Applying" weight=BadgeWeight::Pill /> " "
                        <StatusBadge status=Status::Drift label="Drift" weight=BadgeWeight::Pill /> " "
                        <StatusBadge status=Status::Off label="Ended" weight=BadgeWeight::Pill />
                    </Definition>
                </DefinitionList>
            </div>
        </Section>
        <Section title="Decide" detail="your approval is the second of two">
            <div data-body>
                <form method="post">
                    <ErrorSummary errors=vec![("reason".into(), "Enter a reason. Assessors read it.".into())] />
                    <TextField name="ticket" label="Ticket" hint="The change record in the ticket system" value="CHG-20417" need=Requirement::Optional />
                    <SelectField name="set" label="Permission set" choices=vec![Choice::new("a", "CardOpsReadOnly"), Choice::new("b", "SupportReadOnly")] selected="a" />
                    <RadioGroup name="hours" legend="Duration" choices selected="4 hours" />
                    <TextArea name="reason" label="Reason" error="Enter a reason. Assessors read it." value="</textarea><b>not bold</b>" />
                    <Checkbox name="read" value="yes" label="I have reviewed who gains access" />
                    <div class="flex flex-wrap items-center gap-2 mt-3">
                        <Button kind=ButtonKind::Primary icon=Glyph::Check shortcut="approve">"Approve"</Button>
                        <Button kind=ButtonKind::Danger icon=Glyph::Cross shortcut="deny">"Decline"</Button>
                        <Button disabled_reason="You requested this change">"Apply"</Button>
                    </div>
                </form>
            </div>
        </Section>
        <EmptyFiltered noun="changes" clear_href="/changes" />
    }
    .into_any()
}

/// Returns the values of an attribute, in document order.
fn values<'a>(html: &'a str, attribute: &str) -> Vec<&'a str> {
    html.split(&format!(" {attribute}=\""))
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect()
}

#[test]
fn a_page_has_one_heading_landmarks_and_no_inline_style_or_script() {
    let themes = [
        (Theme::Light, Density::Comfortable),
        (Theme::Dark, Density::Compact),
    ];
    for (name, content) in [("home", home as fn() -> AnyView), ("change", change)] {
        for (theme, density) in themes {
            let html = page(Appearance { theme, density }, content);
            assert_eq!(html.matches("<h1>").count(), 1);
            for landmark in [
                "<main",
                "<header data-topbar",
                "<nav data-sidebar",
                "<footer",
            ] {
                assert_eq!(html.matches(landmark).count(), 1, "{landmark}");
            }
            assert!(html.contains(&format!("data-theme=\"{}\"", theme.name())));
            assert_eq!(
                html.matches("<table").count(),
                html.matches("<tbody").count()
            );
            assert!(!html.contains(" style="));
            assert!(!html.contains("<b>"), "text was rendered as markup");
            assert!(
                html.split("<script")
                    .skip(1)
                    .all(|script| script.contains(" src="))
            );

            let mut ids = values(&html, "id");
            let all = ids.len();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), all, "an id is used twice");
            for reference in ["for", "aria-labelledby", "aria-controls", "commandfor"] {
                for id in values(&html, reference) {
                    assert!(
                        ids.contains(&id),
                        "{reference} refers to #{id}, which is not on the page"
                    );
                }
            }
            for id in values(&html, "aria-describedby")
                .iter()
                .flat_map(|ids| ids.split(' '))
            {
                assert!(
                    ids.contains(&id),
                    "aria-describedby refers to #{id}, which is not on the page"
                );
            }
            let folder = target().join("gallery");
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join(format!("{name}-{}.html", theme.name())), html).unwrap();
        }
    }
}
