//! What the tests of identities share: a company whose identities a crawl has recorded, people who act in it, and the
//! commands on the host.

use std::ops::Deref;

use app::backend::{
    ChangeForm, ChangesPort as _, DecisionInput, DecisionPort as _, NewChangePort as _, PortResult,
    Submission,
};
use clap::Parser as _;
use domain::{
    approval::{Decision, Mfa},
    authorize::{Actor, IdentityState, Role},
    identity::LinkDifference,
    ids::{ChangeId, PersonId, UserId},
    person::Subject,
};
use serde_json::json;
use server::{
    cli::{self, Cli},
    service::{Service, caller::CallingPerson},
    store::{
        identity,
        person::{self, ResolvedPerson},
    },
};

use super::sandbox_server::{Company, START, grant, http_client, subject};
use crate::{callers::InBrowser, database::DatabaseEngine};

pub(super) const APPROVER: &str = "ines.carvalho";
pub(super) const ADMINISTRATOR: &str = "maya.okafor";

/// A company whose identities were recorded by the crawl before last night's changes.
pub(super) struct Recorded(Company);

impl Recorded {
    pub(super) async fn on(engine: DatabaseEngine) -> Self {
        let company = Company::on(engine).await;
        company.sync().await;
        let mine = company.identity_of(APPROVER).await;
        let mut conn = company.app_state.store.connection().await.unwrap();
        let record = identity::record(&mut conn, &mine).await.unwrap();
        assert_eq!(record.current, Some(company.user(APPROVER)));
        drop(conn);
        Self(company)
    }

    pub(super) async fn close(self) {
        self.0.close().await;
    }
}

impl Deref for Recorded {
    type Target = Company;

    fn deref(&self) -> &Company {
        &self.0
    }
}

/// The command that confirms an identity as a user.
pub(super) fn confirm_as<'a>(person: &'a PersonId, user: &'a UserId) -> [&'a str; 6] {
    let reason = "seen in person";
    [
        "confirm",
        person.as_str(),
        "--user",
        user.as_str(),
        "--reason",
        reason,
    ]
}

/// The command that confirms every identity of the alarm.
pub(super) const CONFIRM_ALL: [&str; 5] = ["confirm", "--all", "--yes", "--reason", "moved"];

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
        self.signed_in_as(&subject(name), role).await
    }

    /// The same for any sign-in.
    pub(super) async fn signed_in_as(&self, subject: &Subject, role: Role) -> Service {
        let known = person::person_of(&self.app_state.store, subject).await;
        let ResolvedPerson { person, user, .. } = known.unwrap().unwrap();
        let actor = Actor {
            person: Some(person.clone()),
            roles: [role].into(),
            approver_since: (role == Role::Approver).then_some(START),
            mfa: Mfa::Proven,
            identity: IdentityState::Active,
        };
        let calling = CallingPerson {
            actor,
            person,
            user,
            subject: subject.clone(),
            name: subject.sub.clone(),
            self_reported: None,
        };
        let signed = InBrowser {
            calling,
            authenticated_at: self.app_state.clock.now(),
        };
        Service::of_latest(self.app_state.clone(), signed.caller()).await
    }

    pub(super) async fn decide(&self, name: &str, id: &ChangeId) -> PortResult<()> {
        let service = self.signed_in(name, Role::Approver).await;
        self.decide_as(&service, id).await
    }

    pub(super) async fn decide_as(&self, service: &Service, id: &ChangeId) -> PortResult<()> {
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
        self.propose_as(&service, form).await
    }

    pub(super) async fn propose_as(
        &self,
        service: &Service,
        form: &ChangeForm,
    ) -> PortResult<ChangeId> {
        let new = service.new_change(form).await?;
        let submission = Submission {
            change_form: form.clone(),
            justification: "investigate incident 4711".into(),
            // Each form is a request of its own.
            ticket: format!("OPS-4711/{}", new.form_key),
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

pub(super) async fn suspension(company: &Company, name: &str) -> Option<LinkDifference> {
    let person = company.identity_of(name).await;
    let mut conn = company.app_state.store.connection().await.unwrap();
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

/// Writes the index rows of an identity as its entries say.
pub(super) async fn restore_rows(company: &Company, person: &PersonId) {
    let mut conn = company.app_state.store.connection().await.unwrap();
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
