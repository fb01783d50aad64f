//! A read model follows what another process stored, item by item.

use std::collections::BTreeSet;

use domain::{crawl::SingleRead, engine::Listing, ids::Principal, org::AccountState};
use server::{
    service::{
        publication::{self, PATIENCE},
        single_reads::take,
    },
    store::observed::ObservedItems,
};

use super::sandbox_server::Company;
use crate::database::DatabaseEngine;

crate::engines::on_both_engines! {
    what_another_process_stored_is_shown,
}

async fn what_another_process_stored_is_shown(engine: DatabaseEngine) {
    let company = Company::on(engine).await;
    let other = company.another_core().await;
    server::service::stored_state::restore(&other).await.unwrap();
    let (group, now) = (company.group("support-desk"), company.app_state.clock.now());
    let pair = company.pair("DatabaseOperator", "cards-prod");
    let read_model = company.app_state.read_model();
    let snapshot = &read_model.snapshot;
    let (account, class) = snapshot.account(&pair.account).unwrap();
    let mut edited = snapshot.set(&pair.set).unwrap().clone();
    edited.description = Some("edited".into());
    let mut closing = account.clone();
    closing.state = AccountState::PendingClosure;
    let reads = [
        SingleRead::Listing(Listing::Pair {
            pair: pair.clone(),
            principals: [Principal::Group(group.clone())].into(),
        }),
        SingleRead::Listing(Listing::Group {
            group: group.clone(),
            members: snapshot.members(&group).skip(1).cloned().collect(),
        }),
        SingleRead::Set {
            set: Box::new(edited),
            outdated: [pair.account.clone()].into(),
        },
        SingleRead::Account {
            account: Box::new(closing),
            class: *class,
            units: Vec::new(),
        },
    ];
    for read in &reads {
        take(&company.app_state, read, now).await.unwrap();
    }
    let receipt = publication::everything(&company.app_state);
    receipt.shown(PATIENCE).await.unwrap();
    let read_model = company.app_state.read_model();
    let here = read_model.snapshot.parts();
    let of_set = here.pairs.keys().filter(|one| one.set == pair.set);
    let items = ObservedItems {
        accounts: [pair.account.clone()].into(),
        groups: [group.clone()].into(),
        sets: [pair.set.clone()].into(),
        pairs: of_set.cloned().collect(),
        ..ObservedItems::default()
    };
    let receipt = publication::follow(&other, &items, BTreeSet::new()).await;
    receipt.unwrap().shown(PATIENCE).await.unwrap();
    let read_model = other.read_model();
    let there = read_model.snapshot.parts();
    assert_eq!(here.pairs, there.pairs);
    assert_eq!(here.sets, there.sets);
    assert_eq!(here.members[&group], there.members[&group]);
    assert_eq!(here.members_as_of, there.members_as_of);
    let (closing, _) = &there.accounts[&pair.account];
    assert_eq!(closing.state, AccountState::PendingClosure);
    company.close().await;
}
