-- Arrays of ids are bigint[]; parallel arrays name pairs of keys.

-- :name hold_contacts
-- Holds the contacts against a merge while facts are written for them; says which of them exist.
select contact_id, moved_at from contact where contact_id = any(%(contacts)s) order by contact_id for key share

-- :name hold_deleting
-- The same for a deletion, which also waits for whoever is writing the object right now.
select contact_id, moved_at from contact where contact_id = any(%(contacts)s) order by contact_id for update

-- :name owners_statuses
-- The owner's own map of order statuses, per store.
select store_id, statuses from store_rule where store_id = any(%(stores)s)

-- :name stage_customer
-- The session's stage for customers; a commit or rollback empties it.
create temp table if not exists stage_customer (like customer) on commit delete rows

-- :name clear_customer
-- Empties the stage for a second use in the same transaction.
delete from stage_customer

-- :name stage_orders
-- The session's stage for orders; refunded stays without its default because COPY fills every column.
create temp table if not exists stage_orders (like orders) on commit delete rows

-- :name clear_orders
-- Empties the stage for a second use in the same transaction.
delete from stage_orders

-- :name stage_cart
-- The session's stage for carts as their newest moment shows them; what is derived takes its default.
create temp table if not exists stage_cart (like cart including defaults) on commit delete rows

-- :name clear_cart
-- Empties the stage for a second use in the same transaction.
delete from stage_cart

-- :name stage_cart_event
-- The session's stage for the moments of carts.
create temp table if not exists stage_cart_event (like cart_event) on commit delete rows

-- :name clear_cart_event
-- Empties the stage for a second use in the same transaction.
delete from stage_cart_event

-- :name stage_consent_event
-- The session's stage for consents.
create temp table if not exists stage_consent_event (like consent_event) on commit delete rows

-- :name clear_consent_event
-- Empties the stage for a second use in the same transaction.
delete from stage_consent_event

-- :name upsert_customers
-- Accounts from the stage: newer or equal versions only, and only where something changes.
insert into customer as c (contact_id, store_id, external_id, version, received_at, email, first_name, last_name,
    company, phone, groups, registered, language, created_at, billing, shipping)
select contact_id, store_id, external_id, version, received_at, email, first_name, last_name,
    company, phone, groups, registered, language, created_at, billing, shipping
from stage_customer
order by contact_id, store_id, external_id
on conflict (contact_id, store_id, external_id) do update set
    version = excluded.version, received_at = excluded.received_at, email = excluded.email,
    first_name = excluded.first_name, last_name = excluded.last_name, company = excluded.company,
    phone = excluded.phone, groups = excluded.groups, registered = excluded.registered,
    language = excluded.language, created_at = excluded.created_at, billing = excluded.billing,
    shipping = excluded.shipping,
    deleted_at = case when excluded.version > c.deleted_at then null else c.deleted_at end
where (excluded.version, excluded.received_at) >= (c.version, c.received_at)
  and (excluded.version, excluded.email, excluded.first_name, excluded.last_name, excluded.company,
       excluded.phone, excluded.groups, excluded.registered, excluded.language, excluded.created_at,
       excluded.billing, excluded.shipping)
      is distinct from
      (c.version, c.email, c.first_name, c.last_name, c.company,
       c.phone, c.groups, c.registered, c.language, c.created_at,
       c.billing, c.shipping)
returning contact_id

-- :name confirm_customers
-- Accounts told again unchanged while still fresh: the later time of receipt stays, so that a third report of the
-- same version that was received in between, but comes last, does not win. Older ones are not worth a write.
update customer o set received_at = s.received_at
from stage_customer s
where o.contact_id = s.contact_id and o.store_id = s.store_id and o.external_id = s.external_id and o.version = s.version
  and o.received_at < s.received_at and s.received_at < s.version + interval '1 day'

-- :name bury_customer
-- Those of the stage the shop had deleted before: what comes late stays deleted.
update customer o set deleted_at = t.deleted_at
from stage_customer s
join tombstone t on t.store_id = s.store_id and t.kind = 'customer' and t.external_id = s.external_id
where o.contact_id = s.contact_id and o.store_id = s.store_id and o.external_id = s.external_id
  and t.deleted_at >= o.version and o.deleted_at is distinct from t.deleted_at
returning o.contact_id

-- :name keep_versions
-- Before orders from the stage are written: of the stored version and the told one the older, when they differ,
-- becomes history; says whose did, as a late old version changes the stages of a contact too. Reports of one version that differ in the status are told apart by it.
insert into order_event (contact_id, order_id, at, status, status_raw)
select contact_id, order_id, at, status, status_raw
from (
    select o.contact_id, o.order_id, older.*
    from stage_orders s
    join orders o on o.contact_id = s.contact_id and o.order_id = s.order_id
    cross join lateral (
        select o.version as at, o.status, o.status_raw
        where (s.version, s.received_at) >= (o.version, o.received_at)
        union all
        select s.version, s.status, s.status_raw
        where (s.version, s.received_at) < (o.version, o.received_at)
    ) older
    where (s.version, s.status_raw) <> (o.version, o.status_raw)
) e
order by contact_id, order_id, at, status_raw
on conflict do nothing
returning contact_id

-- :name add_versions
-- Versions of orders that came together with a newer one.
insert into order_event (contact_id, order_id, at, status, status_raw)
select * from unnest(%(contacts)s::bigint[], %(orders)s::bigint[], %(times)s::timestamptz[], %(statuses)s::text[],
                     %(raws)s::text[])
order by 1, 2, 3, 5
on conflict do nothing
returning contact_id

-- :name upsert_orders
-- Orders from the stage: newer or equal versions only, and only where something changes; a rate once told
-- outlives a version without one. Says which rows were there before (xmax is 0 in a row just inserted), so
-- that only those have old lines to remove.
insert into orders as o (contact_id, order_id, store_id, external_id, version, received_at, number, status,
    status_raw, fulfilment_status, currency, total, tax, shipping, discount, refunded, rate, rate_version, detail,
    placed_at, paid_at, completed_at, customer_id, email, first_name, last_name, phone, billing, shipping_address,
    coupons, payment_method, cart_token, tracking_number, tracking_url, tracking_carrier, shipped_at, attribution,
    subscription, renewal_of)
select contact_id, order_id, store_id, external_id, version, received_at, number, status,
    status_raw, fulfilment_status, currency, total, tax, shipping, discount, refunded, rate, rate_version, detail,
    placed_at, paid_at, completed_at, customer_id, email, first_name, last_name, phone, billing, shipping_address,
    coupons, payment_method, cart_token, tracking_number, tracking_url, tracking_carrier, shipped_at, attribution,
    subscription, renewal_of
from stage_orders
order by contact_id, order_id
on conflict (contact_id, order_id) do update set
    version = excluded.version, received_at = excluded.received_at, number = excluded.number,
    status = excluded.status, status_raw = excluded.status_raw, fulfilment_status = excluded.fulfilment_status,
    currency = excluded.currency, total = excluded.total, tax = excluded.tax, shipping = excluded.shipping,
    discount = excluded.discount, refunded = excluded.refunded,
    rate = case when excluded.rate is not null and (o.rate_version is null or excluded.version >= o.rate_version)
                then excluded.rate else o.rate end,
    rate_version = case when excluded.rate is not null then greatest(excluded.version, o.rate_version)
                        else o.rate_version end,
    detail = excluded.detail, placed_at = excluded.placed_at, paid_at = excluded.paid_at,
    completed_at = excluded.completed_at, customer_id = excluded.customer_id, email = excluded.email,
    first_name = excluded.first_name, last_name = excluded.last_name, phone = excluded.phone,
    billing = excluded.billing, shipping_address = excluded.shipping_address, coupons = excluded.coupons,
    payment_method = excluded.payment_method, cart_token = excluded.cart_token,
    tracking_number = excluded.tracking_number, tracking_url = excluded.tracking_url,
    tracking_carrier = excluded.tracking_carrier, shipped_at = excluded.shipped_at,
    attribution = excluded.attribution, subscription = excluded.subscription, renewal_of = excluded.renewal_of,
    deleted_at = case when excluded.version > o.deleted_at then null else o.deleted_at end
where (excluded.version, excluded.received_at) >= (o.version, o.received_at)
  and (excluded.version, excluded.number, excluded.status, excluded.status_raw, excluded.fulfilment_status,
       excluded.currency, excluded.total, excluded.tax, excluded.shipping, excluded.discount, excluded.refunded,
       coalesce(excluded.rate, o.rate), excluded.detail, excluded.placed_at, excluded.paid_at,
       excluded.completed_at, excluded.customer_id, excluded.email, excluded.first_name, excluded.last_name,
       excluded.phone, excluded.billing, excluded.shipping_address, excluded.coupons, excluded.payment_method,
       excluded.cart_token, excluded.tracking_number, excluded.tracking_url, excluded.tracking_carrier,
       excluded.shipped_at, excluded.attribution, excluded.subscription, excluded.renewal_of)
      is distinct from
      (o.version, o.number, o.status, o.status_raw, o.fulfilment_status,
       o.currency, o.total, o.tax, o.shipping, o.discount, o.refunded,
       o.rate, o.detail, o.placed_at, o.paid_at,
       o.completed_at, o.customer_id, o.email, o.first_name, o.last_name,
       o.phone, o.billing, o.shipping_address, o.coupons, o.payment_method,
       o.cart_token, o.tracking_number, o.tracking_url, o.tracking_carrier,
       o.shipped_at, o.attribution, o.subscription, o.renewal_of)
returning contact_id, order_id, xmax <> 0

-- :name confirm_orders
-- Orders told again unchanged while still fresh: the later time of receipt stays, so that a third report of the
-- same version that was received in between, but comes last, does not win. Older ones are not worth a write.
update orders o set received_at = s.received_at
from stage_orders s
where o.contact_id = s.contact_id and o.order_id = s.order_id and o.version = s.version
  and o.received_at < s.received_at and s.received_at < s.version + interval '1 day'

-- :name bury_orders
-- Those of the stage the shop had deleted before: what comes late stays deleted.
update orders o set deleted_at = t.deleted_at
from stage_orders s
join tombstone t on t.store_id = s.store_id and t.kind = 'order' and t.external_id = s.external_id
where o.contact_id = s.contact_id and o.order_id = s.order_id
  and t.deleted_at >= o.version and o.deleted_at is distinct from t.deleted_at
returning o.contact_id

-- :name refund_dates
-- When the refunds of these orders were made, as known before they are replaced.
select r.contact_id, r.order_id, r.external_id, r.created_at
from unnest(%(contacts)s::bigint[], %(orders)s::bigint[]) as k (contact_id, order_id)
join refund r on r.contact_id = k.contact_id and r.order_id = k.order_id
where r.created_at is not null

-- :name remove_order_lines
-- Takes the lines of an order's former version away.
delete from order_line l
using unnest(%(contacts)s::bigint[], %(orders)s::bigint[]) as k (contact_id, order_id)
where l.contact_id = k.contact_id and l.order_id = k.order_id

-- :name remove_refunds
-- Takes the refunds of an order's former version away.
delete from refund r
using unnest(%(contacts)s::bigint[], %(orders)s::bigint[]) as k (contact_id, order_id)
where r.contact_id = k.contact_id and r.order_id = k.order_id

-- :name late_rates
-- A rate told by a version that was not applied, unless a later version told one.
update orders o set rate = k.rate, rate_version = k.version
from unnest(%(contacts)s::bigint[], %(orders)s::bigint[], %(versions)s::timestamptz[], %(rates)s::numeric[])
     as k (contact_id, order_id, version, rate)
where o.contact_id = k.contact_id and o.order_id = k.order_id
  and (o.rate_version is null or o.rate_version < k.version)
returning o.contact_id

-- :name late_refund_dates
-- The date of a refund told by a version that was not applied: the earliest known one stays.
update refund r set created_at = k.created_at
from unnest(%(contacts)s::bigint[], %(orders)s::bigint[], %(externals)s::text[], %(times)s::timestamptz[])
     as k (contact_id, order_id, external_id, created_at)
where r.contact_id = k.contact_id and r.order_id = k.order_id and r.external_id = k.external_id
  and (r.created_at is null or r.created_at > k.created_at)
returning r.contact_id

-- :name upsert_carts
-- Carts as their newest moment shows them. The conflict locks the row even where nothing changes, so that
-- what follows (moments, then the row made from them) is one writer's at a time.
insert into cart as c (contact_id, cart_id, store_id, external_id, version, received_at, created_at,
    total, subtotal, tax, url, detail)
select contact_id, cart_id, store_id, external_id, version, received_at, created_at,
    total, subtotal, tax, url, detail
from stage_cart
order by contact_id, cart_id
on conflict (contact_id, cart_id) do update set
    version = excluded.version, received_at = excluded.received_at, total = excluded.total,
    subtotal = excluded.subtotal, tax = excluded.tax, url = excluded.url, detail = excluded.detail
where (excluded.version, excluded.received_at) >= (c.version, c.received_at)
  and (excluded.version, excluded.total, excluded.subtotal, excluded.tax, excluded.url, excluded.detail)
      is distinct from (c.version, c.total, c.subtotal, c.tax, c.url, c.detail)
returning contact_id, cart_id

-- :name confirm_carts
-- Carts told again unchanged while still fresh: the later time of receipt stays, so that a third report of the
-- same version that was received in between, but comes last, does not win. Older ones are not worth a write.
update cart o set received_at = s.received_at
from stage_cart s
where o.contact_id = s.contact_id and o.cart_id = s.cart_id and o.version = s.version
  and o.received_at < s.received_at and s.received_at < s.version + interval '1 day'

-- :name upsert_cart_events
-- Every moment once; of two reports of the same moment the one received later stays.
insert into cart_event as e (contact_id, cart_id, at, kind, received_at, identified, checkout, has_lines, total,
    created_at, known)
select contact_id, cart_id, at, kind, received_at, identified, checkout, has_lines, total, created_at, known
from stage_cart_event
order by contact_id, cart_id, at, kind
on conflict (contact_id, cart_id, at, kind) do update set
    received_at = excluded.received_at, identified = excluded.identified, checkout = excluded.checkout,
    has_lines = excluded.has_lines, total = excluded.total, created_at = excluded.created_at,
    known = excluded.known
where excluded.received_at > e.received_at
  and (excluded.identified, excluded.checkout, excluded.has_lines, excluded.total, excluded.created_at,
       excluded.known)
      is distinct from (e.identified, e.checkout, e.has_lines, e.total, e.created_at, e.known)
returning contact_id

-- :name confirm_cart_events
-- Moments told again unchanged while still fresh: the later time of receipt stays, so that a third report of the
-- same version that was received in between, but comes last, does not win. Older ones are not worth a write.
update cart_event o set received_at = s.received_at
from stage_cart_event s
where o.contact_id = s.contact_id and o.cart_id = s.cart_id and o.kind = s.kind and o.at = s.at
  and o.received_at < s.received_at and s.received_at < s.at + interval '1 day'
returning o.contact_id

-- :name carts_from_moments
-- What a cart's row says of its history and its shopper, from all its moments: each field as the latest
-- moment told it that told it at all.
update cart c set
    created_at = m.created_at, checkout_at = m.checkout_at, identified_at = m.identified_at,
    email = m.known ->> 'email', phone = m.known ->> 'phone', customer_id = m.known ->> 'customer_id',
    first_name = m.known ->> 'first_name', last_name = m.known ->> 'last_name',
    order_external_id = m.known ->> 'order_external_id', currency = m.known ->> 'currency',
    attribution = m.known -> 'attribution'
from (
    select k.contact_id, k.cart_id, min(e.created_at) as created_at,
           min(e.at) filter (where e.checkout) as checkout_at,
           min(e.at) filter (where e.identified) as identified_at,
           (select jsonb_object_agg(told.key, told.value order by w.at, w.received_at, w.kind)
            from cart_event w, jsonb_each(w.known) told
            where w.contact_id = k.contact_id and w.cart_id = k.cart_id) as known
    from unnest(%(contacts)s::bigint[], %(carts)s::bigint[]) as k (contact_id, cart_id)
    join cart_event e on e.contact_id = k.contact_id and e.cart_id = k.cart_id
    group by k.contact_id, k.cart_id
) m
where c.contact_id = m.contact_id and c.cart_id = m.cart_id
  and (c.created_at, c.checkout_at, c.identified_at, c.email, c.phone, c.customer_id, c.first_name, c.last_name,
       c.order_external_id, c.currency, c.attribution)
      is distinct from
      (m.created_at, m.checkout_at, m.identified_at, m.known ->> 'email', m.known ->> 'phone',
       m.known ->> 'customer_id', m.known ->> 'first_name', m.known ->> 'last_name',
       m.known ->> 'order_external_id', m.known ->> 'currency', m.known -> 'attribution')

-- :name remove_cart_lines
-- Takes the lines of a cart's former moment away.
delete from cart_line l
using unnest(%(contacts)s::bigint[], %(carts)s::bigint[]) as k (contact_id, cart_id)
where l.contact_id = k.contact_id and l.cart_id = k.cart_id

-- :name insert_consents
-- New entries of the consent ledger. Of two reports of the same act the one received first keeps the ledger: its
-- words are the evidence.
insert into consent_event as e (contact_id, store_id, channel, purpose, at, status, source, guest, email, wording,
    evidence, received_at)
select contact_id, store_id, channel, purpose, at, status, source, guest, email, wording, evidence, received_at
from stage_consent_event
order by contact_id, store_id, channel, purpose, at, status, source, guest
on conflict (contact_id, store_id, channel, purpose, at, status, source, guest) do update set
    email = excluded.email, wording = excluded.wording, evidence = excluded.evidence,
    received_at = excluded.received_at
where excluded.received_at < e.received_at
returning contact_id

-- :name delete_customers
-- Accounts the shop no longer has, unless it told of them again since.
update customer c set deleted_at = greatest(k.at, c.deleted_at)
from unnest(%(contacts)s::bigint[], %(stores)s::bigint[], %(externals)s::text[], %(times)s::timestamptz[],
            %(objects)s::bigint[]) as k (contact_id, store_id, external_id, at, object_id)
where c.contact_id = k.contact_id and c.store_id = k.store_id and c.external_id = k.external_id
  and k.at >= c.version and (c.deleted_at is null or c.deleted_at < k.at)
returning c.contact_id

-- :name delete_orders
-- Orders the shop no longer has, unless it told of them again since.
update orders o set deleted_at = greatest(k.at, o.deleted_at)
from unnest(%(contacts)s::bigint[], %(stores)s::bigint[], %(externals)s::text[], %(times)s::timestamptz[],
            %(objects)s::bigint[]) as k (contact_id, store_id, external_id, at, order_id)
where o.contact_id = k.contact_id and o.order_id = k.order_id
  and k.at >= o.version and (o.deleted_at is null or o.deleted_at < k.at)
returning o.contact_id

-- :name bury
-- Remembers what the shop no longer has.
insert into tombstone as t (store_id, kind, external_id, deleted_at)
select store_id, kind, external_id, max(at)
from unnest(%(stores)s::bigint[], %(kinds)s::text[], %(externals)s::text[], %(times)s::timestamptz[])
     as k (store_id, kind, external_id, at)
group by store_id, kind, external_id
order by store_id, kind, external_id
on conflict (store_id, kind, external_id) do update set deleted_at = excluded.deleted_at
where t.deleted_at < excluded.deleted_at
