//! Directory users that are deleted and created again with the same external id: nobody decides about their own new
//! user, and nobody loses a role because a read failed.

use app::backend::{
    ChangeForm, ChangesPort as _, DecisionInput, DecisionObstacle, DecisionPort as _, Denied,
    NewChangePort as _, PortResult, Submission,
};
use clap::Parser as _;
use domain::{
    approval::{Decision, Mfa},
    authorize::{Actor, IdentityState, Role},
    change::State,
    engine::StartVerdict,
    identity::LinkDifference,
    ids::{ChangeId, PersonId, UserId},
};
use serde_json::json;
use server::{
    cli::{self, Cli},
    engine::start::NoVerdict,
    service::{Service, caller::CallingPerson},
    store::{
        identity,
        person::{self, ResolvedPerson},
    },
};

use super::sandbox_server::{Company, grant, http_client, remove, subject};
use crate::{callers::InBrowser, starts::fresh_verdict};

crate::engines::on_both_engines! {
    &Company:
    an_approver_does_not_approve_access_of_her_own_new_user,
    an_administrator_does_not_grant_standing_access_to_his_own_new_user,
    a_new_user_that_the_crawl_has_not_seen_yet_stops_the_decision,
    a_disabled_approver_decides_nothing_and_her_earlier_approval_does_not_count,
    a_change_of_a_requester_whose_user_is_gone_does_not_start,
    an_external_id_that_another_user_gets_suspends_the_identity,
    what_cannot_be_read_stops_the_decision_and_suspends_nobody,
    a_suspension_counts_by_the_ledger_whatever_the_rows_say,
    a_user_that_was_renamed_by_hand_to_another_is_no_link,
    a_removal_is_carried_out_although_its_requester_is_suspended,
    the_host_confirms_the_new_user_and_the_identity_acts_again,
    several_identities_without_a_user_are_listed_by_reason_and_none_is_confirmed,
    a_directory_that_is_provisioned_again_is_one_alarm_and_suspends_nobody,
}

pub(super) const APPROVER: &str = "ines.carvalho";
pub(super) const ADMINISTRATOR: &str = "maya.okafor";

impl Company {
    /// Writes a user as SCIM does, and returns its id.
    pub(super) async fn provision(&self, user: serde_json::Value) -> UserId {
        let url = format!("http://{}/_sandbox/users", self.aws.aws_addr);
        let request = http_client()
            .post(url)
            .header("content-type", "application/json")
            .body(user.to_string());
        let text = request.send().await.unwrap().text().await.unwrap();
        let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
        UserId::parse(answer["id"].as_str().unwrap()).unwrap()
    }

    /// Deletes a user by the identity store API.
    pub(super) async fn delete_user(&self, user: &UserId) {
        self.outside
            .directory
            .delete_user()
            .identity_store_id(&self.app_state.instance.identity_store)
            .user_id(user.as_str())
            .send()
            .await
            .unwrap();
    }

    /// The external ids of a user in the directory, as SCIM writes them.
    pub(super) fn external_ids(&self, user: &UserId) -> serde_json::Value {
        let read_model = self.app_state.read_model();
        let ids = read_model.snapshot.user(user).unwrap().external_ids.iter();
        ids.map(|id| json!({ "issuer": id.issuer, "id": id.id }))
            .collect()
    }

    /// Deletes a user and creates another one with the same external id. Returns the new one.
    pub(super) async fn recreate(&self, name: &str) -> UserId {
        let old = self.user(name);
        let external_ids = self.external_ids(&old);
        self.delete_user(&old).await;
        self.provision(json!({
            "user_name": name, "given_name": "New", "family_name": name,
            "external_ids": external_ids, "enabled": true,
        }))
        .await
    }

    pub(super) async fn known(&self, name: &str) -> ResolvedPerson {
        person::person_of(&self.app_state.store, &subject(name))
            .await
            .unwrap()
            .unwrap()
    }

    pub(super) async fn identity_of(&self, name: &str) -> PersonId {
        self.known(name).await.person
    }

    /// A signed-in person whose request began while the identity had all its roles.
    pub(super) async fn signed_in(&self, name: &str, role: Role) -> Service {
        let ResolvedPerson { person, user, .. } = self.known(name).await;
        let actor = Actor {
            person: Some(person.clone()),
            roles: [role].into(),
            approver_since: (role == Role::Approver).then_some(super::sandbox_server::START),
            mfa: Mfa::Proven,
            identity: IdentityState::Active,
        };
        let calling = CallingPerson {
            actor,
            person,
            user,
            subject: subject(name),
            name: name.into(),
            self_reported: None,
        };
        let signed = InBrowser {
            calling,
            authenticated_at: self.app_state.clock.now(),
        };
        Service::new(self.app_state.clone(), signed.caller())
    }

    pub(super) async fn decide(&self, name: &str, id: &ChangeId) -> PortResult<()> {
        let service = self.signed_in(name, Role::Approver).await;
        let effect = service.change(id).await.unwrap().preview.effect.0;
        let input = DecisionInput {
            decision: Decision::Approve,
            reason: "looks right to me".into(),
            effect,
        };
        service.decide(id, input).await
    }

    pub(super) async fn propose(&self, name: &str, form: &ChangeForm) -> PortResult<ChangeId> {
        let service = self.signed_in(name, Role::Administrator).await;
        let new = service.new_change(form).await?;
        let submission = Submission {
            change_form: form.clone(),
            justification: "investigate incident 4711".into(),
            ticket: "OPS-4711".into(),
            effect: new
                .preview
                .map(|preview| preview.effect.0)
                .unwrap_or_default(),
            form_key: new.form_key,
        };
        service.submit(submission).await
    }
}

pub(super) fn form(
    user: &UserId,
    set: &str,
    account: &str,
    term: &str,
    company: &Company,
) -> ChangeForm {
    let set = company.set(set).to_string();
    ChangeForm {
        who: format!("user:{user}"),
        set: set.rsplit('/').next().unwrap().to_owned(),
        account: company.account(account).to_string(),
        ..grant("", "", "", term)
    }
}

/// The identities, as the crawl before last night's changes recorded them.
pub(super) async fn recorded(company: &Company) {
    company.sync().await;
    let mut conn = company.app_state.store.read().acquire().await.unwrap();
    let mine = company.identity_of(APPROVER).await;
    let record = identity::record(&mut conn, &mine).await.unwrap();
    assert_eq!(record.current, Some(company.user(APPROVER)));
}

pub(super) async fn suspension(company: &Company, name: &str) -> Option<LinkDifference> {
    let person = company.identity_of(name).await;
    let mut conn = company.app_state.store.read().acquire().await.unwrap();
    let suspended = identity::suspension(&mut conn, &person).await.unwrap();
    suspended.map(|suspension| suspension.difference)
}

/// Runs `leastwise identity ...` and returns its exit code and output.
pub(super) async fn on_the_host(company: &Company, line: &[&str]) -> (u8, String) {
    let words = ["leastwise", "identity"].iter().chain(line);
    let parsed = Cli::try_parse_from(words).unwrap();
    let cli::Command::Identity(command) = parsed.command else {
        panic!("not a command about identities");
    };
    let mut out = Vec::new();
    let code = cli::identity::execute(&company.app_state, &command, &mut out)
        .await
        .unwrap();
    (code, String::from_utf8(out).unwrap())
}

/// A change of the administrator in production PCI, which needs two approvals.
pub(super) async fn waiting(company: &Company, gains: &str) -> ChangeId {
    let user = company.user(gains);
    let form = form(&user, "SupportMetrics", "cards-prod", "60", company);
    company.propose(ADMINISTRATOR, &form).await.unwrap()
}

async fn an_approver_does_not_approve_access_of_her_own_new_user(company: &Company) {
    recorded(company).await;
    let mine = company.identity_of(APPROVER).await;
    let new = company.recreate(APPROVER).await;
    company.sync().await;
    assert_eq!(
        suspension(company, APPROVER).await,
        Some(LinkDifference::Recreated(new.clone()))
    );
    let form = form(&new, "SupportMetrics", "cards-prod", "60", company);
    let id = company.propose(ADMINISTRATOR, &form).await.unwrap();
    assert!(
        company.stored(&id).await.gaining.contains(&mine),
        "the new user counts as the approver"
    );
    let answer = company.decide(APPROVER, &id).await;
    assert!(matches!(answer, Err(Denied::Forbidden(_))), "{answer:?}");
    assert!(company.stored(&id).await.change.approvals.is_empty());

    // Confirmed on the host, she is the new user and acts again, but never on her own access.
    let told = [
        "confirm",
        mine.as_str(),
        "--user",
        new.as_str(),
        "--reason",
        "seen in person",
    ];
    assert_eq!(on_the_host(company, &told).await.0, 0);
    let answer = company.decide(APPROVER, &id).await;
    assert!(matches!(answer, Err(Denied::Forbidden(_))), "{answer:?}");
    assert!(company.stored(&id).await.change.approvals.is_empty());
}

async fn an_administrator_does_not_grant_standing_access_to_his_own_new_user(company: &Company) {
    recorded(company).await;
    let new = company.recreate(ADMINISTRATOR).await;
    company.sync().await;
    assert!(suspension(company, ADMINISTRATOR).await.is_some());
    // A request that began before the suspension was known.
    let form = form(
        &new,
        "AdministratorAccess",
        "analytics-dev",
        "standing",
        company,
    );
    if let Ok(id) = company.propose(ADMINISTRATOR, &form).await {
        let verdict = fresh_verdict(&company.app_state, &*company.app_state, &id).await;
        assert!(
            matches!(
                verdict.unwrap(),
                StartVerdict::NoLongerWanted | StartVerdict::Refused(_)
            ),
            "it needs the approval of somebody else, and never starts"
        );
    }
}

async fn a_new_user_that_the_crawl_has_not_seen_yet_stops_the_decision(company: &Company) {
    recorded(company).await;
    let id = waiting(company, "marcus.dube").await;
    let new = company.recreate(APPROVER).await;
    let answer = company.decide(APPROVER, &id).await;
    assert!(matches!(answer, Err(Denied::Forbidden(_))), "{answer:?}");
    assert_eq!(
        suspension(company, APPROVER).await,
        Some(LinkDifference::Recreated(new)),
        "the read before the decision suspends as the crawl does"
    );
}

/// Writes the user of a person again, with another status.
async fn set_enabled(company: &Company, name: &str, enabled: bool) {
    let user = company.user(name);
    company
        .provision(json!({
            "id": user.as_str(), "user_name": name, "given_name": "As", "family_name": "before",
            "external_ids": company.external_ids(&user), "enabled": enabled,
        }))
        .await;
}

async fn a_disabled_approver_decides_nothing_and_her_earlier_approval_does_not_count(
    company: &Company,
) {
    recorded(company).await;
    let id = waiting(company, "marcus.dube").await;
    company.decide(APPROVER, &id).await.unwrap();
    company.decide("kwame.boateng", &id).await.unwrap();
    assert_eq!(company.state(&id).await, State::Approved);
    set_enabled(company, APPROVER, false).await;
    let verdict = fresh_verdict(&company.app_state, &*company.app_state, &id).await;
    assert_eq!(
        verdict.unwrap(),
        StartVerdict::EffectGrew,
        "one approval is missing"
    );
    assert_eq!(
        suspension(company, APPROVER).await,
        Some(LinkDifference::Disabled)
    );

    // Enabled again, she stays suspended until somebody confirms it.
    set_enabled(company, APPROVER, true).await;
    let other = waiting(company, "hannah.cole").await;
    let answer = company.decide(APPROVER, &other).await;
    assert!(matches!(answer, Err(Denied::Forbidden(_))), "{answer:?}");
    let mine = company.identity_of(APPROVER).await;
    let (code, out) = on_the_host(
        company,
        &["confirm", mine.as_str(), "--reason", "back from leave"],
    )
    .await;
    assert_eq!(code, 0, "{out}");
    company.decide(APPROVER, &other).await.unwrap();
}

async fn a_change_of_a_requester_whose_user_is_gone_does_not_start(company: &Company) {
    recorded(company).await;
    let id = waiting(company, "marcus.dube").await;
    company.decide(APPROVER, &id).await.unwrap();
    company.decide("kwame.boateng", &id).await.unwrap();
    company.delete_user(&company.user(ADMINISTRATOR)).await;
    let verdict = fresh_verdict(&company.app_state, &*company.app_state, &id)
        .await
        .unwrap();
    let StartVerdict::Refused(why) = verdict else {
        panic!("{verdict:?}");
    };
    assert!(why.contains("was deleted"), "{why}");
}

async fn an_external_id_that_another_user_gets_suspends_the_identity(company: &Company) {
    recorded(company).await;
    let external_ids = company.external_ids(&company.user(APPROVER));
    let other = company
        .provision(json!({
            "user_name": "somebody.else", "given_name": "Somebody", "family_name": "Else",
            "external_ids": external_ids, "enabled": true,
        }))
        .await;
    company.sync().await;
    assert_eq!(
        suspension(company, APPROVER).await,
        Some(LinkDifference::Reissued(other.clone()))
    );
    let mine = company.identity_of(APPROVER).await;
    let read_model = company.app_state.read_model();
    assert_eq!(
        read_model.snapshot.person(&other),
        Some(&mine),
        "no identity of its own"
    );
    // The user alone cannot be confirmed while another one has its external id.
    let (code, out) = on_the_host(
        company,
        &["confirm", mine.as_str(), "--reason", "seen in person"],
    )
    .await;
    assert_eq!(code, 1, "{out}");
    assert!(out.contains(other.as_str()), "{out}");
    let unrelated = company.user("hannah.cole");
    let line = [
        "confirm",
        mine.as_str(),
        "--user",
        unrelated.as_str(),
        "--reason",
        "seen in person",
    ];
    let (code, out) = on_the_host(company, &line).await;
    assert_eq!(code, 1, "{out}");
    assert!(suspension(company, APPROVER).await.is_some());
}

async fn what_cannot_be_read_stops_the_decision_and_suspends_nobody(company: &Company) {
    recorded(company).await;
    let id = waiting(company, "marcus.dube").await;
    let agreed = waiting(company, "hannah.cole").await;
    company.decide(APPROVER, &agreed).await.unwrap();
    company.decide("kwame.boateng", &agreed).await.unwrap();
    company
        .faults(json!([
            { "operation": "DescribeUser", "kind": "access_denied" },
            { "operation": "ListUsers", "kind": "access_denied" },
        ]))
        .await;
    let answer = company.decide(APPROVER, &id).await;
    let Err(Denied::Invalid(errors)) = answer else {
        panic!("{answer:?}");
    };
    assert!(
        errors[0].message.contains("could not be read"),
        "{errors:?}"
    );
    let verdict = fresh_verdict(&company.app_state, &*company.app_state, &agreed).await;
    assert!(
        matches!(verdict, Err(NoVerdict::PeopleNotRead)),
        "it waits: {verdict:?}"
    );
    assert!(!company.sync().await.complete);
    assert_eq!(suspension(company, APPROVER).await, None);
    company.faults(json!([])).await;
    company.decide(APPROVER, &id).await.unwrap();
}

async fn a_suspension_counts_by_the_ledger_whatever_the_rows_say(company: &Company) {
    recorded(company).await;
    let id = waiting(company, "marcus.dube").await;
    company.recreate(APPROVER).await;
    company.sync().await;
    assert!(suspension(company, APPROVER).await.is_some());
    let mine = company.identity_of(APPROVER).await;
    let statement = format!("delete from identity_user where person_id = '{mine}'");
    assert!(company.database.by_hand(&statement).await.unwrap() > 0);
    company.sync().await;
    assert!(suspension(company, APPROVER).await.is_some());
    assert!(company.decide(APPROVER, &id).await.is_err());
    // Without the rows, the ledger still knows the new user as her.
    let new = company.user(APPROVER);
    let form = form(&new, "SupportMetrics", "cards-prod", "60", company);
    let own = company.propose(ADMINISTRATOR, &form).await.unwrap();
    let line = [
        "confirm",
        mine.as_str(),
        "--user",
        new.as_str(),
        "--reason",
        "seen in person",
    ];
    assert_eq!(on_the_host(company, &line).await.0, 0);
    assert!(company.decide(APPROVER, &own).await.is_err());
    company.decide(APPROVER, &id).await.unwrap();
    // Restored for the verification at the end of the test.
    restore_rows(company, &mine).await;
}

/// Writes the index rows of an identity as its entries say.
pub(super) async fn restore_rows(company: &Company, person: &PersonId) {
    let mut conn = company.app_state.store.read().acquire().await.unwrap();
    let record = identity::record(&mut conn, person).await.unwrap();
    drop(conn);
    let mut tx = company.app_state.store.write().await.unwrap();
    for (user, ids) in &record.users {
        identity::keep(&mut tx, person, user, ids, company.app_state.clock.now())
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
}

async fn a_user_that_was_renamed_by_hand_to_another_is_no_link(company: &Company) {
    recorded(company).await;
    let id = waiting(company, "marcus.dube").await;
    let (mine, old) = (company.identity_of(APPROVER).await, company.user(APPROVER));
    let other = company
        .provision(json!({
            "user_name": "clean.slate", "given_name": "Clean", "family_name": "Slate",
            "external_ids": [], "enabled": true,
        }))
        .await;
    let link = |user: &UserId| format!("update person set user_id = '{user}' where id = '{mine}'");
    company.database.by_hand(&link(&other)).await.unwrap();
    company.sync().await;
    assert_eq!(
        suspension(company, APPROVER).await,
        Some(LinkDifference::LinkAltered)
    );
    assert!(company.decide(APPROVER, &id).await.is_err());
    company.database.by_hand(&link(&old)).await.unwrap();
}

async fn a_removal_is_carried_out_although_its_requester_is_suspended(company: &Company) {
    recorded(company).await;
    let what = company.of_group("support-desk", "SupportMetrics", "web-prod");
    let form = remove("support-desk", "SupportMetrics", "web-prod");
    let id = company.propose(ADMINISTRATOR, &form).await.unwrap();
    company.recreate(ADMINISTRATOR).await;
    company.sync().await;
    assert!(suspension(company, ADMINISTRATOR).await.is_some());
    let _engine = company.engine();
    assert_eq!(company.end_of(&id).await, State::Verified);
    assert!(!company.holds(&what).await);
}

async fn the_host_confirms_the_new_user_and_the_identity_acts_again(company: &Company) {
    recorded(company).await;
    assert_eq!(on_the_host(company, &["list"]).await.0, 0);
    let id = waiting(company, "marcus.dube").await;
    let new = company.recreate(APPROVER).await;
    company.sync().await;
    let mine = company.identity_of(APPROVER).await;
    let (code, out) = on_the_host(company, &["list"]).await;
    assert_eq!(code, 1, "{out}");
    for word in [mine.as_str(), new.as_str(), "created again"] {
        assert!(out.contains(word), "{out}");
    }
    let command =
        format!("to do       leastwise identity confirm {mine} --user {new} --reason TEXT");
    for line in [
        "1 identity: The Identity Center user of this identity was deleted and created again as another user.",
        &*format!("  identity    {mine} (Ines Carvalho)\n"),
        &*format!("  other user  {new} (New {APPROVER})\n"),
        &*command,
        "Next: ",
    ] {
        assert!(out.contains(line), "{line}: {out}");
    }
    assert_eq!(
        out.matches("created again").count(),
        1,
        "the reason is given once: {out}"
    );
    let stranger = company
        .provision(json!({
            "user_name": "clean.slate", "given_name": "Clean", "family_name": "Slate",
            "external_ids": [], "enabled": true,
        }))
        .await;
    let line = [
        "confirm",
        mine.as_str(),
        "--user",
        stranger.as_str(),
        "--reason",
        "new laptop",
    ];
    let (code, out) = on_the_host(company, &line).await;
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("Give the user the old external id"), "{out}");
    let (code, out) = on_the_host(company, &["list", "--json"]).await;
    let listed: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(code, 1);
    assert_eq!(listed["identities"][0]["name"], "Ines Carvalho");
    assert_eq!(
        listed["identities"][0]["other_name"],
        format!("New {APPROVER}")
    );
    assert_eq!(
        listed["identities"][0]["suspended_because"],
        "user_recreated"
    );
    assert_eq!(listed["identities"][0]["other_user"], new.as_str());
    // The new user must be named.
    let (code, out) = on_the_host(
        company,
        &["confirm", mine.as_str(), "--reason", "seen in person"],
    )
    .await;
    assert_eq!(code, 1, "{out}");
    let line = [
        "confirm",
        mine.as_str(),
        "--user",
        new.as_str(),
        "--reason",
        "seen in person",
    ];
    assert_eq!(on_the_host(company, &line).await.0, 0);
    assert_eq!(suspension(company, APPROVER).await, None);
    let known = company.known(APPROVER).await;
    assert_eq!(
        (known.person, known.user),
        (mine, Some(new)),
        "the same identity, another user"
    );
    company.decide(APPROVER, &id).await.unwrap();
    company.sync().await;
    assert_eq!(on_the_host(company, &["list"]).await.0, 0);
    let told = company.entries("identity.confirmed").await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["data"]["by"], "command_line");
}

async fn several_identities_without_a_user_are_listed_by_reason_and_none_is_confirmed(
    company: &Company,
) {
    recorded(company).await;
    company.delete_user(&company.user("kwame.boateng")).await;
    company.sync().await;
    let (_, out) = on_the_host(company, &["list"]).await;
    assert!(
        out.contains("(Kwame Boateng)"),
        "the last known name: {out}"
    );
    assert!(out.contains("give it the same external id"), "{out}");
    assert!(out.contains("Next: nothing can be confirmed now"), "{out}");
    let (code, out) = on_the_host(company, &["confirm", "--all", "--reason", "moved"]).await;
    assert_eq!(code, 1, "{out}");
    assert!(
        out.contains("There is nothing to confirm by --all. Suspended already"),
        "{out}"
    );
    assert!(company.entries("identity.confirmed").await.is_empty());
}

async fn a_directory_that_is_provisioned_again_is_one_alarm_and_suspends_nobody(company: &Company) {
    recorded(company).await;
    let id = waiting(company, "marcus.dube").await;
    let outside_pci = {
        let user = company.user("marcus.dube");
        let form = form(&user, "ReadOnly", "web-prod", "60", company);
        company.propose(ADMINISTRATOR, &form).await.unwrap()
    };
    let agreed = waiting(company, "hannah.cole").await;
    company.decide(APPROVER, &agreed).await.unwrap();
    company.decide("kwame.boateng", &agreed).await.unwrap();
    let at_the_start = || fresh_verdict(&company.app_state, &*company.app_state, &agreed);
    assert_eq!(at_the_start().await.unwrap(), StartVerdict::StillAllowed);
    let people = ["kwame.boateng", "amara.nwosu"];
    for name in people {
        company.recreate(name).await;
    }
    company.sync().await;
    company.sync().await;
    assert_eq!(
        company.entries("identity.alarm_raised").await.len(),
        1,
        "recorded once"
    );
    assert!(company.entries("identity.suspended").await.is_empty());
    assert!(company.app_state.identity_summary().alarm.is_some());
    for name in people {
        assert_eq!(suspension(company, name).await, None);
        assert!(
            company.decide(name, &outside_pci).await.is_err(),
            "the user differs"
        );
    }
    let answer = company.decide(APPROVER, &id).await;
    let Err(Denied::Invalid(errors)) = answer else {
        panic!("{answer:?}");
    };
    assert!(errors[0].message.contains("are stopped"), "{errors:?}");
    company.decide(APPROVER, &outside_pci).await.unwrap();
    let page = company.signed_in(APPROVER, Role::Approver).await;
    let shown = page.change(&id).await.unwrap().decide;
    assert!(matches!(shown, Err(DecisionObstacle::Other(why)) if why.contains("are stopped")));
    let verdict = at_the_start().await;
    assert!(
        matches!(verdict, Err(NoVerdict::Stopped)),
        "it waits: {verdict:?}"
    );

    let (code, out) = on_the_host(company, &["confirm", "--all", "--reason", "moved"]).await;
    assert_eq!(code, 1, "{out}");
    for name in people {
        assert!(
            out.contains(company.identity_of(name).await.as_str()),
            "{out}"
        );
    }
    assert!(
        company.decide(APPROVER, &id).await.is_err(),
        "nothing was written"
    );
    let line = ["confirm", "--all", "--yes", "--reason", "moved"];
    let (code, out) = on_the_host(company, &line).await;
    assert_eq!(code, 0, "{out}");
    company.decide(APPROVER, &id).await.unwrap();
    company.decide("kwame.boateng", &id).await.unwrap();
    assert_eq!(at_the_start().await.unwrap(), StartVerdict::StillAllowed);
    company.sync().await;
    assert!(company.app_state.identity_summary().alarm.is_none());
    assert_eq!(on_the_host(company, &["list"]).await.0, 0);
}
