-- :name server_time
-- The database's own clock, not the transaction's.
select clock_timestamp();

-- :name has_migrations
-- Whether anything was ever migrated here.
select to_regclass('django_migrations') is not null;

-- :name migrations
-- What Django says was applied.
select app, name from django_migrations;

-- :name property_columns
-- The columns of the two wide tables.
select attname::text
from pg_attribute
where attrelid in ('contact_property'::regclass, 'contact_custom'::regclass) and attnum > 0 and not attisdropped;

-- :name stores
-- Each shop's state, with the reason the owner has to know.
select name, state, state_reason, webhook_health from stores_store order by name;

-- :name waiting
-- Live deliveries nobody took although they may be; the bulk lane is slow by nature.
select count(*), clock_timestamp() - min(greatest(received_at, coalesce(not_before, received_at)))
from delivery
where state = 'new' and lane = 0 and coalesce(not_before, received_at) <= clock_timestamp();
