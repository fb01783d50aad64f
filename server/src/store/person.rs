//! Persons, their sign-ins and the roles that the ledger granted them.
