-- Arrays of ids are bigint[]; parallel arrays name pairs of keys.

-- :name columns_of
-- The columns of commerce's tables that belong to contacts, for rows that move as they are.
select c.relname, array_agg(a.attname::text order by a.attnum)
from pg_class c join pg_attribute a on a.attrelid = c.oid
where c.oid = any(%(tables)s::text[]::regclass[]) and a.attnum > 0 and not a.attisdropped
  and a.attname <> 'contact_id'
group by c.relname

-- :name objects_of
-- All orders and carts of contacts that are going away.
select 'order', order_id, contact_id from orders where contact_id = any(%(contacts)s)
union all select 'cart', cart_id, contact_id from cart where contact_id = any(%(contacts)s)

-- :name order_twins
-- Orders that both contacts have, and which of the two is older.
select k.order_id, case when (s.version, s.received_at) > (t.version, t.received_at)
                        then t.contact_id else s.contact_id end
from unnest(%(sources)s::bigint[], %(objects)s::bigint[], %(targets)s::bigint[]) as k (source, order_id, target)
join orders s on s.contact_id = k.source and s.order_id = k.order_id
join orders t on t.contact_id = k.target and t.order_id = k.order_id
where k.source <> k.target

-- :name cart_twins
-- Carts that both contacts have, and which of the two is older.
select k.cart_id, case when (s.version, s.received_at) > (t.version, t.received_at)
                       then t.contact_id else s.contact_id end
from unnest(%(sources)s::bigint[], %(objects)s::bigint[], %(targets)s::bigint[]) as k (source, cart_id, target)
join cart s on s.contact_id = k.source and s.cart_id = k.cart_id
join cart t on t.contact_id = k.target and t.cart_id = k.cart_id
where k.source <> k.target

-- :name keep_twin_versions
-- What the older twins of orders stood at becomes history, which moves to the one that stays.
insert into order_event (contact_id, order_id, at, status, status_raw)
select o.contact_id, o.order_id, o.version, o.status, o.status_raw
from unnest(%(contacts)s::bigint[], %(orders)s::bigint[]) as k (contact_id, order_id)
join orders o on o.contact_id = k.contact_id and o.order_id = k.order_id
on conflict do nothing

-- :name remove_orders
-- Takes the older twins of orders away; their lines and refunds go by their own statements.
delete from orders o using unnest(%(contacts)s::bigint[], %(orders)s::bigint[]) as k (contact_id, order_id)
where o.contact_id = k.contact_id and o.order_id = k.order_id

-- :name remove_carts
-- Takes the older twins of carts away; their moments stay and are joined.
delete from cart c using unnest(%(contacts)s::bigint[], %(carts)s::bigint[]) as k (contact_id, cart_id)
where c.contact_id = k.contact_id and c.cart_id = k.cart_id

-- :name move_customers
-- Accounts of contacts that are going away; of an account that both have the newer row stays.
with moved as (
    delete from customer c
    using unnest(%(gone)s::bigint[], %(kept)s::bigint[]) as k (gone, kept)
    where c.contact_id = k.gone
    returning c.*, k.kept
)
insert into customer as c (contact_id, store_id, external_id, version, received_at, email, first_name, last_name,
    company, phone, groups, registered, language, created_at, billing, shipping, deleted_at)
select distinct on (kept, store_id, external_id) kept, store_id, external_id, version, received_at, email,
    first_name, last_name, company, phone, groups, registered, language, created_at, billing, shipping, deleted_at
from moved
order by kept, store_id, external_id, version desc, received_at desc
on conflict (contact_id, store_id, external_id) do update set
    version = excluded.version, received_at = excluded.received_at, email = excluded.email,
    first_name = excluded.first_name, last_name = excluded.last_name, company = excluded.company,
    phone = excluded.phone, groups = excluded.groups, registered = excluded.registered,
    language = excluded.language, created_at = excluded.created_at, billing = excluded.billing,
    shipping = excluded.shipping, deleted_at = excluded.deleted_at
where (excluded.version, excluded.received_at) > (c.version, c.received_at)

-- :name move_customer_rows
-- Named accounts from one contact to another.
with moved as (
    delete from customer c
    using unnest(%(sources)s::bigint[], %(stores)s::bigint[], %(externals)s::text[], %(targets)s::bigint[])
          as k (source, store_id, external_id, target)
    where c.contact_id = k.source and c.store_id = k.store_id and c.external_id = k.external_id
    returning c.*, k.target
)
insert into customer as c (contact_id, store_id, external_id, version, received_at, email, first_name, last_name,
    company, phone, groups, registered, language, created_at, billing, shipping, deleted_at)
select distinct on (target, store_id, external_id) target, store_id, external_id, version, received_at, email,
    first_name, last_name, company, phone, groups, registered, language, created_at, billing, shipping, deleted_at
from moved
order by target, store_id, external_id, version desc, received_at desc
on conflict (contact_id, store_id, external_id) do update set
    version = excluded.version, received_at = excluded.received_at, email = excluded.email,
    first_name = excluded.first_name, last_name = excluded.last_name, company = excluded.company,
    phone = excluded.phone, groups = excluded.groups, registered = excluded.registered,
    language = excluded.language, created_at = excluded.created_at, billing = excluded.billing,
    shipping = excluded.shipping, deleted_at = excluded.deleted_at
where (excluded.version, excluded.received_at) > (c.version, c.received_at)

-- :name move_consents
-- The consent ledger follows the person.
with moved as (
    delete from consent_event c
    using unnest(%(gone)s::bigint[], %(kept)s::bigint[]) as k (gone, kept)
    where c.contact_id = k.gone and (%(emails)s::text[] is null or c.guest = any(%(emails)s::text[]))
    returning c.*, k.kept
)
insert into consent_event as e (contact_id, store_id, channel, purpose, at, status, source, guest, email, wording,
    evidence, received_at)
select distinct on (kept, store_id, channel, purpose, at, status, source, guest) kept, store_id, channel, purpose, at,
    status, source, guest, email, wording, evidence, received_at
from moved
order by kept, store_id, channel, purpose, at, status, source, guest, received_at
on conflict (contact_id, store_id, channel, purpose, at, status, source, guest) do update set
    email = excluded.email, wording = excluded.wording, evidence = excluded.evidence,
    received_at = excluded.received_at
where excluded.received_at < e.received_at

-- :name forget_derived
-- What was derived for contacts that are gone is derived again for those who stay.
with conversions as (delete from conversion where contact_id = any(%(gone)s)),
     dues as (delete from contact_due where contact_id = any(%(gone)s))
delete from contact_dirty where seq in (
    select seq from contact_dirty where contact_id = any(%(gone)s) for update skip locked)
