//! Names the people who administer Leastwise, for somebody who needs what they cannot do themselves.

/// Returns the sentence that names whom to ask `to` do something. Without names, such as before the first of them has
/// signed in, it names the role.
pub fn whom_to_ask(administrators: &[String], to: &str) -> String {
    match administrators {
        [] => format!("Ask an administrator of Leastwise {to}."),
        [one] => format!("Ask {one}, who administers Leastwise, {to}."),
        [rest @ .., last] => format!(
            "Ask {} or {last}, who administer Leastwise, {to}.",
            rest.join(", ")
        ),
    }
}
