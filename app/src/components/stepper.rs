//! The steps of a change from the request to the verification, and how far it is. Says nothing that a read has not shown: a
//! step is done only if its state is reached.

use domain::{change::State, time::Timestamp};
use leptos::prelude::*;

use super::{ExactTime, Glyph, Icon, StatedTime, entry_link};
use crate::backend::{ChangeView, LiveProgress, RecordedStep, RecordedSteps};

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Done,
    /// What the change waits for, or is doing.
    Current,
    /// It ended here.
    Failed,
    /// It ended here because somebody wanted it to, or time did.
    Over,
    Ahead,
}

impl Stage {
    const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Current => "current",
            Self::Failed => "failed",
            Self::Over => "over",
            Self::Ahead => "ahead",
        }
    }

    const fn glyph(self) -> Option<Glyph> {
        match self {
            Self::Done => Some(Glyph::Check),
            Self::Failed => Some(Glyph::Cross),
            Self::Over => Some(Glyph::Dash),
            Self::Current | Self::Ahead => None,
        }
    }

    /// Returns what screen readers say before the step.
    const fn words(self) -> &'static str {
        match self {
            Self::Done => "Done: ",
            Self::Current => "Now: ",
            Self::Failed | Self::Over => "Ended: ",
            Self::Ahead => "Later: ",
        }
    }
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Step {
    stage: Stage,
    label: &'static str,
    /// What it waits for, instead of the mark of its stage.
    glyph: Option<Glyph>,
    /// How far it is, in numbers.
    detail: Option<String>,
    /// What the time is the time of, if the label does not say it.
    of_time: &'static str,
    /// When it happened, or when it must have happened.
    time: Option<Timestamp>,
    /// The entry of the ledger that records it.
    entry: Option<u64>,
}

impl Step {
    const fn new(stage: Stage, label: &'static str) -> Self {
        Self {
            stage,
            label,
            glyph: None,
            detail: None,
            of_time: "",
            time: None,
            entry: None,
        }
    }

    /// Adds when it happened, if that is recorded.
    fn recorded(self, step: Option<RecordedStep>) -> Self {
        Self {
            time: step.map(|step| step.at),
            ..self
        }
    }
}

/// Where the items of a change are carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Aws,
    /// Leastwise alone, such as the classification of an account.
    Leastwise,
}

impl Target {
    fn of(view: &ChangeView) -> Self {
        // Only access has no steps of its own.
        if view.operations.iter().any(|row| row.steps.is_empty()) {
            Self::Aws
        } else {
            Self::Leastwise
        }
    }

    /// Returns the word of the third step. None of them is ahead of what has happened.
    const fn applying(self, stage: Stage) -> &'static str {
        match (self, stage) {
            (Self::Aws, Stage::Current) => "Sending to AWS",
            (Self::Aws, Stage::Done) => "Sent to AWS",
            (Self::Aws, _) => "Send to AWS",
            (Self::Leastwise, Stage::Current) => "Applying",
            (Self::Leastwise, Stage::Done) => "Applied",
            (Self::Leastwise, _) => "Apply",
        }
    }

    /// Returns what the time of the last step is the time of.
    const fn read(self) -> &'static str {
        match self {
            Self::Aws => "Read from AWS ",
            Self::Leastwise => "",
        }
    }

    /// Returns the word of the last step.
    const fn verified(self, stage: Stage) -> &'static str {
        match (self, stage) {
            (Self::Aws, Stage::Done) => "Verified in AWS",
            (Self::Aws, _) => "Verify in AWS",
            (Self::Leastwise, Stage::Done) => "Verified",
            (Self::Leastwise, _) => "Verify",
        }
    }
}

/// Returns the steps of a change.
fn steps_of(view: &ChangeView) -> Vec<Step> {
    let row = &view.row;
    let target = Target::of(view);
    let requested = Step {
        time: Some(row.submitted),
        ..Step::new(Stage::Done, "Requested")
    };
    let (have, need) = row.approvals;
    let of = (need > 0).then(|| format!("{have} of {need}"));
    let approval = |stage| match need {
        0 => Step::new(stage, "No approval needed"),
        _ => Step {
            detail: of.clone(),
            ..Step::new(stage, approval_word(stage))
        },
    };
    let approved = Step {
        time: view
            .approvals
            .iter()
            .filter(|given| given.counts)
            .map(|given| given.at)
            .max(),
        ..approval(Stage::Done)
    };
    let applying = |stage| Step {
        detail: done_of(&view.live),
        ..Step::new(stage, target.applying(stage))
    };
    let verified = |stage| Step::new(stage, target.verified(stage));
    let recorded = RecordedSteps::of(&view.timeline);
    let ended = |stage, label| vec![Step::new(stage, label).recorded(recorded.ended)];
    let rest = match row.state {
        State::Refused => ended(Stage::Failed, "Blocked by policy"),
        State::Declined => ended(Stage::Failed, "Declined"),
        State::Expired => ended(Stage::Over, "Expired"),
        State::Withdrawn => ended(Stage::Over, "Withdrawn"),
        State::Waiting => {
            let waiting = Step {
                glyph: Some(Glyph::Approval),
                of_time: "Decision due ",
                time: Some(row.decide_by),
                ..approval(Stage::Current)
            };
            vec![waiting, applying(Stage::Ahead), verified(Stage::Ahead)]
        }
        State::Approved | State::Applying => {
            vec![approved, applying(Stage::Current), verified(Stage::Ahead)]
        }
        State::Verified => vec![
            approved,
            applying(Stage::Done).recorded(recorded.sent),
            Step {
                of_time: target.read(),
                entry: recorded.verified.map(|step| step.entry),
                ..verified(Stage::Done).recorded(recorded.verified)
            },
        ],
        State::Failed => vec![
            approved,
            Step::new(Stage::Failed, "Not completed").recorded(recorded.ended),
        ],
    };
    [requested].into_iter().chain(rest).collect()
}

/// Returns the word of the second step. Nobody has approved a change as long as somebody has to.
const fn approval_word(stage: Stage) -> &'static str {
    match stage {
        Stage::Done => "Approved",
        _ => "Approval",
    }
}

fn done_of(live: &LiveProgress) -> Option<String> {
    match live {
        LiveProgress::Items { done, total, .. } => Some(format!("{done} of {total}")),
        LiveProgress::State(_) | LiveProgress::Item(_) => None,
    }
}

/// Renders the steps, with the time to decide.
pub fn stepper(view: &ChangeView, now: Timestamp) -> AnyView {
    let steps = steps_of(view).into_iter();
    let steps = steps.map(|step| line(step, now)).collect_view();
    view! { <ol data-stepper aria-label="Steps of this change">{steps}</ol> }.into_any()
}

fn line(step: Step, now: Timestamp) -> impl IntoView {
    let Step {
        stage,
        label,
        glyph,
        detail,
        of_time,
        time,
        entry,
    } = step;
    let glyph = glyph.or_else(|| stage.glyph());
    let time = time.map(|at| match stage {
        Stage::Current => view! { <StatedTime at now /> }.into_any(),
        _ => view! { <ExactTime at now /> }.into_any(),
    });
    let entry = entry.map(|seq| view! { " " <span data-keep>{entry_link(seq)}</span> });
    view! {
        <li data-stage=stage.name() aria-current=(stage == Stage::Current).then_some("step")>
            <span data-dot>{glyph.map(|glyph| view! { <Icon glyph /> })}</span>
            <span>
                <span class="sr-only">{stage.words()}</span>
                <span data-step>{label} {detail.map(|detail| view! { " " <span data-count-of>{detail}</span> })}</span>
                {time.map(|time| view! { <span data-when>{of_time} {time} {entry}</span> })}
            </span>
        </li>
    }
}
