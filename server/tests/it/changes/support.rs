//! A small payments company, its signed-in people, and a separate database for every test.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use app::backend::{
    AffectedPrincipal, ChangeForm, ChangesPort as _, DecisionInput, DecisionPort as _, Denied,
    EffectRow, NewChange, NewChangePort as _, PortResult, PrincipalRef, Submission,
};
use async_trait::async_trait;
use domain::{
    approval::{Decision, Mfa},
    authorize::{Actor, IdentityState, Role},
    change::State,
    engine::{DomainEvent, Generation, StartVerdict},
    ids::{ChangeId, Principal},
    org::SpecialAccounts,
    person::{
        Subject,
        link::{IdentityLink, LinkKeys},
    },
    snapshot::{Coverage, Parts, Snapshot},
    time::{Duration, Timestamp},
};
use server::{
    aws::{
        error::{CallError, ErrorClass},
        pool::PoolUser,
    },
    clock::{self, Clock},
    engine::approver_status::UserPool,
    service::{
        Service,
        app_state::{AccessReasons, AppState, ReadModel},
        caller::CallingPerson,
        journal::EntryActor,
        publication::{self, PATIENCE},
    },
    store::{
        change, identity_link, ledger,
        person::{self, Claim, SignInClaims},
    },
};

use crate::{
    app_states::without_aws,
    callers::InBrowser,
    database::{Database, DatabaseEngine, PerEngine, Template},
    starts::fresh_verdict,
};

#[path = "../../../../domain/tests/shared/company.rs"]
pub mod company;
use company::{Company, PEOPLE};
pub use company::{account, group, person as person_id, set, user};

pub const START: Timestamp = Timestamp(1_795_425_245_000);

/// Eve and Fay have no role.
const ROLES: [(&str, Role); 4] = [
    ("ann", Role::Administrator),
    ("bob", Role::Approver),
    ("cas", Role::Approver),
    ("dan", Role::Approver),
];

pub fn subject(name: &str) -> Subject {
    Subject {
        iss: "https://issuer".into(),
        sub: format!("sub-of-{name}"),
    }
}

/// The user pool's response for every user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolSays {
    /// Enabled, and in the approvers' group.
    Welcome,
    /// Disabled, and in the group.
    Disabled,
    /// In no group.
    NoGroup,
    /// The username now belongs to another user.
    SomebodyElse,
    /// Deleted.
    Gone,
    /// The user pool does not respond.
    Nothing,
}

#[async_trait]
impl UserPool for PoolSays {
    async fn user(&self, username: &str) -> Result<Option<PoolUser>, CallError> {
        let mut user = PoolUser {
            sub: Some(subject(username).sub),
            enabled: true,
            federated: false,
            factors: Vec::new(),
            groups: [Role::Approver.group().to_owned()].into(),
            attributes: BTreeMap::new(),
        };
        match self {
            Self::Welcome => {}
            Self::Disabled => user.enabled = false,
            Self::NoGroup => user.groups.clear(),
            Self::SomebodyElse => user.sub = Some("another".into()),
            Self::Gone => return Ok(None),
            Self::Nothing => {
                return Err(CallError {
                    class: ErrorClass::Unknown,
                    code: "Timeout".into(),
                    message: String::new(),
                    reason: None,
                    request_id: None,
                });
            }
        }
        Ok(Some(user))
    }
}

pub struct Org {
    pub app_state: Arc<AppState>,
    pub clock: Clock,
    database: Database,
}

impl Org {
    /// The company with its people signed in and their roles granted, as read from AWS a minute ago.
    pub async fn on(engine: DatabaseEngine) -> Self {
        static PEOPLE_SIGNED_IN: PerEngine<Template> = PerEngine::new();
        let template = PEOPLE_SIGNED_IN
            .get(engine, || async {
                let org = Self::of(Database::fresh(engine).await).await;
                org.people().await;
                org.database.into_template().await
            })
            .await;
        let org = Self::of(template.copy().await).await;
        let parts = org.parts();
        org.publish(parts);
        org.clock.advance(Duration::minutes(1));
        org
    }

    /// A database without rows.
    pub async fn empty(engine: DatabaseEngine) -> Self {
        Self::of(Database::fresh(engine).await).await
    }

    /// Inserts a row as it was exported.
    pub async fn insert(&self, table: &str, row: &serde_json::Map<String, serde_json::Value>) {
        let columns: Vec<&str> = row.keys().map(String::as_str).collect();
        let literal = |value: &serde_json::Value| match value {
            serde_json::Value::String(text) => format!("'{}'", text.replace('\'', "''")),
            other => other.to_string(),
        };
        let values: Vec<String> = row.values().map(literal).collect();
        self.by_hand(format!(
            "insert into {table} ({}) values ({})",
            columns.join(", "),
            values.join(", ")
        ))
        .await;
    }

    /// Ends a role in the ledger.
    pub async fn end_role(&self, name: &str, role: Role) {
        let (now, journal) = (self.clock.now(), &self.app_state.journal);
        let mut tx = self.app_state.store.write().await.unwrap();
        let person = person_id(name);
        let held = person::end_role(&mut tx, &person, role, now).await;
        assert!(held.unwrap(), "{name} is no {role:?}");
        let entry = journal.role_ended(&EntryActor::leastwise(), &person, role, now);
        journal.append(&mut tx, entry).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub fn folder(&self) -> &std::path::Path {
        self.database.folder()
    }

    pub fn url(&self) -> &str {
        &self.database.url
    }

    async fn of(database: Database) -> Self {
        let clock = Clock::manual(START);
        Self {
            app_state: Arc::new(without_aws(database.store.clone(), &clock).await),
            clock,
            database,
        }
    }

    /// Records that the sign-in of `name` leads to the user of `of`.
    pub async fn claims(&self, name: &str, of: &str) {
        let claim = Claim {
            user: user(of),
            held_by: person_id(of),
        };
        let who = EntryActor {
            person: Some(person_id(name)),
            subject: Some(subject(name)),
            ..EntryActor::default()
        };
        let mut tx = self.app_state.store.write().await.unwrap();
        let journal = &self.app_state.journal;
        let entry = journal.subject_claimed(&who, &claim);
        journal.append(&mut tx, entry).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Another process on the same database: it shares nothing with this one but the clock and what was read from AWS.
    pub async fn second_process(&self) -> Arc<AppState> {
        let store = self.database.open_again().await;
        let app_state = without_aws(store, &self.clock).await;
        app_state.publish(self.app_state.read_model());
        Arc::new(app_state)
    }

    async fn people(&self) {
        let mut tx = self.app_state.store.write().await.unwrap();
        let all: Vec<_> = PEOPLE
            .iter()
            .map(|name| (user(name), person_id(name)))
            .collect();
        identity_link::ensure_for_users(&mut tx, &all, START)
            .await
            .unwrap();
        let journal = &self.app_state.journal;
        let mut entries = Vec::new();
        for name in PEOPLE {
            let introduction = SignInClaims {
                keys: &LinkKeys::of_subject(subject(name)),
                name,
                username: Some(name),
                link: &IdentityLink::Linked(user(name), BTreeSet::new()),
                new_id: clock::person_id(),
                at: START,
            };
            let known = person::resolve_at_sign_in(&mut tx, &introduction)
                .await
                .unwrap();
            entries.extend(journal.linking(&subject(name), &known, START));
        }
        journal.append_many(&mut tx, entries).await.unwrap();
        tx.commit().await.unwrap();
        for (name, role) in ROLES {
            self.give(name, role, START).await;
        }
    }

    /// Grants a role, as the configuration does.
    pub async fn give(&self, name: &str, role: Role, at: Timestamp) {
        let (journal, person) = (&self.app_state.journal, person_id(name));
        let mut tx = self.app_state.store.write().await.unwrap();
        person::ensure_role(&mut tx, &person, role, at)
            .await
            .unwrap();
        let entry = journal.role_granted(&EntryActor::leastwise(), &person, role, at);
        journal.append(&mut tx, entry).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Runs a statement with full rights to the database.
    pub async fn by_hand(&self, statement: String) {
        let changed = self.database.by_hand(&statement).await.unwrap();
        assert!(changed > 0, "the statement changed nothing");
    }

    pub async fn try_by_hand(&self, statement: &str) -> Result<u64, sqlx::Error> {
        self.database.by_hand(statement).await
    }

    /// Returns the hash of the stored effect of a change.
    pub async fn effect_hash(&self, id: &ChangeId) -> String {
        let row: (String,) = sqlx::query_as("select effect_hash from change where id = $1")
            .bind(id.as_str())
            .fetch_one(self.app_state.store.read())
            .await
            .unwrap();
        row.0
    }

    /// Drops the triggers of a table, as an attacker with full rights to the database could.
    pub async fn without_triggers(&self, table: &str) {
        let statements = match self.app_state.store.engine() {
            DatabaseEngine::Postgres => vec![format!("alter table {table} disable trigger user")],
            DatabaseEngine::Sqlite => ["no_update", "no_delete"]
                .map(|trigger| format!("drop trigger if exists {table}_{trigger}"))
                .to_vec(),
        };
        for statement in statements {
            self.database.by_hand(&statement).await.unwrap();
        }
    }

    /// Returns the verdict at the start, with a user pool in which all approvers are unchanged.
    pub async fn fresh(&self, id: &ChangeId) -> StartVerdict {
        fresh_verdict(&self.app_state, &PoolSays::Welcome, id)
            .await
            .unwrap()
    }

    /// The organization as read at the clock's time.
    pub fn parts(&self) -> Parts {
        let now = self.clock.now();
        let mut parts = Company::new().parts;
        parts.coverage = Coverage {
            oldest: Some(now),
            began: Some(now),
            newest: Some(now),
            complete_at: Some(now),
            unread: Vec::new(),
            ..Coverage::default()
        }
        .into();
        parts.members_as_of = parts.groups.keys().map(|id| (id.clone(), now)).collect();
        parts
    }

    /// Waits until the read model shows what was stored so far.
    pub async fn shown(&self) {
        let receipt = publication::everything(&self.app_state);
        receipt.shown(PATIENCE).await.unwrap();
    }

    pub fn publish(&self, parts: Parts) {
        let read_model = ReadModel::new(
            Snapshot::new(parts),
            SpecialAccounts::default(),
            AccessReasons::default(),
            &self.app_state.rules(),
        );
        self.app_state.publish(read_model);
    }

    /// A signed-in person, with their roles according to the ledger.
    pub async fn signed(&self, name: &str) -> InBrowser {
        let granted = person::roles_of(
            &mut self.app_state.store.connection().await.unwrap(),
            &person_id(name),
        )
        .await
        .unwrap();
        let actor = Actor {
            person: Some(person_id(name)),
            roles: granted.iter().map(|grant| grant.role).collect(),
            approver_since: granted
                .iter()
                .find(|grant| grant.role == Role::Approver)
                .map(|grant| grant.granted_at),
            mfa: Mfa::Proven,
            identity: IdentityState::Active,
        };
        let calling = CallingPerson {
            actor,
            person: person_id(name),
            user: Some(user(name)),
            subject: subject(name),
            name: name.to_uppercase(),
            self_reported: None,
        };
        InBrowser {
            calling,
            authenticated_at: self.clock.now(),
        }
    }

    pub async fn as_(&self, name: &str) -> Service {
        self.acting(self.signed(name).await)
    }

    pub fn acting(&self, signed: InBrowser) -> Service {
        Service::new(self.app_state.clone(), signed.caller())
    }

    /// Requests a preview as `name` and submits it.
    pub async fn ask(&self, name: &str, change_form: &ChangeForm) -> ChangeId {
        let service = self.as_(name).await;
        let new = service.new_change(change_form).await.unwrap();
        service.submit(submission(change_form, &new)).await.unwrap()
    }

    pub async fn decide(&self, name: &str, id: &ChangeId, decision: Decision) -> PortResult<()> {
        let service = self.as_(name).await;
        let effect = service.change(id).await.unwrap().preview.effect.0;
        let input = DecisionInput {
            decision,
            reason: "looks right to me".into(),
            effect,
        };
        service.decide(id, input).await
    }

    pub async fn approve(&self, name: &str, id: &ChangeId) -> PortResult<()> {
        self.decide(name, id, Decision::Approve).await
    }

    pub async fn state(&self, id: &ChangeId) -> State {
        self.stored(id).await.change.state
    }

    pub async fn stored(&self, id: &ChangeId) -> change::StoredChange {
        self.found(id).await.known().unwrap()
    }

    pub async fn found(&self, id: &ChangeId) -> change::FoundChange {
        let mut conn = self.app_state.store.connection().await.unwrap();
        change::find(&mut conn, id).await.unwrap().unwrap()
    }

    /// Begins a new generation, as a starting engine does, and returns it.
    pub async fn generation(&self) -> Generation {
        let mut tx = self.app_state.store.write().await.unwrap();
        let generation = server::store::engine::begin(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        generation
    }

    /// Moves a change as Leastwise does, with its entry.
    pub async fn set_state(&self, id: &ChangeId, state: State) {
        const FAILED: &str = "an item was not carried out";
        let mut tx = self.app_state.store.write().await.unwrap();
        let found = change::lock(&mut tx, id).await.unwrap().unwrap();
        let result = (state == State::Failed).then_some(FAILED);
        change::set_state(
            &mut tx,
            id,
            found.version(),
            state,
            result,
            self.clock.now(),
        )
        .await
        .unwrap();
        let told = match state {
            State::Applying => Some(DomainEvent::Applying {
                change: id.clone(),
                plans: None,
            }),
            State::Verified => Some(DomainEvent::Verified { change: id.clone() }),
            State::Failed => Some(DomainEvent::Failed {
                change: id.clone(),
                reason: FAILED.into(),
            }),
            _ => None,
        };
        let journal = &self.app_state.journal;
        let entry = match told {
            Some(told) => journal.domain_event(&told),
            None => match state {
                State::Withdrawn => journal.change_withdrawn(&EntryActor::leastwise(), id),
                State::Expired => journal.change_expired(id),
                state => panic!("{state:?} is reached otherwise"),
            },
        };
        journal.append(&mut tx, entry).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Returns the number of all changes.
    pub async fn count(&self) -> i64 {
        let mut conn = self.app_state.store.connection().await.unwrap();
        let everything = change::Filter::default();
        let found = change::list(&mut conn, &everything, 1, 0, &[]).await;
        found.unwrap().total
    }

    /// Returns the types of a change's ledger entries, oldest first.
    pub async fn entries(&self, id: &ChangeId) -> Vec<String> {
        let listed = ledger::of_change(&self.app_state.store, id).await.unwrap();
        listed
            .iter()
            .map(|entry| leaf(&entry.leaf)["type"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Returns the entry of this type about a change.
    pub async fn entry(&self, id: &ChangeId, kind: &str) -> serde_json::Value {
        let listed = ledger::of_change(&self.app_state.store, id).await.unwrap();
        let mut entries = listed.iter().map(|entry| leaf(&entry.leaf));
        entries.find(|entry| entry["type"] == kind).unwrap()
    }

    /// Returns the types of all ledger entries since people signed in and the roles were granted, newest first.
    pub async fn all_entries(&self) -> Vec<String> {
        let listed = crate::entries::newest(&self.app_state.store, None, 1_000).await;
        listed[..listed.len() - PEOPLE.len() - ROLES.len()]
            .iter()
            .map(|entry| leaf(&entry.leaf)["type"].as_str().unwrap().to_owned())
            .collect()
    }
}

fn leaf(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

pub fn submission(change_form: &ChangeForm, new: &NewChange) -> Submission {
    Submission {
        change_form: change_form.clone(),
        justification: "investigate incident 4711".into(),
        // Each form is a request of its own.
        ticket: format!("OPS-4711/{}", new.form_key),
        effect: new
            .preview
            .as_ref()
            .map(|preview| preview.effect.0.clone())
            .unwrap_or_default(),
        form_key: new.form_key.clone(),
    }
}

/// The name of whoever gains or loses access.
pub fn affected(row: &EffectRow) -> String {
    match &row.who {
        AffectedPrincipal::Principal(PrincipalRef::User(user)) => user.name.clone(),
        AffectedPrincipal::Principal(PrincipalRef::Group { name, .. }) => name.clone(),
        AffectedPrincipal::Principal(
            PrincipalRef::Orphan(other) | PrincipalRef::NotRead(other),
        ) => other.id().to_owned(),
        AffectedPrincipal::FutureMembers { name, .. } => format!("Future members of {name}"),
    }
}

pub fn grant(who: &str, set: &str, at: &str, term: &str) -> ChangeForm {
    ChangeForm {
        kind: "grant".into(),
        who: who_of(who),
        set: key_of(set),
        account: account(at).to_string(),
        term: term.into(),
        ..ChangeForm::default()
    }
}

/// Returns the form value of a permission set: the last part of its ARN.
fn key_of(name: &str) -> String {
    let arn = set(name).to_string();
    arn.rsplit('/').next().unwrap().to_owned()
}

pub fn remove(who: &str, set: &str, at: &str) -> ChangeForm {
    ChangeForm {
        kind: "remove".into(),
        term: String::new(),
        ..grant(who, set, at, "")
    }
}

pub fn join(who: &str, into: &str) -> ChangeForm {
    ChangeForm {
        kind: "join".into(),
        who: who_of(who),
        set: group(into).to_string(),
        ..ChangeForm::default()
    }
}

fn who_of(name: &str) -> String {
    if PEOPLE.contains(&name) {
        format!("user:{}", user(name))
    } else {
        format!("group:{}", group(name))
    }
}

/// Adds an assignment to the observed state.
pub fn assign(parts: &mut Parts, who: &str, set: &str, at: &str, now: Timestamp) {
    let principal = if PEOPLE.contains(&who) {
        Principal::User(user(who))
    } else {
        Principal::Group(group(who))
    };
    company::assign(parts, company::pair(at, set), principal, now, now);
}

/// Returns the one field with an error.
pub fn wrong_field<T: std::fmt::Debug>(answer: PortResult<T>) -> &'static str {
    match answer {
        Err(Denied::Invalid(errors)) if errors.len() == 1 => errors[0].field,
        other => panic!("expected one wrong field, got {other:?}"),
    }
}

pub fn conflict<T: std::fmt::Debug>(answer: PortResult<T>) -> String {
    match answer {
        Err(Denied::Conflict(words)) => words,
        other => panic!("expected a conflict, got {other:?}"),
    }
}
