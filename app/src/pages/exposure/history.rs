//! The number of people over time, as a chart and as a table. A day of which nothing is known has no value: the line is
//! interrupted, and never goes to zero.

use domain::snapshot::Figure;
use leptos::prelude::*;

use crate::backend::HistoryPoint;

/// The size of the drawing; the page stretches it.
const WIDTH: usize = 900;
const HEIGHT: usize = 120;

/// Days in a row that are known: the place of the first, and the values.
struct Run {
    start: usize,
    values: Vec<usize>,
}

fn runs(points: &[HistoryPoint]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut open = false;
    for (place, point) in points.iter().enumerate() {
        let Figure::Known(people) = point.people else {
            open = false;
            continue;
        };
        match runs.last_mut().filter(|_| open) {
            Some(run) => run.values.push(people),
            None => runs.push(Run {
                start: place,
                values: vec![people],
            }),
        }
        open = true;
    }
    runs
}

/// Returns the smallest even top of an axis that holds a value. The chart and the bars have the same steps.
pub(super) fn top(most: usize) -> usize {
    let step = match most {
        0..=10 => 2,
        11..=50 => 10,
        51..=200 => 50,
        201..=1_000 => 200,
        _ => 1_000,
    };
    (most + 1).div_ceil(step) * step
}

/// The number of daily values from which a line says more than a sentence.
const ENOUGH: usize = 7;

/// The number of people over time, as far as it can be shown.
pub(super) enum Trend {
    Chart(AnyView),
    /// Too few days are known for a chart.
    Sentence(String),
}

/// Returns the chart, or a sentence as long as few days are known.
pub(super) fn trend(points: &[HistoryPoint]) -> Trend {
    let known = points
        .iter()
        .filter(|point| point.people != Figure::NotKnown);
    if known.count() < ENOUGH {
        let summary = summary(points);
        return Trend::Sentence(format!(
            "{summary} The trend appears after {ENOUGH} daily values."
        ));
    }
    Trend::Chart(chart(points))
}

fn chart(points: &[HistoryPoint]) -> AnyView {
    let Some((first_day, last)) = points.first().zip(points.last()) else {
        return ().into_any();
    };
    let runs = runs(points);
    let most = runs.iter().flat_map(|run| &run.values).max().copied();
    let top = top(most.unwrap_or_default());
    let spacing = WIDTH / points.len().max(2);
    let x = |place: usize| place * spacing + spacing / 2;
    let y = |people: usize| HEIGHT - people * HEIGHT / top;
    let drawn = runs
        .iter()
        .map(|run| {
            let place = |at: usize| (x(run.start + at), y(run.values[at]));
            let points: Vec<String> = (0..run.values.len())
                .map(|at| {
                    let (x, y) = place(at);
                    format!("{x} {y}")
                })
                .collect();
            let line = format!("M{}", points.join("L"));
            let (from, to) = (place(0).0, place(run.values.len() - 1).0);
            if from == to {
                // A line of no length with round ends is a dot, however the drawing is stretched.
                return view! { <path d=format!("{line}h0") data-dot /> }.into_any();
            }
            let area = format!("{line}L{to} {HEIGHT}L{from} {HEIGHT}Z");
            view! { <path d=area data-area /> <path d=line data-line /> }.into_any()
        })
        .collect_view();
    let today = matches!(last.people, Figure::Known(_)).then(|| {
        let at = last.people.known().unwrap_or_default();
        let dot = format!("M{} {}h0", x(points.len() - 1), y(at));
        view! { <path d=dot data-dot /> }
    });
    let summary = summary(points);
    let (days, label) = (
        points.len(),
        format!("People over {} days. {summary}", points.len()),
    );
    let view_box = format!("0 0 {WIDTH} {HEIGHT}");
    let middle = format!("M0 {}H{WIDTH}", HEIGHT / 2);
    view! {
        <figure data-history>
            <figcaption>
                <b>{format!("People, last {days} days")}</b>
                <span>{summary.clone()}</span>
            </figcaption>
            <div data-plot>
                <span data-scale aria-hidden="true"><span>{top}</span><span>{top / 2}</span><span>"0"</span></span>
                <svg viewBox=view_box preserveAspectRatio="none" role="img" aria-label=label>
                    <path d=format!("M0 .5H{WIDTH}") data-grid />
                    <path d=middle data-grid />
                    <path d=format!("M0 {HEIGHT}H{WIDTH}") data-grid />
                    {drawn}
                    {today}
                </svg>
                <span data-days aria-hidden="true"><span>{first_day.day.to_string()}</span><span>"Today"</span></span>
            </div>
            {table(points)}
        </figure>
    }
    .into_any()
}

/// Returns what the chart shows, in a sentence.
fn summary(points: &[HistoryPoint]) -> String {
    let known = points
        .iter()
        .filter_map(|point| Some((point.day, point.people.known()?)));
    let known: Vec<_> = known.collect();
    let (Some((first, then)), Some((_, last))) = (known.first(), known.last()) else {
        return "Not known yet for any day.".to_owned();
    };
    if known.len() == 1 {
        return format!("Known since {first}.");
    }
    let difference = match last.cmp(then) {
        std::cmp::Ordering::Less => format!("{} fewer than", then - last),
        std::cmp::Ordering::Equal => "As many as".to_owned(),
        std::cmp::Ordering::Greater => format!("{} more than", last - then),
    };
    let gaps = points.iter().skip_while(|point| point.day != *first);
    let gaps = gaps
        .filter(|point| point.people == Figure::NotKnown)
        .count();
    let gaps = match gaps {
        0 => String::new(),
        1 => " 1 day since is not known.".to_owned(),
        some => format!(" {some} days since are not known."),
    };
    format!("{difference} on {first}.{gaps}")
}

/// Renders the values that differ from those of the day before, so that 90 days are a few rows.
fn table(points: &[HistoryPoint]) -> Option<AnyView> {
    let mut before = Figure::NotKnown;
    let mut rows = Vec::new();
    for point in points {
        if point.people != before {
            rows.push(*point);
        }
        before = point.people;
    }
    if rows.len() < 2 {
        return None;
    }
    let rows = rows
        .into_iter()
        .rev()
        .map(|point| {
            view! { <tr><th scope="row">{point.day.to_string()}</th><td data-numeric>{point.people.to_string()}</td></tr> }
        })
        .collect_view();
    let table = view! {
        <details data-fold>
            <summary>"Days on which it changed"</summary>
            <table>
                <thead><tr><th scope="col">"Day (UTC)"</th><th scope="col" data-numeric>"People"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </details>
    };
    Some(table.into_any())
}

#[cfg(test)]
mod tests {
    use domain::time::Date;

    use super::*;

    fn points(values: &[Option<usize>]) -> Vec<HistoryPoint> {
        let mut day = Date::parse("2026-11-01").unwrap();
        let mut points = Vec::new();
        for value in values {
            points.push(HistoryPoint {
                day,
                people: value.map_or(Figure::NotKnown, Figure::Known),
            });
            day = day.tomorrow();
        }
        points
    }

    #[test]
    fn a_day_that_is_not_known_interrupts_the_line_and_is_no_zero() {
        let points = points(&[None, Some(4), Some(0), None, Some(7)]);
        let runs = runs(&points);
        let found: Vec<_> = runs
            .iter()
            .map(|run| (run.start, run.values.clone()))
            .collect();
        assert_eq!(found, [(1, vec![4, 0]), (4, vec![7])]);
        assert_eq!(
            summary(&points),
            "3 more than on 2026-11-02. 1 day since is not known."
        );
    }

    #[test]
    fn a_history_of_one_day_says_since_when_it_is_known() {
        assert!(summary(&points(&[None, Some(4)])).starts_with("Known since 2026-11-02."));
        assert_eq!(
            summary(&points(&[None, None])),
            "Not known yet for any day."
        );
        assert_eq!(
            summary(&points(&[Some(4), Some(4)])),
            "As many as on 2026-11-01."
        );
        assert_eq!(
            summary(&points(&[Some(4), Some(3)])),
            "1 fewer than on 2026-11-01."
        );
    }

    #[test]
    fn the_axis_is_even_and_holds_the_highest_value() {
        for (most, expected) in [
            (0, 2),
            (1, 2),
            (2, 4),
            (10, 12),
            (14, 20),
            (50, 60),
            (199, 200),
        ] {
            assert_eq!(top(most), expected, "{most}");
        }
    }
}
