//! Comments on a change and questions to its requester: who writes them, that they are on record, and that nothing is decided
//! by them.

use std::time::Duration as Time;

use app::backend::{
    ChangesPort as _, CommentAuthor, CommentInput, CommentObstacle, CommentPort as _, CommentText,
    Denied, PortResult, open_question,
};
use domain::{
    authorize::Role,
    change::{CommentKind, CommentRefusal, State},
    engine::StartVerdict,
    ids::ChangeId,
    ledger::Hash,
    private::{Private, Salt},
};
use futures::StreamExt as _;
use server::store::ledger;

use super::support::{Org, conflict, grant, wrong_field};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    who_has_to_do_with_a_change_comments_on_it_and_nobody_else,
    a_comment_is_on_record_and_its_text_is_private,
    nothing_is_decided_by_a_comment,
    a_question_is_open_until_the_requester_answers,
    a_text_that_was_erased_or_altered_is_not_shown_as_what_somebody_wrote,
    the_same_text_sent_twice_is_one_comment,
    a_live_page_hears_of_a_comment,
}

const TEXT: &str = "Which incident is it?";

async fn writes(
    org: &Org,
    name: &str,
    id: &ChangeId,
    kind: CommentKind,
    text: &str,
) -> PortResult<()> {
    let input = CommentInput {
        kind,
        text: text.to_owned(),
    };
    org.as_(name).await.comment(id, input).await
}

async fn waiting(org: &Org) -> ChangeId {
    org.ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
        .await
}

async fn who_has_to_do_with_a_change_comments_on_it_and_nobody_else(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let now = org.clock.now();
    org.give("fay", Role::Auditor, now).await;
    let id = org
        .ask("eve", &grant("eve", "viewer", "cards-prod", "60"))
        .await;
    for (name, kind) in [
        ("eve", CommentKind::Comment),
        ("bob", CommentKind::Question),
        ("ann", CommentKind::Comment),
    ] {
        let view = org.as_(name).await.change(&id).await.unwrap();
        let may = match kind {
            CommentKind::Comment => view.comment,
            CommentKind::Question => view.question,
        };
        assert_eq!(may, Ok(()), "{name}");
        writes(&org, name, &id, kind, TEXT).await.unwrap();
    }
    let read = org.as_("fay").await.change(&id).await.unwrap();
    assert_eq!(read.comments.len(), 3, "an auditor reads");
    let reads_only = CommentObstacle::Refused(CommentRefusal::ReadsOnly);
    assert_eq!(read.comment, Err(reads_only));
    let answer = writes(&org, "fay", &id, CommentKind::Comment, TEXT).await;
    assert!(matches!(answer, Err(Denied::Forbidden(_))), "{answer:?}");
    let own = writes(&org, "eve", &id, CommentKind::Question, TEXT).await;
    assert!(matches!(own, Err(Denied::Forbidden(_))), "{own:?}");
    // Another requester learns nothing of it.
    let other = org
        .ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
        .await;
    let answer = writes(&org, "eve", &other, CommentKind::Comment, TEXT).await;
    assert_eq!(answer, Err(Denied::NotFound));
    // Bob is an operator, so that he gains access and does not decide.
    let of_a_group = grant("operators", "viewer", "cards-prod", "60");
    let of_a_group = org.ask("ann", &of_a_group).await;
    let gains = writes(&org, "bob", &of_a_group, CommentKind::Comment, TEXT).await;
    assert!(matches!(gains, Err(Denied::Forbidden(_))), "{gains:?}");
}

async fn a_comment_is_on_record_and_its_text_is_private(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = waiting(&org).await;
    writes(&org, "bob", &id, CommentKind::Question, TEXT)
        .await
        .unwrap();
    writes(&org, "ann", &id, CommentKind::Comment, "  Number 4711.\n")
        .await
        .unwrap();
    assert_eq!(
        org.entries(&id).await,
        ["change.submitted", "change.asked", "change.commented"]
    );
    let entry = org.entry(&id, "change.asked").await;
    assert!(!entry.to_string().contains("incident"), "{entry}");
    assert!(entry.pointer("/private/comment/h").is_some(), "{entry}");
    let found: (i64,) =
        sqlx::query_as("select count(*) from ledger_token where token = 'incident'")
            .fetch_one(org.app_state.store.read())
            .await
            .unwrap();
    assert_eq!(found.0, 0, "free text is not indexed");
    let view = org.as_("cas").await.change(&id).await.unwrap();
    let told: Vec<_> = view
        .comments
        .iter()
        .map(|one| (one.kind, one.author, one.who.as_str(), one.text.words()))
        .collect();
    assert_eq!(
        told,
        [
            (CommentKind::Question, CommentAuthor::Other, "BOB", TEXT),
            (
                CommentKind::Comment,
                CommentAuthor::Requester,
                "ANN",
                "Number 4711."
            ),
        ]
    );
    let history: Vec<_> = view
        .timeline
        .iter()
        .map(|row| (row.what.as_str(), row.note.as_deref()))
        .collect();
    assert_eq!(
        history[1..],
        [
            ("Question to the requester", Some(TEXT)),
            ("Comment", Some("Number 4711."))
        ]
    );
    for (text, wrong) in [(" ", "comment"), ("4111 1111 1111 1111", "comment")] {
        let answer = writes(&org, "bob", &id, CommentKind::Comment, text).await;
        assert_eq!(wrong_field(answer), wrong);
    }
    assert_eq!(org.entries(&id).await.len(), 3);
}

async fn nothing_is_decided_by_a_comment(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = waiting(&org).await;
    org.approve("bob", &id).await.unwrap();
    let before = org.stored(&id).await;
    writes(&org, "bob", &id, CommentKind::Comment, "I decline this.")
        .await
        .unwrap();
    let after = org.stored(&id).await;
    assert_eq!(after.version, before.version);
    assert_eq!(after.change.effect, before.change.effect);
    assert_eq!(after.change.in_force().count(), 1);
    assert!(!after.differs());
    org.approve("cas", &id).await.unwrap();
    writes(&org, "cas", &id, CommentKind::Comment, "I decline this.")
        .await
        .unwrap();
    assert_eq!(org.state(&id).await, State::Approved);
    assert_eq!(org.fresh(&id).await, StartVerdict::StillAllowed);
}

async fn a_question_is_open_until_the_requester_answers(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = waiting(&org).await;
    writes(&org, "bob", &id, CommentKind::Question, TEXT)
        .await
        .unwrap();
    writes(&org, "cas", &id, CommentKind::Comment, "I wonder as well.")
        .await
        .unwrap();
    let comments = org.as_("ann").await.change(&id).await.unwrap().comments;
    let asked = open_question(&comments).map(|question| question.who.as_str());
    assert_eq!(asked, Some("BOB"));
    writes(&org, "ann", &id, CommentKind::Comment, "Number 4711.")
        .await
        .unwrap();
    let comments = org.as_("ann").await.change(&id).await.unwrap().comments;
    assert_eq!(open_question(&comments), None);
}

async fn a_text_that_was_erased_or_altered_is_not_shown_as_what_somebody_wrote(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let id = waiting(&org).await;
    writes(&org, "bob", &id, CommentKind::Comment, TEXT)
        .await
        .unwrap();
    let text = async || {
        let view = org.as_("ann").await.change(&id).await.unwrap();
        let noted = view.timeline.last().and_then(|row| row.note.clone());
        let text = view.comments.into_iter().next().map(|one| one.text);
        assert_eq!(text.as_ref().map(CommentText::words), noted.as_deref());
        text.unwrap()
    };
    assert_eq!(text().await, CommentText::Text(TEXT.into()));
    org.without_triggers("ledger_private").await;
    org.by_hand(
        "update ledger_private set value = 'I agree.' where path = '/private/comment'".into(),
    )
    .await;
    assert_eq!(text().await, CommentText::Altered);
    // Another salt does not help, because the leaf holds the hash of both.
    let salt = Salt([7; 32]);
    let forged = Private::new(salt, "I agree.");
    assert!(forged.matches(salt, "I agree."));
    let salt = Hash(salt.0).hex();
    org.by_hand(format!(
        "update ledger_private set salt = '{salt}' where path = '/private/comment'"
    ))
    .await;
    assert_eq!(text().await, CommentText::Altered);
    let entries = ledger::of_change(&org.app_state.store, &id).await.unwrap();
    let mut tx = org.app_state.store.write().await.unwrap();
    ledger::erase(&mut tx, entries.last().unwrap().seq)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(text().await, CommentText::Erased);
}

async fn the_same_text_sent_twice_is_one_comment(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = waiting(&org).await;
    for (name, kind) in [
        ("bob", CommentKind::Comment),
        ("bob", CommentKind::Comment),
        ("bob", CommentKind::Question),
        ("cas", CommentKind::Question),
        ("bob", CommentKind::Question),
    ] {
        writes(&org, name, &id, kind, TEXT).await.unwrap();
    }
    assert_eq!(org.entries(&id).await.len(), 1 + 4);
    for number in 4..200 {
        let text = format!("comment {number}");
        writes(&org, "bob", &id, CommentKind::Comment, &text)
            .await
            .unwrap();
    }
    let answer = writes(&org, "cas", &id, CommentKind::Comment, TEXT).await;
    assert!(conflict(answer).contains("200 comments"));
}

async fn a_live_page_hears_of_a_comment(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = waiting(&org).await;
    let ann = org.as_("ann").await;
    let mut events = Box::pin(ann.change_events(&id).await.unwrap());
    let first = events.next().await.unwrap();
    assert_eq!(first.key, ann.change(&id).await.unwrap().live_key);
    writes(&org, "bob", &id, CommentKind::Comment, TEXT)
        .await
        .unwrap();
    let second = tokio::time::timeout(Time::from_secs(30), events.next());
    let second = second.await.unwrap().unwrap();
    assert_ne!(first.key, second.key);
    assert_eq!(second.progress, first.progress);
    assert_eq!(second.key, ann.change(&id).await.unwrap().live_key);
}
