-- The keys by which the directory was searched for the user of a sign-in, as its last token and the user
-- pool stated them: a crawl that finds the user later, and every check of the link, uses the same keys.
-- Null until the next sign-in; then only issuer and subject are known. They grant nothing.
alter table subject add column link_keys text;
