//! The cost of a request in a large organization. Run manually on a release build, as `cargo xtask bench` does
//! for the whole server: `cargo test --release -p leastwise-server --test it -- --ignored --nocapture large_organisation`.

use std::time::Instant;

use app::backend::{
    AccountsPort as _, GroupsPort as _, HomePort as _, PeoplePort as _, PermissionSetsPort as _,
    ViewerPort as _,
};
use sandbox::org::Organisation;

use super::{numbers::query, org::Org};

#[tokio::test]
#[ignore = "seconds of work, and a number only a release build can give"]
#[expect(clippy::disallowed_methods, reason = "it measures")]
async fn a_large_organisation_is_shown_in_milliseconds() {
    let begun = Instant::now();
    let org = Org::crawled(Organisation::large(1)).await;
    println!("made the world in {:?}", begun.elapsed());
    let service = org.administrator();
    let read_model = org.app_state.read_model();
    let busiest = read_model
        .index
        .people
        .iter()
        .max_by_key(|person| person.accounts)
        .unwrap()
        .id
        .clone();
    let widest = read_model
        .index
        .groups
        .iter()
        .max_by_key(|group| group.accounts)
        .unwrap()
        .id
        .clone();
    let account = read_model.index.accounts[0].id.clone();
    let plain = read_model
        .index
        .accounts
        .iter()
        .find(|account| account.findings.is_none())
        .unwrap()
        .id
        .clone();
    let set = read_model.index.sets[0]
        .arn
        .as_str()
        .rsplit('/')
        .next()
        .unwrap()
        .to_owned();
    for round in ["first", "again"] {
        let mut last = Instant::now();
        let mut lap = |what: &str| {
            println!("{round} {what:>24} {:?}", last.elapsed());
            last = Instant::now();
        };
        service.home().await.unwrap();
        lap("home");
        service.board(&query("", None, 1)).await.unwrap();
        lap("board");
        service.people(&query("", None, 1)).await.unwrap();
        lap("people");
        service
            .people(&query("ma er", Some("production-pci"), 2))
            .await
            .unwrap();
        lap("people, searched");
        service.groups(&query("a", None, 1)).await.unwrap();
        lap("groups");
        service.permission_sets(&query("", None, 1)).await.unwrap();
        lap("permission sets");
        service.account(&account).await.unwrap();
        lap("most exposed account");
        service.account(&plain).await.unwrap();
        lap("account outside PCI");
        service.person(&busiest).await.unwrap();
        lap("busiest person");
        service.group(&widest).await.unwrap();
        lap("widest group");
        service.permission_set(&set).await.unwrap();
        lap("permission set");
        service.palette().await.unwrap();
        lap("palette");
    }
    drop(read_model);
}
