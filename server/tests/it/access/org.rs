//! The sample organization as it was crawled, and services bound to its people. AWS is unreachable, because these tests
//! cover what is shown and not how it was read.

use std::{collections::BTreeMap, sync::Arc};

use domain::{
    approval::Mfa,
    authorize::{Actor, IdentityState, Role},
    engine::{AccessResource, WindowRow},
    grant::Window,
    ids::{AccountId, Assignment, ChangeId, GrantId, PersonId, UserId},
    person::Subject,
    snapshot::{Parts, Snapshot},
    time::{Duration, Timestamp},
};
use server::{
    clock::Clock,
    service::{
        Service,
        app_state::{AccessReasons, AppState, ReadModel},
        caller::CallingPerson,
    },
};

use crate::{
    app_states::without_aws,
    callers::InBrowser,
    database::{Database, DatabaseEngine},
    sandboxed::sandbox_server::{START, crawled_sample},
};

/// A minute after the crawl.
pub const NOW: Timestamp = Timestamp(START.0 + Duration::minutes(1).0);

pub struct Org {
    pub app_state: Arc<AppState>,
    /// Removed when the test ends.
    _database: Database,
}

impl Org {
    pub async fn sample(engine: DatabaseEngine) -> Self {
        let (template, read_model) = crawled_sample(engine).await;
        let org = Self::around(template.copy().await).await;
        org.app_state.publish(read_model.clone());
        org
    }

    /// The sample organization, after `change` has modified the parts of its snapshot.
    pub async fn of(engine: DatabaseEngine, change: impl FnOnce(&mut Parts)) -> Self {
        Self::with_windows(engine, change, |_| Vec::new()).await
    }

    pub async fn with_windows(
        engine: DatabaseEngine,
        change: impl FnOnce(&mut Parts),
        windows: impl FnOnce(&Parts) -> Vec<(Assignment, Timestamp)>,
    ) -> Self {
        let org = Self::sample(engine).await;
        let read = org.app_state.read_model();
        let mut parts = read.snapshot.parts().clone();
        change(&mut parts);
        let windows = windows(&parts).into_iter().map(window).collect();
        let reasons = AccessReasons::of(windows, BTreeMap::new(), BTreeMap::new());
        let (snapshot, special) = (Snapshot::new(parts), read.special.clone());
        let read_model = ReadModel::new(snapshot, special, reasons, &org.app_state.rules());
        org.app_state.publish(read_model);
        org
    }

    /// The state before the first crawl.
    pub async fn unread(engine: DatabaseEngine) -> Self {
        Self::around(Database::fresh(engine).await).await
    }

    async fn around(database: Database) -> Self {
        Self {
            app_state: Arc::new(without_aws(database.store.clone(), &Clock::manual(NOW)).await),
            _database: database,
        }
    }

    /// Returns a user of the directory by user name.
    pub fn user(&self, name: &str) -> UserId {
        let read_model = self.app_state.read_model();
        let users = &read_model.snapshot.parts().users;
        let found = users.values().find(|user| user.user_name == name);
        found.unwrap().id.clone()
    }

    pub fn account(&self, name: &str) -> AccountId {
        let read_model = self.app_state.read_model();
        let accounts = &read_model.snapshot.parts().accounts;
        let found = accounts.values().find(|(account, _)| account.name == name);
        found.unwrap().0.id.clone()
    }

    /// Returns the services bound to this person with these roles.
    pub fn as_(&self, user: Option<&UserId>, roles: &[Role]) -> Service {
        let read_model = self.app_state.read_model();
        let known = user.and_then(|user| read_model.snapshot.person(user));
        let person = known.cloned().unwrap_or_else(nobody);
        let actor = Actor {
            person: user.map(|_| person.clone()),
            roles: roles.iter().copied().collect(),
            approver_since: Some(Timestamp(0)),
            mfa: Mfa::Proven,
            identity: IdentityState::Active,
        };
        let subject = Subject {
            iss: "https://issuer".into(),
            sub: "sub".into(),
        };
        let calling = CallingPerson {
            actor,
            person,
            user: user.cloned(),
            subject,
            name: "Somebody".into(),
            self_reported: None,
        };
        let signed = InBrowser {
            calling,
            authenticated_at: NOW,
        };
        Service::new(self.app_state.clone(), signed.caller())
    }

    pub fn administrator(&self) -> Service {
        let user = {
            let read_model = self.app_state.read_model();
            read_model.snapshot.parts().users.keys().next().cloned()
        };
        self.as_(user.as_ref(), &[Role::Administrator])
    }

    pub fn requester(&self, name: &str) -> Service {
        self.as_(Some(&self.user(name)), &[])
    }
}

/// A person who is in no directory.
fn nobody() -> PersonId {
    PersonId::parse("00000002-0000-4000-8000-000000000001").unwrap()
}

fn window((assignment, ends): (Assignment, Timestamp)) -> WindowRow {
    WindowRow {
        key: AccessResource::Assignment(assignment),
        window: Window {
            grant: GrantId::parse("00000005-0000-4000-8000-000000000001").unwrap(),
            change: ChangeId::parse("00000006-0000-4000-8000-000000000001").unwrap(),
            starts: START,
            ends: Some(ends),
            ended: None,
        },
        delivery: None,
        over: None,
    }
}
