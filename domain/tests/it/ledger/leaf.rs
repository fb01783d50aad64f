//! Tests of the permanent bytes of a leaf.

use domain::{
    ids::{AccountId, AwsRequestId, ChangeId, OperationId, PermissionSetArn, PersonId, UserId},
    ledger::{
        Actor, ActorKind, Entry, EntryTarget, EntryType, Hash, Mfa, MfaEvidence, Origin, Outcome,
        ParseError, Position, Private, Salt, SealError,
    },
    time::Timestamp,
};
use serde_json::{Value, json};

use super::support::{entry, name};

/// Computed independently, with Python's json and hashlib.
const GOLDEN: &str = include_str!("golden.json");

fn first() -> Position {
    Position {
        log: name(),
        seq: 0,
        prev: Hash::ZERO,
    }
}

fn private(salt: u8, value: &str) -> Private {
    Private::new(Salt([salt; 32]), value)
}

fn everything() -> Entry {
    let mut actor = Actor::new(ActorKind::Human);
    actor.person_id = Some(PersonId::parse("0190a000-0000-7000-8000-000000000001").unwrap());
    actor.identity_store_user_id =
        Some(UserId::parse("0e0d3d3e-0b3b-4b6c-9d6a-0f5f0e6d7c8b").unwrap());
    actor.iss = Some("https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Ab1".into());
    actor.sub = Some("b2c3".into());
    actor.roles = vec!["administrator".into(), "requester".into()];
    actor.session = Some(Hash::of(b"session"));
    actor.mfa = Some(Mfa {
        evidence: MfaEvidence::Amr,
        amr: vec!["pwd".into(), "otp".into()],
        acr: Some("2".into()),
        auth_time: Timestamp::parse_rfc3339("2026-11-23T09:00:00Z"),
        step_up_at: Timestamp::parse_rfc3339("2026-11-23T09:10:00Z"),
    });
    actor.on_behalf_of = Some(PersonId::parse("0190a000-0000-7000-8000-000000000002").unwrap());
    actor.name = Some(private(1, "Zoë Müller"));

    let mut target = EntryTarget::new("assignment");
    target.id = Some("as-1".into());
    target.account_id = Some(AccountId::parse("123456789012").unwrap());
    target.environment = Some("production".into());
    target.pci = Some("in".into());
    target.permission_set_arn = PermissionSetArn::parse(
        "arn:aws:sso:::permissionSet/ssoins-7223aabbccddeeff/ps-0011223344556677",
    )
    .ok();
    target.principal_type = Some("GROUP".into());
    target.principal_id = Some("906757bd20-0e0d3d3e-0b3b-4b6c-9d6a-0f5f0e6d7c8b".into());
    target.principal_name = Some(private(5, "payments-readers"));
    target.name = Some(private(6, "payments-prod"));

    let kind = EntryType::parse("change.submitted").unwrap();
    let mut entry = Entry::new(kind, Timestamp(1_795_425_245_007), Outcome::Pending, actor);
    entry.recorded_at = Timestamp(1_795_425_245_120);
    entry.reason = Some("waits for two approvers".into());
    entry.error_code = Some("None".into());
    entry.api = Some("sso:CreateAccountAssignment".into());
    entry.ticket = Some("CHG-1042".into());
    entry.approval_id = Some("approval-7".into());
    entry.origin = Some(Origin {
        request_id: Some("req-1".into()),
        src_ip: Some(private(2, "192.0.2.7")),
        forwarded_for: Some(private(3, "198.51.100.1")),
        user_agent: Some(private(4, "Mozilla/5.0")),
        instance: Some("a".into()),
        version: Some("0.1.0".into()),
        clock_offset_ms: Some(-3),
    });
    entry.target = Some(target);
    entry.change_id = Some(ChangeId::parse("0190a000-0000-7000-8000-000000000003").unwrap());
    entry.operation_id = Some(OperationId::parse("0190a000-0000-7000-8000-000000000004").unwrap());
    entry.aws_request_id = Some(AwsRequestId::parse("5f0e-1").unwrap());
    entry.rules = Some(Hash::of(b"rules"));
    entry.justification = Some(private(7, "Quarter-end \"close\"\nsee €"));
    entry.before = Some(Hash::of(b"before"));
    entry.after = Some(Hash::of(b"after"));
    let data = json!({
        "count": 9_007_199_254_740_991_u64,
        "nested": { "\n": [true, null, -1], "é": "\u{1}\u{7f}/" },
        "text": "tab\there",
    });
    entry.data.clone_from(data.as_object().unwrap());
    entry
        .private
        .insert("e/mail".into(), private(8, "zoe@example.com"));
    entry
}

#[test]
fn an_entry_with_every_field_has_the_pinned_bytes_and_hash() {
    let at = Position {
        log: name(),
        seq: 1,
        prev: Hash([0xab; 32]),
    };
    let sealed = everything().seal(&at).unwrap();
    assert_eq!(String::from_utf8_lossy(&sealed.leaf), GOLDEN);
    assert_eq!(
        sealed.hash.hex(),
        "428110fba2717f5d3e889664136371d8a190f4fd9f8da8fc7a85ad1c30f2973a"
    );
}

#[test]
fn an_entry_with_only_what_it_must_have_has_the_pinned_bytes_and_hash() {
    let kind = EntryType::parse("session.opened").unwrap();
    let entry = Entry::new(
        kind,
        Timestamp(1_795_425_245_007),
        Outcome::Success,
        Actor::new(ActorKind::System),
    );
    let sealed = entry.seal(&first()).unwrap();
    assert_eq!(
        String::from_utf8_lossy(&sealed.leaf),
        concat!(
            r#"{"actor":{"kind":"system"},"log":"leastwise.example/ledger","occurred_at":"2026-11-23T09:14:05.007Z","#,
            r#""outcome":"success","prev":"0000000000000000000000000000000000000000000000000000000000000000","#,
            r#""recorded_at":"2026-11-23T09:14:05.007Z","seq":0,"type":"session.opened","v":1}"#
        )
    );
    assert_eq!(
        sealed.hash.hex(),
        "d07cc3860f40a432c00aec9981afff5bbb977c1bd094098d5b1752f6c36641f6"
    );
    assert_eq!(sealed.private, []);
}

#[test]
fn a_leaf_reads_back_as_what_was_sealed() {
    let at = Position {
        log: name(),
        seq: 1,
        prev: Hash([0xab; 32]),
    };
    let (position, entry) = Entry::parse(GOLDEN.as_bytes()).unwrap();
    assert_eq!(position, at);
    assert_eq!(entry, everything());
}

#[test]
fn private_values_come_back_apart_and_each_belongs_to_its_place_in_the_leaf() {
    let sealed = everything().seal(&first()).unwrap();
    let leaf: Value = serde_json::from_slice(&sealed.leaf).unwrap();
    let paths: Vec<&str> = sealed
        .private
        .iter()
        .map(|value| value.path.as_str())
        .collect();
    assert_eq!(
        paths,
        [
            "/actor/name",
            "/justification",
            "/origin/forwarded_for",
            "/origin/src_ip",
            "/origin/user_agent",
            "/target/name",
            "/target/principal_name",
            "/private/e~1mail"
        ]
    );
    let text = String::from_utf8(sealed.leaf).unwrap();
    for value in &sealed.private {
        let stands: Private =
            serde_json::from_value(leaf.pointer(&value.path).unwrap().clone()).unwrap();
        assert!(stands.matches(value.salt, &value.value), "{}", value.path);
        assert!(!text.contains(&value.value), "{}", value.path);
    }
}

#[test]
fn numbers_that_some_readers_round_are_refused_with_their_path() {
    for (number, fits) in [
        (json!(9_007_199_254_740_991_i64), true),
        (json!(-9_007_199_254_740_991_i64), true),
        (json!(9_007_199_254_740_992_i64), false),
        (json!(u64::MAX), false),
        (json!(i64::MIN), false),
        (json!(1.5), false),
        (json!(1.0), false),
    ] {
        let mut entry = entry(0, "");
        entry.data.insert("a/b".into(), json!([0, { "c": number }]));
        match entry.seal(&first()) {
            Ok(_) => assert!(fits, "{number}"),
            Err(SealError::NotAnInteger { path }) => {
                assert!(!fits, "{number}");
                assert_eq!(path, "/data/a~1b/1/c");
            }
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn a_leaf_of_65535_bytes_is_sealed_and_one_byte_more_names_the_biggest_field() {
    let mut entry = entry(0, "");
    let spare = 65_535 - entry.seal(&first()).unwrap().leaf.len();
    entry.data.insert("story".into(), json!("x".repeat(spare)));
    assert_eq!(entry.seal(&first()).unwrap().leaf.len(), 65_535);
    entry
        .data
        .insert("story".into(), json!("x".repeat(spare + 1)));
    let error = entry.seal(&first()).unwrap_err();
    assert!(
        matches!(&error, SealError::TooLong { bytes: 65_536, biggest, biggest_bytes }
            if biggest == "/data/story" && *biggest_bytes == spare + 3),
        "{error}"
    );
}

#[test]
fn data_nested_too_deeply_is_refused() {
    let nested = |levels: usize| (0..levels).fold(json!(0), |inner, _| json!([inner]));
    let mut entry = entry(0, "");
    entry.data.insert("deep".into(), nested(30));
    assert!(entry.seal(&first()).is_ok());
    entry.data.insert("deep".into(), nested(31));
    assert!(matches!(
        entry.seal(&first()),
        Err(SealError::TooDeep { .. })
    ));
}

#[test]
fn a_time_that_has_no_four_digit_year_is_refused() {
    for at in [-1, 253_402_300_800_000] {
        let mut entry = entry(0, "");
        entry.occurred_at = Timestamp(at);
        assert!(
            matches!(entry.seal(&first()), Err(SealError::Unwritable(_))),
            "{at}"
        );
    }
}

#[test]
fn an_entry_read_from_a_leaf_is_not_sealed_again_without_its_private_values() {
    let sealed = entry(0, "").seal(&first()).unwrap();
    let (_, read) = Entry::parse(&sealed.leaf).unwrap();
    assert!(
        matches!(read.seal(&first()), Err(SealError::NotOpened { path }) if path == "/actor/name")
    );
}

#[test]
fn what_version_1_does_not_know_is_not_read_as_version_1() {
    let leaf = String::from_utf8(entry(0, "").seal(&first()).unwrap().leaf).unwrap();
    let refused = |from: &str, to: &str| {
        assert!(leaf.contains(from), "{from}");
        Entry::parse(leaf.replacen(from, to, 1).as_bytes()).unwrap_err()
    };
    assert!(matches!(refused(r#""v":1"#, r#""v":2"#), ParseError::UnknownVersion(v) if v == 2));
    assert!(matches!(
        refused(r#""v":1"#, r#""v":1,"w":1"#),
        ParseError::NotAnEntry(_)
    ));
    assert!(
        matches!(refused(r#""seq":0"#, r#""rules":null,"seq":0"#), ParseError::Null(field) if field == "rules")
    );
    assert!(matches!(
        refused("05.007Z", "05.07Z"),
        ParseError::NotAnEntry(_)
    ));
    assert!(matches!(
        refused(r#""v":1"#, r#""v": 1"#),
        ParseError::NotCanonical(_)
    ));
    assert!(matches!(
        refused("success", "perhaps"),
        ParseError::NotAnEntry(_)
    ));
}
