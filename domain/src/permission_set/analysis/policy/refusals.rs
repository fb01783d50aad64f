//! Why AWS refuses a policy that can be understood all the same. Changes nothing of what its statements mean.

mod condition_operators;

use std::collections::HashSet;

use super::{MOST_PROBLEMS, Reading, quoted};
use crate::permission_set::analysis::json::{Member, Node, Value, line_and_column};

impl Reading<'_> {
    fn refuse(&mut self, statement: usize, offset: usize, why: &str) {
        if self.policy.refused.len() < MOST_PROBLEMS {
            let (line, column) = line_and_column(self.text, offset);
            self.policy.refused.push(format!(
                "Statement {}: AWS refuses the policy, because {why} (line {line}, column {column}).",
                statement + 1
            ));
        }
    }

    /// Refuses Sids that occur twice.
    pub(super) fn refuse_equal_sids(&mut self, items: &[Node]) {
        let mut seen = HashSet::new();
        for (index, item) in items.iter().enumerate() {
            let Value::Object(members) = &item.value else {
                continue;
            };
            for member in members.iter().filter(|member| member.name == "Sid") {
                if let Value::Text(sid) = &member.node.value
                    && !sid.is_empty()
                    && !seen.insert(sid.as_ref())
                {
                    let why = format!("the Sid {} is that of an earlier statement", quoted(sid));
                    self.refuse(index, member.node.offset, &why);
                }
            }
        }
    }

    /// Refuses a condition operator that does not exist.
    pub(super) fn refuse_unknown_operator(&mut self, statement: usize, operator: &Member) {
        if condition_operators::is_one(&operator.name) {
            return;
        }
        let near = condition_operators::nearest_to(&operator.name);
        let proposal = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
        let why = format!(
            "{} is no condition operator{proposal}",
            quoted(&operator.name)
        );
        self.refuse(statement, operator.offset, &why);
    }
}
