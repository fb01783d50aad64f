//! Harbourline on a local AWS and a separate database. Loops run only if a test starts them, and
//! the clock stands still unless a test waits for something.

use std::{
    collections::BTreeSet,
    future::Future,
    path::Path,
    sync::{Arc, atomic::Ordering},
    time::Duration as StdDuration,
};

use app::backend::{
    ChangeForm, ChangesPort as _, DecisionInput, DecisionPort as _, NewChangePort as _, PortResult,
    Submission,
};
use domain::{
    approval::{Decision, Mfa},
    authorize::{Actor, IdentityState, Role},
    change::State,
    engine::{Pacing, lease::LeaseLength},
    ids::{AccountId, Assignment, ChangeId, GroupId, Pair, PermissionSetArn, Principal, UserId},
    ledger::LogName,
    person::{
        Subject,
        link::{IdentityLink, LinkKeys},
    },
    time::{Duration, Timestamp},
};
use sandbox::{Running, Sandbox, aws::Limits, org::Organisation};
use serde_json::{Value, json};
use server::{
    aws::{
        Access, Aws,
        error::{CallError, ErrorClass},
        fence::WritePermission,
    },
    cli::ledger::{LedgerCommand, LedgerLocation, VerifyArgs, execute},
    clock::{self, Clock},
    engine::{
        reconcile,
        seal::Sealer,
        sync::{self, SyncReport},
    },
    jobs::{self, JobTimes, JobTools},
    mapping_file::MappingFile,
    service::{
        Service,
        app_state::{AppState, ReadModel},
        caller::CallingPerson,
        engine_lease::EngineLease,
        journal::{EntryActor, Journal},
        settings::Settings,
        stored_state,
    },
    store::{
        self, Durability, Store, change, ledger,
        person::{self, SignInClaims},
    },
};
use tokio::{sync::watch, task::JoinHandle};

use crate::{
    callers::InBrowser,
    database::{Database, DatabaseEngine, PerEngine, Template, row_keys, write_row_key},
    prepared::{catalogue, pool_key, rules},
    wait,
};

pub const START: Timestamp = Timestamp(1_800_000_000_000);

/// How far the clock advances in each pause while a test waits: ten times the pause.
const ROUND: Duration = Duration(250);

/// How long AWS is read for a removal: long enough for a busy machine, because a read that is late holds no removal.
const REMOVAL_READS: StdDuration = StdDuration::from_mins(1);

const ROLES: [(&str, Role); 4] = [
    ("maya.okafor", Role::Administrator),
    ("ines.carvalho", Role::Approver),
    ("kwame.boateng", Role::Approver),
    ("amara.nwosu", Role::Approver),
];

/// A company, its AWS, and the state that Leastwise keeps of it.
pub struct Company {
    pub app_state: Arc<AppState>,
    pub aws: Running,
    pub database: Database,
    /// Another principal with rights in AWS.
    pub outside: Aws,
}

/// The sample organization after one crawl at `START` and with its roles granted: the database, and the read model that
/// the crawl built. Crawled once per process and engine.
pub async fn crawled_sample(engine: DatabaseEngine) -> &'static (Template, Arc<ReadModel>) {
    static CRAWLED: PerEngine<(Template, Arc<ReadModel>)> = PerEngine::new();
    CRAWLED
        .get(engine, || async {
            let company = Company::crawled(engine).await;
            let read_model = company.app_state.read_model();
            (company.database.into_template().await, read_model)
        })
        .await
}

/// A running loop, which ends when this is dropped.
pub struct LoopGuard(JoinHandle<()>);

impl LoopGuard {
    pub fn of(run: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(run))
    }
}

impl Drop for LoopGuard {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A call that the local AWS received.
#[derive(Debug, Clone)]
pub struct Call {
    pub service: String,
    pub operation: String,
    /// The parameters that identify the resource.
    pub params: Value,
    pub applied: bool,
}

impl Company {
    /// The sample organization as it was crawled a minute ago, once for all tests.
    pub async fn on(engine: DatabaseEngine) -> Self {
        let (template, read_model) = crawled_sample(engine).await;
        let company = Self::unread(template.copy().await, Organisation::sample()).await;
        company.app_state.publish(read_model.clone());
        let mut conn = company.app_state.store.connection().await.unwrap();
        let version = store::observed::newest(&mut conn).await.unwrap();
        company
            .app_state
            .observed_version
            .store(version, Ordering::SeqCst);
        drop(conn);
        company.app_state.clock.advance(Duration::minutes(1));
        company
    }

    /// The sample organization, crawled a minute ago on an AWS that only this test uses.
    pub async fn crawled(engine: DatabaseEngine) -> Self {
        Self::crawled_of(engine, Organisation::sample()).await
    }

    /// Another organization with the people of the sample, crawled a minute ago.
    pub async fn crawled_of(engine: DatabaseEngine, organisation: Organisation) -> Self {
        let database = Database::fresh(engine).await;
        let company = Self::unread(database, organisation).await;
        company.sync().await;
        company.give_roles().await;
        company.app_state.clock.advance(Duration::minutes(1));
        company
    }

    async fn give_roles(&self) {
        let mut tx = self.app_state.store.write().await.unwrap();
        let (read_model, journal) = (self.app_state.read_model(), &self.app_state.journal);
        let mut entries = Vec::new();
        for (name, role) in ROLES {
            let user = self.user(name);
            let introduction = SignInClaims {
                keys: &LinkKeys::of_subject(subject(name)),
                name,
                username: Some(name),
                link: &IdentityLink::Linked(user.clone(), BTreeSet::new()),
                new_id: clock::person_id(),
                at: START,
            };
            let resolved = person::resolve_at_sign_in(&mut tx, &introduction)
                .await
                .unwrap();
            entries.extend(journal.linking(&subject(name), &resolved, START));
            let known = read_model.snapshot.person(&user).unwrap();
            person::ensure_role(&mut tx, known, role, START)
                .await
                .unwrap();
            entries.push(journal.role_granted(&EntryActor::leastwise(), known, role, START));
        }
        journal.append_many(&mut tx, entries).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// An organization that was not crawled yet, on a database that may contain earlier state.
    pub async fn unread(database: Database, organisation: Organisation) -> Self {
        let aws = local(organisation).start().await.unwrap();
        let app_state = app_state(
            &database,
            &access(&aws),
            Clock::manual(START),
            REMOVAL_READS,
        )
        .await;
        let outside = Aws::connect(&access(&aws)).await;
        Self {
            app_state,
            aws,
            database,
            outside,
        }
    }

    /// What an earlier version left at `at`: its database, and the state of its local AWS in `aws`. Nothing is read again yet.
    pub async fn left_by(database: Database, aws: &Path, log: &str, at: Timestamp) -> Self {
        // The local AWS writes its state.
        let file = database.folder().join("aws.json");
        std::fs::copy(aws, &file).unwrap();
        let mut local = local(Organisation::sample());
        local.state_file = Some(file);
        let aws = local.start().await.unwrap();
        let clock = Clock::manual(at);
        let app_state = logging_to(log, &database, &access(&aws), clock, REMOVAL_READS).await;
        let outside = Aws::connect(&access(&aws)).await;
        Self {
            app_state,
            aws,
            database,
            outside,
        }
    }

    /// The same database after a restart, and an AWS that now contains another organization.
    pub async fn reopened(self, organisation: Organisation) -> Self {
        let at = self.app_state.clock.now();
        let Self { database, aws, .. } = self;
        drop(aws);
        let company = Self::unread(database, organisation).await;
        company.app_state.clock.advance(at.since(START));
        company.app_state.clock.advance(Duration::minutes(1));
        stored_state::restore(&company.app_state).await.unwrap();
        company
    }

    /// Another process on the same database and AWS, which has not read anything yet.
    pub async fn another_core(&self) -> Arc<AppState> {
        app_state(
            &self.database,
            &access(&self.aws),
            self.app_state.clock.clone(),
            REMOVAL_READS,
        )
        .await
    }

    /// The same process, which reads AWS for a removal only as long as `within`.
    pub async fn reading_for_removals(&mut self, within: StdDuration) {
        let (access, clock) = (access(&self.aws), self.app_state.clock.clone());
        self.app_state = app_state(&self.database, &access, clock, within).await;
        stored_state::restore(&self.app_state).await.unwrap();
    }

    /// The same process, run in the management account, the only account where AWS permits some calls.
    pub async fn in_management(&mut self) {
        let account = self.held_by_aws().await.management_account;
        let access = Access {
            credentials: Some((account.to_string(), "sandbox".into())),
            ..access(&self.aws)
        };
        let clock = self.app_state.clock.clone();
        self.app_state = app_state(&self.database, &access, clock, REMOVAL_READS).await;
        stored_state::restore(&self.app_state).await.unwrap();
    }

    /// Clients of the same AWS, configured for another Region.
    pub async fn clients_in(&self, region: &str) -> Aws {
        Aws::connect(&Access {
            region: region.into(),
            pool_region: region.into(),
            ..access(&self.aws)
        })
        .await
    }

    /// Another process on the same database and AWS, which has loaded the stored state.
    pub async fn second_process(&self, lease: LeaseLength) -> Arc<AppState> {
        let store = Store::open_with(&self.database.url, Durability::Process, lease);
        let store = store.await.unwrap().with_row_keys(row_keys());
        let access = access(&self.aws);
        let clock = self.app_state.clock.clone();
        let state = on_store("leastwise/test", store, &access, clock, REMOVAL_READS).await;
        let state = Arc::new(state.with_engine_lease(EngineLease::new(lease)));
        stored_state::restore(&state).await.unwrap();
        state
    }

    pub async fn sync(&self) -> SyncReport {
        sync::once(&self.app_state, &Arc::default(), None)
            .await
            .unwrap()
    }

    /// Runs jobs: a crawl now, and whenever one is requested.
    pub fn crawler(&self) -> LoopGuard {
        let engine_runs_here = watch::Sender::new(true).subscribe();
        let works = jobs::run(
            self.app_state.clone(),
            JobTools::default(),
            engine_runs_here,
            JobTimes::default(),
        );
        LoopGuard(tokio::spawn(works))
    }

    pub fn engine(&self) -> LoopGuard {
        self.engine_with(Pacing::default())
    }

    pub fn engine_with(&self, pacing: Pacing) -> LoopGuard {
        LoopGuard(tokio::spawn(reconcile::run(self.app_state.clone(), pacing)))
    }

    /// Lets time pass until a condition holds.
    pub async fn until(&self, what: &str, holds: impl AsyncFnMut() -> bool) {
        wait::until_with(what, holds, || {
            self.app_state.clock.advance(ROUND);
            self.app_state.wake_engine.notify_one();
        })
        .await;
    }

    /// Lets time pass until a change is over, and returns its state.
    pub async fn end_of(&self, id: &ChangeId) -> State {
        self.until("the change is over", || async {
            self.state(id).await.is_terminal()
        })
        .await;
        self.state(id).await
    }

    /// Verifies the ledger as the command line does.
    pub async fn close(self) {
        let told = self.verified().await;
        assert_eq!(told["findings"], json!([]), "{told}");
        let deleted = self.database.by_hand("delete from ledger_entry").await;
        assert!(deleted.is_err(), "entries cannot be deleted");
        self.app_state.store.close().await;
    }

    /// Seals the ledger, and returns what `ledger verify --json` prints.
    pub async fn verified(&self) -> Value {
        let app_state = &self.app_state;
        let keys = self.database.folder().join("keys");
        write_row_key(&keys);
        let (store, clock, journal) = (
            app_state.store.clone(),
            app_state.clock.clone(),
            app_state.journal.clone(),
        );
        let sealer = Sealer::open(store, clock, journal, &keys, None)
            .await
            .unwrap();
        sealer.close().await.unwrap();
        let place = LedgerLocation {
            database: self.database.url.clone(),
            keys: Some(keys),
            vkey: None,
        };
        let verify = VerifyArgs {
            place,
            bundle: None,
            checkpoint: None,
            json: true,
        };
        let (mut out, mut notes) = (Vec::new(), Vec::new());
        let code = execute(LedgerCommand::Verify(verify), &mut out, &mut notes)
            .await
            .unwrap();
        let told: Value = serde_json::from_slice(&out).unwrap();
        let found = told["findings"].as_array().unwrap();
        assert_eq!(code, u8::from(!found.is_empty()), "{told}");
        told
    }

    // People and resources.

    pub fn user(&self, name: &str) -> UserId {
        let read_model = self.app_state.read_model();
        let users = read_model.snapshot.parts().users.values();
        users
            .clone()
            .find(|user| user.user_name == name)
            .unwrap()
            .id
            .clone()
    }

    pub fn group(&self, name: &str) -> GroupId {
        let read_model = self.app_state.read_model();
        let mut groups = read_model.snapshot.parts().groups.values();
        groups
            .find(|group| group.display_name == name)
            .unwrap()
            .id
            .clone()
    }

    pub fn account(&self, name: &str) -> AccountId {
        let read_model = self.app_state.read_model();
        let mut accounts = read_model.snapshot.parts().accounts.values();
        accounts
            .find(|(account, _)| account.name == name)
            .unwrap()
            .0
            .id
            .clone()
    }

    pub fn set(&self, name: &str) -> PermissionSetArn {
        let read_model = self.app_state.read_model();
        let mut sets = read_model.snapshot.parts().sets.values();
        sets.find(|set| set.name == name).unwrap().arn.clone()
    }

    pub fn pair(&self, set: &str, account: &str) -> Pair {
        Pair {
            account: self.account(account),
            set: self.set(set),
        }
    }

    pub fn of_group(&self, group: &str, set: &str, account: &str) -> Assignment {
        Assignment {
            pair: self.pair(set, account),
            principal: Principal::Group(self.group(group)),
        }
    }

    // Actions of people.

    pub async fn as_(&self, name: &str) -> Service {
        let user = self.user(name);
        let known = self
            .app_state
            .read_model()
            .snapshot
            .person(&user)
            .unwrap()
            .clone();
        let granted = person::roles_of(
            &mut self.app_state.store.connection().await.unwrap(),
            &known,
        )
        .await
        .unwrap();
        let approver = granted.iter().find(|grant| grant.role == Role::Approver);
        let actor = Actor {
            person: Some(known.clone()),
            roles: granted.iter().map(|grant| grant.role).collect(),
            approver_since: approver.map(|grant| grant.granted_at),
            mfa: Mfa::Proven,
            identity: IdentityState::Active,
        };
        let calling = CallingPerson {
            actor,
            person: known,
            user: Some(user),
            subject: subject(name),
            name: name.into(),
            self_reported: None,
        };
        let signed = InBrowser {
            calling,
            authenticated_at: self.app_state.clock.now(),
        };
        Service::of_latest(self.app_state.clone(), signed.caller()).await
    }

    /// Requests a preview and submits it.
    pub async fn ask(&self, name: &str, change_form: &ChangeForm) -> ChangeId {
        let service = self.as_(name).await;
        let new = service.new_change(change_form).await.unwrap();
        assert!(new.errors.is_empty(), "{:?}", new.errors);
        let submission = Submission {
            change_form: change_form.clone(),
            justification: "investigate incident 4711".into(),
            ticket: "OPS-4711".into(),
            effect: new.preview.unwrap().effect.0,
            form_key: new.form_key,
        };
        service.submit(submission).await.unwrap()
    }

    pub async fn approve(&self, name: &str, id: &ChangeId) -> PortResult<()> {
        let service = self.as_(name).await;
        let effect = service.change(id).await.unwrap().preview.effect.0;
        let reason = "looks right to me".into();
        service
            .decide(
                id,
                DecisionInput {
                    decision: Decision::Approve,
                    reason,
                    effect,
                },
            )
            .await
    }

    pub async fn stored(&self, id: &ChangeId) -> change::StoredChange {
        let mut conn = self.app_state.store.connection().await.unwrap();
        let found = change::find(&mut conn, id).await.unwrap();
        found.and_then(change::FoundChange::known).unwrap()
    }

    pub async fn state(&self, id: &ChangeId) -> State {
        self.stored(id).await.change.state
    }

    /// Returns the types of a change's entries, oldest first.
    pub async fn entries_of(&self, id: &ChangeId) -> Vec<String> {
        let listed = ledger::of_change(&self.app_state.store, id).await.unwrap();
        listed.iter().map(|one| kind(&leaf(&one.leaf))).collect()
    }

    /// Returns all entries of a type, newest first.
    pub async fn entries(&self, wanted: &str) -> Vec<Value> {
        let listed = crate::entries::newest(&self.app_state.store, None, 10_000).await;
        let leaves = listed.iter().map(|one| leaf(&one.leaf));
        leaves.filter(|leaf| kind(leaf) == wanted).collect()
    }

    // Behavior and state of AWS.

    /// Sets the faults to inject from now on; none if the list is empty.
    pub async fn faults(&self, rules: Value) {
        inject(&self.aws, rules).await;
    }

    async fn inspect(&self, path: &str) -> Value {
        let url = format!("http://{}/_sandbox/{path}", self.aws.aws_addr);
        let text = http_client()
            .get(url)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// Returns the complete state of AWS.
    pub async fn held_by_aws(&self) -> Organisation {
        let state = self.inspect("state").await;
        serde_json::from_value(state["organisation"].clone()).unwrap()
    }

    /// Returns whether an assignment exists in AWS.
    pub async fn holds(&self, what: &Assignment) -> bool {
        let held = self.held_by_aws().await.assignments;
        held.iter().any(|one| {
            &*one.account == what.pair.account.as_str()
                && &*one.permission_set == what.pair.set.as_str()
                && one.principal_type.as_str() == what.principal.kind()
                && &*one.principal_id == what.principal.id()
        })
    }

    /// Returns a number below which all earlier calls are numbered.
    pub async fn calls_so_far(&self) -> u64 {
        self.inspect("calls?since=18446744073709551614").await["next"]
            .as_u64()
            .unwrap()
            - 1
    }

    pub async fn calls_since(&self, number: u64) -> Vec<Call> {
        let log = self.inspect(&format!("calls?since={number}")).await;
        let text = |call: &Value, name: &str| call[name].as_str().unwrap().to_owned();
        let calls = log["calls"].as_array().unwrap().iter();
        calls
            .map(|call| Call {
                service: text(call, "service"),
                operation: text(call, "operation"),
                params: call["params"].clone(),
                applied: call["applied"].as_bool().unwrap(),
            })
            .collect()
    }

    /// Assigns outside Leastwise, and waits until AWS has finished.
    pub async fn assign_outside(&self, what: &Assignment) {
        let instance = &self.app_state.instance;
        let permitted = permitted();
        self.once_it_is_taken(|| self.outside.create_assignment(instance, what, &permitted))
            .await;
        self.until("the assignment exists in AWS", || self.holds(what))
            .await;
    }

    /// Removes outside Leastwise, and waits until AWS has finished.
    pub async fn unassign_outside(&self, what: &Assignment) {
        let instance = &self.app_state.instance;
        let permitted = permitted();
        self.once_it_is_taken(|| self.outside.delete_assignment(instance, what, &permitted))
            .await;
        self.until("the assignment no longer exists in AWS", || async {
            !self.holds(what).await
        })
        .await;
    }

    /// Retries while AWS reports a conflict with an earlier write to the same account.
    async fn once_it_is_taken<T, F>(&self, write: impl Fn() -> F)
    where
        F: Future<Output = Result<T, CallError>>,
    {
        self.until("AWS accepts the write", || async {
            match write().await {
                Ok(_) => true,
                Err(error) if error.class == ErrorClass::Conflict => false,
                Err(error) => panic!("{error}"),
            }
        })
        .await;
    }
}

/// Sets the faults that a local AWS injects from now on.
pub async fn inject(aws: &Running, rules: Value) {
    let body = json!({ "seed": 7, "rules": rules }).to_string();
    let url = format!("http://{}/_sandbox/faults", aws.aws_addr);
    let request = http_client()
        .post(url)
        .header("content-type", "application/json")
        .body(body);
    let answer = request.send().await.unwrap();
    assert!(
        answer.status().is_success(),
        "{}",
        answer.text().await.unwrap()
    );
}

/// A local AWS of an organization, without quotas and not started yet.
pub fn local(organisation: Organisation) -> Sandbox {
    let mut local = Sandbox::new(organisation);
    local.latency = StdDuration::from_millis(60);
    local.limits = Limits::Unlimited;
    local.cognito_key_file = Some(pool_key());
    local
}

/// Returns the sign-in of a user of the sample's user pool.
pub fn subject(name: &str) -> Subject {
    let pool = Organisation::sample().pool;
    let sub = pool.user(name).map_or(name, |user| &user.sub).to_owned();
    Subject {
        iss: "https://issuer".into(),
        sub,
    }
}

pub fn http_client() -> reqwest::Client {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .unwrap()
}

pub fn grant(group: &str, set: &str, account: &str, term: &str) -> ChangeForm {
    ChangeForm {
        kind: "grant".into(),
        who: group.into(),
        set: set.into(),
        account: account.into(),
        term: term.into(),
        ..ChangeForm::default()
    }
}

pub fn remove(group: &str, set: &str, account: &str) -> ChangeForm {
    ChangeForm {
        kind: "remove".into(),
        ..grant(group, set, account, "")
    }
}

fn leaf(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn kind(leaf: &Value) -> String {
    leaf["type"].as_str().unwrap().to_owned()
}

/// The permission to write to AWS from a test.
pub fn permitted() -> Arc<dyn WritePermission> {
    struct Always;
    impl WritePermission for Always {
        fn may_send(&self) -> bool {
            true
        }
        fn may_wait(&self) -> bool {
            true
        }
    }
    Arc::new(Always)
}

pub fn access(aws: &Running) -> Access {
    Access {
        region: "eu-west-1".into(),
        endpoint: Some(format!("http://{}", aws.aws_addr)),
        credentials: Some(("sandbox".into(), "sandbox".into())),
        calls_per_second: 2_000.0,
        pool_region: "eu-west-1".into(),
        app_name: None,
    }
}

async fn app_state(
    database: &Database,
    access: &Access,
    clock: Clock,
    removal_reads: StdDuration,
) -> Arc<AppState> {
    logging_to("leastwise/test", database, access, clock, removal_reads).await
}

async fn logging_to(
    log: &str,
    database: &Database,
    access: &Access,
    clock: Clock,
    removal_reads: StdDuration,
) -> Arc<AppState> {
    let store = database.store.clone();
    Arc::new(on_store(log, store, access, clock, removal_reads).await)
}

async fn on_store(
    log: &str,
    store: Store,
    access: &Access,
    clock: Clock,
    removal_reads: StdDuration,
) -> AppState {
    let clients = Aws::connect(access).await;
    let instance = clients.instance().await.unwrap();
    let log = LogName::parse(log).unwrap();
    let journal = Journal::new(store.clone(), clock.clone(), log, "test".into());
    let settings = Settings {
        region: "eu-west-1".into(),
        access_portal: None,
        mapping: MappingFile::default(),
        crawl_every: Duration::minutes(15),
        leastwise_accounts: Vec::new(),
        pool: Organisation::sample().pool.id,
        identity_alarm_percent: 20,
        step_up: domain::second_factor::StepUpLimits::default(),
        removal_reads,
    };
    AppState::new(
        store,
        clock,
        clients,
        instance,
        catalogue(),
        rules(),
        journal,
        settings,
    )
}
