//! Values that are the same in every test and take seconds to compute in an unoptimized build. They are computed once
//! per process, or read from a file.

use std::{
    path::PathBuf,
    sync::{Arc, LazyLock},
};

use catalogue::Catalogue;
use domain::policies::{RemovalLimits, Rules};

/// Returns the policies that are shipped.
pub fn rules() -> Arc<Rules> {
    static RULES: LazyLock<Arc<Rules>> = LazyLock::new(|| {
        let rules = server::state::rules(RemovalLimits::default());
        Arc::new(rules.expect("the shipped policies are valid"))
    });
    RULES.clone()
}

/// Returns the AWS managed policies that are shipped.
pub fn catalogue() -> Arc<Catalogue> {
    static CATALOGUE: LazyLock<Arc<Catalogue>> = LazyLock::new(|| {
        Arc::new(Catalogue::embedded().expect("the shipped policies are readable"))
    });
    CATALOGUE.clone()
}

/// Returns the file of the key with which local user pools sign. A pool without a file generates a key at each start.
pub fn pool_key() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../sandbox/tests/test_key.pem")
}
