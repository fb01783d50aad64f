//! The local Cognito: an OpenID provider with the quirks of the real one.
