//! What the items of a change do to the report of production PCI, by the read model: without a query.

use std::collections::BTreeMap;

use domain::{
    change::Operation,
    classification::Classification,
    ids::AccountId,
    policies::ExistingAccessEvaluator,
    report_difference::{CountedAssignments, ReportDifference},
    subject::account_classification::Declaration,
    time::Timestamp,
    verdict::Tally,
};

use crate::service::{app_state::ReadModel, pci_findings::PciFindings, reach::AssignmentCounts};

/// Returns what leaves and enters the report once these items are carried out; none if they classify nothing.
pub(super) fn of(
    read_model: &ReadModel,
    operations: &[Operation],
    now: Timestamp,
) -> Option<ReportDifference> {
    let (snapshot, known) = (&read_model.snapshot, &read_model.pci_findings);
    let classified = operations.iter().filter_map(|operation| {
        let item = operation.classifies()?;
        let (_, class) = snapshot.account(item.account)?;
        let declared = item.after.map(Declaration::declared);
        Some((item.account.clone(), class.under(declared, now)))
    });
    let after: BTreeMap<AccountId, Classification> = classified.collect();
    if after.is_empty() {
        return None;
    }
    // What counts as production PCI already was evaluated for the read model.
    let entering: BTreeMap<AccountId, Classification> = after
        .iter()
        .filter(|(id, class)| class.counts_as_production_pci() && !known.contains_key(*id))
        .map(|(id, class)| (id.clone(), *class))
        .collect();
    let entered = (!entering.is_empty()).then(|| snapshot.classified(&entering));
    let mut evaluator = entered.as_ref().map(|entered| {
        let evaluator = ExistingAccessEvaluator::new(entered, &read_model.rules)
            .with_records(read_model.reasons.records.clone());
        match &read_model.evaluated {
            Some(evaluated) => evaluator.with_evaluated(evaluated),
            None => evaluator,
        }
    });
    Some(ReportDifference::of(snapshot, &after, |id| {
        let found = match (known.get(id), &mut evaluator) {
            (Some(found), _) => found.assignments,
            (None, Some(evaluator)) => PciFindings::of(&evaluator.findings(id)).assignments,
            (None, None) => Tally::default(),
        };
        CountedAssignments {
            standing: AssignmentCounts::of(snapshot, &read_model.reasons.windows, id).standing,
            violations: found.against,
        }
    }))
}
