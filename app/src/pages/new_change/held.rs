//! That somebody holds already what a form asks for, with the form that extends it instead.

use domain::time::Timestamp;
use leptos::prelude::*;

use crate::{
    backend::{Held, HeldAccess, Holder},
    components::{AbsoluteTime, LinkButton, Notice, Status},
};

/// Renders the notice.
pub(super) fn held_notice(held: Held, now: Timestamp) -> AnyView {
    let (who, has) = match held.holder {
        Holder::Viewer => ("You".to_owned(), "have"),
        Holder::Other(name) => (name, "has"),
    };
    match held.what {
        HeldAccess::Until {
            ends,
            until,
            extend,
        } => {
            let adds = if until <= ends {
                view! { "This request would end before it, at " <AbsoluteTime at=until now /> ", and add nothing." }.into_any()
            } else {
                view! { "This request would overlap it and last until " <AbsoluteTime at=until now /> "." }.into_any()
            };
            let title = format!(
                "{who} already {has} this access until {} UTC",
                ends.minute()
            );
            let href = extend.href();
            view! {
                <Notice status=Status::Info title>
                    <p>{adds} " An extension of the same duration begins when it ends."</p>
                    <p class="mt-2"><LinkButton href>"Extend instead"</LinkButton></p>
                </Notice>
            }
            .into_any()
        }
        HeldAccess::Extended { ends, until } => {
            let title = format!("Extends access that ends at {} UTC", ends.minute());
            view! {
                <Notice status=Status::Info title>
                    <p>"It then lasts until " <AbsoluteTime at=until now /> ". An extension is approved like any request."</p>
                </Notice>
            }
            .into_any()
        }
        HeldAccess::Standing => {
            let title = format!("{who} already {has} this as standing access");
            view! {
                <Notice status=Status::Info title><p>"This request adds nothing to it."</p></Notice>
            }
            .into_any()
        }
        HeldAccess::Through { via, ends } => {
            let until = ends.map_or_else(
                || " as standing access".to_owned(),
                |ends| format!(" until {} UTC", ends.minute()),
            );
            let title = format!("{who} already {has} this access {via}{until}");
            view! {
                <Notice status=Status::Info title><p>"This request adds a path of its own, beside the group."</p></Notice>
            }
            .into_any()
        }
    }
}
