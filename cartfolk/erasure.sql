-- :name columns
-- The columns of other tables in which an address may stand: text and JSON.
select c.relname::text, a.attname::text
from pg_class c join pg_attribute a on a.attrelid = c.oid join pg_type t on t.oid = a.atttypid
where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and a.attnum > 0 and not a.attisdropped
  and t.typname in ('text', 'varchar', 'jsonb', 'json', '_text') and not c.relname = any(%(without)s::text[])
order by 1, 2

-- :name naming
-- How many rows of a table name one of the addresses in a column.
select count(*) from {table}
where exists (select from unnest(%(emails)s::text[]) e where strpos(lower({column}::text), e) > 0)
