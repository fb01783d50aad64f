//! The app state with a test's database and an unreachable AWS, for tests that build their own read model.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    directory::{ExternalId, UserStatus},
    ids::{InstanceArn, UserId},
    ledger::LogName,
    time::Duration,
};
use server::{
    aws::{Access, Aws, Instance, error::CallError, read::DirectoryUser},
    clock::Clock,
    mapping_file::MappingFile,
    service::{
        app_state::AppState, identities::DirectoryUsers, journal::Journal, settings::Settings,
    },
    store::Store,
};

use crate::prepared::{catalogue, rules};

pub async fn without_aws(store: Store, clock: &Clock) -> AppState {
    let access = Access {
        region: "eu-west-1".into(),
        endpoint: Some("http://127.0.0.1:9".into()),
        credentials: Some(("id".into(), "secret".into())),
        calls_per_second: 1.0,
        pool_region: "eu-west-1".into(),
        app_name: None,
    };
    let instance = InstanceArn::parse("arn:aws:sso:::instance/ssoins-0123456789abcdef");
    let instance = Instance {
        arn: instance.expect("it has the form of an ARN"),
        identity_store: "d-1111111111".into(),
        owner: None,
    };
    let log = LogName::parse("leastwise/test").expect("it has the form of a name");
    let journal = Journal::new(store.clone(), clock.clone(), log, "test".into());
    let settings = Settings {
        region: "eu-west-1".into(),
        access_portal: None,
        mapping: MappingFile::default(),
        crawl_every: Duration::minutes(10),
        leastwise_accounts: Vec::new(),
        pool: "pool".into(),
        identity_alarm_percent: 20,
        step_up: domain::second_factor::StepUpLimits::default(),
        removal_reads: std::time::Duration::ZERO,
    };
    AppState::new(
        store,
        clock.clone(),
        Aws::connect(&access).await,
        instance,
        catalogue(),
        rules(),
        journal,
        settings,
    )
    .with_directory_users(Arc::new(EverybodyEnabled))
}

/// A directory in which every user exists and is enabled.
struct EverybodyEnabled;

#[async_trait]
impl DirectoryUsers for EverybodyEnabled {
    async fn user(&self, _: &UserId) -> Result<Option<DirectoryUser>, CallError> {
        Ok(Some(DirectoryUser {
            status: UserStatus::Enabled,
            external_ids: Vec::new(),
        }))
    }

    async fn holder(&self, _: &ExternalId) -> Result<Option<UserId>, CallError> {
        Ok(None)
    }
}
