//! The ledger's list: each entry as one sentence with its names as links.

use app::{
    backend::{EntryRow, LedgerPort as _, SentencePart, WithdrawalPort as _},
    lists::ListChoice,
};
use domain::engine::DomainEvent;

use super::support::{Org, account, assign, grant, remove, set, user};
use crate::{database::DatabaseEngine, entries::entries};

crate::engines::on_both_engines! {
    entries_of_a_change_are_sentences_about_its_operation,
}

fn sentence(row: &EntryRow) -> String {
    row.sentence.iter().map(SentencePart::words).collect()
}

async fn rows(org: &Org) -> Vec<EntryRow> {
    let ann = org.as_("ann").await;
    entries(ann.entries(&ListChoice::default()).await.unwrap())
}

async fn entries_of_a_change_are_sentences_about_its_operation(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = org
        .ask("ann", &grant("eve", "viewer", "cards-prod", "60"))
        .await;
    org.approve("bob", &id).await.unwrap();
    let mut parts = org.parts();
    assign(&mut parts, "cas", "viewer", "web-dev", org.clock.now());
    org.publish(parts);
    let removal = org.ask("ann", &remove("cas", "viewer", "web-dev")).await;
    org.as_("ann").await.withdraw(&removal).await.unwrap();
    let journal = &org.app_state.journal;
    let mut tx = org.app_state.store.write().await.unwrap();
    let verified = journal.domain_event(&DomainEvent::Verified { change: id.clone() });
    journal.append(&mut tx, verified).await.unwrap();
    tx.commit().await.unwrap();
    let rows = rows(&org).await;
    let of = |word: &str| rows.iter().find(|row| row.kind == word).unwrap();
    assert_eq!(
        sentence(of("change.approved")),
        "BOB approved the assignment of viewer on cards-prod to EVE"
    );
    assert_eq!(
        of("change.approved").sentence,
        [
            SentencePart::User {
                id: user("bob"),
                name: "BOB".into()
            },
            SentencePart::Text(" approved the assignment of ".into()),
            SentencePart::PermissionSet {
                key: set("viewer").as_str().rsplit('/').next().unwrap().into(),
                name: "viewer".into()
            },
            SentencePart::Text(" on ".into()),
            SentencePart::Account {
                id: account("cards-prod"),
                name: "cards-prod".into()
            },
            SentencePart::Text(" to ".into()),
            SentencePart::User {
                id: user("eve"),
                name: "EVE".into()
            },
        ]
    );
    assert_eq!(
        sentence(of("change.withdrawn")),
        "ANN withdrew the removal of viewer on web-dev from CAS"
    );
    assert_eq!(
        sentence(of("change.verified")),
        "Leastwise carried out the assignment of viewer on cards-prod to EVE and verified it"
    );
    assert_eq!(of("change.approved").change.as_ref(), Some(&id));
    for row in &rows {
        assert!(row.meaning.is_some(), "{}", row.kind);
        assert!(
            !sentence(row).contains("(not recorded)"),
            "{}",
            sentence(row)
        );
    }
}
