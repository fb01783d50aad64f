//! Lists of the fields of forms, one made from another, so that no field is named in two lists. Never names a field itself.

/// Returns a list followed by another one. Does not compile if `ALL` is not the length of both.
pub(super) const fn extended<const N: usize, const M: usize, const ALL: usize>(
    first: [&'static str; N],
    more: [&'static str; M],
) -> [&'static str; ALL] {
    assert!(N + M == ALL, "the length of both lists");
    let mut all = [""; ALL];
    let mut at = 0;
    while at < ALL {
        all[at] = if at < N { first[at] } else { more[at - N] };
        at += 1;
    }
    all
}
