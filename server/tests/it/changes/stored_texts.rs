//! Texts that people type into items: only their hashes are proven and stored with the items, and they can be erased.
//! A declaration of a newer version is kept.

use app::backend::{
    AccountsPort as _, ChangesPort as _, ClassificationPort as _, ClassifyForm, ClassifySubmission,
    DeclarationState, InboxPosition, PropertyView,
};
use domain::{
    change::{Operation, State, StoredItem},
    classification::{Environment, Pci},
    engine::{CarryOut, Retry, StepAnswer},
    ids::{AccountId, ChangeId, PersonId},
    private::{Private, Salt},
    subject::{
        Step, SubjectKey,
        account_classification::{Declaration, content},
        identity_link::ObservedIdentity,
    },
    time::{Duration, Timestamp},
};
use server::{
    service::journal::EntryActor,
    store::{declaration, ledger},
};

use super::{
    classify::{
        IN_PRODUCTION, OUT_OF_DEVELOPMENT, answer, carry_out, class, classify, form, plans,
        preview, step,
    },
    items::{request, store, verify},
    support::{Org, account, person_id, user},
};
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    a_typed_text_is_nowhere_but_among_the_private_values_and_can_be_erased,
    a_text_that_stays_is_the_same_text_and_is_erased_everywhere,
    who_decides_reads_the_texts_in_the_inbox,
    a_text_beside_an_entry_is_compared_with_its_item,
    the_same_form_with_the_same_texts_is_stored_once,
    a_declaration_of_a_newer_version_is_kept_and_loosens_nothing,
    a_declaration_names_who_requested_it_according_to_the_ledger,
    a_link_is_written_only_for_the_person_and_the_user_of_the_request,
}

const PURPOSE: &str = "takes card payments of the shop";

/// Every column that could hold a typed text.
const COLUMNS: [(&str, &str); 9] = [
    ("change", "proposal"),
    ("change", "effect"),
    ("change", "verdict"),
    ("change_item", "document"),
    ("change_target", "value"),
    ("account_declaration", "document"),
    ("engine_change", "document"),
    ("ledger_entry", "leaf"),
    ("ledger_token", "token"),
];

async fn rows_with(org: &Org, table: &str, column: &str, text: &str) -> i64 {
    let sql = format!("select count(*) from {table} where {column} like '%{text}%'");
    let row: (i64,) = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .fetch_one(org.app_state.store.read())
        .await
        .unwrap();
    row.0
}

/// Returns the purpose that the page of a change shows for its first account.
async fn purpose(org: &Org, id: &ChangeId) -> Option<String> {
    let view = org.as_("ann").await.change(id).await.unwrap();
    let properties = &view.preview.others[0].properties;
    let purpose = properties.iter().find(|one| one.name == "purpose")?;
    match purpose.after.as_ref()? {
        PropertyView::Text(text) => Some(text.clone()),
        other => panic!("{other:?}"),
    }
}

async fn declared_purpose(org: &Org, name: &str) -> String {
    let ann = org.as_("ann").await;
    let view = ann.account(&account(name)).await.unwrap();
    view.declaration.unwrap().text.unwrap().purpose
}

async fn erase(org: &Org, id: &ChangeId) {
    let (seq, _) = request(org, id).await;
    let mut tx = org.app_state.store.write().await.unwrap();
    ledger::erase(&mut tx, seq).await.unwrap();
    tx.commit().await.unwrap();
}

async fn a_typed_text_is_nowhere_but_among_the_private_values_and_can_be_erased(
    engine: DatabaseEngine,
) {
    let org = Org::on(engine).await;
    let id = classify(&org, &form(&["web-dev", "cards-staging"], IN_PRODUCTION)).await;
    for plan in plans(&org, &id).await {
        assert!(!serde_json::to_string(&plan).unwrap().contains(PURPOSE));
    }
    carry_out(&org, &id).await;
    for (table, column) in COLUMNS {
        let text = if table == "ledger_token" {
            "payments"
        } else {
            PURPOSE
        };
        let found = rows_with(&org, table, column, text).await;
        assert_eq!(found, 0, "{table}.{column}");
    }
    let kept = rows_with(&org, "ledger_private", "value", PURPOSE).await;
    assert_eq!(kept, 1, "one text for both accounts");
    assert_eq!(purpose(&org, &id).await.as_deref(), Some(PURPOSE));
    assert_eq!(declared_purpose(&org, "web-dev").await, PURPOSE);
    assert_eq!(declared_purpose(&org, "cards-staging").await, PURPOSE);
    let (code, told) = verify(&org).await;
    assert_eq!(code, 0, "{told}");

    org.without_triggers("ledger_private").await;
    let other = format!("update ledger_private set value = 'x{PURPOSE}' where value = '{PURPOSE}'");
    org.by_hand(other).await;
    let (code, told) = verify(&org).await;
    assert_eq!(code, 1);
    assert!(told.contains("/data/operations/0/after/purpose"), "{told}");
    let back = format!("update ledger_private set value = '{PURPOSE}' where value = 'x{PURPOSE}'");
    org.by_hand(back).await;

    erase(&org, &id).await;
    let left = rows_with(&org, "ledger_private", "value", PURPOSE).await;
    assert_eq!(left, 0);
    let (code, told) = verify(&org).await;
    assert_eq!(code, 0, "{told}");
    assert_eq!(org.stored(&id).await.altered, None);
    let erased = "This text was erased.";
    assert_eq!(purpose(&org, &id).await.as_deref(), Some(erased));
    assert_eq!(declared_purpose(&org, "web-dev").await, erased);
    let now = class(&org, "web-dev");
    assert_eq!((now.0, now.1), IN_PRODUCTION, "the declaration counts");
}

async fn who_decides_reads_the_texts_in_the_inbox(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = classify(&org, &form(&["web-prod"], OUT_OF_DEVELOPMENT)).await;
    let inbox = org.as_("bob").await.inbox(InboxPosition::Change(id)).await;
    let view = &inbox.unwrap().rows[0];
    let properties = &view.preview.others[0].properties;
    let after = properties.iter().filter_map(|one| match &one.after {
        Some(PropertyView::Text(text)) => Some(text.as_str()),
        _ => None,
    });
    let texts: Vec<&str> = after.collect();
    assert!(texts.contains(&PURPOSE), "{texts:?}");
    assert!(
        !texts.iter().any(|text| text.contains("erased")),
        "{texts:?}"
    );
}

async fn a_text_that_stays_is_the_same_text_and_is_erased_everywhere(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let first = classify(&org, &form(&["web-dev"], IN_PRODUCTION)).await;
    carry_out(&org, &first).await;
    let again = ClassifyForm {
        until: "2027-10-01".into(),
        ..form(&["web-dev"], IN_PRODUCTION)
    };
    let second = classify(&org, &again).await;
    carry_out(&org, &second).await;
    assert_eq!(purpose(&org, &second).await, None, "it does not change");
    assert_eq!(declared_purpose(&org, "web-dev").await, PURPOSE);
    let kept = rows_with(&org, "ledger_private", "value", PURPOSE).await;
    assert_eq!(kept, 2, "with both requests");
    erase(&org, &first).await;
    let left = rows_with(&org, "ledger_private", "value", PURPOSE).await;
    assert_eq!(left, 0);
    let justified = rows_with(&org, "ledger_private", "value", "agreed with the card team").await;
    assert_eq!(justified, 1, "that of the second request stays");
    let (code, told) = verify(&org).await;
    assert_eq!(code, 0, "{told}");
}

fn classified(n: usize) -> Operation {
    Operation::Classify {
        account: AccountId::parse(&format!("{:012}", 500_000_000_000_usize + n)).unwrap(),
        before: None,
        after: Some(Declaration {
            environment: Environment::Production,
            pci: Pci::In,
            owner: None,
            purpose: Private::new(Salt([1; 32]), PURPOSE),
            out_of_scope: None,
            valid_until: Timestamp(1_900_000_000_000),
            against: IN_PRODUCTION,
            without: IN_PRODUCTION,
        }),
        seen: content(None),
    }
}

async fn a_text_beside_an_entry_is_compared_with_its_item(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let operations: Vec<Operation> = (0..40).map(classified).collect();
    let id = store(&org, &StoredItem::of_all(&operations), State::Waiting).await;
    let (seq, leaf) = request(&org, &id).await;
    assert!(
        leaf["data"].get("operations").is_none(),
        "there are too many"
    );
    let keep = |path: &str, value: &str| {
        let salt = "01".repeat(32);
        format!(
            "insert into ledger_private (seq, path, salt, value) values ({seq}, '{path}', '{salt}', '{value}')"
        )
    };
    org.by_hand(keep("/items/3/after/purpose", PURPOSE)).await;
    let (code, told) = verify(&org).await;
    assert_eq!(code, 0, "{told}");
    let mut stored = org.stored(&id).await;
    let mut conn = org.app_state.store.connection().await.unwrap();
    stored.open(&mut conn).await.unwrap();
    drop(conn);
    let known = stored.change.proposal.operations.iter_mut().all(|item| {
        let texts = item.private();
        texts.iter().all(|(_, text)| text.value() == Some(PURPOSE))
    });
    assert!(known, "one text of all items");
    for (path, value) in [
        ("/items/0/after/purpose", "another purpose"),
        ("/items/1/after/owner", PURPOSE),
        ("/items/40/after/purpose", PURPOSE),
    ] {
        org.by_hand(keep(path, value)).await;
        let (code, told) = verify(&org).await;
        assert_eq!(code, 1, "{path}");
        let named = format!("the text {path} of entry {seq} differs");
        assert!(told.contains(&named), "{told}");
    }
}

async fn the_same_form_with_the_same_texts_is_stored_once(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let form = form(&["web-dev"], IN_PRODUCTION);
    let new = preview(&org, &form).await;
    let sent = |form: &ClassifyForm| ClassifySubmission {
        form: form.clone(),
        justification: "agreed with the card team".into(),
        ticket: String::new(),
        effect: new.preview.as_ref().unwrap().effect.0.clone(),
        form_key: new.form_key.clone(),
    };
    let ann = org.as_("ann").await;
    let first = ann.classify(sent(&form)).await.unwrap();
    assert_eq!(ann.classify(sent(&form)).await.unwrap(), first);
    let other = ClassifyForm {
        purpose: "takes card payments of another shop".into(),
        ..form.clone()
    };
    super::support::conflict(ann.classify(sent(&other)).await);
    assert_eq!(org.count().await, 1);
}

/// Puts a declaration in force that a newer version wrote, with its entry.
async fn declare_newer(org: &Org, loose: &Declaration) -> String {
    let newer = loose
        .document()
        .replace(r#""purpose""#, r#""team":"cards","purpose""#);
    assert_eq!(Declaration::read(&newer), None);
    let (account, at) = (account("cards-prod"), org.clock.now());
    let change = ChangeId::parse("00000009-0000-4000-8000-000000000009").unwrap();
    let mut tx = org.app_state.store.write().await.unwrap();
    let digest = declaration::put(&mut tx, &account, &change, Some(&newer), at).await;
    let digest = digest.unwrap().unwrap();
    let ann = EntryActor {
        person: Some(person_id("ann")),
        ..EntryActor::default()
    };
    let journal = &org.app_state.journal;
    let entry = journal.account_declared(&ann, &account, Some((loose, &digest)), at);
    journal.append(&mut tx, entry).await.unwrap();
    tx.commit().await.unwrap();
    newer
}

async fn a_declaration_of_a_newer_version_is_kept_and_loosens_nothing(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let asked = classify(&org, &form(&["cards-prod"], OUT_OF_DEVELOPMENT)).await;
    let stored = org.stored(&asked).await;
    let Operation::Classify { after, .. } = &stored.change.proposal.operations[0] else {
        panic!("a classification");
    };
    let newer = declare_newer(&org, after.as_ref().unwrap()).await;
    let ann = org.as_("ann").await;
    let view = ann.account(&account("cards-prod")).await.unwrap();
    let declared = view.declaration.unwrap();
    assert_eq!(declared.state, DeclarationState::Newer);
    assert!(declared.text.is_none());
    let now = class(&org, "cards-prod");
    assert_eq!((now.0, now.1), (Environment::Production, Pci::In));
    let new = preview(&org, &form(&["cards-prod"], IN_PRODUCTION)).await;
    let verdict = new.preview.unwrap().verdict;
    let newer_version = "A newer version of Leastwise declared account";
    let said = verdict.hits.iter().map(|hit| hit.reason.as_str());
    assert!(
        said.clone().any(|reason| reason.starts_with(newer_version)),
        "{said:?}"
    );
    let kept = rows_with(&org, "account_declaration", "document", r#""team":"cards""#).await;
    assert_eq!(kept, 1, "{newer}");
    let (code, told) = verify(&org).await;
    assert_eq!(code, 0, "{told}");
}

async fn a_declaration_names_who_requested_it_according_to_the_ledger(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let id = classify(&org, &form(&["web-dev"], IN_PRODUCTION)).await;
    let plan = &plans(&org, &id).await[0];
    org.by_hand(format!(
        "update change set requester = '{}' where id = '{id}'",
        person_id("bob")
    ))
    .await;
    assert_eq!(step(&org, &id, 0, plan).await, StepAnswer::Done);
    let entry = org.entry(&id, "account.declared").await;
    assert_eq!(entry["actor"]["person_id"], person_id("ann").as_str());
}

async fn a_link_is_written_only_for_the_person_and_the_user_of_the_request(engine: DatabaseEngine) {
    let org = Org::on(engine).await;
    let person =
        |n: u8| PersonId::parse(&format!("00000009-0000-4000-8000-00000000000{n}")).unwrap();
    let requested = Operation::LinkIdentity {
        person: person(2),
        before: None,
        after: Some(user("eve")),
        seen: ObservedIdentity::default(),
        withdraws: Vec::new(),
    };
    let items = StoredItem::of_all(&[requested]);
    let id = store(&org, &items, State::Approved).await;
    for (person, user) in [
        (person(3), Some(user("eve"))),
        (person(2), Some(user("fay"))),
        (person(2), None),
    ] {
        let call = CarryOut {
            change: id.clone(),
            index: 0,
            number: 0,
            attempt: 1,
            step: Step::Link {
                person: person.clone(),
                user,
            },
            key: SubjectKey::IdentityLink { person },
            from: domain::subject::content_hash(&0).into(),
            not_after: org.clock.now() + Duration::minutes(1),
            generation: org.generation().await,
        };
        let said = answer(&org, domain::engine::Effect::CarryOut(call)).await;
        let domain::engine::Event::CarriedOut { answer, .. } = said else {
            panic!("{said:?}");
        };
        let StepAnswer::Refused { reason, retry } = answer else {
            panic!("{answer:?}");
        };
        assert_eq!(retry, Retry::Never);
        assert_eq!(
            reason,
            "The item is not as the ledger says it was requested."
        );
    }
}
