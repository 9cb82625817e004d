-- :name save_rule
-- What commerce needs to know of a store.
insert into store_rule (store_id, home_currency, live_from, idle, expires, counted, statuses, label, name, url)
values (%(store)s, %(home_currency)s, %(live_from)s, coalesce(%(idle)s, interval '60 minutes'),
        coalesce(%(expires)s, interval '30 days'), coalesce(%(counted)s::text[], '{completed,refunded}'),
        %(statuses)s, %(label)s, %(name)s, %(url)s)
on conflict (store_id) do update set
    home_currency = excluded.home_currency, live_from = excluded.live_from,
    idle = coalesce(%(idle)s, store_rule.idle), expires = coalesce(%(expires)s, store_rule.expires),
    counted = coalesce(%(counted)s::text[], store_rule.counted), statuses = excluded.statuses,
    label = excluded.label, name = excluded.name, url = excluded.url

-- :name rules
-- The rules of all stores, or of one.
select store_id, home_currency, live_from, idle, expires, counted, statuses, label, name, url
from store_rule where %(store)s::bigint is null or store_id = %(store)s order by store_id

-- :name map_statuses
-- Orders already stored follow the owner's new map.
update orders set status = %(statuses)s::jsonb ->> status_raw
where store_id = %(store)s and subscription is null and status <> %(statuses)s::jsonb ->> status_raw

-- :name map_event_statuses
-- And what is known of their former versions.
update order_event e set status = %(statuses)s::jsonb ->> e.status_raw
from orders o
where o.contact_id = e.contact_id and o.order_id = e.order_id and o.store_id = %(store)s
  and o.subscription is null and e.status <> %(statuses)s::jsonb ->> e.status_raw

-- :name mark_store
-- Everybody with a fact from this store.
insert into contact_dirty (contact_id, lane)
select contact_id, 1 from (
    select contact_id from customer where store_id = %(store)s
    union select contact_id from orders where store_id = %(store)s
    union select contact_id from cart where store_id = %(store)s
    union select contact_id from consent_event where store_id = %(store)s) everybody
