//! What `ledger verify` reports about access windows, sessions and search words that were inserted, reopened or
//! deleted manually.

use domain::{
    classification::{DeclarationProof, Environment, Pci},
    engine::{AccessResource, WindowRow, Write},
    grant::Window,
    identity::{Agreement, ExternalIdDigest},
    ids::{ChangeId, GrantId, GroupId, UserId},
    private::{Private, Salt},
    subject::account_classification::Declaration,
};
use server::service::journal::UserOfIdentity;
use server::store::{
    Tx, agreed_link, declaration, engine, identity, identity_link,
    session::{self, Ending, NewSession, SessionDocument},
};

use super::*;

const WINDOW: &str = "00000005-0000-4000-8000-000000000001";

fn window() -> WindowRow {
    WindowRow {
        key: AccessResource::Membership {
            group: GroupId::parse("00000001-0000-4000-8000-000000000001").unwrap(),
            user: UserId::parse("00000002-0000-4000-8000-000000000001").unwrap(),
        },
        window: Window {
            grant: GrantId::parse(WINDOW).unwrap(),
            change: ChangeId::parse(CHANGE).unwrap(),
            starts: START,
            ends: Some(START + Duration::hours(1)),
            ended: None,
        },
        delivery: None,
        over: None,
    }
}

/// Writes an access window's row and its entry.
async fn write(scene: &Scene, row: &WindowRow, entry: server::service::journal::EntryBuilder) {
    let mut tx = scene.db.store.write().await.unwrap();
    engine::write(&mut tx, &Write::Window(row.clone()), START)
        .await
        .unwrap();
    scene.journal.append(&mut tx, entry).await.unwrap();
    tx.commit().await.unwrap();
}

/// Checks that `ledger verify` reports one line after a manual statement.
async fn names(scene: &Scene, by_hand: &str, line: &str) {
    assert!(scene.db.by_hand(by_hand).await.unwrap() > 0, "{by_hand}");
    let (code, out) = told(scene).await;
    assert_eq!(code, 1, "{by_hand}: {out}");
    assert!(out.contains(line), "{by_hand}: {out}");
    let (code, report) = scene.verify().await;
    assert_eq!((code, &report["reason"]), (1, &"rows_differ".into()));
    let findings = report["findings"].as_array().expect("a list").iter();
    let table = |finding: &Value| finding["table"].as_str().unwrap_or_default().to_owned();
    let message = |finding: &Value| finding["message"].as_str().unwrap_or_default().to_owned();
    let mut about = findings.filter(|finding| message(finding).contains(line));
    let finding = about.next().expect(line);
    let prefix = format!("{}:", table(finding));
    assert!(message(finding).starts_with(&prefix), "{finding}");
}

pub async fn a_window_that_is_not_as_the_ledger_says_is_named(scene: &Scene) {
    let row = window();
    let journal = &scene.journal;
    let began = journal.grant_started(&row.key, &row.window, Duration::hours(1));
    write(scene, &row, began).await;
    scene.sealer().await.unwrap().seal_now().await.unwrap();
    assert_eq!(told(scene).await.0, 0);
    let put_in = "insert into engine_window (id, key_id, document) values ('forged', 'k', '{}')";
    names(scene, put_in, "the access window forged has no entry").await;
    let out = "delete from engine_window where id = 'forged'";
    scene.db.by_hand(out).await.unwrap();
    let ends = (START + Duration::hours(1)).0.to_string();
    for (by_hand, line) in [
        (
            format!("update engine_window set document = replace(document, '{ends}', 'null')"),
            "differs from its entries in the ledger",
        ),
        (
            "update engine_window set over_at = 5".to_owned(),
            "is over according to its row",
        ),
        (
            "delete from engine_window".to_owned(),
            "is missing, but the ledger has its entry",
        ),
    ] {
        names(scene, &by_hand, line).await;
        let mut tx = scene.db.store.write().await.unwrap();
        let back = Write::Window(row.clone());
        engine::write(&mut tx, &back, START).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(told(scene).await.0, 0);
    }
    let over = WindowRow {
        over: Some(START),
        ..row.clone()
    };
    let closed = journal.grant_closed(&row.key, &row.window.grant, START);
    write(scene, &over, closed).await;
    assert_eq!(told(scene).await.0, 0);
    let revive = "update engine_window set over_at = null";
    names(scene, revive, "is open according to its row").await;
}

fn typed(text: &str) -> Private {
    Private::new(Salt([7; 32]), text)
}

fn declaration() -> Declaration {
    Declaration {
        environment: Environment::Development,
        pci: Pci::Out,
        owner: None,
        purpose: typed("no card data since the move"),
        out_of_scope: Some(typed("neither stores nor reaches it")),
        valid_until: START + Duration::days(100),
        against: (Environment::Production, Pci::In),
        without: (Environment::Production, Pci::In),
    }
}

/// Puts a declaration in force, or ends it, with the entry.
async fn declare(scene: &Scene, declaration: Option<&Declaration>, at: Timestamp) {
    let (account, change) = (account_id(1), ChangeId::parse(CHANGE).unwrap());
    let mut tx = scene.db.store.write().await.unwrap();
    let document = declaration.map(Declaration::document);
    let digest = declaration::put(&mut tx, &account, &change, document.as_deref(), at)
        .await
        .unwrap();
    let recorded = declaration.zip(digest.as_deref());
    let entry = scene
        .journal
        .account_declared(&ann(), &account, recorded, at);
    scene.journal.append(&mut tx, entry).await.unwrap();
    tx.commit().await.unwrap();
}

pub async fn a_declaration_that_is_not_as_the_ledger_says_is_named(scene: &Scene) {
    declare(scene, Some(&declaration()), START).await;
    scene.sealer().await.unwrap().seal_now().await.unwrap();
    assert_eq!(told(scene).await.0, 0);
    let in_force = || async {
        let mut conn = scene.db.store.connection().await.unwrap();
        let found = declaration::in_force(&mut conn, &account_id(1)).await;
        found.unwrap().unwrap()
    };
    assert_eq!(in_force().await.proven.unwrap().0, declaration());
    let looser =
        "update account_declaration set document = replace(document, 'development', 'sandbox')";
    names(scene, looser, "has no entry in the ledger").await;
    assert_eq!(in_force().await.declared.proof, DeclarationProof::Missing);
    let back =
        "update account_declaration set document = replace(document, 'sandbox', 'development')";
    scene.db.by_hand(back).await.unwrap();
    let ended = "update account_declaration set ended_at = 5";
    names(scene, ended, "has ended according to its row").await;
    let back = "update account_declaration set ended_at = null";
    scene.db.by_hand(back).await.unwrap();
    assert_eq!(told(scene).await.0, 0);
    declare(scene, None, START + Duration::hours(1)).await;
    assert_eq!(told(scene).await.0, 0);
    names(scene, back, "is in force according to its row").await;
    let gone = "delete from account_declaration";
    names(scene, gone, "is missing, but the ledger has its entry").await;
}

pub async fn a_link_of_an_identity_that_is_not_as_the_ledger_says_is_named(scene: &Scene) {
    let user =
        |n: u8| UserId::parse(&format!("00000002-0000-4000-8000-0000000000{n:02x}")).unwrap();
    let person = ann().person.unwrap();
    let external_id = ExternalIdDigest::of_subject(&subject("ann"));
    let linked = UserOfIdentity {
        person: person.clone(),
        user: user(1),
        external_ids: [external_id].into(),
    };
    let kept = async |tx: &mut Tx| {
        let ids = &linked.external_ids;
        identity::keep(tx, &person, &linked.user, ids, START)
            .await
            .unwrap();
    };
    let mut tx = scene.db.store.write().await.unwrap();
    let fresh = [(user(1), person.clone())];
    identity_link::ensure_for_users(&mut tx, &fresh, START)
        .await
        .unwrap();
    kept(&mut tx).await;
    let entry = scene.journal.identity_linked(&ann(), &linked, START);
    scene.journal.append(&mut tx, entry).await.unwrap();
    tx.commit().await.unwrap();
    scene.sealer().await.unwrap().seal_now().await.unwrap();
    assert_eq!(told(scene).await.0, 0);

    let put_in = format!(
        "insert into identity_user (person_id, user_id, external_id, recorded_at) \
         values ('{person}', '{}', '', 1)",
        user(2)
    );
    names(scene, &put_in, "has no entry in the ledger").await;
    let out = format!("delete from identity_user where user_id = '{}'", user(2));
    scene.db.by_hand(&out).await.unwrap();
    let relink = |n: u8| format!("update person set user_id = '{}'", user(n));
    names(
        scene,
        &relink(2),
        "differs from the one that the ledger records",
    )
    .await;
    scene.db.by_hand(&relink(1)).await.unwrap();
    assert_eq!(told(scene).await.0, 0);
    names(
        scene,
        "delete from identity_user",
        "is missing, but the ledger has its entry",
    )
    .await;
}

pub async fn a_link_that_people_ended_and_a_row_restores_is_named(scene: &Scene) {
    let user = UserId::parse("00000002-0000-4000-8000-000000000001").unwrap();
    let person = ann().person.unwrap();
    let agreement = Agreement {
        change: ChangeId::parse("00000004-0000-4000-8000-000000000001").unwrap(),
        at: START,
    };
    let linked = UserOfIdentity {
        person: person.clone(),
        user: user.clone(),
        external_ids: BTreeSet::new(),
    };
    let mut tx = scene.db.store.write().await.unwrap();
    let fresh = [(user.clone(), person.clone())];
    identity_link::ensure_for_users(&mut tx, &fresh, START)
        .await
        .unwrap();
    identity::keep(&mut tx, &person, &user, &BTreeSet::new(), START)
        .await
        .unwrap();
    let journal = &scene.journal;
    let entries = vec![
        journal.identity_link_agreed(&linked, &BTreeSet::new(), None, &agreement),
        journal.identity_link_ended(&person, &user, &agreement),
    ];
    agreed_link::end(&mut tx, &person).await.unwrap();
    journal.append_many(&mut tx, entries).await.unwrap();
    tx.commit().await.unwrap();
    scene.sealer().await.unwrap().seal_now().await.unwrap();
    assert_eq!(told(scene).await.0, 0);
    let restore = format!("update person set user_id = '{user}' where id = '{person}'");
    names(
        scene,
        &restore,
        "differs from the one that the ledger records",
    )
    .await;
}

/// Stores the sign-in of Ann, with its person.
async fn signed_in(scene: &Scene) {
    let (person, subject) = (ann().person.unwrap(), subject("ann"));
    for row in [
        format!("insert into person (id, created_at) values ('{person}', 0)"),
        format!(
            "insert into subject (iss, sub, person_id, name, first_seen) values ('{}', '{}', '{person}', 'Ann', 0)",
            subject.iss, subject.sub
        ),
    ] {
        scene.db.by_hand(&row).await.unwrap();
    }
}

pub async fn a_sign_in_that_is_not_as_the_ledger_says_is_named(scene: &Scene) {
    let (person, other) = (ann().person.unwrap(), clock::person_id());
    signed_in(scene).await;
    let row = format!("insert into person (id, created_at) values ('{other}', 0)");
    scene.db.by_hand(&row).await.unwrap();
    let mut tx = scene.db.store.write().await.unwrap();
    let entry = scene.journal.subject_assigned(&subject("ann"), &person);
    scene.journal.append(&mut tx, entry).await.unwrap();
    tx.commit().await.unwrap();
    scene.sealer().await.unwrap().seal_now().await.unwrap();
    assert_eq!(told(scene).await.0, 0);

    let moved = |to: &PersonId| format!("update subject set person_id = '{to}'");
    let line = "differs from the one that the ledger records";
    names(scene, &moved(&other), line).await;
    scene.db.by_hand(&moved(&person)).await.unwrap();
    let joined = |from: &str| format!("update subject set joined_from = {from}");
    names(scene, &joined(&format!("'{other}'")), line).await;
    scene.db.by_hand(&joined("null")).await.unwrap();

    let put_in = format!(
        "insert into subject (iss, sub, person_id, name, first_seen) \
         select iss, 'another', '{other}', name, first_seen from subject"
    );
    names(
        scene,
        &put_in,
        "has no entry in the ledger, so it belongs to nobody",
    )
    .await;
    let out = "delete from subject where sub = 'another'";
    scene.db.by_hand(out).await.unwrap();
    let linked = format!(
        "update person set user_id = '00000002-0000-4000-8000-000000000001' where id = '{person}'"
    );
    names(scene, &linked, line).await;
    let unlinked = format!("update person set user_id = null where id = '{person}'");
    scene.db.by_hand(&unlinked).await.unwrap();
    assert_eq!(told(scene).await.0, 0);
    names(
        scene,
        "delete from subject",
        "is missing, but the ledger has its entry",
    )
    .await;
}

pub async fn a_session_that_is_not_as_the_ledger_says_is_named(scene: &Scene) {
    signed_in(scene).await;
    let (subject, remembered) = (
        subject("ann"),
        SessionDocument {
            username: "ann".into(),
            name: "Ann".into(),
            email: None,
            groups: BTreeSet::new(),
            mfa: Mfa::NotProven,
            authenticated_at: START,
        },
    );
    let new = NewSession {
        token_hash: "00",
        id: "s-1",
        subject: &subject,
        remembered: &remembered,
        refresh: None,
        started_at: START,
        ends_at: START + Duration::hours(8),
    };
    let began = SignInEntry {
        event: SignInEvent::SignedIn {
            mfa: remembered.mfa,
            linked: true,
            authenticated_at: START,
            bound: new.bound().digest(),
        },
        at: START,
        subject: Some(subject.clone()),
        person: ann().person,
        session: Some("s-1".into()),
        client_ip: None,
        request: "r-1".into(),
    };
    let mut tx = scene.db.store.write().await.unwrap();
    session::open(&mut tx, &new).await.unwrap();
    scene.journal.record(&mut tx, &began).await.unwrap();
    tx.commit().await.unwrap();
    scene.sealer().await.unwrap().seal_now().await.unwrap();
    assert_eq!(told(scene).await.0, 0);
    let stronger = "update session set document = replace(document, 'not_proven', 'proven')";
    let line = "session: the session s-1 of ann has no matching entry in the ledger";
    names(scene, stronger, line).await;
    let back = "update session set document = replace(document, 'proven', 'not_proven')";
    scene.db.by_hand(back).await.unwrap();
    let put_in = "insert into session (token_hash, id, iss, sub, document, started_at, last_used, asked_at, \
                  checked_at, ends_at) select '01', 's-2', iss, sub, document, started_at, last_used, asked_at, \
                  checked_at, ends_at from session";
    names(
        scene,
        put_in,
        "the session s-2 of ann has no matching entry",
    )
    .await;
    let out = "delete from session where id = 's-2'";
    scene.db.by_hand(out).await.unwrap();
    let mut tx = scene.db.store.write().await.unwrap();
    session::end(&mut tx, "s-1", Ending::SignedOut, START)
        .await
        .unwrap();
    let ended = SignInEntry {
        event: SignInEvent::Ended(Ending::SignedOut),
        ..began
    };
    scene.journal.record(&mut tx, &ended).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(told(scene).await.0, 0);
    let revive = "update session set ended_at = null";
    names(
        scene,
        revive,
        "the session s-1 of ann is active according to its row",
    )
    .await;
}

pub async fn a_search_word_taken_out_or_put_in_is_named(scene: &Scene) {
    scene.append_some(3).await;
    scene.sealer().await.unwrap().seal_now().await.unwrap();
    assert_eq!(told(scene).await.0, 0);
    let put_in = "insert into ledger_token (token, seq, path) values ('innocent', 1, '')";
    let line = "ledger_token: entry 1 is indexed under \"innocent\", which is not a word of it";
    names(scene, put_in, line).await;
    let out = "delete from ledger_token where token = 'innocent'";
    scene.db.by_hand(out).await.unwrap();
    let nobody = "insert into ledger_token (token, seq, path) values ('innocent', 77, '')";
    names(scene, nobody, "the index has words of entry 77").await;
    scene.db.by_hand(out).await.unwrap();
    // Erasing a value erases its words, and only those.
    let mut tx = scene.db.store.write().await.unwrap();
    ledger::erase(&mut tx, 2).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(told(scene).await.0, 0);
    let hide = "delete from ledger_token where seq = 2 and token = 'grant'";
    names(
        scene,
        hide,
        "ledger_token: entry 2 is not indexed under its word \"grant\"",
    )
    .await;
    let empty = "delete from ledger_token";
    names(scene, empty, "entry 0 is not indexed under its word").await;
}
