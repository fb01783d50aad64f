//! Which permission sets the policies block where somebody asks for one, so that the list of a form says so before they choose.
//!
//! Decides nothing: what is listed as blocked can be chosen, and the preview explains the verdict.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use app::backend::{ChangeForm, ChangeKind, PortResult, STANDING};
use domain::{
    change::Operation,
    grant::Term,
    ids::{AccountId, Assignment, Pair, PersonId, Principal, UserId},
    policies::{Evaluation, evaluate},
    time::Duration,
};

use super::{scope::Scope, trouble};
use crate::service::{Service, evaluation_slots};

impl Service {
    /// Returns the permission sets, as values of a form, that the policies block in the account of the form. Only for somebody
    /// who proposes for themselves: one person and one path to evaluate for each set.
    pub(super) async fn blocked_sets(
        &self,
        person: &PersonId,
        scope: &Scope,
        form: &ChangeForm,
    ) -> PortResult<BTreeSet<String>> {
        let Scope::Own { user, .. } = scope else {
            return Ok(BTreeSet::new());
        };
        let snapshot = self.read_model.snapshot.clone();
        let account = AccountId::parse(&form.account).ok();
        let account = account.filter(|account| snapshot.account(account).is_some());
        let gives = form.known_kind().is_some_and(ChangeKind::gives);
        let account = account.filter(|_| gives);
        let (Some(account), Some(term)) = (account, term(form)) else {
            return Ok(BTreeSet::new());
        };
        let sets = snapshot.parts().sets.keys();
        let items: Vec<Operation> = sets
            .map(|set| Operation::Assign {
                assignment: Assignment {
                    pair: Pair {
                        account: account.clone(),
                        set: set.clone(),
                    },
                    principal: Principal::User(user.clone()),
                },
                term,
            })
            .collect();
        let mut asked = self.asked(person, None, None);
        // The link may be newer than the snapshot.
        asked.new_persons = BTreeMap::from([(UserId::clone(user), person.clone())]);
        asked.new_user = Some(UserId::clone(user));
        let (rules, now) = (
            Arc::clone(&self.read_model.rules),
            self.app_state.clock.now(),
        );
        let _slot = self.app_state.evaluations.take(person).await?;
        let blocked = evaluation_slots::run(move |budget| {
            let evaluation = evaluate(&snapshot, &[], &items, &asked, &rules, now, budget)?;
            Ok(blocked(&evaluation))
        });
        blocked.await.map_err(trouble)
    }
}

/// Returns the permission sets of the gains that a policy blocks, or that none permits.
fn blocked(evaluation: &Evaluation) -> BTreeSet<String> {
    let hits = &evaluation.verdict.hits;
    let blocks = |hit: &usize| hits.get(*hit).is_some_and(|hit| hit.remedy.is_none());
    let gains = evaluation.gains.iter();
    let blocked = gains.filter(|gain| gain.eligible_by.is_empty() || gain.hits.iter().any(blocks));
    blocked
        .map(|gain| gain.path.pair.set.key().to_owned())
        .collect()
}

/// Returns the term of a form whose words were read.
fn term(form: &ChangeForm) -> Option<Term> {
    if form.term == STANDING {
        return Some(Term::Standing);
    }
    let minutes: u16 = form.term.parse().ok()?;
    Some(Term::For(Duration::minutes(minutes.into())))
}
