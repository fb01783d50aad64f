//! The change that a form undoes, or requests again: said above the form, and kept in its address.

use domain::engine::FollowUp;
use leptos::prelude::*;

use crate::{
    backend::{CLASSIFY, ClassifyOrigin},
    components::{Notice, PREVIEW_HEADING, Status},
    routes::Visit,
};

/// The change whose items fill the form.
pub(super) struct Origin {
    link: ClassifyOrigin,
    title: String,
}

/// Returns the change that a link of it names, if the viewer may see it.
pub(super) async fn origin(visit: &Visit) -> Option<Origin> {
    let link = ClassifyOrigin::of_query(&visit.query)?;
    match visit.backend.change(&link.change).await {
        Ok(change) => Some(Origin {
            title: change.row.title.to_string(),
            link,
        }),
        Err(_) => None,
    }
}

impl Origin {
    pub(super) fn notice(self) -> AnyView {
        let title = match self.link.what {
            FollowUp::Undo => "This undoes another change",
            FollowUp::Rest => "This requests again what another change did not do",
        };
        let href = format!("/changes/{}", self.link.change);
        view! { <Notice status=Status::Info title><a href=href>{self.title}</a></Notice> }
            .into_any()
    }
}

/// Returns where the form is sent for its preview. The address keeps which change it undoes, and leads to the result.
pub(super) fn action_of(origin: Option<&Origin>) -> String {
    let page = origin.map_or_else(|| CLASSIFY.to_owned(), |origin| origin.link.href());
    format!("{page}#{PREVIEW_HEADING}")
}
