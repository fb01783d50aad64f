-- The mapping of tags and OUs that was last in force, and what of each classification was read and not only assumed.
-- When the configuration changes the mapping, accounts that were only assumed to be production PCI are classified anew;
-- what was once read of them is not loosened.
create table classification_mapping (
    digest text primary key not null,
    document text not null,
    since bigint not null,
    until bigint
);
alter table account add column read_environment text not null default '';
alter table account add column read_pci text not null default '';
update account set read_environment = environment, read_pci = pci;
