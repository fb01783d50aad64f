//! The ledger on both engines: numbering, tampering, sealing, searching.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod authentic;
mod forged;
mod listed;
mod repair;
mod stored;

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    sync::Arc,
};

use crate::{
    app_states,
    callers::InBrowser,
    database::{Database, DatabaseEngine, row_keys, write_row_key},
    entries::entries,
};
use app::{
    backend::{Denied, EntryRow, FileFormat, LedgerPort as _, SentencePart},
    lists::ListChoice,
};
use authentic::{
    a_head_that_states_another_end_is_named_before_anything_is_appended,
    a_log_of_an_earlier_version_gets_macs_for_what_is_signed,
    a_process_with_another_row_key_does_not_start,
    a_verification_without_the_row_key_says_what_it_did_not_check,
    after_a_rotation_the_earlier_key_only_verifies,
    an_end_that_was_cut_off_is_noticed_at_once_and_at_the_next_start,
    an_end_that_was_overwritten_after_it_was_verified_is_not_continued,
    an_entry_appended_by_hand_does_not_count_and_nothing_follows_it,
    an_entry_beyond_the_head_is_named_and_stops_appends,
    an_entry_of_another_log_with_the_same_key_does_not_count,
    an_entry_overwritten_after_it_was_verified_does_not_count,
    an_entry_that_is_not_authentic_is_shown_and_exported_as_such,
    an_old_head_that_is_put_back_stops_appends, another,
    appends_that_are_not_committed_yet_raise_no_false_alarm,
};
use domain::{
    approval::{Approval, Decision, Mfa},
    authorize::{Action, Actor, IdentityState, Role},
    ids::{AccountId, ChangeId, EffectHash, PersonId},
    ledger::{EventKind, Hash, LogName, Outcome, tree},
    person::Subject,
    time::{Duration, Timestamp},
};
use forged::{
    a_declaration_that_is_not_as_the_ledger_says_is_named,
    a_link_of_an_identity_that_is_not_as_the_ledger_says_is_named,
    a_link_that_people_ended_and_a_row_restores_is_named,
    a_search_word_taken_out_or_put_in_is_named, a_session_that_is_not_as_the_ledger_says_is_named,
    a_sign_in_that_is_not_as_the_ledger_says_is_named,
    a_window_that_is_not_as_the_ledger_says_is_named,
};
use listed::{
    an_entry_is_found_by_its_words_newest_first,
    crawls_that_found_nothing_new_are_folded_where_they_are,
    filters_narrow_each_other_and_their_values_widen,
    sign_ins_and_links_one_after_the_other_are_one_row_if_all_count,
    the_entries_of_a_session_are_those_of_its_person,
    the_file_has_what_is_filtered_with_proofs_and_is_recorded,
    the_pages_of_a_long_list_begin_before_and_after_numbers,
    the_setup_is_one_row_until_somebody_looks_for_something,
    what_was_pending_shows_what_became_of_it,
};
use repair::{
    a_lost_row_key_is_replaced_by_two_administrators,
    a_running_process_keeps_the_host_from_changing_what_it_keeps_in_memory,
    an_old_head_is_corrected_by_two_administrators,
    an_older_backup_starts_after_two_administrators_accept_the_loss,
    entries_that_a_known_key_proves_need_nobody_to_accept_them,
    two_administrators_set_a_forged_entry_aside_and_the_log_goes_on,
    what_a_checkpoint_signs_is_never_set_aside, what_leastwise_wrote_is_never_set_aside,
};
use serde_json::Value;
use server::{
    cli::ledger::{
        ExportArgs, LedgerCommand, LedgerCommandError, LedgerLocation, VerifyArgs, execute,
    },
    clock::{self, Clock},
    engine::seal::{Fault, Sealer},
    service::{
        Service,
        caller::CallingPerson,
        journal::{EntryActor, EntryBuilder, Journal},
        sign_in::{SignInEntry, SignInEvent, SignInJournal as _},
    },
    store::{Store, StoreError, change, ledger, person},
};
use stored::{
    a_change_that_ended_is_read_again_as_it_was_or_not_at_all,
    a_deleted_entry_is_named_and_not_the_one_after_it,
    a_start_applies_the_entries_behind_the_stored_projection,
    a_stored_projection_beyond_the_end_counts_as_none,
    a_stored_projection_that_leastwise_did_not_write_is_not_used,
    an_older_stored_projection_that_is_put_back_changes_nothing,
};

const START: Timestamp = Timestamp(1_800_000_000_000);

/// A database with all writers of its ledger.
struct Scene {
    db: Database,
    clock: Clock,
    journal: Journal,
}

impl Scene {
    async fn on(engine: DatabaseEngine) -> Self {
        let db = Database::fresh(engine).await;
        let clock = Clock::manual(START);
        let journal = Journal::new(db.store.clone(), clock.clone(), log(), "test".to_owned());
        write_row_key(&db.folder().join("keys"));
        let mut tx = db.store.write().await.unwrap();
        ledger::register_row_keys(&mut tx, &row_keys(), START)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        Self { db, clock, journal }
    }

    async fn close(self) {
        self.db.store.close().await;
    }

    fn keys(&self) -> PathBuf {
        self.db.folder().join("keys")
    }

    async fn sealer(&self) -> Result<Sealer, Fault> {
        self.sealer_of(&self.db.store, &self.journal).await
    }

    /// Starts with the ledger as a process with this handle on the database does.
    async fn sealer_of(&self, store: &Store, journal: &Journal) -> Result<Sealer, Fault> {
        Sealer::open(
            store.clone(),
            self.clock.clone(),
            journal.clone(),
            &self.keys(),
            None,
        )
        .await
    }

    /// Returns the ports as they are bound to Ann with these roles.
    async fn service(&self, roles: &[Role]) -> Service {
        let mut app_state = app_states::without_aws(self.db.store.clone(), &self.clock).await;
        app_state.journal = self.journal.clone();
        let person = ann().person.unwrap();
        let actor = Actor {
            person: Some(person.clone()),
            roles: roles.iter().copied().collect(),
            approver_since: None,
            mfa: Mfa::Proven,
            identity: IdentityState::Active,
        };
        let subject = Subject {
            iss: "https://pool.example".to_owned(),
            sub: "ann".to_owned(),
        };
        let name = ann().name.unwrap();
        let calling = CallingPerson {
            actor,
            person,
            user: None,
            subject,
            name,
            self_reported: None,
        };
        let signed = InBrowser {
            calling,
            authenticated_at: START,
        };
        Service::new(Arc::new(app_state), signed.caller())
    }

    async fn append(&self, account: u64) -> u64 {
        let mut tx = self.db.store.write().await.unwrap();
        let entry = self
            .journal
            .entry(EventKind::GrantStarted, Outcome::Success, &ann());
        let entry = entry
            .account(&account_id(account))
            .target_name("Payments Ledger");
        let seq = self.journal.append(&mut tx, entry).await.unwrap();
        tx.commit().await.unwrap();
        seq
    }

    async fn append_some(&self, number: u64) {
        for account in 0..number {
            self.append(account).await;
        }
    }

    fn place(&self) -> LedgerLocation {
        LedgerLocation {
            database: self.db.url.clone(),
            keys: Some(self.keys()),
            vkey: None,
        }
    }

    async fn verify(&self) -> (u8, Value) {
        self.verify_with(VerifyArgs {
            place: self.place(),
            bundle: None,
            checkpoint: None,
            json: true,
        })
        .await
    }

    async fn verify_with(&self, args: VerifyArgs) -> (u8, Value) {
        let (mut out, mut notes) = (Vec::new(), Vec::new());
        let code = execute(LedgerCommand::Verify(args), &mut out, &mut notes)
            .await
            .unwrap();
        (code, serde_json::from_slice(&out).unwrap())
    }

    /// Drops the triggers, as an attacker with full rights to the database could.
    async fn drop_triggers(&self) {
        let sqlite = self.db.url.starts_with("sqlite:");
        for table in ["entry", "hash", "checkpoint", "head", "private"] {
            if sqlite {
                for trigger in ["no_update", "no_delete", "only_grows"] {
                    let drop = format!("drop trigger if exists ledger_{table}_{trigger}");
                    self.db.by_hand(&drop).await.unwrap();
                }
            } else {
                let disable = format!("alter table ledger_{table} disable trigger user");
                self.db.by_hand(&disable).await.unwrap();
            }
        }
    }
}

fn log() -> LogName {
    LogName::parse("leastwise.example/test").unwrap()
}

fn account_id(n: u64) -> AccountId {
    AccountId::parse(&format!("{:012}", 111_111_000_000 + n)).unwrap()
}

fn ann() -> EntryActor {
    EntryActor {
        person: Some(PersonId::parse("0190c0de-0000-7000-8000-000000000001").unwrap()),
        name: Some("Ann Lee".to_owned()),
        session: Some("s-1".to_owned()),
        mfa: Some(Mfa::Proven),
        client_ip: Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7))),
        request: Some("r-1".to_owned()),
        ..EntryActor::default()
    }
}

fn words(text: &str) -> ListChoice {
    ListChoice {
        words: text.to_owned(),
        ..ListChoice::default()
    }
}

crate::engines::on_both_engines! {
    &Scene:
    many_tasks_of_which_some_give_up_leave_a_whole_log,
    what_is_rolled_back_leaves_no_gap,
    the_database_itself_refuses_to_change_or_remove,
    a_row_changed_by_hand_is_named,
    a_row_taken_out_by_hand_is_named,
    a_decision_or_a_role_without_its_entry_is_named,
    an_entry_without_its_decision_or_role_is_named,
    an_entry_that_the_server_would_not_find_is_named,
    a_decision_that_fills_no_seat_is_named,
    a_log_written_anew_as_a_whole_is_found_by_an_earlier_checkpoint,
    a_log_cut_short_is_found_and_nothing_is_written_to_it,
    a_changed_leaf_is_never_signed,
    erased_values_keep_the_log_whole_and_are_found_no_more,
    a_private_value_changed_by_hand_is_named,
    the_key_is_made_once_and_nobody_else_may_read_it,
    a_bundle_verifies_offline_and_names_what_was_changed,
    another_log_is_refused,
    an_entry_is_found_by_its_words_newest_first,
    the_pages_of_a_long_list_begin_before_and_after_numbers,
    filters_narrow_each_other_and_their_values_widen,
    crawls_that_found_nothing_new_are_folded_where_they_are,
    the_setup_is_one_row_until_somebody_looks_for_something,
    sign_ins_and_links_one_after_the_other_are_one_row_if_all_count,
    what_was_pending_shows_what_became_of_it,
    the_file_has_what_is_filtered_with_proofs_and_is_recorded,
    the_entries_of_a_session_are_those_of_its_person,
    an_entry_comes_with_a_proof_that_verifies,
    a_verification_without_the_row_key_says_what_it_did_not_check,
    who_may_not_read_the_ledger_reads_nothing_and_leaves_no_read,
    repeats_within_a_minute_are_one_entry_with_a_count,
    a_flood_of_strangers_stays_small,
    a_session_begins_in_the_log_with_its_row_or_not_at_all,
    a_window_that_is_not_as_the_ledger_says_is_named,
    a_declaration_that_is_not_as_the_ledger_says_is_named,
    a_link_of_an_identity_that_is_not_as_the_ledger_says_is_named,
    a_link_that_people_ended_and_a_row_restores_is_named,
    a_session_that_is_not_as_the_ledger_says_is_named,
    a_sign_in_that_is_not_as_the_ledger_says_is_named,
    a_search_word_taken_out_or_put_in_is_named,
    an_entry_appended_by_hand_does_not_count_and_nothing_follows_it,
    an_entry_beyond_the_head_is_named_and_stops_appends,
    an_old_head_that_is_put_back_stops_appends,
    an_entry_overwritten_after_it_was_verified_does_not_count,
    an_end_that_was_overwritten_after_it_was_verified_is_not_continued,
    an_entry_of_another_log_with_the_same_key_does_not_count,
    a_process_with_another_row_key_does_not_start,
    after_a_rotation_the_earlier_key_only_verifies,
    an_end_that_was_cut_off_is_noticed_at_once_and_at_the_next_start,
    a_log_of_an_earlier_version_gets_macs_for_what_is_signed,
    two_administrators_set_a_forged_entry_aside_and_the_log_goes_on,
    what_leastwise_wrote_is_never_set_aside,
    an_old_head_is_corrected_by_two_administrators,
    an_older_backup_starts_after_two_administrators_accept_the_loss,
    a_lost_row_key_is_replaced_by_two_administrators,
    entries_that_a_known_key_proves_need_nobody_to_accept_them,
    what_a_checkpoint_signs_is_never_set_aside,
    a_running_process_keeps_the_host_from_changing_what_it_keeps_in_memory,
    a_head_that_states_another_end_is_named_before_anything_is_appended,
    appends_that_are_not_committed_yet_raise_no_false_alarm,
    an_entry_that_is_not_authentic_is_shown_and_exported_as_such,
    a_start_applies_the_entries_behind_the_stored_projection,
    a_stored_projection_that_leastwise_did_not_write_is_not_used,
    an_older_stored_projection_that_is_put_back_changes_nothing,
    a_stored_projection_beyond_the_end_counts_as_none,
    a_change_that_ended_is_read_again_as_it_was_or_not_at_all,
    a_deleted_entry_is_named_and_not_the_one_after_it,
}

async fn many_tasks_of_which_some_give_up_leave_a_whole_log(scene: &Scene) {
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..8_u32 {
        let (store, journal) = (scene.db.store.clone(), scene.journal.clone());
        tasks.spawn(async move {
            let mut certain = 0_u64;
            for turn in 0..12_u32 {
                let write = async {
                    let mut tx = store.write().await.unwrap();
                    let entry = journal.entry(EventKind::SyncCompleted, Outcome::Success, &EntryActor::leastwise());
                    let entry = entry.fact("task", task).fact("turn", turn);
                    journal.append(&mut tx, entry.clone()).await.unwrap();
                    journal.append_many(&mut tx, vec![entry.clone(), entry]).await.unwrap();
                    if (task + turn) % 4 == 0 {
                        return false;
                    }
                    tx.commit().await.unwrap();
                    true
                };
                let patience = 1 + (task * 31 + turn * 17) % 120;
                let gives_up = async {
                    for _ in 0..patience {
                        tokio::task::yield_now().await;
                    }
                };
                if turn % 3 == 0 {
                    // Dropped at some point in between; whether it was written is unknown.
                    tokio::select! { biased; () = gives_up => {}, done = write => certain += u64::from(done) }
                } else {
                    certain += u64::from(write.await);
                }
            }
            certain
        });
    }
    let mut certain = 0;
    while let Some(done) = tasks.join_next().await {
        certain += done.unwrap();
    }
    scene.append(1).await;
    let ((size, hash), end) = ledger::head_and_end(&mut scene.db.store.connection().await.unwrap())
        .await
        .unwrap();
    assert_eq!((size, hash), end);
    assert!(
        size > 3 * certain && size % 3 == 1,
        "{size} entries, {certain} transactions that answered"
    );
    let sealer = scene.sealer().await.unwrap();
    assert_eq!(sealer.seal_now().await.unwrap().unwrap().size, size);
    let (code, report) = scene.verify().await;
    assert_eq!(
        (code, report["entries"].as_u64()),
        (0, Some(size)),
        "{report}"
    );
}

async fn what_is_rolled_back_leaves_no_gap(scene: &Scene) {
    assert_eq!(scene.append(1).await, 0);
    let mut tx = scene.db.store.write().await.unwrap();
    let entry = scene.journal.log_started();
    assert_eq!(scene.journal.append(&mut tx, entry).await.unwrap(), 1);
    drop(tx);
    assert_eq!(scene.append(2).await, 1);
    scene.sealer().await.unwrap().seal_now().await.unwrap();
    assert_eq!(scene.verify().await.0, 0);
}

async fn the_database_itself_refuses_to_change_or_remove(scene: &Scene) {
    scene.append_some(2).await;
    scene.sealer().await.unwrap().seal_now().await.unwrap();
    for statement in [
        "update ledger_entry set outcome = 'denied' where seq = 0",
        "delete from ledger_entry where seq = 1",
        "update ledger_hash set hash = 'x' where idx = 0",
        "delete from ledger_hash where idx = 0",
        "update ledger_checkpoint set note = 'x'",
        "delete from ledger_checkpoint",
        "update ledger_head set size = size - 1",
        "update ledger_head set log = 'another'",
        "delete from ledger_head",
        "update ledger_private set value = 'Bob' where seq = 0",
    ] {
        let refused = scene.db.by_hand(statement).await.unwrap_err().to_string();
        assert!(
            refused.contains("the ledger is append-only"),
            "{statement}: {refused}"
        );
    }
    assert_eq!(scene.verify().await.0, 0);
}

async fn a_row_changed_by_hand_is_named(scene: &Scene) {
    scene.append_some(9).await;
    scene.sealer().await.unwrap().seal_now().await.unwrap();
    scene.drop_triggers().await;
    let change = "update ledger_entry set leaf = replace(leaf, '111111000004', '111111000099') where seq = 4";
    assert_eq!(scene.db.by_hand(change).await.unwrap(), 1);
    let (code, report) = scene.verify().await;
    assert_eq!(
        (code, &report["first_bad"], &report["reason"]),
        (1, &4.into(), &"altered".into())
    );
    let members: BTreeSet<_> = report
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        members,
        BTreeSet::from([
            "entries",
            "findings",
            "first_bad",
            "macs_checked",
            "not_checked",
            "reason",
            "root",
            "seconds",
            "set_aside",
            "tree_size"
        ])
    );
    assert_eq!(
        report["findings"][0],
        serde_json::json!({
            "code": "altered", "seq": 4, "table": null,
            "message": "Entry 4 is invalid: it was altered after it was written.",
        })
    );
    let findings = report["findings"].as_array().unwrap().iter();
    let codes: Vec<&str> = findings.map(|one| one["code"].as_str().unwrap()).collect();
    assert_eq!(
        codes,
        [
            "altered",
            "not_authentic",
            "column_differs",
            "words_differ",
            "words_differ"
        ]
    );
    let mut out = Vec::new();
    let args = VerifyArgs {
        place: scene.place(),
        bundle: None,
        checkpoint: None,
        json: false,
    };
    assert_eq!(
        execute(LedgerCommand::Verify(args), &mut out, &mut Vec::new())
            .await
            .unwrap(),
        1
    );
    let said = String::from_utf8(out).unwrap();
    assert!(
        said.starts_with("Entry 4 is invalid: it was altered after it was written."),
        "{said}"
    );
    let wrong = "Something is wrong: 5 findings. The 4 entries before entry 4 are in order.";
    assert!(said.contains(wrong), "{said}");
}

const CHANGE: &str = "00000004-0000-4000-8000-000000000001";

/// The person who requests [`CHANGE`], by the sign-in `asks`.
const REQUESTER: &str = "0190c0de-0000-7000-8000-000000000009";

/// Stores the row of [`CHANGE`], and returns the entry of its request.
async fn requested(scene: &Scene) -> EntryBuilder {
    let now = scene.clock.now().0;
    scene
        .db
        .by_hand(&format!(
            "insert into change (id, requester, proposal, submitted_at, decide_by, verdict, effect, effect_hash, \
             gaining, state, version, updated_at, form_key, mfa) values ('{CHANGE}', '{REQUESTER}', \
             '{{\"justification\":\"because\",\"ticket\":null}}', {now}, 0, '{{}}', '{{}}', 'e', '[]', 'waiting', 1, 0, 'k', \
             '\"not_proven\"')"
        ))
        .await
        .unwrap();
    let who = EntryActor {
        person: Some(PersonId::parse(REQUESTER).unwrap()),
        subject: Some(subject("asks")),
        ..ann()
    };
    let journal = &scene.journal;
    let entry = journal.entry(EventKind::ChangeSubmitted, Outcome::Pending, &who);
    let entry = entry.change(&ChangeId::parse(CHANGE).unwrap());
    let entry = entry.justification("because").fact("effect", "e");
    entry.shows(Hash::of(b"{}"))
}

/// Stores a change, ann's approval of it and her role, as Leastwise does.
async fn decided(scene: &Scene) {
    let request = requested(scene).await;
    let (ann, now) = (ann(), scene.clock.now());
    let person = ann.person.clone().unwrap();
    scene
        .db
        .by_hand(&format!(
            "insert into person (id, created_at) values ('{person}', 0)"
        ))
        .await
        .unwrap();
    let approval = Approval {
        approver: person.clone(),
        decision: Decision::Approve,
        reason: "looks right".into(),
        effect: EffectHash("e".into()),
        round: 0,
        at: now,
    };
    let change = ChangeId::parse(CHANGE).unwrap();
    let mut tx = scene.db.store.write().await.unwrap();
    change::decide(&mut tx, &change, &approval).await.unwrap();
    person::ensure_role(&mut tx, &person, Role::Approver, now)
        .await
        .unwrap();
    let journal = &scene.journal;
    let entries = vec![
        journal.role_granted(&EntryActor::leastwise(), &person, Role::Approver, now),
        journal.change_decided(&ann, &change, &approval),
        request,
    ];
    journal.append_many(&mut tx, entries).await.unwrap();
    tx.commit().await.unwrap();
    scene.sealer().await.unwrap().seal_now().await.unwrap();
}

/// Returns the text output of `ledger verify` and its exit code.
async fn told(scene: &Scene) -> (u8, String) {
    let args = VerifyArgs {
        place: scene.place(),
        bundle: None,
        checkpoint: None,
        json: false,
    };
    let mut out = Vec::new();
    let code = execute(LedgerCommand::Verify(args), &mut out, &mut Vec::new())
        .await
        .unwrap();
    (code, String::from_utf8(out).unwrap())
}

async fn a_decision_or_a_role_without_its_entry_is_named(scene: &Scene) {
    decided(scene).await;
    assert_eq!(scene.verify().await.0, 0);
    let bob = "0190c0de-0000-7000-8000-000000000002";
    for statement in [
        format!("insert into person (id, created_at) values ('{bob}', 0)"),
        format!(
            "insert into approval (change_id, approver, decision, reason, effect_hash, at, round) \
             values ('{CHANGE}', '{bob}', 'approve', 'x', 'e', 0, 0)"
        ),
        format!(
            "insert into role_grant (person_id, role, granted_at) \
             values ('{bob}', 'approver', 0)"
        ),
    ] {
        scene.db.by_hand(&statement).await.unwrap();
    }
    let (code, out) = told(scene).await;
    assert_eq!(code, 1);
    for line in [
        format!(
            "approval: the approval of change {CHANGE} by person {bob} in round 0 has no entry"
        ),
        format!(
            "role_grant: the role approver of person {bob} since 1970-01-01T00:00:00.000Z has no entry"
        ),
    ] {
        assert!(out.contains(&line), "{out}");
    }
    assert!(
        !out.contains("000000000001 in round"),
        "only the inserted rows: {out}"
    );
    let (code, report) = scene.verify().await;
    assert_eq!((code, &report["reason"]), (1, &"rows_differ".into()));
}

async fn an_entry_without_its_decision_or_role_is_named(scene: &Scene) {
    decided(scene).await;
    // Ended in the row only, without an entry.
    let end = "update role_grant set ended_at = 5";
    scene.db.by_hand(end).await.unwrap();
    let (code, out) = told(scene).await;
    assert_eq!(code, 1);
    assert!(out.contains("has no entry that ends it"), "{out}");
    // Properly ended, and then reopened manually.
    let (person, now) = (ann().person.unwrap(), scene.clock.now());
    let mut tx = scene.db.store.write().await.unwrap();
    let entry = scene
        .journal
        .role_ended(&EntryActor::leastwise(), &person, Role::Approver, now);
    scene.journal.append(&mut tx, entry).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(told(scene).await.0, 0);
    let open = "update role_grant set ended_at = null";
    scene.db.by_hand(open).await.unwrap();
    let (code, out) = told(scene).await;
    assert_eq!(code, 1);
    assert!(out.contains("is held according to its row"), "{out}");
    // Deleted.
    scene.db.by_hand("delete from role_grant").await.unwrap();
    let refused = scene.db.by_hand("delete from approval").await;
    assert!(refused.is_err(), "a decision is never deleted");
    let (code, out) = told(scene).await;
    assert_eq!(code, 1);
    assert!(
        out.contains("role_grant: the row of the role approver"),
        "{out}"
    );
}

async fn an_entry_that_the_server_would_not_find_is_named(scene: &Scene) {
    decided(scene).await;
    assert_eq!(scene.verify().await.0, 0);
    scene.drop_triggers().await;
    for (column, by_hand, back) in [
        (
            "type",
            "update ledger_entry set type = 'change.seen' where seq = 1",
            "update ledger_entry set type = 'change.approved' where seq = 1".to_owned(),
        ),
        (
            "change_id",
            "update ledger_entry set change_id = null where seq = 1",
            format!("update ledger_entry set change_id = '{CHANGE}' where seq = 1"),
        ),
        (
            "hash (of ledger_hash)",
            "update ledger_hash set hash = replace(hash, substr(hash, 1, 1), 'z') where idx = 1",
            String::new(),
        ),
    ] {
        assert_eq!(scene.db.by_hand(by_hand).await.unwrap(), 1);
        let (code, out) = told(scene).await;
        assert_eq!(code, 1);
        let line = format!("the column {column} of entry 1 differs from the entry");
        assert!(out.contains(&line), "{out}");
        assert_eq!(out.matches("differs from the entry").count(), 1, "{out}");
        let (code, report) = scene.verify().await;
        assert_eq!((code, &report["reason"]), (1, &"rows_differ".into()));
        if !back.is_empty() {
            scene.db.by_hand(&back).await.unwrap();
            assert_eq!(told(scene).await.0, 0);
        }
    }
}

/// Approves [`CHANGE`], with row and entry, by this sign-in.
async fn approve_as(scene: &Scene, person: &str, sub: &str) {
    let who = EntryActor {
        person: Some(PersonId::parse(person).unwrap()),
        subject: Some(subject(sub)),
        ..ann()
    };
    let approval = Approval {
        approver: who.person.clone().unwrap(),
        decision: Decision::Approve,
        reason: "looks right".into(),
        effect: EffectHash("e".into()),
        round: 0,
        at: scene.clock.now(),
    };
    let change = ChangeId::parse(CHANGE).unwrap();
    let mut tx = scene.db.store.write().await.unwrap();
    change::decide(&mut tx, &change, &approval).await.unwrap();
    let entry = scene.journal.change_decided(&who, &change, &approval);
    scene.journal.append(&mut tx, entry).await.unwrap();
    tx.commit().await.unwrap();
}

fn subject(sub: &str) -> Subject {
    Subject {
        iss: "https://issuer".into(),
        sub: sub.into(),
    }
}

async fn a_decision_that_fills_no_seat_is_named(scene: &Scene) {
    decided(scene).await;
    let person = |n: u8| format!("0190c0de-0000-7000-8000-00000000000{n}");
    approve_as(scene, &person(2), "bob").await;
    assert_eq!(told(scene).await.0, 0);
    // Bob's sign-in as another person, and the requester's own.
    approve_as(scene, &person(3), "bob").await;
    approve_as(scene, &person(4), "asks").await;
    let (code, out) = told(scene).await;
    assert_eq!(code, 1);
    for (n, named) in [(2, false), (3, true), (4, true)] {
        let line = format!("by person {} in round 0 does not count", person(n));
        assert_eq!(out.contains(&line), named, "{out}");
    }
}

async fn a_row_taken_out_by_hand_is_named(scene: &Scene) {
    scene.append_some(6).await;
    scene.sealer().await.unwrap().seal_now().await.unwrap();
    scene.drop_triggers().await;
    scene
        .db
        .by_hand("delete from ledger_entry where seq = 2")
        .await
        .unwrap();
    let (code, report) = scene.verify().await;
    assert_eq!(
        (code, &report["first_bad"], &report["reason"]),
        (1, &2.into(), &"deleted".into())
    );
}

async fn a_log_written_anew_as_a_whole_is_found_by_an_earlier_checkpoint(scene: &Scene) {
    scene.append_some(5).await;
    let sealer = scene.sealer().await.unwrap();
    sealer.seal_now().await.unwrap();
    scene.append(5).await;
    scene.drop_triggers().await;
    for table in [
        "entry",
        "hash",
        "mac",
        "token",
        "private",
        "head",
        "checkpoint",
    ] {
        scene
            .db
            .by_hand(&format!("delete from ledger_{table}"))
            .await
            .unwrap();
    }
    // The same again by another process with the row key, except for one account: chain, tree and MACs are consistent.
    let (store, journal) = another(scene).await;
    for account in [0, 1, 77, 3, 4, 5, 6] {
        let mut tx = store.write().await.unwrap();
        let entry = journal.entry(EventKind::GrantStarted, Outcome::Success, &ann());
        let entry = entry.account(&account_id(account));
        journal.append(&mut tx, entry).await.unwrap();
        tx.commit().await.unwrap();
    }
    store.close().await;
    let (code, report) = scene.verify().await;
    assert_eq!(
        (code, &report["reason"]),
        (1, &"rewritten".into()),
        "{report}"
    );
    let without = scene.db.folder().join("without-the-copy");
    std::fs::create_dir_all(&without).unwrap();
    std::fs::copy(
        scene.keys().join("ledger.vkey"),
        without.join("ledger.vkey"),
    )
    .unwrap();
    let place = LedgerLocation {
        keys: Some(without),
        ..scene.place()
    };
    let blind = VerifyArgs {
        place: place.clone(),
        bundle: None,
        checkpoint: None,
        json: true,
    };
    assert_eq!(
        scene.verify_with(blind).await.0,
        0,
        "without a kept checkpoint such a log looks valid"
    );
    let kept = Some(scene.keys().join("checkpoints.log"));
    let seeing = VerifyArgs {
        place,
        bundle: None,
        checkpoint: kept,
        json: true,
    };
    assert_eq!(scene.verify_with(seeing).await.0, 1);
    assert!(
        matches!(sealer.seal_now().await, Err(Fault::Rewritten { size: 5 })),
        "the rewritten log is never signed"
    );
    assert!(
        matches!(scene.sealer().await, Err(Fault::Rewritten { size: 5 })),
        "the server does not start with it"
    );
}

async fn a_log_cut_short_is_found_and_nothing_is_written_to_it(scene: &Scene) {
    scene.append_some(6).await;
    scene.sealer().await.unwrap().seal_now().await.unwrap();
    scene.drop_triggers().await;
    scene
        .db
        .by_hand("delete from ledger_entry where seq >= 4")
        .await
        .unwrap();
    let started = scene.sealer().await.err().unwrap().to_string();
    assert!(
        started.contains("entry 5 of the ledger was altered or removed")
            && started.contains("leastwise ledger verify"),
        "{started}"
    );
    let (store, journal) = another(scene).await;
    let started = scene.sealer_of(&store, &journal).await;
    let started = started.err().unwrap().to_string();
    assert!(
        started.contains("entry 4 of the ledger is not the end that the head"),
        "{started}"
    );
    scene
        .db
        .by_hand("update ledger_head set size = 4")
        .await
        .unwrap();
    let started = scene.sealer().await.err().unwrap();
    assert!(
        matches!(
            started,
            Fault::Shorter {
                promised: 6,
                found: 4,
                ..
            }
        ),
        "{started}"
    );
    let (code, report) = scene.verify().await;
    assert_eq!(
        (code, &report["first_bad"], &report["reason"]),
        (1, &4.into(), &"truncated".into())
    );
}

async fn a_changed_leaf_is_never_signed(scene: &Scene) {
    scene.append_some(3).await;
    let sealer = scene.sealer().await.unwrap();
    sealer.seal_now().await.unwrap();
    scene.append_some(3).await;
    scene.drop_triggers().await;
    let change = "update ledger_entry set leaf = replace(leaf, '111111000001', '111111000099') where seq = 4";
    scene.db.by_hand(change).await.unwrap();
    let fault = sealer.seal_now().await.unwrap_err().to_string();
    assert!(
        fault.contains("entry 4 of the ledger was altered"),
        "{fault}"
    );
    assert_eq!(
        ledger::newest_checkpoint(&scene.db.store)
            .await
            .unwrap()
            .unwrap()
            .size,
        3
    );
}

async fn erased_values_keep_the_log_whole_and_are_found_no_more(scene: &Scene) {
    scene.append_some(3).await;
    scene.sealer().await.unwrap().seal_now().await.unwrap();
    let mut tx = scene.db.store.write().await.unwrap();
    ledger::erase(&mut tx, 1).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(scene.verify().await.0, 0);
    let store = &scene.db.store;
    let auditor = scene.service(&[Role::Auditor]).await;
    let found = async |text: &str| {
        let page = auditor.entries(&words(text)).await.unwrap();
        let rows = entries(page).into_iter();
        rows.map(|row| row.seq).collect::<Vec<u64>>()
    };
    assert_eq!(found("ann grant").await, [2, 0]);
    assert_eq!(found("111111000001").await, [1]);
    let erased = ledger::listed(store, 1).await.unwrap().unwrap();
    assert_eq!(erased.actor_name, None);
}

async fn a_private_value_changed_by_hand_is_named(scene: &Scene) {
    scene.append_some(3).await;
    scene.sealer().await.unwrap().seal_now().await.unwrap();
    scene.drop_triggers().await;
    scene
        .db
        .by_hand("update ledger_private set value = 'Bob' where seq = 1 and path = '/actor/name'")
        .await
        .unwrap();
    let (code, report) = scene.verify().await;
    assert_eq!(
        (code, &report["first_bad"], &report["reason"]),
        (1, &1.into(), &"private_value_differs".into())
    );
}

async fn the_key_is_made_once_and_nobody_else_may_read_it(scene: &Scene) {
    scene.append(1).await;
    let sealer = scene.sealer().await.unwrap();
    assert_eq!(
        sealer.seal_now().await.unwrap().map(|signed| signed.size),
        Some(1)
    );
    assert_eq!(
        sealer.seal_now().await.unwrap(),
        None,
        "there is nothing new to sign"
    );
    assert_eq!(scene.sealer().await.unwrap().vkey(), sealer.vkey());
    let key = scene.keys().join("ledger.key");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(
            std::fs::metadata(&key).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    let seed = std::fs::read_to_string(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    let missing = scene.sealer().await.err().unwrap().to_string();
    assert!(
        missing.contains("ledger.key is missing, but the ledger was signed before"),
        "{missing}"
    );
    let (store, clock, journal) = (
        scene.db.store.clone(),
        scene.clock.clone(),
        scene.journal.clone(),
    );
    let given = Sealer::open(store, clock, journal, &scene.keys(), Some(seed.trim()))
        .await
        .unwrap();
    assert_eq!(given.vkey(), sealer.vkey());
    given.close().await.unwrap();
    let newest = ledger::newest_checkpoint(&scene.db.store)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        newest.size, 2,
        "the stop of the log is an entry, and signed"
    );
}

async fn a_bundle_verifies_offline_and_names_what_was_changed(scene: &Scene) {
    scene.append_some(4).await;
    scene.sealer().await.unwrap().seal_now().await.unwrap();
    let folder = scene.db.folder().join("bundle");
    let args = ExportArgs {
        folder: folder.clone(),
        place: scene.place(),
        with_private: true,
    };
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    assert_eq!(
        execute(LedgerCommand::Export(args.clone()), &mut out, &mut notes)
            .await
            .unwrap(),
        0
    );
    assert_eq!(String::from_utf8(notes).unwrap(), "");
    let twice = execute(
        LedgerCommand::Export(args),
        &mut Vec::new(),
        &mut Vec::new(),
    )
    .await;
    assert!(matches!(twice, Err(LedgerCommandError::NotEmpty(_))));
    let vkey = std::fs::read_to_string(scene.keys().join("ledger.vkey")).unwrap();
    let verify = VerifyArgs {
        place: LedgerLocation {
            database: "sqlite:none".to_owned(),
            keys: None,
            vkey: Some(vkey.trim().to_owned()),
        },
        bundle: Some(folder.clone()),
        checkpoint: Some(scene.keys().join("checkpoints.log")),
        json: true,
    };
    let (code, report) = scene.verify_with(verify.clone()).await;
    // The export is the fifth entry and is not covered by a checkpoint yet.
    assert_eq!(
        (code, &report["entries"], &report["tree_size"]),
        (0, &5.into(), &4.into()),
        "{report}"
    );
    let entries = folder.join("entries.jsonl");
    let whole = std::fs::read_to_string(&entries).unwrap();
    std::fs::write(&entries, whole.replace("111111000002", "111111000098")).unwrap();
    let (code, report) = scene.verify_with(verify.clone()).await;
    assert_eq!(
        (code, &report["first_bad"], &report["reason"]),
        (1, &2.into(), &"altered".into())
    );
    std::fs::write(&entries, whole).unwrap();
    std::fs::remove_file(folder.join("vkeys.txt")).unwrap();
    let (code, report) = scene.verify_with(verify).await;
    assert_eq!(
        (code, &report["first_bad"], &report["reason"]),
        (1, &Value::Null, &"manifest_differs".into())
    );
}

async fn another_log_is_refused(scene: &Scene) {
    scene.append(1).await;
    let other = LogName::parse("leastwise.example/other").unwrap();
    let journal = Journal::new(
        scene.db.store.clone(),
        scene.clock.clone(),
        other,
        "test".to_owned(),
    );
    let refused = journal.note(journal.log_started()).await.unwrap_err();
    assert!(matches!(
        refused,
        StoreError::Ledger(ledger::LedgerError::OtherLog { .. })
    ));
    assert_eq!(
        ledger::head(&scene.db.store).await.unwrap().unwrap().size,
        1
    );
}

fn sentence(row: &EntryRow) -> String {
    row.sentence.iter().map(SentencePart::words).collect()
}

async fn an_entry_comes_with_a_proof_that_verifies(scene: &Scene) {
    scene.append_some(11).await;
    let sealer = scene.sealer().await.unwrap();
    sealer.seal_now().await.unwrap();
    let auditor = scene.service(&[Role::Auditor]).await;
    let view = auditor.entry(6).await.unwrap();
    let covering = view.checkpoint.clone().unwrap();
    let (size, root) = (covering.size, covering.root);
    let hash = |hex: &str| Hash::parse_hex(hex.as_bytes()).unwrap();
    let proof: Vec<Hash> = view.proof.iter().map(|hex| hash(hex)).collect();
    tree::verify_inclusion(&proof, size, hash(&root), 6, hash(&view.leaf_hash)).unwrap();
    let beside = |(before, after): &(Option<EntryRow>, Option<EntryRow>)| {
        [before, after].map(|row| row.as_ref().map(|row| row.seq))
    };
    assert_eq!(beside(&view.neighbours), [Some(5), Some(7)]);
    assert_eq!(Hash::leaf(view.leaf.as_bytes()).hex(), view.leaf_hash);
    // The downloaded bytes are exactly the hashed bytes.
    let bytes = auditor.leaf(6).await.unwrap().bytes;
    assert_eq!(Hash::leaf(&bytes).hex(), view.leaf_hash);
    for nowhere in [9_999, u64::MAX] {
        let answer = auditor.leaf(nowhere).await;
        assert!(matches!(answer, Err(Denied::NotFound)), "{nowhere}");
    }
    assert!(
        view.private
            .contains(&("/actor/name".to_owned(), "Ann Lee".to_owned()))
    );
    assert!(!view.json.contains("Ann Lee") && view.json.contains("\"seq\": 6"));
    // The view itself is entry 11, which no checkpoint covers yet.
    let newest = auditor.entry(11).await.unwrap();
    assert_eq!(
        (newest.checkpoint.is_none(), beside(&newest.neighbours)),
        (true, [Some(10), None])
    );
    for nowhere in [4_000, u64::MAX] {
        assert_eq!(auditor.entry(nowhere).await.unwrap_err(), Denied::NotFound);
    }
    let page = auditor.entries(&ListChoice::default()).await;
    let health = page.unwrap().health;
    assert_eq!(
        (health.size, health.checkpoint_size, health.signed_at),
        (12, 11, Some(START))
    );
}

async fn who_may_not_read_the_ledger_reads_nothing_and_leaves_no_read(scene: &Scene) {
    scene.append_some(3).await;
    let approver = scene.service(&[Role::Approver]).await;
    assert!(forbidden(approver.entries(&words("")).await));
    let file = approver.entries_file(&words(""), FileFormat::Json).await;
    assert!(matches!(file, Err(Denied::Role(_))));
    assert!(forbidden(approver.entry(1).await));
    assert!(forbidden(approver.leaf(1).await));
    let head = ledger::head(&scene.db.store).await.unwrap().unwrap();
    assert_eq!(head.size, 3);
}

fn forbidden<T>(answer: Result<T, Denied>) -> bool {
    matches!(answer, Err(Denied::Role(_)))
}

async fn repeats_within_a_minute_are_one_entry_with_a_count(scene: &Scene) {
    for n in 0..40_u8 {
        let who = EntryActor {
            client_ip: Some(IpAddr::V4(Ipv4Addr::new(198, 51, 100, n))),
            ..ann()
        };
        let entry =
            scene
                .journal
                .access_denied(&who, Action::Decide, "Your roles do not include this.");
        scene.journal.note(entry).await.unwrap();
    }
    assert_eq!(
        ledger::head(&scene.db.store).await.unwrap().unwrap().size,
        1,
        "the first one is recorded immediately"
    );
    scene.clock.advance(Duration::minutes(1));
    scene.journal.write_due_counts().await.unwrap();
    scene.journal.write_due_counts().await.unwrap();
    let newest = crate::entries::newest(&scene.db.store, None, 10).await;
    assert_eq!(newest.len(), 2);
    let leaf: Value = serde_json::from_str(&newest[0].leaf).unwrap();
    assert_eq!(
        (&leaf["seq"], &leaf["data"]["count"]),
        (&1.into(), &39.into())
    );
    let mut conn = scene.db.store.connection().await.unwrap();
    let private = ledger::private_of(&mut conn, 1, 1).await.unwrap();
    let addresses = private
        .iter()
        .find(|found| found.value.path == "/private/addresses")
        .unwrap();
    assert_eq!(
        addresses.value.value.split(' ').count(),
        20,
        "a bounded number of addresses is kept"
    );
}

async fn a_flood_of_strangers_stays_small(scene: &Scene) {
    for _ in 0..600 {
        let who = EntryActor {
            person: Some(clock::person_id()),
            ..EntryActor::default()
        };
        scene
            .journal
            .note(scene.journal.access_denied(&who, Action::Decide, "no"))
            .await
            .unwrap();
    }
    scene.journal.write_all_counts().await.unwrap();
    let size = ledger::head(&scene.db.store).await.unwrap().unwrap().size;
    // The maximum number of distinct events, the first of all others, and their count.
    assert_eq!(size, 256 + 2);
    let newest = crate::entries::newest(&scene.db.store, None, 1).await;
    let leaf: Value = serde_json::from_str(&newest[0].leaf).unwrap();
    assert_eq!(
        (&leaf["data"]["count"], &leaf["data"]["counted_for"]),
        (&343.into(), &"everybody".into()),
        "it is not only its actor who did this"
    );
}

async fn a_session_begins_in_the_log_with_its_row_or_not_at_all(scene: &Scene) {
    let entry = SignInEntry {
        event: SignInEvent::SignedIn {
            mfa: Mfa::Proven,
            linked: true,
            authenticated_at: START,
            bound: Hash::ZERO,
        },
        at: START,
        subject: Some(Subject {
            iss: "https://pool.example".to_owned(),
            sub: "a-1".to_owned(),
        }),
        person: ann().person,
        session: Some("s-1".to_owned()),
        client_ip: None,
        request: "r-1".to_owned(),
    };
    let mut tx = scene.db.store.write().await.unwrap();
    scene.journal.record(&mut tx, &entry).await.unwrap();
    drop(tx);
    assert_eq!(ledger::head(&scene.db.store).await.unwrap(), None);
    let mut tx = scene.db.store.write().await.unwrap();
    scene.journal.record(&mut tx, &entry).await.unwrap();
    tx.commit().await.unwrap();
    let refused = SignInEntry {
        event: SignInEvent::Refused("state"),
        subject: None,
        person: None,
        session: None,
        ..entry
    };
    scene.journal.refused(&refused).await;
    let newest = crate::entries::newest(&scene.db.store, Some(9), 9).await;
    let leaves: Vec<Value> = newest
        .iter()
        .map(|entry| serde_json::from_str(&entry.leaf).unwrap())
        .collect();
    assert_eq!(
        leaves
            .iter()
            .map(|leaf| leaf["type"].as_str().unwrap())
            .collect::<Vec<_>>(),
        ["session.refused", "session.started"]
    );
    assert_eq!(leaves[1]["actor"]["session"], Hash::of(b"s-1").hex());
    assert!(
        !newest[1].leaf.contains("s-1"),
        "the session's id is not a secret, but is not recorded"
    );
}
