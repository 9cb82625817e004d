-- :name orders_without_rate
-- A store's counted orders in another currency whose rate nobody told, by currency; the value of these is left out.
-- Counted up to a limit.
select currency, count(*) from (
    select o.currency from orders o join store_rule r using (store_id)
    where o.store_id = %(store)s and o.rate is null and o.currency <> r.home_currency
      and o.deleted_at is null and o.status = any(r.counted)
    limit %(limit)s) few
group by currency
order by count(*) desc, currency

-- :name enter
-- Whoever writes orders holds this until they are written, many side by side: the rates stay what they are meanwhile.
select pg_advisory_xact_lock_shared(4027, 12)

-- :name alone
-- Whoever changes a rate waits for those who write orders with the rates of before.
select pg_advisory_xact_lock(4027, 12)

-- :name rate_staged
-- The owner's rates for those of the stage whose shop told none, by the day they were placed.
update orders o set rate = w.rate
from stage_orders s
join store_rule r on r.store_id = s.store_id
cross join lateral (select * from orders where orders.contact_id = s.contact_id and orders.order_id = s.order_id
    offset 0) known
left join lateral (
    select own.rate from own_rate own
    where own.store_id = known.store_id and own.currency = known.currency
      and own.home_currency = r.home_currency and own.valid_from <= known.placed_at
    order by own.valid_from desc limit 1) w on true
where o.contact_id = s.contact_id and o.order_id = s.order_id
  and exists (select from own_rate)  -- asked once, before anything else
  and o.rate_version is null and o.rate is distinct from w.rate
returning o.contact_id

-- :name rate_stored
-- Some of a store's orders that have another rate than the owner's, behind a contact, and their contacts into the
-- queue. Locked in the order in which writers of facts lock them.
with stale as materialized (
    select o.contact_id, o.order_id, w.rate
    from orders o
    join store_rule r on r.store_id = o.store_id
    left join lateral (
        select own.rate from own_rate own
        where own.store_id = o.store_id and own.currency = o.currency
          and own.home_currency = r.home_currency and own.valid_from <= o.placed_at
        order by own.valid_from desc limit 1) w on true
    where o.store_id = %(store)s and o.contact_id > %(after)s
      and o.rate_version is null and o.rate is distinct from w.rate
    order by o.contact_id, o.order_id
    limit %(limit)s
    for no key update of o),
rated as (
    update orders o set rate = stale.rate from stale
    where o.contact_id = stale.contact_id and o.order_id = stale.order_id
    returning o.contact_id),
marked as (
    insert into contact_dirty (contact_id, lane) select distinct contact_id, 1 from rated)
select count(*), max(contact_id) from rated

-- :name own_rates
-- An owner's rates of a store, by currency, the newest first; those of a former home currency are not shown.
select own.currency, own.valid_from, own.rate
from own_rate own join store_rule r using (store_id, home_currency)
where own.store_id = %(store)s
order by own.currency, own.valid_from desc

-- :name save_own_rate
-- A rate, entered or corrected.
insert into own_rate (store_id, currency, home_currency, valid_from, rate)
select store_id, %(currency)s, home_currency, %(valid_from)s, %(rate)s from store_rule where store_id = %(store)s
on conflict (store_id, currency, home_currency, valid_from) do update set rate = excluded.rate

-- :name remove_own_rate
-- Takes a rate away; what it was.
delete from own_rate own using store_rule r
where own.store_id = %(store)s and r.store_id = own.store_id and own.home_currency = r.home_currency
  and own.currency = %(currency)s and own.valid_from = %(valid_from)s
returning own.rate

-- :name wait
-- The store's orders are to be compared with its rates.
insert into own_rate_waiting (store_id, since) values (%(store)s, %(at)s)
on conflict (store_id) do update set since = excluded.since

-- :name wait_all
-- Nightly, for every store with rates: what a merge took along meanwhile is found here.
insert into own_rate_waiting (store_id, since) select distinct store_id, %(at)s::timestamptz from own_rate
on conflict (store_id) do nothing

-- :name waiting
-- Stores whose orders wait to be compared, and since when.
select store_id, since from own_rate_waiting order by since, store_id

-- :name compared
-- Done, unless a rate was changed meanwhile.
delete from own_rate_waiting where store_id = %(store)s and since = %(since)s
