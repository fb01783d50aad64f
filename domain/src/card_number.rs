//! Detection of card numbers in text that people enter: none may ever be stored (reference/pci.md 1.1).
//!
//! Never stores or repeats what it found.

/// Whether a text contains 13 to 19 digits, possibly separated by spaces or dashes, that pass the Luhn check
/// (reference/pci.md 1.1). An AWS account number has 12 digits.
pub fn holds_card_number(text: &str) -> bool {
    let mut digits: Vec<u32> = Vec::new();
    for c in text.chars().chain(std::iter::once('.')) {
        match c.to_digit(10) {
            Some(d) => digits.push(d),
            None if (c == ' ' || c == '-') && !digits.is_empty() => {}
            None => {
                if digits_hold_card(&digits) {
                    return true;
                }
                digits.clear();
            }
        }
    }
    false
}

/// Tests the whole run of digits, and each 16 digits within a longer run that begin as card numbers do. Shorter parts
/// are not tested, because one number in ten passes the Luhn check by chance.
fn digits_hold_card(digits: &[u32]) -> bool {
    let whole = (13..=19).contains(&digits.len()) && luhn(digits);
    whole
        || digits
            .windows(16)
            .any(|d| (3..=6).contains(&d[0]) && luhn(d))
}

fn luhn(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, d)| match (at % 2, d * 2) {
            (0, _) => *d,
            (_, double) if double > 9 => double - 9,
            (_, double) => double,
        })
        .sum();
    // A run of one repeated digit passes the check for some lengths and is never a card number.
    sum.is_multiple_of(10) && digits.iter().any(|d| d != &digits[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_number_is_seen_through_spaces_and_dashes_and_inside_longer_runs() {
        for text in [
            "4111111111111111",
            "card 4111 1111 1111 1111!",
            "5500-0000-0000-0004",
            "id 94111111111111111 x",
        ] {
            assert!(holds_card_number(text), "{text}");
        }
    }

    #[test]
    fn account_numbers_tickets_and_times_are_not_card_numbers() {
        for text in [
            "111122223333",
            "OPS-4711 at 2026-11-23 09:14",
            "0000 0000 0000 0000",
            "4111111111111112",
        ] {
            assert!(!holds_card_number(text), "{text}");
        }
    }
}
