-- Tells all processes on commit what changed: LISTEN on the channel `leastwise`. A notification only says what to read
-- again. Its absence never holds anything up, because each process also looks on its own every few seconds.
create function leastwise_change_moved() returns trigger language plpgsql as $$
begin
    perform pg_notify('leastwise', 'change ' || new.id || ' ' || new.state);
    return null;
end
$$;
create trigger change_stored after insert on change
    for each row execute function leastwise_change_moved();
-- A statement that only locks the row sets its version to itself.
create trigger change_moved after update of state, version on change
    for each row when (new.version <> old.version or new.state <> old.state)
    execute function leastwise_change_moved();

create function leastwise_ledger_grew() returns trigger language plpgsql as $$
begin
    perform pg_notify('leastwise', 'ledger ' || new.size);
    return null;
end
$$;
create trigger ledger_grew after update of size on ledger_head
    for each row when (new.size > old.size) execute function leastwise_ledger_grew();

create function leastwise_observed() returns trigger language plpgsql as $$
begin
    perform pg_notify('leastwise', 'observed ' || new.version);
    return null;
end
$$;
create trigger observed after update of version on observed_version
    for each row when (new.version <> old.version) execute function leastwise_observed();

create function leastwise_lease_free() returns trigger language plpgsql as $$
begin
    perform pg_notify('leastwise', 'lease');
    return null;
end
$$;
create trigger lease_free after update of owner on engine_lease
    for each row when (new.owner is null) execute function leastwise_lease_free();

-- Why access exists, how an account is classified, and which removals are overdue: pages show it, and the commits that
-- change it wait for no page. The first part of a key is the account, or the group of a membership.
create function leastwise_key_moved() returns trigger language plpgsql as $$
begin
    perform pg_notify('leastwise', 'moved ' || split_part(new.key_id, '|', 1));
    return null;
end
$$;
create trigger window_moved after insert or update on engine_window
    for each row execute function leastwise_key_moved();

create function leastwise_overdue_moved() returns trigger language plpgsql as $$
begin
    perform pg_notify('leastwise', 'moved ' || split_part(new.id, '|', 1));
    return null;
end
$$;
create trigger overdue_moved after update of overdue_since on engine_key
    for each row when (new.overdue_since is distinct from old.overdue_since)
    execute function leastwise_overdue_moved();

create function leastwise_account_moved() returns trigger language plpgsql as $$
begin
    perform pg_notify('leastwise', 'moved ' || new.account_id);
    return null;
end
$$;
create trigger declaration_moved after insert or update on account_declaration
    for each row execute function leastwise_account_moved();
