//! The sample organization as it was crawled, and services bound to its people. AWS is unreachable, because these tests
//! cover what is shown and not how it was read.

use std::sync::Arc;

use domain::{
    approval::Mfa,
    authorize::{Actor, Role},
    engine::{Key, WindowRow},
    grant::Window,
    ids::{AccountId, Assignment, ChangeId, GrantId, PersonId, UserId},
    person::Subject,
    snapshot::{Parts, Snapshot},
    time::{Duration, Timestamp},
};
use sandbox::org::Organisation;
use server::{
    clock::Clock,
    http::session::Signed,
    service::{
        Service,
        core::{Core, Reasons, World},
    },
};

use crate::{
    cores::without_aws,
    database::{Database, Engine},
    sandboxed::company::{Company, START, crawled_sample},
};

/// A minute after the crawl.
pub const NOW: Timestamp = Timestamp(START.0 + Duration::minutes(1).0);

pub struct Org {
    pub core: Arc<Core>,
    /// Removed when the test ends.
    _database: Database,
}

impl Org {
    pub async fn sample(engine: Engine) -> Self {
        let (template, world) = crawled_sample(engine).await;
        let org = Self::around(template.copy().await).await;
        org.core.publish(world.clone());
        org
    }

    /// The sample organization, after `change` has modified the parts of its snapshot.
    pub async fn of(engine: Engine, change: impl FnOnce(&mut Parts)) -> Self {
        Self::with_windows(engine, change, |_| Vec::new()).await
    }

    pub async fn with_windows(
        engine: Engine,
        change: impl FnOnce(&mut Parts),
        windows: impl FnOnce(&Parts) -> Vec<(Assignment, Timestamp)>,
    ) -> Self {
        let org = Self::sample(engine).await;
        let read = org.core.world();
        let mut parts = read.snapshot.parts().clone();
        change(&mut parts);
        let windows = windows(&parts).into_iter().map(window).collect();
        let reasons = Reasons {
            windows,
            ..Reasons::default()
        };
        let (snapshot, special) = (Snapshot::new(parts), read.special.clone());
        let world = World::new(snapshot, special, reasons, &org.core.rules);
        org.core.publish(world);
        org
    }

    /// The state before the first crawl.
    pub async fn unread(engine: Engine) -> Self {
        Self::around(Database::fresh(engine).await).await
    }

    /// Another organization, crawled for this test only.
    pub async fn crawled(organisation: Organisation) -> Self {
        let database = Database::fresh(Engine::Sqlite).await;
        let company = Company::unread(database, organisation).await;
        company.sync().await;
        Self {
            core: company.core,
            _database: company.database,
        }
    }

    async fn around(database: Database) -> Self {
        Self {
            core: Arc::new(without_aws(&database, &Clock::manual(NOW)).await),
            _database: database,
        }
    }

    /// Returns a user of the directory by user name.
    pub fn user(&self, name: &str) -> UserId {
        let world = self.core.world();
        let users = &world.snapshot.parts().users;
        let found = users.values().find(|user| user.user_name == name);
        found.unwrap().id.clone()
    }

    pub fn account(&self, name: &str) -> AccountId {
        let world = self.core.world();
        let accounts = &world.snapshot.parts().accounts;
        let found = accounts.values().find(|(account, _)| account.name == name);
        found.unwrap().0.id.clone()
    }

    /// Returns the services bound to this person with these roles.
    pub fn as_(&self, user: Option<&UserId>, roles: &[Role]) -> Service {
        let world = self.core.world();
        let known = user.and_then(|user| world.snapshot.person(user));
        let person = known.cloned().unwrap_or_else(nobody);
        let actor = Actor {
            person: user.map(|_| person.clone()),
            roles: roles.iter().copied().collect(),
            approver_since: Some(Timestamp(0)),
            mfa: Mfa::Proven,
        };
        let subject = Subject {
            iss: "https://issuer".into(),
            sub: "sub".into(),
        };
        let signed = Signed::without_cookie(
            actor,
            person,
            user.cloned(),
            subject,
            "Somebody".into(),
            NOW,
        );
        Service::new(self.core.clone(), signed, "request-1".into())
    }

    pub fn administrator(&self) -> Service {
        let user = {
            let world = self.core.world();
            world.snapshot.parts().users.keys().next().cloned()
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
        key: Key::Assignment(assignment),
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
