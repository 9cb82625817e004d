-- A filter's few are met along the order by name without a look at the list itself: PostgreSQL takes an expression from
-- an index alone only where the column is in it, too.
create index contact_list_called on contact_list (lower(name) collate "C", contact_id) include (name);
drop index contact_list_name;
alter index contact_list_called rename to contact_list_name;
