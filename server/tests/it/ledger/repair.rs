//! What two administrators on the host can set aside, accept and adopt, and what they cannot.

use domain::engine::lease::ProcessRole;
use server::{
    cli::ledger::{
        host_action::{HostActionArgs, HostActionError},
        no_server::{self, ServedError},
        repair::{self, RepairError},
    },
    config::{DatabaseArgs, ENGINE_LEASE_SECONDS},
    engine::seal::SignedPart,
    process_lock::ProcessLock,
    row_key::RowKeys,
    state::{StoreUser, open_store},
    store::{
        ledger::LedgerError,
        process::{self, ProcessRow},
    },
};

use super::{
    authentic::{
        OTHER_KEY, another, another_with, append_to, bob, forge, is_administrator, put_in_person,
        put_in_role, register, role_entry,
    },
    stored::{store_projection, stored},
    *,
};
use crate::database::ROW_KEY;

fn cas() -> PersonId {
    PersonId::parse("0190c0de-0000-7000-8000-000000000003").unwrap()
}

/// Makes Bob and Cas administrators, and signs it.
async fn administrators(scene: &Scene) {
    let now = scene.clock.now();
    for person in [bob(), cas()] {
        put_in_person(scene, &person).await;
    }
    let mut tx = scene.db.store.write().await.unwrap();
    let mut entries = Vec::new();
    for person in [bob(), cas()] {
        person::ensure_role(&mut tx, &person, Role::Administrator, now)
            .await
            .unwrap();
        entries.push(role_entry(scene, &person));
    }
    scene.journal.append_many(&mut tx, entries).await.unwrap();
    tx.commit().await.unwrap();
    scene.sealer().await.unwrap().seal_now().await.unwrap();
}

fn database(scene: &Scene) -> DatabaseArgs {
    DatabaseArgs {
        url: scene.db.url.clone(),
        keys: scene.keys(),
        log_name: Some(log().to_string()),
        engine_lease_seconds: ENGINE_LEASE_SECONDS,
    }
}

fn first(scene: &Scene, person: PersonId) -> HostActionArgs {
    HostActionArgs {
        database: database(scene),
        person,
        reason: Some("somebody wrote to the database".to_owned()),
        confirm: None,
    }
}

fn second(scene: &Scene, person: PersonId, code: &str) -> HostActionArgs {
    HostActionArgs {
        reason: None,
        confirm: Some(code.to_owned()),
        ..first(scene, person)
    }
}

type Done = Result<(u8, String), RepairError>;

#[derive(Clone, Copy)]
enum Command {
    SetAside,
    AcceptRestore,
    AdoptRowKey,
}

async fn run(scene: &Scene, command: Command, args: &HostActionArgs) -> Done {
    let (mut out, clock) = (Vec::new(), &scene.clock);
    let code = match command {
        Command::SetAside => repair::set_aside(args, clock, &mut out).await,
        Command::AcceptRestore => repair::accept_restore(args, clock, &mut out).await,
        Command::AdoptRowKey => repair::adopt_row_key(args, clock, &mut out).await,
    }?;
    Ok((code, String::from_utf8(out).unwrap()))
}

/// Proposes a command as Bob, and returns the code.
async fn proposed(scene: &Scene, command: Command) -> String {
    let (code, out) = run(scene, command, &first(scene, bob())).await.unwrap();
    assert_eq!(code, 1, "{out}");
    let (_, code) = out.trim_end().rsplit_once(' ').unwrap();
    code.to_owned()
}

/// Bob proposes, and Cas confirms.
async fn agreed(scene: &Scene, command: Command) -> String {
    let code = proposed(scene, command).await;
    let (done, out) = run(scene, command, &second(scene, cas(), &code))
        .await
        .unwrap();
    assert_eq!(done, 0, "{out}");
    out
}

fn not_agreed(done: Done) -> HostActionError {
    match done {
        Err(RepairError::NotAgreed(why)) => why,
        Err(other) => panic!("{other}"),
        Ok((code, out)) => panic!("{code}: {out}"),
    }
}

pub async fn two_administrators_set_a_forged_entry_aside_and_the_log_goes_on(scene: &Scene) {
    administrators(scene).await;
    store_projection(scene).await;
    let ann = ann().person.unwrap();
    put_in_role(scene, &ann).await;
    let forged = forge(scene, role_entry(scene, &ann)).await;
    assert!(scene.sealer().await.is_err());
    // One person is not enough, nor are people whom only the forged entry makes administrators.
    let code = proposed(scene, Command::SetAside).await;
    let alone = run(scene, Command::SetAside, &second(scene, bob(), &code)).await;
    assert!(matches!(not_agreed(alone), HostActionError::SamePerson(_)));
    let intruder = run(scene, Command::SetAside, &second(scene, ann.clone(), &code)).await;
    assert!(matches!(
        not_agreed(intruder),
        HostActionError::NotAdministrator(_)
    ));
    let guessed = run(
        scene,
        Command::SetAside,
        &second(scene, cas(), "0000000000"),
    )
    .await;
    assert!(matches!(not_agreed(guessed), HostActionError::WrongCode));
    let other = run(scene, Command::AcceptRestore, &second(scene, cas(), &code)).await;
    assert!(matches!(
        other,
        Err(RepairError::Ledger(Fault::NotAuthentic(_)))
    ));
    scene.clock.advance(Duration::minutes(61));
    let late = run(scene, Command::SetAside, &second(scene, cas(), &code)).await;
    assert!(matches!(not_agreed(late), HostActionError::NothingProposed));
    // What was proposed is exactly what is done.
    let code = proposed(scene, Command::SetAside).await;
    let more = format!(
        "insert into ledger_private (seq, path, salt, value) values ({forged}, '/x', '', 'y')"
    );
    scene.db.by_hand(&more).await.unwrap();
    let changed = run(scene, Command::SetAside, &second(scene, cas(), &code)).await;
    assert!(matches!(not_agreed(changed), HostActionError::Changed));
    let out = agreed(scene, Command::SetAside).await;
    assert!(stored(scene).await.is_empty(), "it is of another end");
    assert!(
        out.contains(&format!("recorded in entry {forged}")),
        "{out}"
    );
    // Nothing of it is lost, and the log goes on.
    let kept: Vec<(String,)> = sqlx::query_as(
        "select document from ledger_set_aside where document like '%ledger_entry%'",
    )
    .fetch_all(scene.db.store.read())
    .await
    .unwrap();
    assert!(
        kept.len() == 1 && kept[0].0.contains(ann.as_str()),
        "{kept:?}"
    );
    assert_eq!(scene.append(7).await, forged + 1);
    assert!(!is_administrator(scene, &ann).await);
    let newest = crate::entries::newest(&scene.db.store, Some(forged + 1), 1).await;
    for words in ["ledger.set_aside", bob().as_str(), cas().as_str()] {
        assert!(newest[0].leaf.contains(words), "{}", newest[0].leaf);
    }
    scene.sealer().await.unwrap().seal_now().await.unwrap();
    // The row that belonged to it is named, and is no finding.
    let (code, out) = told(scene).await;
    assert_eq!(code, 0, "{out}");
    let known = "Set aside by two administrators with its entry, without effect: role_grant: the role administrator";
    assert!(out.contains(known), "{out}");
    let another = "update role_grant set role = 'auditor' where person_id like '%01'";
    scene.db.by_hand(another).await.unwrap();
    let (code, out) = told(scene).await;
    assert!(
        code == 1 && !out.contains("Set aside"),
        "another row: {out}"
    );
    scene
        .db
        .by_hand("update role_grant set role = 'administrator' where person_id like '%01'")
        .await
        .unwrap();
    // What was set aside counts only as the ledger states it.
    let more = "insert into ledger_set_aside (id, entry, at, document) select 'x', entry, at, document from ledger_set_aside";
    scene.db.by_hand(&format!("{more} limit 1")).await.unwrap();
    let (code, out) = told(scene).await;
    assert!(code == 1 && out.contains("role_grant"), "{out}");
    scene
        .db
        .by_hand("delete from ledger_set_aside where id = 'x'")
        .await
        .unwrap();
    let refused = scene.db.by_hand("delete from ledger_entry").await;
    assert!(refused.is_err(), "the triggers are back");
    let (code, out) = run(scene, Command::SetAside, &first(scene, bob()))
        .await
        .unwrap();
    assert!(code == 0 && out.contains("Nothing to set aside"), "{out}");
}

pub async fn what_leastwise_wrote_is_never_set_aside(scene: &Scene) {
    administrators(scene).await;
    scene.append_some(3).await;
    scene.drop_triggers().await;
    // An entry in the middle, before which and behind which everything is authentic.
    let change = "update ledger_entry set leaf = replace(leaf, '111111000001', '111111000099') where seq = 3";
    assert_eq!(scene.db.by_hand(change).await.unwrap(), 1);
    let refused = run(scene, Command::SetAside, &first(scene, bob())).await;
    assert!(
        matches!(
            refused,
            Err(RepairError::Store(StoreError::Ledger(
                LedgerError::Authentic { seq: 4 }
            )))
        ),
        "{refused:?}"
    );
    let back = "update ledger_entry set leaf = replace(leaf, '111111000099', '111111000001') where seq = 3";
    scene.db.by_hand(back).await.unwrap();
    let (code, _) = run(scene, Command::SetAside, &first(scene, bob()))
        .await
        .unwrap();
    assert_eq!(code, 0, "restored from a backup, it is authentic again");
    // The last entry, which this installation had verified.
    scene.sealer().await.unwrap().keep_end().await.unwrap();
    let change = "update ledger_entry set leaf = replace(leaf, '111111000002', '111111000099') where seq = 4";
    assert_eq!(scene.db.by_hand(change).await.unwrap(), 1);
    let refused = run(scene, Command::SetAside, &first(scene, bob())).await;
    assert!(matches!(refused, Err(RepairError::Lost(4))), "{refused:?}");
}

pub async fn an_old_head_is_corrected_by_two_administrators(scene: &Scene) {
    administrators(scene).await;
    scene.append_some(2).await;
    scene.drop_triggers().await;
    let old = "update ledger_head set size = 2";
    scene.db.by_hand(old).await.unwrap();
    agreed(scene, Command::SetAside).await;
    assert_eq!(scene.append(1).await, 5);
    scene.sealer().await.unwrap().seal_now().await.unwrap();
    assert_eq!(told(scene).await.0, 0);
}

pub async fn an_older_backup_starts_after_two_administrators_accept_the_loss(scene: &Scene) {
    administrators(scene).await;
    let nothing = run(scene, Command::AcceptRestore, &first(scene, bob())).await;
    assert_eq!(nothing.unwrap().0, 0, "nothing is lost");
    let (store, journal) = another(scene).await;
    let sealer = scene.sealer_of(&store, &journal).await.unwrap();
    for _ in 0..2 {
        let mut tx = store.write().await.unwrap();
        journal
            .append(&mut tx, journal.log_started())
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }
    sealer.close().await.unwrap();
    store.close().await;
    // The state before, as a backup has it.
    scene.drop_triggers().await;
    for table in ["entry", "mac", "private", "token"] {
        let cut = format!("delete from ledger_{table} where seq >= 2");
        scene.db.by_hand(&cut).await.unwrap();
    }
    let first_hash = tree::leaf_index(2).unwrap();
    for cut in [
        format!("delete from ledger_hash where idx >= {first_hash}"),
        "update ledger_head set size = 2, last_hash = (select leaf_hash from ledger_entry where seq = 1)".to_owned(),
    ] {
        scene.db.by_hand(&cut).await.unwrap();
    }
    // No backup contains this checkpoint of more entries than it contains.
    let cut_off = run(scene, Command::AcceptRestore, &first(scene, bob())).await;
    assert!(
        matches!(
            cut_off,
            Err(RepairError::Ledger(Fault::Shorter {
                promised: 5,
                found: 2,
                ..
            }))
        ),
        "{cut_off:?}"
    );
    let backup = "delete from ledger_checkpoint where size > 2";
    scene.db.by_hand(backup).await.unwrap();
    let (store, journal) = another(scene).await;
    let start = async || scene.sealer_of(&store, &journal).await;
    assert!(matches!(
        start().await,
        Err(Fault::Shorter {
            promised: 5,
            found: 2,
            ..
        })
    ));
    store_projection(scene).await;
    let out = agreed(scene, Command::AcceptRestore).await;
    assert!(stored(scene).await.is_empty(), "it may be of what is lost");
    assert!(out.contains("recorded in entry 2"), "{out}");
    start().await.unwrap().seal_now().await.unwrap();
    let (code, out) = told(scene).await;
    assert_eq!(code, 0, "{out}");
    store.close().await;
}

pub async fn a_lost_row_key_is_replaced_by_two_administrators(scene: &Scene) {
    administrators(scene).await;
    let used = open_store(&database(scene), StoreUser::Command)
        .await
        .unwrap();
    used.close().await;
    scene.append(1).await;
    std::fs::remove_file(scene.keys().join("row.key")).unwrap();
    let missing = open_store(&database(scene), StoreUser::Server)
        .await
        .unwrap_err();
    assert!(missing.to_string().contains("docs/row-key.md"), "{missing}");
    // Whoever deletes the names of the keys does not make a server create another one.
    let names = "delete from row_key";
    scene.db.by_hand(names).await.unwrap();
    let missing = open_store(&database(scene), StoreUser::Server)
        .await
        .unwrap_err();
    assert!(
        missing.to_string().contains("is missing, but entries"),
        "{missing}"
    );
    assert!(!scene.keys().join("row.key").exists());
    let signed = SignedPart::read(&scene.db.store, &log(), &scene.keys())
        .await
        .unwrap();
    assert_eq!(signed.newest.0, 2);
    let (_, out) = run(scene, Command::AdoptRowKey, &first(scene, bob()))
        .await
        .unwrap();
    assert!(
        out.contains("Proven by a checkpoint: 2 entries.") && out.contains("Not proven: 1 entry."),
        "{out}"
    );
    assert!(
        !scene.keys().join("row.key").exists(),
        "a proposal changes nothing"
    );
    assert!(out.contains("entry 2: grant.started"), "{out}");
    // A new proposal replaces the earlier one.
    store_projection(scene).await;
    let out = agreed(scene, Command::AdoptRowKey).await;
    assert!(
        stored(scene).await.is_empty(),
        "it has a MAC by the lost key"
    );
    assert!(out.contains("recorded in entry 3"), "{out}");
    let store = open_store(&database(scene), StoreUser::Command)
        .await
        .unwrap();
    let journal = Journal::new(store.clone(), scene.clock.clone(), log(), "new".into());
    let sealer = scene.sealer_of(&store, &journal).await.unwrap();
    sealer.seal_now().await.unwrap();
    assert_eq!(told(scene).await.0, 0);
    let (code, out) = run(scene, Command::AdoptRowKey, &first(scene, bob()))
        .await
        .unwrap();
    assert!(code == 0 && out.contains("Nothing to adopt"), "{out}");
    // A process with the lost key does not start any more.
    let mut tx = scene.db.store.write().await.unwrap();
    let refused = ledger::register_row_keys(&mut tx, &crate::database::row_keys(), START).await;
    assert!(refused.is_err());
    store.close().await;
}

pub async fn entries_that_a_known_key_proves_need_nobody_to_accept_them(scene: &Scene) {
    administrators(scene).await;
    scene.append(1).await;
    // The keys are rotated, and the earlier one is lost.
    let both = [OTHER_KEY, ROW_KEY].join(",");
    let rotated = RowKeys::parse(&both).unwrap();
    let (store, journal) = another_with(scene, rotated.clone()).await;
    register(&store, &rotated).await.unwrap();
    append_to(&store, &journal, journal.log_started())
        .await
        .unwrap();
    std::fs::write(scene.keys().join("row.key"), OTHER_KEY).unwrap();
    let (_, out) = run(scene, Command::AdoptRowKey, &first(scene, bob()))
        .await
        .unwrap();
    // The entry by the known key contains the hash of the one before it.
    for words in [
        "Proven by a checkpoint: 2 entries.",
        "by a MAC of a key of this host: 2 entries.",
        "Not proven: 0 entries.",
    ] {
        assert!(out.contains(words), "{out}");
    }
    // What the lost key wrote last is not proven.
    let back = RowKeys::parse(&[ROW_KEY, OTHER_KEY].join(",")).unwrap();
    let (earlier, journal) = another_with(scene, back).await;
    append_to(&earlier, &journal, journal.log_stopped())
        .await
        .unwrap();
    let out = agreed(scene, Command::AdoptRowKey).await;
    assert!(out.contains("Not proven: 1 entry."), "{out}");
    assert!(
        out.contains("entry 4: ") && !out.contains("entry 3: "),
        "{out}"
    );
    let keys = RowKeys::parse(OTHER_KEY).unwrap();
    let (adopted, journal) = another_with(scene, keys).await;
    let sealer = scene.sealer_of(&adopted, &journal).await.unwrap();
    sealer.seal_now().await.unwrap();
    assert_eq!(told(scene).await.0, 0);
    for used in [store, earlier, adopted] {
        used.close().await;
    }
}

pub async fn what_a_checkpoint_signs_is_never_set_aside(scene: &Scene) {
    administrators(scene).await;
    scene.append_some(3).await;
    scene.sealer().await.unwrap().seal_now().await.unwrap();
    // Neither the MACs nor the file of the end show any more that Leastwise wrote the last two entries.
    let cut = "delete from ledger_mac where seq >= 3";
    assert_eq!(scene.db.by_hand(cut).await.unwrap(), 2);
    assert!(!scene.keys().join("ledger.end").exists());
    let refused = run(scene, Command::SetAside, &first(scene, bob())).await;
    assert!(
        matches!(
            refused,
            Err(RepairError::Signed {
                signed: 5,
                authentic: 3
            })
        ),
        "{refused:?}"
    );
    // The copy beside the key is enough.
    scene.drop_triggers().await;
    scene
        .db
        .by_hand("delete from ledger_checkpoint")
        .await
        .unwrap();
    let refused = run(scene, Command::SetAside, &first(scene, bob())).await;
    assert!(
        matches!(refused, Err(RepairError::Signed { signed: 5, .. })),
        "{refused:?}"
    );
}

pub async fn a_running_process_keeps_the_host_from_changing_what_it_keeps_in_memory(scene: &Scene) {
    administrators(scene).await;
    let row = ProcessRow {
        id: "p-1".to_owned(),
        started_at: START,
        version: "0.1.0".to_owned(),
        role: ProcessRole::Engine,
        counter: 0,
    };
    let lock = ProcessLock::of_database(&scene.db.url).unwrap();
    let (store, beaten) = (scene.db.store.clone(), row.clone());
    let mut conn = store.connection().await.unwrap();
    process::beat(&mut conn, &beaten).await.unwrap();
    drop(conn);
    let (stop, mut stopped) = tokio::sync::oneshot::channel();
    let beats = tokio::spawn(async move {
        let pause = std::time::Duration::from_millis(100);
        while tokio::time::timeout(pause, &mut stopped).await.is_err() {
            let mut conn = store.connection().await.unwrap();
            process::beat(&mut conn, &beaten).await.unwrap();
        }
    });
    for command in [Command::AcceptRestore, Command::AdoptRowKey] {
        let refused = run(scene, command, &first(scene, bob())).await;
        let Err(RepairError::Served(ServedError::Running(words))) = refused else {
            panic!("{refused:?}");
        };
        assert!(words.contains("p-1"), "{words}");
    }
    // What no process counts can be set aside beside them.
    let ann = ann().person.unwrap();
    put_in_role(scene, &ann).await;
    let forged = forge(scene, role_entry(scene, &ann)).await;
    agreed(scene, Command::SetAside).await;
    assert_eq!(scene.append(1).await, forged + 1);
    // Not aborted: a statement that nobody waits for could still be carried out later.
    stop.send(()).unwrap();
    beats.await.unwrap();
    drop(lock);
    // The row of a process that did not end in an orderly way holds nothing up for long.
    let patience = std::time::Duration::from_secs(1);
    let none = no_server::running(&scene.db.store, patience).await.unwrap();
    assert_eq!(none, None);
    let mut conn = scene.db.store.connection().await.unwrap();
    process::remove(&mut conn, &row.id, i64::MAX).await.unwrap();
    drop(conn);
    let done = run(scene, Command::AcceptRestore, &first(scene, bob())).await;
    assert_eq!(done.unwrap().0, 0);
}
