//! The viewer's own access on the home page: what ends first, with what they can request about it, and whom to ask if they
//! are nobody in the directory.

use std::cmp::Reverse;

use app::backend::{ChangeForm, MyAccess, OwnAccess};
use domain::{
    access::{self, Path, Reach},
    authorize::Action,
    ids::UserId,
    time::{Duration, Timestamp},
};

use crate::{
    clock,
    service::{
        Service, app_state::ReadModel, changes::start_of_extension, index::is_production_pci, names,
    },
};

/// The number of paths listed.
const LISTED: usize = 5;
/// The term of an extension that is proposed, in minutes.
const EXTENSION: &str = "60";
impl Service {
    /// Returns the first of a user's paths, and the number of all.
    pub(super) fn my_access(&self, user: &UserId) -> (Vec<MyAccess>, usize) {
        let read_model = &self.read_model;
        let mut reaches: Vec<Reach> = access::reach_of(&read_model.snapshot, user).collect();
        let count = reaches.len();
        reaches.sort_by_cached_key(|reach| {
            let class = read_model
                .snapshot
                .account(&reach.pair.account)
                .map(|(_, class)| class);
            let scope = class.map(|class| Reverse((class.pci, class.environment)));
            let ends = read_model.ends(&ReadModel::assignment(reach));
            (
                ends.unwrap_or(Timestamp(i64::MAX)),
                !is_production_pci(&read_model.snapshot, &reach.pair.account),
                scope,
                reach.pair.clone(),
            )
        });
        let shown = reaches.iter().take(LISTED);
        let rows = shown.map(|reach| self.my_path(reach, &reaches)).collect();
        (rows, count)
    }

    fn my_path(&self, reach: &Reach, all: &[Reach]) -> MyAccess {
        let read_model = &self.read_model;
        let assignment = ReadModel::assignment(reach);
        let ends = read_model.ends(&assignment);
        let session = read_model.snapshot.set(&reach.pair.set);
        let session = session.map_or(0, |set| set.content.session_seconds);
        let account = &reach.pair.account;
        let here = all.iter().filter(|other| other.pair.account == *account);
        let may = self.allowed(Action::ProposeOwn).is_ok();
        let own = (reach.path == Path::Direct && may).then(|| OwnAccess {
            end: ChangeForm::remove(&assignment),
            extend: ends.filter(|ends| *ends > self.now).map(|ends| ChangeForm {
                term: EXTENSION.to_owned(),
                start: start_of_extension(ends, self.now)
                    .map(Timestamp::form_minute)
                    .unwrap_or_default(),
                ..ChangeForm::grant(&assignment)
            }),
            other_paths: here.count() - 1,
            form_key: clock::token(),
        });
        MyAccess {
            account: names::account(&read_model.snapshot, account),
            set: names::set(&read_model.snapshot, &reach.pair.set),
            via: names::via(&read_model.snapshot, &reach.path),
            ends,
            session: Duration::seconds(i64::from(session)),
            own,
        }
    }
}
