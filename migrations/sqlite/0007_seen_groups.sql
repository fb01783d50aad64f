-- The pool's groups of a sign-in as they were last seen, as a JSON list: who is seen to have left one has
-- lost its role. Sessions remember them as well, but are deleted when they are old, and a role must not
-- come back because its holder stayed away for long enough.
alter table subject add column seen_groups text;
