//! Tests of signed tree heads, compared byte by byte with OpenSSL.

use domain::ledger::{CheckpointError, Hash, LogName, SigningKey, Vkeys};

use super::support::{Log, key, name, vkeys};

/// Computed with OpenSSL and Python from the seed 0x09 × 32 and the published root of eight leaves.
const VKEY: &str = "leastwise.example/ledger+0bd4cbf4+Af0XJDhaoMdbZPt4zWAvodmR/ev3axPFjtcC6sg16fYY";
const NOTE: &str = "leastwise.example/ledger\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n\n— leastwise.example/ledger C9TL9BihVgpgbAy9hPshMS6uGQgPUUyFo6w2v8vexpIbsDyZM5qPdAMu8JAVhJzbOzki3cre8B2kXpzgG1JtzZbAVgc=\n";

fn root() -> Hash {
    Hash::parse_hex(b"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328").unwrap()
}

#[test]
fn the_key_and_the_note_have_the_pinned_text() {
    assert_eq!(key().vkey(), VKEY);
    assert_eq!(key().sign(8, root()).unwrap(), NOTE);
}

#[test]
fn a_note_opens_to_what_was_signed() {
    let checkpoint = vkeys().open(NOTE, &name()).unwrap();
    assert_eq!(
        (checkpoint.log, checkpoint.size, checkpoint.root),
        (name(), 8, root())
    );
}

#[test]
fn any_changed_byte_of_a_note_is_refused() {
    for at in 0..NOTE.len() {
        for flip in [0x01, 0x02, 0x20, 0x80] {
            let mut note = NOTE.as_bytes().to_vec();
            note[at] ^= flip;
            let Ok(note) = String::from_utf8(note) else {
                continue;
            };
            assert!(
                vkeys().open(&note, &name()).is_err(),
                "byte {at} with {flip:#x}: {note}"
            );
        }
    }
}

#[test]
fn a_key_that_is_not_known_or_of_another_name_vouches_for_nothing() {
    let other = SigningKey::from_seed(name(), &[8; 32]);
    let note = other.sign(8, root()).unwrap();
    assert!(matches!(
        vkeys().open(&note, &name()),
        Err(CheckpointError::Unsigned)
    ));

    let elsewhere = LogName::parse("other.example/ledger").unwrap();
    let other = SigningKey::from_seed(elsewhere.clone(), &[9; 32]);
    let keys = Vkeys::parse(&format!("{VKEY}\n{}\n", other.vkey())).unwrap();
    let note = other.sign(8, root()).unwrap();
    assert!(
        matches!(keys.open(&note, &name()), Err(CheckpointError::OtherLog(log)) if log == elsewhere.as_str())
    );
    assert!(keys.open(&note, &elsewhere).is_ok());

    // The correct text, signed only by a witness.
    let (text, _) = NOTE.split_once("\n\n").unwrap();
    let mut witnessed = signed_note::Note::new(format!("{text}\n").as_bytes(), &[]).unwrap();
    witnessed.add_sigs(&[&other]).unwrap();
    let witnessed = String::from_utf8(witnessed.to_bytes()).unwrap();
    assert!(matches!(
        keys.open(&witnessed, &name()),
        Err(CheckpointError::Unsigned)
    ));
}

#[test]
fn a_witness_may_sign_below_the_log() {
    let witness = SigningKey::from_seed(LogName::parse("witness.example").unwrap(), &[7; 32]);
    let mut note = signed_note::Note::from_bytes(NOTE.as_bytes()).unwrap();
    note.add_sigs(&[&witness]).unwrap();
    let note = String::from_utf8(note.to_bytes()).unwrap();
    assert_eq!(vkeys().open(&note, &name()).unwrap().size, 8);
}

#[test]
fn a_list_of_keys_may_hold_comments_and_names_the_line_that_is_no_key() {
    assert!(Vkeys::parse(&format!("# kept since 2026\n\n{VKEY}\n")).is_ok());
    let error = Vkeys::parse("leastwise.example/ledger+00000000+AAAA")
        .err()
        .unwrap();
    assert!(
        error
            .to_string()
            .contains("leastwise.example/ledger+00000000+AAAA")
    );
}

#[test]
fn the_empty_log_has_a_checkpoint_too() {
    let note = Log::default().checkpoint(0);
    assert_eq!(vkeys().open(&note, &name()).unwrap().root, Hash::EMPTY_TREE);
}
