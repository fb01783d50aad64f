-- The items of a change, one row each: a leaf of the ledger holds 65,535 bytes, and a change up to 2,000 items. The
-- entry of the request states their digest, so an item is never edited. Changes of before keep theirs in `proposal`.
create table change_item (
    change_id text not null references change (id),
    number bigint not null,
    version bigint not null,
    document text not null,
    primary key (change_id, number)
);
create function change_item_is_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'an item of a change is never edited';
end
$$;
create trigger change_item_no_change before update or delete on change_item
for each row execute function change_item_is_append_only();
create trigger change_item_no_truncate before truncate on change_item
for each statement execute function change_item_is_append_only();
