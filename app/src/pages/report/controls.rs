//! The requirements of PCI DSS that policies name as their controls, by number and in words of ours. The page names the version
//! of the standard once; files keep the controls as policies state them.

/// The version of the standard whose numbers and titles these are.
pub(super) const STANDARD: &str = "PCI DSS v4.0.1";

/// The requirements that the shipped policies name, each in a few words.
const TITLES: [(&str, &str); 8] = [
    ("7.2.1", "A model of access control"),
    ("7.2.2", "Least privilege for the job"),
    ("7.2.3", "Privileges are approved"),
    ("7.2.4", "Access is reviewed every six months"),
    ("7.2.5", "Least privilege of system accounts"),
    ("7.2.6", "Access to stored cardholder data"),
    ("8.4.2", "MFA for all access"),
    ("10.3.2", "Audit logs cannot be altered"),
];

/// Returns the number of a control without the name of the standard. A control of an own policy is shown as it is.
pub(super) fn number(control: &str) -> &str {
    let number = control
        .strip_prefix("PCI DSS ")
        .or_else(|| control.strip_prefix("PCI "));
    number.unwrap_or(control)
}

/// Returns the place of a number among others: by its parts, and what is no number last.
pub(super) fn place(number: &str) -> (Vec<u32>, &str) {
    let parts: Result<Vec<u32>, _> = number.split('.').map(str::parse).collect();
    match parts {
        Ok(parts) => (parts, ""),
        Err(_) => (vec![u32::MAX], number),
    }
}

/// Returns what a control asks for; none for a requirement without a title here.
pub(super) fn title(control: &str) -> Option<&'static str> {
    let number = number(control);
    let found = TITLES.iter().find(|(of, _)| *of == number);
    found.map(|(_, title)| *title)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_is_shown_by_its_number_with_a_title() {
        assert_eq!(number("PCI 7.2.4"), "7.2.4");
        assert_eq!(
            title("PCI DSS 7.2.4"),
            Some("Access is reviewed every six months")
        );
        assert!(place("7.2.6") < place("10.3.2") && place("10.3.2") < place("CIS 1.2"));
        assert_eq!((number("CIS 1.2"), title("CIS 1.2")), ("CIS 1.2", None));
    }
}
