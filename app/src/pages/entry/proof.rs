//! The proof of an entry: the bytes as they are signed, what their proof proves, and the hashes that lead to the signed root.

use domain::time::Timestamp;
use leptos::prelude::*;

use crate::{
    backend::{CoveringCheckpoint, Inclusion},
    components::{
        Definition, DefinitionList, Glyph, Icon, LinkButton, Notice, Section, StampedTime, Status,
    },
    lists::copy,
};

/// What the section about the proof shows.
pub(super) struct Proven {
    pub(super) seq: u64,
    pub(super) leaf: String,
    pub(super) json: String,
    pub(super) leaf_hash: String,
    pub(super) checkpoint: Option<CoveringCheckpoint>,
    pub(super) proof: Vec<String>,
    pub(super) inclusion: Inclusion,
}

/// Renders a hash, which may break into lines, with a button that copies it.
fn hash(value: String, what: &str) -> AnyView {
    view! { <code class="select-all break-all">{value.clone()}</code> " " {copy(value, what)} }
        .into_any()
}

/// Renders the bytes as they are signed, their hash, and how it leads to the signed root.
pub(super) fn proven(of: Proven, now: Timestamp) -> AnyView {
    let Proven {
        seq,
        leaf,
        json,
        leaf_hash,
        checkpoint,
        proof,
        inclusion,
    } = of;
    let claim = claim(seq, checkpoint.as_ref(), inclusion, now);
    let steps = match checkpoint {
        Some(covering) if inclusion == Inclusion::Proven => steps(seq, covering, proof, now),
        _ => ().into_any(),
    };
    let bytes = leaf.len();
    view! {
        <Section title="Proof" actions=view! { <LinkButton href=format!("/ledger/{seq}/leaf.json") icon=Glyph::Download>"Download raw bytes"</LinkButton> }.into_any()>
            <div data-body>
                {claim}
                {compare()}
                <h3 class="mt-4">"What is signed" <span class="text-muted font-normal">", indented for reading"</span></h3>
                <pre data-code data-json tabindex="0" role="region" aria-label="The entry as indented JSON"><code>{json}</code></pre>
                <details data-fold class="mt-2">
                    <summary>"Bytes as they are signed"</summary>
                    <p class="text-muted max-w-[80ch]">{format!("{bytes} bytes of UTF-8: canonical JSON (RFC 8785) without a line feed. SHA-256 of a zero byte and these bytes is the leaf hash.")}</p>
                    <pre data-code data-leaf tabindex="0" role="region" aria-label="The bytes of the entry as they are signed"><code>{leaf}</code></pre>
                </details>
                <details data-fold class="mt-2">
                    <summary>"Hashes that lead to the root"</summary>
                    <div data-hashes>
                        <DefinitionList>
                            <Definition term="Leaf hash">{hash(leaf_hash, "the leaf hash")}</Definition>
                        </DefinitionList>
                    </div>
                    {steps}
                </details>
            </div>
        </Section>
    }
    .into_any()
}

/// The command that compares the ledger with a checkpoint.
const VERIFY: &str = "leastwise ledger verify --checkpoint FILE";

/// Renders how a reader finds out what the signature alone does not show.
fn compare() -> AnyView {
    view! {
        <p data-compare>
            <a href="/ledger#checkpoints">"Compare with a checkpoint that you keep"</a>
            " "
            <span><code class="select-all">{VERIFY}</code> " " {copy(VERIFY, "the command")}</span>
        </p>
    }
    .into_any()
}

/// States what the proof proves, and what it does not.
fn claim(
    seq: u64,
    checkpoint: Option<&CoveringCheckpoint>,
    inclusion: Inclusion,
    now: Timestamp,
) -> AnyView {
    match (checkpoint, inclusion) {
        (Some(_), Inclusion::Altered) => view! {
            <Notice status=Status::Danger title="The proof does not verify">
                "The leaf hash does not lead to the signed root."
            </Notice>
        }
        .into_any(),
        (Some(covering), _) => {
            let size = covering.size;
            view! {
                <p data-proven data-status="ok">
                    <Icon glyph=Glyph::Check />
                    <span>"Unchanged since " <StampedTime at=covering.signed_at now /></span>
                </p>
                <p data-claim>
                    <b>"Proven: "</b>
                    {format!("entry {seq} is at this place, and none before it was changed, inserted or removed since. Its hashes lead to a root that was signed over {size} entries at that time.")}
                </p>
                <p data-claim>
                    <b>"Not proven: "</b>
                    "that what the entry says is true. Anyone who has the signing key could write the whole ledger anew: a checkpoint that you keep shows whether that happened."
                </p>
            }
            .into_any()
        }
        (None, _) => view! {
            <Notice status=Status::Pending title="Not covered by a signed checkpoint yet">
                "The next one is signed within a minute and will cover this entry."
            </Notice>
        }
        .into_any(),
    }
}

fn steps(seq: u64, covering: CoveringCheckpoint, proof: Vec<String>, now: Timestamp) -> AnyView {
    let CoveringCheckpoint {
        size,
        root,
        signed_at,
    } = covering;
    let body = if proof.is_empty() {
        view! { <p>"The leaf is the whole tree: its hash is the root."</p> }.into_any()
    } else {
        let hashes = proof
            .into_iter()
            .map(|hash| view! { <li><code class="break-all">{hash}</code></li> })
            .collect_view();
        view! { <ol class="mt-2 pl-6" data-proof>{hashes}</ol> }.into_any()
    };
    view! {
        <h3 class="mt-4">"Inclusion proof"</h3>
        <p class="text-muted max-w-[80ch]">
            {format!("For leaf {seq} in a tree of size {size}, from the leaf up. Combined as specified in RFC 6962, the hashes yield the root.")}
        </p>
        {body}
        <div data-hashes>
            <DefinitionList>
                <Definition term="Checkpoint">{size} " entries, signed " <StampedTime at=signed_at now /></Definition>
                <Definition term="Root">{hash(root, "the root")}</Definition>
            </DefinitionList>
        </div>
    }
    .into_any()
}
