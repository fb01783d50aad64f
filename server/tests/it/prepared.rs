//! What takes seconds to make in an unoptimised build and is the same in every test: made once per process, or
//! before it.

use std::{
    path::PathBuf,
    sync::{Arc, LazyLock},
};

use domain::guardrails::Rules;
use server::{
    policies::Catalogue,
    state::{ELIGIBILITY, GUARDRAILS, SCHEMA},
};

/// The rules that are shipped.
pub fn rules() -> Arc<Rules> {
    static RULES: LazyLock<Arc<Rules>> = LazyLock::new(|| {
        let rules = Rules::parse(SCHEMA, ELIGIBILITY, GUARDRAILS);
        Arc::new(rules.expect("the shipped rules are valid"))
    });
    RULES.clone()
}

/// The AWS managed policies that are shipped.
pub fn catalogue() -> Arc<Catalogue> {
    static CATALOGUE: LazyLock<Arc<Catalogue>> = LazyLock::new(|| {
        Arc::new(Catalogue::embedded().expect("the shipped policies are readable"))
    });
    CATALOGUE.clone()
}

/// The key with which local user pools sign. A pool without a file makes a key of its own at each start.
pub fn pool_key() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../sandbox/tests/test_key.pem")
}
