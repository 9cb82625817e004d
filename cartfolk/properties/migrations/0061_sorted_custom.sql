-- What people set has no place among the computed values: whoever keeps its order reads contact_custom.
alter table sorted_property add column custom boolean not null default false;
