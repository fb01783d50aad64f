//! The command palette (Ctrl+K or Cmd+K): an APG combobox whose focus stays in the input. Its index is fetched from
//! `/palette.json` when the palette is first opened and contains only pages and actions that the user may open. An action
//! is sent as the form of its page is: the server checks it again.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;

use super::listen;

/// The maximum number of results, which fit without scrolling.
const SHOWN: usize = 10;

/// A page or an action.
#[derive(Clone)]
struct Entry {
    label: String,
    detail: String,
    target: PaletteTarget,
    haystack: String,
}

/// What can be found.
enum Index {
    Loading,
    Failed,
    Loaded(Vec<Entry>),
}

impl Index {
    fn entries(&self) -> &[Entry] {
        match self {
            Self::Loaded(entries) => entries,
            Self::Loading | Self::Failed => &[],
        }
    }

    /// Returns what is said about a number of results.
    const fn hint(&self, found: usize) -> &'static str {
        match (self, found) {
            (Self::Loading, _) => "Loading",
            (Self::Failed, _) => "The list could not be loaded. Close this and open it again.",
            (Self::Loaded(_), 0) => "No results",
            (Self::Loaded(_), _) => "",
        }
    }
}

/// What choosing an entry does.
#[derive(Clone)]
enum PaletteTarget {
    Open(String),
    Send(String),
}

impl PaletteTarget {
    fn go(&self) {
        match self {
            Self::Open(href) => {
                let _ = window().location().set_href(href);
            }
            Self::Send(action) => {
                let _ = send(action);
            }
        }
    }
}

/// Sends a form without fields.
fn send(action: &str) -> Result<(), wasm_bindgen::JsValue> {
    let form: web_sys::HtmlFormElement = document().create_element("form")?.dyn_into()?;
    form.set_method("post");
    form.set_action(action);
    if let Some(body) = document().body() {
        body.append_child(&form)?;
    }
    form.request_submit()
}

/// The button that opens the palette, and its dialog.
///
/// `/palette.json` is an array of `{"label", "detail", "href", "method"}`.
#[island]
pub fn Palette() -> impl IntoView {
    let dialog = NodeRef::<leptos::html::Dialog>::new();
    let (index, set_index) = signal(Index::Loading);
    let (query, set_query) = signal(String::new());
    let (active, set_active) = signal(0_usize);

    let open = move || {
        if let Some(dialog) = dialog.get_untracked()
            && !dialog.open()
        {
            let _ = dialog.show_modal();
            if index.with_untracked(|index| !matches!(index, Index::Loaded(_))) {
                set_index.set(Index::Loading);
                wasm_bindgen_futures::spawn_local(async move {
                    let fetched = fetch_index().await;
                    set_index.set(fetched.map_or(Index::Failed, Index::Loaded));
                });
            }
        }
    };
    Effect::new(move |_| {
        listen(
            &document(),
            "keydown",
            move |event: web_sys::KeyboardEvent| {
                if (event.ctrl_key() || event.meta_key()) && event.key().eq_ignore_ascii_case("k") {
                    event.prevent_default();
                    open();
                }
            },
        );
    });

    let found = Memo::new(move |_| {
        query.with(|query| index.with(|index| matching(index.entries(), query)))
    });
    let keys = move |event: web_sys::KeyboardEvent| {
        let last = found.with_untracked(Vec::len).saturating_sub(1);
        match event.key().as_str() {
            "ArrowDown" => set_active.update(|at| *at = if *at >= last { 0 } else { *at + 1 }),
            "ArrowUp" => set_active.update(|at| *at = at.checked_sub(1).unwrap_or(last)),
            "Enter" => {
                let target = found.with_untracked(|found| {
                    let at = *found.get(active.get_untracked())?;
                    index.with_untracked(|index| Some(index.entries().get(at)?.target.clone()))
                });
                if let Some(target) = target {
                    target.go();
                }
            }
            _ => return,
        }
        event.prevent_default();
    };
    let options = move || {
        found.with(|found| {
            index.with(|index| {
                let entries = found
                    .iter()
                    .filter_map(|at| index.entries().get(*at))
                    .enumerate();
                entries
                    .map(|(place, entry)| option(place, entry, active))
                    .collect_view()
            })
        })
    };
    let hint = move || index.with(|index| index.hint(found.with(Vec::len)));
    view! {
        <button type="button" data-opens-palette aria-keyshortcuts="Control+K Meta+K" on:click=move |_| open()>
            <svg viewBox="0 0 16 16" width="16" height="16" fill="none" stroke="currentColor" stroke-width="1.4" stroke-linecap="round" aria-hidden="true">
                <path d="M7 11.75a4.75 4.75 0 1 0 0-9.5 4.75 4.75 0 0 0 0 9.5ZM10.5 10.5l3.5 3.5" />
            </svg>
            <span>"Go to…"</span>
            <kbd>"Ctrl K"</kbd>
        </button>
        <dialog node_ref=dialog data-palette aria-label="Go to" closedby="any">
            <input
                type="text"
                role="combobox"
                aria-label="Account, person, group, permission set or page"
                aria-expanded="true"
                aria-controls="palette-options"
                aria-autocomplete="list"
                aria-activedescendant=move || (found.with(Vec::len) > 0).then(|| format!("palette-{}", active.get()))
                placeholder="Account, person, group, permission set or page"
                autocomplete="off"
                spellcheck="false"
                on:input=move |event| {
                    set_query.set(event_target_value(&event));
                    set_active.set(0);
                }
                on:keydown=keys
            />
            <ul id="palette-options" role="listbox" aria-label="Results">{options}</ul>
            <p role="status">{hint}</p>
        </dialog>
    }
}

/// Returns the indices of the first entries that contain every word.
fn matching(index: &[Entry], query: &str) -> Vec<usize> {
    let query = query.to_lowercase();
    let words: Vec<&str> = query.split_whitespace().collect();
    let holds = |entry: &Entry| {
        words.iter().all(|word| {
            entry.haystack.contains(word)
                || account_id(word).is_some_and(|id| entry.haystack.contains(&id))
        })
    };
    index
        .iter()
        .enumerate()
        .filter(|(_, entry)| holds(entry))
        .map(|(at, _)| at)
        .take(SHOWN)
        .collect()
}

/// Returns the digits of an account id that was typed with dashes, as AWS prints it: `4812-2093-5517`.
fn account_id(word: &str) -> Option<String> {
    let dashed = word.contains('-') && word.chars().all(|c| c == '-' || c.is_ascii_digit());
    dashed.then(|| word.replace('-', ""))
}

fn option(place: usize, entry: &Entry, active: ReadSignal<usize>) -> impl IntoView + use<> {
    let target = entry.target.clone();
    view! {
        <li
            id=format!("palette-{place}")
            role="option"
            aria-selected=move || if active.get() == place { "true" } else { "false" }
            on:click=move |_| target.go()
        >
            <span>{entry.label.clone()}</span>
            <span>{entry.detail.clone()}</span>
        </li>
    }
}

async fn fetch_index() -> Option<Vec<Entry>> {
    let response: web_sys::Response = JsFuture::from(window().fetch_with_str("/palette.json"))
        .await
        .ok()?
        .dyn_into()
        .ok()?;
    let list: js_sys::Array = JsFuture::from(response.json().ok()?)
        .await
        .ok()?
        .dyn_into()
        .ok()?;
    Some(list.iter().filter_map(|item| entry(&item)).collect())
}

fn entry(item: &wasm_bindgen::JsValue) -> Option<Entry> {
    let field = |name: &str| js_sys::Reflect::get(item, &name.into()).ok()?.as_string();
    let (label, detail, href) = (
        field("label")?,
        field("detail").unwrap_or_default(),
        field("href")?,
    );
    // Only paths of this site: data must not be able to redirect to another site.
    let local = href.starts_with('/') && !href.starts_with("//");
    let target = match field("method")?.as_str() {
        "get" => PaletteTarget::Open(href),
        "post" => PaletteTarget::Send(href),
        _ => return None,
    };
    local.then(|| Entry {
        haystack: format!("{label} {detail}").to_lowercase(),
        label,
        detail,
        target,
    })
}
