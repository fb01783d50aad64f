//! The progress of running jobs: a bar with its numbers, and one line about all of them.

use leptos::prelude::*;

use crate::backend::{JobName, RunningJob};

/// Returns the title of a kind of job. A kind that only a newer version knows is named by its stored name.
pub fn job_title(name: &JobName) -> String {
    match name.kind {
        Some(kind) => kind.rules().title.to_owned(),
        None => format!("{} (of a newer version)", name.word),
    }
}

/// Returns the words of the line that follows running jobs live.
pub fn running_words(running: &[RunningJob]) -> String {
    if running.is_empty() {
        return "No job is running.".to_owned();
    }
    let each = running.iter().map(|job| match job.of {
        0 => format!("{}: running", job_title(&job.name)),
        of => format!("{}: {} of {of}", job_title(&job.name), job.done),
    });
    format!("{}.", each.collect::<Vec<_>>().join("; "))
}

/// A bar with its numbers. The bar stays empty as long as it is not known how much there is to do.
#[component]
pub fn JobProgressBar(done: u64, of: u64) -> impl IntoView {
    if of == 0 {
        return view! { <span class="text-muted">"Running"</span> }.into_any();
    }
    let share = done.min(of) * 100 / of;
    let width = format!("{share}%");
    view! {
        <div data-progress>
            <svg width="100%" height="8" aria-hidden="true" focusable="false">
                <rect width="100%" height="8" rx="4" data-track />
                {(share > 0).then(|| view! { <rect width=width height="8" rx="4" /> })}
            </svg>
            <span>{done} " of " {of}</span>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use domain::{ids::JobId, job::JobKind};

    use super::*;

    fn running(done: u64, of: u64) -> RunningJob {
        RunningJob {
            id: JobId::parse("01900000-0000-7000-8000-000000000001").expect("a UUID"),
            name: JobName {
                word: "crawl".into(),
                kind: JobKind::from_word("crawl"),
            },
            done,
            of,
            started: None,
            attempt: 1,
            process: None,
            cancelling: false,
        }
    }

    #[test]
    fn what_runs_is_said_with_its_numbers_as_soon_as_they_are_known() {
        assert_eq!(running_words(&[]), "No job is running.");
        assert_eq!(
            running_words(&[running(0, 0), running(3, 9)]),
            "Crawl of AWS: running; Crawl of AWS: 3 of 9."
        );
    }

    #[test]
    fn a_kind_of_a_newer_version_is_named_by_its_stored_name() {
        let name = JobName {
            word: "campaign".into(),
            kind: None,
        };
        assert_eq!(job_title(&name), "campaign (of a newer version)");
    }
}
