//! The declaration of lists, without a database: what a URL chooses, and which rows it keeps, in which order.

use app::lists::{
    Bound, Cell, Column, Direction, Dropped, Filter, FilterKind, FilterOption, List, ListChoice,
    Paging, Sort, SortKey, Start, entries::ENTRIES, muted, permission_sets::PERMISSION_SETS,
};
use domain::permission_set::analysis::Capability;
use proptest::prelude::*;
const fn column(key: &'static str, label: &'static str) -> Column<u8, u8> {
    Column::new(key, label)
}

static LIST: List<u8, u8> = List {
    path: "/rows",
    nouns: ("row", "rows"),
    order: "First",
    default: None,
    columns: &[
        column("name", "Name")
            .always()
            .sorts(|row| SortKey::Number(i64::from(*row)))
            .cell(|_, _| muted("")),
        column("size", "Size").cell(|_, _| muted("")),
        column("id", "ID").value(|row| Cell::Number(u64::from(*row))),
    ],
    filters: &[
        Filter::options(
            "kind",
            "Kind",
            &[
                FilterOption::new("odd", "Odd", |row| row % 2 == 1),
                FilterOption::new("even", "Even", |row| row % 2 == 0),
            ],
        ),
        Filter::day("from", "From", Bound::From, |_| None),
    ],
    text: |_| "",
    paging: Paging::ByNumber,
};

fn parse(query: &str) -> (ListChoice, Vec<String>) {
    let (choice, dropped) = ListChoice::parse(&LIST, &format!("/rows?{query}"));
    (choice, dropped.iter().map(Dropped::to_string).collect())
}

#[test]
fn what_a_list_has_is_read_and_everything_else_is_named() {
    let (choice, dropped) = parse(
        "q=+Ann%20B%C3%A9+&kind=even&kind=odd&kind=even&from=2026-11-23&from=2026-11-24&sort=-name&column=size&page=3&draft=7",
    );
    assert_eq!(choice.words, "Ann Bé");
    assert_eq!(choice.values("kind"), ["even", "odd"]);
    assert_eq!(choice.values("from"), ["2026-11-24"]);
    assert_eq!(choice.sort.unwrap().to_string(), "-name");
    assert_eq!((choice.columns.as_slice(), choice.page), (&["size"][..], 3));
    assert_eq!(dropped, [""; 0]);

    let (choice, dropped) = parse(
        "only=x&kind=prime&from=yesterday&sort=size&sort=-none&column=id&page=zero&kind=&empty=",
    );
    assert_eq!(choice, ListChoice::default());
    let named = [
        "Unknown sort order “size”",
        "Unknown sort order “-none”",
        "Unknown column “id”",
        "Unknown filter “only=x”",
        "Unknown filter “kind=prime”",
        "Unknown filter “from=yesterday”",
    ];
    assert_eq!(dropped, named);
}

#[test]
fn a_page_begins_at_a_number_only_in_a_list_that_counts_so() {
    let (choice, dropped) = parse("before=7");
    assert_eq!(choice.start, None);
    assert_eq!(dropped, ["Unknown filter “before=7”"]);

    let by_sequence = |query: &str| {
        let (choice, dropped) = ListChoice::parse(&ENTRIES, &format!("/ledger?{query}"));
        assert_eq!(dropped.len(), usize::from(query.contains('x')), "{query}");
        choice
    };
    let before = by_sequence("what=roles&before=7");
    assert_eq!(before.start, Some(Start::Before(7)));
    assert_eq!(before.href("/ledger"), "/ledger?what=roles&before=7");
    assert_eq!(by_sequence("after=0").start, Some(Start::After(0)));
    for wrong in ["before=x", "after=-1x", "after=99999999999999999999x"] {
        assert_eq!(by_sequence(wrong).start, None, "{wrong}");
    }
    // Whatever else is chosen leads to the first page.
    assert_eq!(before.toggled("what", "access").start, None);
    assert_eq!(before.file_href("/ledger", "csv"), "/ledger.csv?what=roles");
}

#[test]
fn a_long_name_is_cut_off_in_the_message() {
    let (_, dropped) = parse(&format!("{}=é", "é".repeat(4_000)));
    assert_eq!(
        dropped[0].chars().count(),
        "Unknown filter “=é”".chars().count() + 100
    );
}

#[test]
fn links_change_one_thing_and_lead_to_the_first_page() {
    let (choice, _) = parse("q=a&kind=odd&sort=name&column=size&page=4");
    let base = "/rows?q=a&kind=odd";
    let href = |choice: ListChoice| choice.href("/rows");
    assert_eq!(
        href(choice.toggled("kind", "even")),
        format!("{base}&kind=even&sort=name&column=size")
    );
    assert_eq!(
        href(choice.toggled("kind", "odd")),
        "/rows?q=a&sort=name&column=size"
    );
    assert_eq!(
        href(choice.without("kind")),
        "/rows?q=a&sort=name&column=size"
    );
    assert_eq!(href(choice.unfiltered()), "/rows?sort=name&column=size");
    assert_eq!(href(choice.sorted(None)), format!("{base}&column=size"));
    assert_eq!(
        href(choice.at(5)),
        format!("{base}&sort=name&column=size&page=5")
    );
    assert_eq!(
        choice.file_href("/rows", "csv"),
        "/rows.csv?q=a&kind=odd&sort=name"
    );
}

#[test]
fn a_file_is_refused_if_its_link_names_what_the_list_does_not_have() {
    assert!(LIST.choice_of_file("/rows.csv?kind=odd&q=a").is_ok());
    assert!(LIST.choice_of_file("/rows.csv?kind=odder").is_err());
}

proptest! {
    #[test]
    fn a_choice_is_what_its_own_url_leads_to(words in "\\PC{0,40}", odd: bool, even: bool, sort in 0..3_usize, size: bool, page in 2..9_usize) {
        let mut choice = ListChoice { words: words.trim().to_owned(), page, ..ListChoice::default() };
        for (value, is_chosen) in [("odd", odd), ("even", even)] {
            if is_chosen {
                choice = choice.toggled("kind", value);
            }
        }
        choice.page = page;
        let direction: Option<Direction> = [None, Some(Direction::Ascending), Some(Direction::Descending)][sort];
        choice.sort = direction.map(|direction| Sort { column: "name", direction });
        if size {
            choice.columns.push("size");
        }
        prop_assert_eq!(ListChoice::parse(&LIST, &choice.href("/rows")), (choice, Vec::new()));
    }

    #[test]
    fn any_query_is_read(query in "\\PC{0,200}") {
        ListChoice::parse(&LIST, &format!("/rows?{query}"));
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    place: usize,
    name: &'static str,
    size: Option<i64>,
}

static SIZED: List<Row, Row> = List {
    path: "/rows",
    nouns: ("row", "rows"),
    order: "As they are",
    default: None,
    columns: &[
        Column::new("name", "Name").sorts(|row: &Row| SortKey::text(row.name)),
        Column::new("size", "Size")
            .sorts(|row: &Row| row.size.map_or(SortKey::Missing, SortKey::Number)),
    ],
    filters: &[
        Filter::options(
            "size",
            "Size",
            &[
                FilterOption::new("large", "Large", |row: &Row| row.size > Some(2)),
                FilterOption::new("known", "Known", |row| row.size.is_some()),
            ],
        ),
        Filter::options(
            "name",
            "Name",
            &[FilterOption::new("named", "Named", |row: &Row| {
                !row.name.is_empty()
            })],
        ),
    ],
    text: |row| row.name,
    paging: Paging::ByNumber,
};

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let row = (
        prop::sample::select(vec!["", "ann", "bob", "ann b"]),
        prop::option::of(0..5_i64),
    );
    prop::collection::vec(row, 0..60).prop_map(|rows| {
        let rows = rows.into_iter().enumerate();
        rows.map(|(place, (name, size))| Row { place, name, size })
            .collect()
    })
}

fn choices() -> impl Strategy<Value = ListChoice> {
    let query = prop::sample::select(vec![
        "",
        "q=ANN",
        "q=b+ann",
        "size=large",
        "size=large&size=known",
        "name=named",
        "size=large&name=named&q=a",
    ]);
    let sort = prop::sample::select(vec!["", "name", "-name", "size", "-size"]);
    (query, sort, 0..9_usize).prop_map(|(query, sort, page)| {
        let url = format!("/rows?{query}&sort={sort}&page={page}");
        let (choice, dropped) = ListChoice::parse(&SIZED, &url);
        assert_eq!(dropped, []);
        choice
    })
}

/// Sorts everything, slowly.
fn slow(rows: &[Row], choice: &ListChoice) -> Vec<Row> {
    let kept = |row: &&Row| {
        let words = choice.words.to_lowercase();
        let mut words = words.split_whitespace();
        let mut filters = SIZED.filters.iter();
        words.all(|word| row.name.contains(word))
            && filters.all(|filter| {
                let values = choice.values(filter.key);
                values.is_empty() || filter.keeps(row, &values)
            })
    };
    let mut rows: Vec<Row> = rows.iter().filter(kept).cloned().collect();
    if let Some(Sort { column, direction }) = choice.sort {
        let behind = |row: &Row| {
            if column == "name" {
                row.name.is_empty()
            } else {
                row.size.is_none()
            }
        };
        rows.sort_by(|one, other| {
            let by = if column == "name" {
                one.name.cmp(other.name)
            } else {
                one.size.cmp(&other.size)
            };
            let by = if direction == Direction::Descending {
                by.reverse()
            } else {
                by
            };
            behind(one).cmp(&behind(other)).then(by)
        });
    }
    rows
}

proptest! {
    #[test]
    fn the_pages_together_are_the_whole_list_in_order(rows in rows(), choice in choices()) {
        let expected = slow(&rows, &choice);
        prop_assert_eq!(&SIZED.all(rows.iter().cloned(), &choice), &expected);
        let mut seen = Vec::new();
        let pages = expected.len().div_ceil(7).max(1);
        for number in 1..=pages {
            let page = SIZED.page(rows.iter().cloned(), &choice.at(number), 7);
            prop_assert_eq!((page.number, page.total, page.known), (number, expected.len(), rows.len()));
            seen.extend(page.facts);
        }
        prop_assert_eq!(seen, expected);
        let beyond = SIZED.page(rows.into_iter(), &choice.at(usize::MAX), 7);
        prop_assert_eq!(beyond.number, pages);
    }

    #[test]
    fn the_count_of_a_value_is_what_the_list_would_have_with_it_alone(rows in rows(), choice in choices()) {
        let page = SIZED.page(rows.iter().cloned(), &choice, 7);
        for (place, filter) in SIZED.filters.iter().enumerate() {
            let FilterKind::Options(options) = filter.kind else { unreachable!() };
            for (at, option) in options.iter().enumerate() {
                let alone = choice.without(filter.key).toggled(filter.key, option.value);
                prop_assert_eq!(page.counts.get(place, at), Some(slow(&rows, &alone).len()));
            }
        }
    }
}

#[test]
fn each_capability_is_an_option_of_the_list_with_its_own_label() {
    let filter = PERMISSION_SETS
        .filters
        .iter()
        .find(|filter| filter.key == "capability");
    let FilterKind::Options(options) = filter.unwrap().kind else {
        unreachable!()
    };
    let capabilities = Capability::ALL
        .into_iter()
        .filter(|one| *one != Capability::Metadata);
    for capability in capabilities {
        let option = options
            .iter()
            .find(|option| option.value == capability.as_str());
        assert_eq!(option.unwrap().label, capability.label());
    }
}
