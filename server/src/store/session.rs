//! Sessions and sign-ins under way.
