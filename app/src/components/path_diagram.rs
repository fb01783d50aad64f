//! How a person reaches accounts, as a diagram: person, groups, permission sets, accounts. Drawn on the server; each node is
//! a link, in the order in which a path is read. Many paths are folded, because a diagram that does not fit a screen answers
//! nothing; the list below it has all of them. Where the diagram is wider than the page, an indented list takes its place.

use std::collections::BTreeMap;

use domain::ids::GroupId;
use leptos::prelude::*;

use super::{DirectoryLinks, Glyph, Icon};
use crate::backend::{AccountRef, PathRow, UserRef, escape};

/// The number of paths up to which each account is a node.
const EACH: usize = 14;
/// The maximum number of rows.
const ROWS: usize = 24;

/// Sizes, in pixels.
const ROW: usize = 38;
const NODE: usize = 28;
const WIDTHS: [usize; 4] = [180, 230, 240, 280];
const BETWEEN: usize = 56;
/// The average width of a letter at the size of the text, in tenths of a pixel.
const LETTER: usize = 68;

/// A node: what it shows and where it leads.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Node {
    name: String,
    /// `None` if the viewer may not open it.
    href: Option<String>,
    tone: Tone,
    children: Vec<Self>,
}

/// What a node stands for besides its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tone {
    Plain,
    /// An account that counts as production PCI, or accounts among which there is one.
    ProductionPci,
    /// Several nodes in one.
    Folded,
}

impl Node {
    /// Returns the number of rows that it takes.
    fn rows(&self) -> usize {
        self.children.iter().map(Self::rows).sum::<usize>().max(1)
    }
}

/// The paths through one group, or the direct ones, by permission set.
struct Branch<'a> {
    group: Option<&'a (GroupId, String)>,
    sets: Vec<(&'a PathRow, Vec<&'a PathRow>)>,
}

fn branches(paths: &[PathRow]) -> Vec<Branch<'_>> {
    let mut branches: Vec<Branch<'_>> = Vec::new();
    let mut places: BTreeMap<Option<&GroupId>, usize> = BTreeMap::new();
    for path in paths {
        let key = path.group.as_ref().map(|(id, _)| id);
        let place = *places.entry(key).or_insert_with(|| {
            branches.push(Branch {
                group: path.group.as_ref(),
                sets: Vec::new(),
            });
            branches.len() - 1
        });
        let sets = &mut branches[place].sets;
        match sets.iter_mut().find(|(first, _)| first.set == path.set) {
            Some((_, all)) => all.push(path),
            None => sets.push((path, vec![path])),
        }
    }
    branches
}

/// Returns the tree of the paths of a person. `base` is the page of the person.
fn tree(user: &UserRef, paths: &[PathRow], base: &str, links: DirectoryLinks) -> Node {
    let href = |path: String| match links {
        DirectoryLinks::Linked => Some(path),
        DirectoryLinks::PlainText => None,
    };
    let each = paths.len() <= EACH;
    let mut rows = 0;
    let mut left_out = 0;
    let mut children = Vec::new();
    for branch in branches(paths) {
        let mut sets = Vec::new();
        for (first, all) in branch.sets {
            // The last row says how many are left out.
            if rows + 1 >= ROWS {
                left_out += all.len();
                continue;
            }
            let accounts = if each || all.len() == 1 {
                let accounts = all.iter();
                accounts.map(|path| account(&path.account, href)).collect()
            } else {
                let words = match branch.group {
                    Some((_, name)) => format!("{} {name}", first.set.name),
                    None => first.set.name.clone(),
                };
                vec![folded(&all, format!("{base}?q={}#paths", escape(&words)))]
            };
            let node = Node {
                name: first.set.name.clone(),
                href: href(format!("/permission-sets/{}", first.set.key())),
                tone: Tone::Plain,
                children: accounts,
            };
            rows += node.rows();
            sets.push(node);
        }
        if sets.is_empty() {
            continue;
        }
        let (name, to) = match branch.group {
            Some((id, name)) => (name.clone(), href(format!("/groups/{id}"))),
            None => ("Assigned directly".to_owned(), None),
        };
        children.push(Node {
            name,
            href: to,
            tone: Tone::Plain,
            children: sets,
        });
    }
    if left_out > 0 {
        children.push(Node {
            name: format!("and {left_out} more assignments"),
            href: Some(format!("{base}#paths")),
            tone: Tone::Folded,
            children: Vec::new(),
        });
    }
    Node {
        name: user.name.clone(),
        href: None,
        tone: Tone::Plain,
        children,
    }
}

fn account(account: &AccountRef, href: impl Fn(String) -> Option<String>) -> Node {
    Node {
        name: account.name.clone(),
        href: href(format!("/accounts/{}", account.id)),
        tone: if account.class.counts_as_production_pci() {
            Tone::ProductionPci
        } else {
            Tone::Plain
        },
        children: Vec::new(),
    }
}

/// Returns one node for several accounts, which leads to their paths in the list.
fn folded(paths: &[&PathRow], href: String) -> Node {
    let accounts = paths.iter().map(|path| &path.account.class);
    let production_pci = accounts.filter(|class| class.counts_as_production_pci());
    let (name, tone) = match production_pci.count() {
        0 => (format!("{} accounts", paths.len()), Tone::Folded),
        some => (
            format!("{} accounts, {some} production PCI", paths.len()),
            Tone::ProductionPci,
        ),
    };
    Node {
        name,
        href: Some(href),
        tone,
        children: Vec::new(),
    }
}

/// The left edge of a column.
fn left(column: usize) -> usize {
    let before = WIDTHS.iter().take(column).sum::<usize>();
    before + column * BETWEEN + 1
}

/// The first letters of a name that fit a column, and whether that is all of it.
fn fitting(name: &str, column: usize) -> String {
    let most = (WIDTHS[column] - 36) * 10 / LETTER;
    if name.chars().count() <= most {
        return name.to_owned();
    }
    let mut short: String = name.chars().take(most - 1).collect();
    short.push('…');
    short
}

/// Draws a node in a row, and everything behind it from that row on, so that what is read first is in one line. Returns the
/// middle of the row.
fn draw(node: &Node, column: usize, row: usize, out: &mut Vec<AnyView>) -> usize {
    let middle = row * ROW + ROW / 2;
    out.push(block(node, column, middle));
    let mut next = row;
    let start = left(column) + WIDTHS[column];
    for child in &node.children {
        let place = out.len();
        let end = draw(child, column + 1, next, out);
        let (from, to) = (start, left(column + 1));
        let bend = usize::midpoint(from, to);
        let line = format!("M{from} {middle}C{bend} {middle} {bend} {end} {to} {end}");
        let pci = if leads_to_production_pci(child) {
            "production-pci"
        } else {
            ""
        };
        out.insert(place, view! { <path d=line data-edge=pci /> }.into_any());
        next += child.rows();
    }
    middle
}

fn leads_to_production_pci(node: &Node) -> bool {
    node.tone == Tone::ProductionPci || node.children.iter().any(leads_to_production_pci)
}

fn block(node: &Node, column: usize, middle: usize) -> AnyView {
    let (x, y) = (left(column), middle - NODE / 2);
    let shown = fitting(&node.name, column);
    let (tone, shield) = match node.tone {
        Tone::Plain => ("plain", None),
        Tone::Folded => ("folded", None),
        Tone::ProductionPci => {
            let place = format!("translate({} {}) scale(.8)", x + 9, middle - 7);
            let shield = view! { <path transform=place d="M8 1.75 13.25 3.5v4.25c0 3-2.1 5.3-5.25 6.5-3.15-1.2-5.25-3.5-5.25-6.5V3.5Z" data-shield /> };
            ("production-pci", Some(shield))
        }
    };
    let text = x + if shield.is_some() { 27 } else { 11 };
    let title = match node.tone {
        Tone::ProductionPci => format!("{}, production PCI", node.name),
        Tone::Plain | Tone::Folded => node.name.clone(),
    };
    let content = view! {
        <title>{title}</title>
        <rect x=x y=y width=WIDTHS[column] height=NODE rx="6" />
        {shield}
        <text x=text y={middle + 4}>{shown}</text>
    };
    match &node.href {
        Some(href) => view! { <a href=href.clone() data-node=tone>{content}</a> }.into_any(),
        None => view! { <g data-node=tone>{content}</g> }.into_any(),
    }
}

/// Renders the paths of a person.
pub fn path_diagram(user: &UserRef, paths: &[PathRow], base: &str) -> AnyView {
    let links = use_context::<DirectoryLinks>().unwrap_or_default();
    let tree = tree(user, paths, base, links);
    let (width, height) = (left(3) + WIDTHS[3] + 1, tree.rows() * ROW);
    let mut out = Vec::new();
    draw(&tree, 0, 0, &mut out);
    let heads = ["Person", "Group", "Permission set", "Account"]
        .into_iter()
        .enumerate()
        .map(|(column, name)| view! { <text x=left(column) y="14" data-head>{name}</text> })
        .collect_view();
    let label = format!("Paths of {} to accounts", user.name);
    let view_box = format!("0 0 {width} {}", height + 26);
    let outline = outline(&tree);
    view! {
        <div data-paths>
        <div data-diagram tabindex="0" role="region" aria-label=label>
            <svg viewBox=view_box width=width height={height + 26}>
                {heads}
                <g transform="translate(0 26)">{out}</g>
            </svg>
        </div>
        {outline}
        </div>
    }
    .into_any()
}

/// Renders the same as a list: a group, and below it each permission set with the accounts.
fn outline(person: &Node) -> AnyView {
    let groups = person.children.iter().map(|group| {
        let sets = group.children.iter().map(|set| {
            let accounts = set
                .children
                .iter()
                .map(|account| view! { <li>{entry(account)}</li> });
            view! { <li>{entry(set)} <ul>{accounts.collect_view()}</ul></li> }
        });
        let sets: Vec<_> = sets.collect();
        let sets = (!sets.is_empty()).then(|| view! { <ul>{sets}</ul> });
        view! { <li>{entry(group)} {sets}</li> }
    });
    let groups = groups.collect_view();
    view! { <ul data-outline>{groups}</ul> }.into_any()
}

fn entry(node: &Node) -> AnyView {
    let shield = (node.tone == Tone::ProductionPci).then(|| {
        view! { <Icon glyph=Glyph::Shield label="Production PCI" /> }
    });
    let name = node.name.clone();
    match &node.href {
        Some(href) => view! { <a href=href.clone()>{shield} {name}</a> }.into_any(),
        None => view! { <span>{shield} {name}</span> }.into_any(),
    }
}

#[cfg(test)]
mod tests {
    use domain::{
        classification::{Basis, Classification, Environment, Pci, Source},
        ids::{AccountId, PermissionSetArn, UserId},
        time::Timestamp,
    };

    use super::*;
    use crate::backend::{AccountStatus, SetRef};

    fn user() -> UserRef {
        UserRef {
            id: UserId::parse("0e0d3d3e-0b3b-4b6c-9d6a-0f5f0e6d7c8b").unwrap(),
            name: "Ann".into(),
            status: AccountStatus::Enabled,
        }
    }

    fn path(group: usize, set: usize, account: usize, pci: Pci) -> PathRow {
        PathRow {
            account: AccountRef {
                id: AccountId::parse(&format!("{account:012}")).unwrap(),
                name: format!("account {account}"),
                class: Classification {
                    environment: Environment::Production,
                    environment_source: Source::Tag,
                    pci,
                    pci_source: Source::Tag,
                    contradictory: false,
                    waiting: None,
                    basis: Basis::default(),
                },
                state: None,
            },
            set: SetRef {
                arn: PermissionSetArn::parse(&format!(
                    "arn:aws:sso:::permissionSet/ssoins-7223da1aa8587c47/ps-{set:016x}"
                ))
                .unwrap(),
                name: format!("Set {set}"),
                capabilities: Vec::new(),
            },
            group: (group > 0).then(|| {
                let id = format!("0e0d3d3e-0b3b-4b6c-9d6a-{group:012x}");
                (GroupId::parse(&id).unwrap(), format!("group {group}"))
            }),
            since: Timestamp(0),
            ends: None,
            hits: Vec::new(),
            refused: None,
            adoption: None,
        }
    }

    fn names(node: &Node, out: &mut Vec<String>) {
        out.push(node.name.clone());
        for child in &node.children {
            names(child, out);
        }
    }

    #[test]
    fn few_paths_are_drawn_one_by_one_from_the_person_to_the_account() {
        let paths = [
            path(1, 1, 1, Pci::In),
            path(1, 1, 2, Pci::Out),
            path(1, 2, 1, Pci::In),
            path(0, 2, 3, Pci::Out),
            path(2, 1, 3, Pci::Out),
        ];
        let tree = tree(&user(), &paths, "/people/x", DirectoryLinks::Linked);
        let mut found = Vec::new();
        names(&tree, &mut found);
        assert_eq!(
            found,
            [
                "Ann",
                "group 1",
                "Set 1",
                "account 1",
                "account 2",
                "Set 2",
                "account 1",
                "Assigned directly",
                "Set 2",
                "account 3",
                "group 2",
                "Set 1",
                "account 3"
            ]
        );
        assert_eq!(tree.rows(), 5);
        assert!(leads_to_production_pci(&tree.children[0]));
        assert!(!leads_to_production_pci(&tree.children[1]));
    }

    #[test]
    fn hundreds_of_paths_are_folded_and_those_left_out_are_counted() {
        let mut paths = Vec::new();
        for group in 1..=30 {
            for account in 0..10 {
                let pci = if account < 2 { Pci::In } else { Pci::Out };
                paths.push(path(group, group % 7, account, pci));
            }
        }
        let tree = tree(&user(), &paths, "/people/x", DirectoryLinks::Linked);
        assert_eq!(tree.rows(), ROWS);
        let mut found = Vec::new();
        names(&tree, &mut found);
        assert_eq!(found[3], "10 accounts, 2 production PCI");
        assert_eq!(found.last().unwrap(), "and 70 more assignments");
    }

    #[test]
    fn somebody_who_sees_only_themselves_gets_no_links_into_the_directory() {
        let paths = [path(1, 1, 1, Pci::In)];
        let tree = tree(&user(), &paths, "/people/x", DirectoryLinks::PlainText);
        assert_eq!(tree.children[0].href, None);
        assert_eq!(tree.children[0].children[0].children[0].href, None);
    }

    #[test]
    fn a_long_name_is_cut_to_its_column() {
        let shown = fitting(&"م".repeat(300), 3);
        assert!(shown.chars().count() < 40 && shown.ends_with('…'));
        assert_eq!(fitting("short", 0), "short");
    }
}
