-- The statements of commerce. Arrays of ids are bigint[]; parallel arrays name pairs of keys.

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

-- :name mark_dirty
-- Contacts whose derived rows must be made again.
insert into contact_dirty (contact_id, lane)
select contact_id, %(lane)s::smallint from unnest(%(contacts)s::bigint[]) as k (contact_id)

-- :name mark_everybody
-- Every contact's derived rows must be made again: this version of Cartfolk makes them otherwise.
insert into contact_dirty (contact_id, lane) select contact_id, %(lane)s::smallint from contact order by contact_id

-- :name take_dirty
-- Takes the oldest entries of a lane out of the queue; those another worker is taking are left to it.
delete from contact_dirty
where seq in (select seq from contact_dirty where lane = %(lane)s order by seq limit %(limit)s
              for update skip locked)
returning contact_id

-- :name due
-- Contacts for whom the clock alone changes something by now, longest due first.
select contact_id from contact_due where due_at <= %(at)s order by due_at limit %(limit)s
for update skip locked

-- :name set_due
-- When the clock will next change something: the earliest of the contact's carts and what the caller names.
insert into contact_due as d (contact_id, due_at)
select k.contact_id, least(k.due_at, c.due_at)
from unnest(%(contacts)s::bigint[], %(times)s::timestamptz[]) as k (contact_id, due_at)
left join (select contact_id, min(due_at) as due_at from cart
           where contact_id = any(%(contacts)s) and due_at is not null group by contact_id) c
       on c.contact_id = k.contact_id
where coalesce(k.due_at, c.due_at) is not null
order by k.contact_id
on conflict (contact_id) do update set due_at = excluded.due_at where d.due_at <> excluded.due_at

-- :name clear_due
-- Contacts the clock no longer changes.
delete from contact_due d
using unnest(%(contacts)s::bigint[], %(times)s::timestamptz[]) as k (contact_id, due_at)
where d.contact_id = k.contact_id and k.due_at is null
  and not exists (select from cart c where c.contact_id = k.contact_id and c.due_at is not null)

-- :name derive_carts
-- The state of every cart of the touched contacts, from moments, orders and the clock (carts.py has the rules).
with gap as materialized (
    select g.*, (g.abandoned and g.idle_at <= %(at)s) as lapsed
    from cart_gap g
    where g.contact_id = any(%(contacts)s)
), history as (
    select contact_id, cart_id, store_id, external_id, order_external_id, identified_at, idle, expires,
           max(idle_at) filter (where lapsed) as abandoned_at,
           max(at) filter (where has_lines) as filled_at,
           (array_agg(next_at order by at desc, received_at desc, kind desc) filter (where has_lines))[1]
               as emptied_at,
           (array_agg(lapsed order by at desc, received_at desc, kind desc) filter (where has_lines))[1]
               as lies_abandoned,
           min(at) as first_at
    from gap
    group by contact_id, cart_id, store_id, external_id, order_external_id, identified_at, idle, expires
), since as (
    select h.*, h.filled_at + h.idle as idle_at, h.filled_at + h.idle + h.expires as expires_at,
           later.recovered_at, later.checkout_at, later.back_at, own.placed_at as own_order_at,
           other.placed_at as other_order_at
    from history h
    cross join lateral (
        select min(g.at) filter (where g.kind = 'recovered') as recovered_at,
               min(g.at) filter (where g.checkout) as checkout_at,
               min(g.at) as back_at
        from gap g
        where g.contact_id = h.contact_id and g.cart_id = h.cart_id
          and (h.abandoned_at is null or g.at > h.abandoned_at)
    ) later
    left join lateral (
        select min(o.placed_at) as placed_at
        from orders o
        where o.contact_id = h.contact_id and o.store_id = h.store_id
          and (o.cart_token = h.external_id or o.external_id = h.order_external_id)
          and o.deleted_at is null and o.status not in ('failed', 'cancelled', 'ignored')
          and o.placed_at >= coalesce(h.filled_at, h.first_at) - h.idle
    ) own on true
    left join lateral (
        select min(o.placed_at) as placed_at
        from orders o
        where o.contact_id = h.contact_id
          and o.deleted_at is null and o.status not in ('failed', 'cancelled', 'ignored')
          and o.placed_at >= date_trunc('second', h.filled_at)
          and o.placed_at <= coalesce(h.emptied_at + h.idle, h.filled_at + h.idle + h.expires)
    ) other on true
), named as (
    select s.*, case
        when own_order_at is not null then 'ordered'
        when filled_at is null then 'emptied'
        when other_order_at > idle_at and lies_abandoned then 'purchased'
        when other_order_at is not null then 'ordered'
        when emptied_at is not null then 'emptied'
        when lies_abandoned and expires_at <= %(at)s then 'expired'
        when lies_abandoned then 'abandoned'
        when recovered_at is not null then 'recovered'
        when checkout_at is not null then 'checkout'
        else 'open' end as state
    from since s
), timed as (
    select contact_id, cart_id, state, abandoned_at,
           case state when 'ordered' then coalesce(own_order_at, other_order_at)
                      when 'purchased' then other_order_at
                      when 'emptied' then coalesce(emptied_at, first_at)
                      when 'expired' then expires_at
                      when 'abandoned' then idle_at
                      when 'recovered' then recovered_at
                      when 'checkout' then checkout_at
                      else back_at end as state_at,
           case when state = 'abandoned' then expires_at
                when state in ('open', 'checkout', 'recovered') and identified_at is not null
                     and idle_at > %(at)s then idle_at end as due_at
    from named
)
update cart c set state = t.state, state_at = t.state_at, abandoned_at = t.abandoned_at, due_at = t.due_at
from timed t
where c.contact_id = t.contact_id and c.cart_id = t.cart_id
  and (c.state, c.state_at, c.abandoned_at, c.due_at)
      is distinct from (t.state, t.state_at, t.abandoned_at, t.due_at)

-- :name derive_conversions
-- The conversions of the touched contacts from their facts and the clock (conversions.py has the rules),
-- written as a difference: what is no longer derived goes, what is missing comes.
with episode as materialized (
    select contact_id, cart_id, store_id, external_id, order_external_id, idle_at,
           lead(idle_at) over (partition by contact_id, cart_id order by idle_at) as next_idle_at
    from cart_gap
    where contact_id = any(%(contacts)s) and abandoned and idle_at <= %(at)s
), consent as (
    select contact_id, store_id, at, status,
           lag(status) over (partition by contact_id order by at, status desc, source, store_id) as before
    from consent_effective
    where contact_id = any(%(contacts)s) and channel = 'email' and purpose = 'marketing'
), happened (contact_id, at, name, store_id, source_id) as (
    select contact_id, created_at, 'Account created', store_id, 0
    from customer where contact_id = any(%(contacts)s) and registered and created_at is not null
    union
    select contact_id, created_at, 'Cart started', store_id, cart_id
    from cart where contact_id = any(%(contacts)s) and identified_at is not null
    union all
    select contact_id, checkout_at, 'Checkout started', store_id, cart_id
    from cart where contact_id = any(%(contacts)s) and identified_at is not null and checkout_at is not null
    union all
    select contact_id, idle_at, 'Abandoned Cart', store_id, cart_id from episode
    union all
    select e.contact_id, back.at, 'Cart recovered', e.store_id, e.cart_id
    from episode e
    cross join lateral (
        select min(found.at) as at
        from (select v.at from cart_event v
              where v.contact_id = e.contact_id and v.cart_id = e.cart_id and v.kind = 'recovered'
              union all
              select o.placed_at from orders o
              where o.contact_id = e.contact_id and o.store_id = e.store_id and o.deleted_at is null
                and (o.cart_token = e.external_id or o.external_id = e.order_external_id)
                and o.status not in ('failed', 'cancelled', 'ignored')) found
        where found.at > e.idle_at and (e.next_idle_at is null or found.at < e.next_idle_at)
    ) back
    where back.at is not null
    union all
    select o.contact_id, o.placed_at, 'Order placed', o.store_id, o.order_id
    from orders o join store_rule r on r.store_id = o.store_id
    where o.contact_id = any(%(contacts)s) and o.placed_at >= r.live_from
      and o.deleted_at is null and o.status not in ('ignored', 'failed')
    union all
    select o.contact_id, coalesce(o.paid_at, o.placed_at), 'Order complete', o.store_id, o.order_id
    from orders o join store_rule r on r.store_id = o.store_id
    where o.contact_id = any(%(contacts)s) and coalesce(o.paid_at, o.placed_at) >= r.live_from
      and o.deleted_at is null and o.status = any(r.counted)
    union all
    (select distinct on (o.contact_id) o.contact_id, o.placed_at, 'Last Order Summary', o.store_id, o.order_id
     from orders o join store_rule r on r.store_id = o.store_id
     where o.contact_id = any(%(contacts)s) and coalesce(o.paid_at, o.placed_at) < r.live_from
       and o.deleted_at is null and o.status = any(r.counted)
     order by o.contact_id, o.placed_at desc, o.order_id desc)
    union all
    select contact_id, at, 'Newsletter subscribed', store_id, 0
    from consent where status = 'granted' and before is distinct from 'granted'
), derived as materialized (
    select distinct h.contact_id, h.at, h.name, h.store_id, h.source_id::bigint as source_id,
           (h.at < r.live_from or h.name = 'Last Order Summary') as historic
    from happened h join store_rule r on r.store_id = h.store_id
), gone as (
    delete from conversion c
    where c.contact_id = any(%(contacts)s)
      and not exists (select from derived d
                      where d.contact_id = c.contact_id and d.at = c.at and d.name = c.name
                        and d.store_id = c.store_id and d.source_id = c.source_id)
)
insert into conversion as k (contact_id, at, name, store_id, source_id, historic)
select d.contact_id, d.at, d.name, d.store_id, d.source_id, d.historic
from derived d
where not exists (select from conversion c
                  where c.contact_id = d.contact_id and c.at = d.at and c.name = d.name
                    and c.store_id = d.store_id and c.source_id = d.source_id and c.historic = d.historic)
order by d.contact_id, d.at, d.name, d.store_id, d.source_id
on conflict (contact_id, at, name, store_id, source_id) do update set historic = excluded.historic

-- :name hold_refresh
-- One refresh of a contact at a time: the second waits, then sees what the first derived.
select contact_id from contact where contact_id = any(%(contacts)s) order by contact_id for no key update

-- :name keep_anonymous
-- Carts of nobody yet: their moments are collected, each once, in an order that does not depend on arrival.
insert into anonymous_cart as a (store_id, external_id, first_at, last_at, moments)
select %(store)s, k.external_id, k.first_at, k.last_at, k.moments
from unnest(%(externals)s::text[], %(firsts)s::timestamptz[], %(lasts)s::timestamptz[], %(moments)s::jsonb[])
     as k (external_id, first_at, last_at, moments)
order by k.external_id
on conflict (store_id, external_id) do update set
    first_at = least(a.first_at, excluded.first_at),
    last_at = greatest(a.last_at, excluded.last_at),
    moments = (select jsonb_agg(jsonb_build_object('received', m.received, 'cart', m.cart) order by m.cart)
               from (select moment -> 'cart' as cart, max((moment ->> 'received')::bigint) as received
                     from jsonb_array_elements(a.moments || excluded.moments) told (moment)
                     group by moment -> 'cart') m)

-- :name adopt
-- Takes the moments of these carts out: an identity has appeared.
delete from anonymous_cart where store_id = %(store)s and external_id = any(%(externals)s)
returning moments

-- :name forget_anonymous
-- Carts nobody was named for within the retention.
delete from anonymous_cart
where (store_id, external_id) in (select store_id, external_id from anonymous_cart
                                  where last_at < %(before)s order by last_at limit %(limit)s for update skip locked)

-- :name share_catalogue
-- Writers of a shop's catalogue side by side.
select pg_advisory_xact_lock_shared((4028::bigint << 32) + %(store)s)

-- :name hold_catalogue
-- A deletion waits for who is writing the shop's catalogue, and they for it.
select pg_advisory_xact_lock((4028::bigint << 32) + %(store)s)

-- :name bury_product
-- Products that were deleted before they came.
update product p set deleted_at = t.deleted_at
from tombstone t
where p.store_id = %(store)s and p.external_id = any(%(externals)s)
  and t.store_id = p.store_id and t.kind = 'product' and t.external_id = p.external_id
  and t.deleted_at >= p.version and p.deleted_at is distinct from t.deleted_at

-- :name bury_category
-- Categories that were deleted before they came.
update category c set deleted_at = t.deleted_at
from tombstone t
where c.store_id = %(store)s and c.external_id = any(%(externals)s)
  and t.store_id = c.store_id and t.kind = 'category' and t.external_id = c.external_id
  and t.deleted_at >= c.received_at and c.deleted_at is distinct from t.deleted_at

-- :name bury_coupon
-- Coupons that were deleted before they came.
update coupon c set deleted_at = t.deleted_at
from tombstone t
where c.store_id = %(store)s and c.external_id = any(%(externals)s)
  and t.store_id = c.store_id and t.kind = 'coupon' and t.external_id = c.external_id
  and t.deleted_at >= c.version and c.deleted_at is distinct from t.deleted_at

-- :name confirm_product
-- Products told again unchanged while still fresh: the later time of receipt stays.
update product p set received_at = %(received_at)s
from unnest(%(externals)s::text[], %(versions)s::timestamptz[]) as k (external_id, version)
where p.store_id = %(store)s and p.external_id = k.external_id and p.version = k.version
  and p.received_at < %(received_at)s and %(received_at)s < p.version + interval '1 day'

-- :name confirm_coupon
-- Coupons told again unchanged while still fresh: the later time of receipt stays.
update coupon c set received_at = %(received_at)s
from unnest(%(externals)s::text[], %(versions)s::timestamptz[]) as k (external_id, version)
where c.store_id = %(store)s and c.external_id = k.external_id and c.version = k.version
  and c.received_at < %(received_at)s and %(received_at)s < c.version + interval '1 day'

-- :name products_now
-- What properties show and segments ask of these products, before they are written.
select external_id, name, slug, sku, type, categories, brand, tags, url, image_url, deleted_at is not null
from product where store_id = %(store)s and external_id = any(%(externals)s)

-- :name upsert_products
-- Products: newer or equal versions only, and only where something changes.
insert into product as p (store_id, external_id, version, received_at, name, slug, sku, type, categories, brand, tags,
    url, image_url, price, parent_id)
select %(store)s, external_id, version, %(received_at)s, name, slug, sku, type,
    array(select jsonb_array_elements_text(categories)), brand, array(select jsonb_array_elements_text(tags)),
    url, image_url, price, parent_id
from jsonb_to_recordset(%(rows)s) as s (external_id text, version timestamptz, name text, slug text, sku text,
    type text, categories jsonb, brand text, tags jsonb, url text, image_url text, price numeric, parent_id text)
order by external_id
on conflict (store_id, external_id) do update set
    version = excluded.version, received_at = excluded.received_at, name = excluded.name, slug = excluded.slug,
    sku = excluded.sku, type = excluded.type, categories = excluded.categories, brand = excluded.brand,
    tags = excluded.tags, url = excluded.url, image_url = excluded.image_url, price = excluded.price, parent_id = excluded.parent_id,
    deleted_at = case when excluded.version > p.deleted_at then null else p.deleted_at end
where (excluded.version, excluded.received_at) >= (p.version, p.received_at)
  and (excluded.version, excluded.name, excluded.slug, excluded.sku, excluded.type, excluded.categories,
       excluded.brand, excluded.tags, excluded.url, excluded.image_url, excluded.price, excluded.parent_id)
      is distinct from
      (p.version, p.name, p.slug, p.sku, p.type, p.categories, p.brand, p.tags, p.url, p.image_url, p.price, p.parent_id)
returning external_id

-- :name upsert_categories
-- Categories carry no version: the last one received stays.
insert into category as c (store_id, external_id, received_at, name, slug, parent_id)
select %(store)s, external_id, %(received_at)s, name, slug, parent_id
from jsonb_to_recordset(%(rows)s) as s (external_id text, name text, slug text, parent_id text)
order by external_id
on conflict (store_id, external_id) do update set
    received_at = excluded.received_at, name = excluded.name, slug = excluded.slug,
    parent_id = excluded.parent_id,
    deleted_at = case when excluded.received_at > c.deleted_at then null else c.deleted_at end
where excluded.received_at >= c.received_at
  and (c.deleted_at is not null
       or (excluded.name, excluded.slug, excluded.parent_id) is distinct from (c.name, c.slug, c.parent_id))

-- :name upsert_coupons
-- Coupons: newer or equal versions only, and only where something changes.
insert into coupon as c (store_id, external_id, version, received_at, code, kind, amount)
select %(store)s, external_id, version, %(received_at)s, code, kind, amount
from jsonb_to_recordset(%(rows)s) as s (external_id text, version timestamptz, code text, kind text, amount numeric)
order by external_id
on conflict (store_id, external_id) do update set
    version = excluded.version, received_at = excluded.received_at, code = excluded.code, kind = excluded.kind,
    amount = excluded.amount,
    deleted_at = case when excluded.version > c.deleted_at then null else c.deleted_at end
where (excluded.version, excluded.received_at) >= (c.version, c.received_at)
  and (excluded.version, excluded.code, excluded.kind, excluded.amount)
      is distinct from (c.version, c.code, c.kind, c.amount)

-- :name delete_products
-- Products the shop no longer has.
update product p set deleted_at = k.at
from unnest(%(externals)s::text[], %(times)s::timestamptz[]) as k (external_id, at)
where p.store_id = %(store)s and p.external_id = k.external_id and k.at >= p.version
  and (p.deleted_at is null or p.deleted_at < k.at)

-- :name delete_categories
-- Categories the shop no longer has.
update category c set deleted_at = k.at
from unnest(%(externals)s::text[], %(times)s::timestamptz[]) as k (external_id, at)
where c.store_id = %(store)s and c.external_id = k.external_id and k.at >= c.received_at
  and (c.deleted_at is null or c.deleted_at < k.at)

-- :name delete_coupons
-- Coupons the shop no longer has.
update coupon c set deleted_at = k.at
from unnest(%(externals)s::text[], %(times)s::timestamptz[]) as k (external_id, at)
where c.store_id = %(store)s and c.external_id = k.external_id and k.at >= c.version
  and (c.deleted_at is null or c.deleted_at < k.at)

-- :name store_has_lines
-- Does the store have any line at all? During a first import the catalogue comes first: nobody to mark.
-- Both tables answer from a tiny index on store_id.
select exists (select from order_line where store_id = %(store)s)
    or exists (select from cart where store_id = %(store)s)

-- :name mark_buyers
-- Whoever has one of these products in an order or a cart.
insert into contact_dirty (contact_id, lane)
select contact_id, %(lane)s::smallint
from (select contact_id from order_line
      where store_id = %(store)s and (product_id = any(%(products)s) or variant_id = any(%(products)s))
      union
      select l.contact_id from cart_line l join cart c on c.contact_id = l.contact_id and c.cart_id = l.cart_id
      where c.store_id = %(store)s
        and (l.product_id = any(%(products)s) or l.variant_id = any(%(products)s))) buyer

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
delete from contact_dirty where contact_id = any(%(gone)s)

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

-- :name consents_now
-- The state of each channel and purpose: the latest entry that counts; a question that waits only where none does.
select distinct on (contact_id, channel, purpose) contact_id, channel, purpose, status, at, source, store_id, wording
from (
    select *, false as asked from consent_effective where contact_id = any(%(contacts)s)
    union all
    select contact_id, store_id, channel, purpose, at, status, source, wording, true
    from consent_event where contact_id = any(%(contacts)s) and status = 'pending') e
order by contact_id, channel, purpose, asked, at desc, status desc, source, store_id, wording

-- :name orders_of
-- A contact's orders, newest first, before the place given.
select o.order_id, o.store_id, r.name as store, o.external_id, o.number, o.status, o.status_raw,
       (o.deleted_at is null and o.status = any(r.counted)) as counted, o.fulfilment_status, o.currency, o.total,
       o.tax, o.shipping, o.discount, o.refunded, o.rate, (o.rate is not null and o.rate_version is null) as own_rate,
       o.placed_at, o.paid_at, o.completed_at, o.customer_id,
       o.email, o.phone, o.billing, o.shipping_address, o.coupons, o.payment_method, o.cart_token,
       o.tracking_number, o.tracking_url, o.tracking_carrier, o.shipped_at, o.subscription, o.renewal_of,
       o.deleted_at
from orders o join store_rule r on r.store_id = o.store_id
where o.contact_id = %(contact)s
  and (%(before_at)s::timestamptz is null or (o.placed_at, o.order_id) < (%(before_at)s, %(before_id)s::bigint))
order by o.placed_at desc, o.order_id desc
limit %(limit)s

-- :name lines_of
-- The lines of these orders of a contact.
select order_id, position, product_id, variant_id, sku, name, quantity, price, total, tax, discount, url, image_url
from order_line where contact_id = %(contact)s and order_id = any(%(objects)s) order by order_id, position

-- :name refunds_of
-- The refunds of these orders of a contact.
select order_id, external_id, amount, created_at, reason
from refund where contact_id = %(contact)s and order_id = any(%(objects)s)
order by order_id, created_at, external_id

-- :name carts_of
-- A contact's carts, last changed first.
select c.cart_id, c.store_id, r.name as store, c.external_id, c.state, c.state_at, c.abandoned_at,
       c.version as updated_at, c.created_at, c.checkout_at, c.currency, c.total, c.subtotal, c.tax, c.url, c.email,
       c.order_external_id
from cart c join store_rule r on r.store_id = c.store_id
where c.contact_id = %(contact)s
order by c.version desc, c.cart_id desc
limit %(limit)s

-- :name cart_lines_of
-- The lines of these carts of a contact.
select cart_id, position, product_id, variant_id, sku, name, quantity, price, total, tax, url, image_url
from cart_line where contact_id = %(contact)s and cart_id = any(%(objects)s) order by cart_id, position

-- :name conversions_of
-- A contact's conversions, newest first.
select c.name, c.at, c.historic, c.store_id, r.name as store, c.source_id
from conversion c join store_rule r on r.store_id = c.store_id
where c.contact_id = %(contact)s order by c.at desc, c.name desc limit %(limit)s

-- :name timeline_of
-- What happened, newest first, one page before the place given: conversions, orders of any kind, refunds,
-- consents. Each source stops at the page's length, so that thousands of events cost no more than a page.
select at, kind, name, store_id, source_id, currency, amount, number, historic from (
    (select c.at, 'conversion' as kind, c.name, c.store_id, c.source_id, k.currency, k.total as amount,
            null::text as number, c.historic
     from conversion c left join cart k on k.contact_id = c.contact_id and k.cart_id = c.source_id
     where c.contact_id = %(contact)s
       and (%(at)s::timestamptz is null or (c.at, 'conversion', c.name, c.source_id)
            < (%(at)s, %(kind)s::text, %(name)s::text, %(source)s::bigint))
     order by c.at desc, c.name desc, c.source_id desc limit %(limit)s)
    union all
    (select placed_at, 'order', status, store_id, order_id, currency, total, number, false
     from orders
     where contact_id = %(contact)s and deleted_at is null and status <> 'ignored'
       and (%(at)s::timestamptz is null or (placed_at, 'order', status, order_id)
            < (%(at)s, %(kind)s::text, %(name)s::text, %(source)s::bigint))
     order by placed_at desc, status desc, order_id desc limit %(limit)s)
    union all
    (select f.created_at, 'refund', f.external_id, o.store_id, o.order_id, o.currency, f.amount, o.number, false
     from refund f join orders o on o.contact_id = f.contact_id and o.order_id = f.order_id
     where f.contact_id = %(contact)s and f.created_at is not null and o.deleted_at is null
       and (%(at)s::timestamptz is null or (f.created_at, 'refund', f.external_id, o.order_id)
            < (%(at)s, %(kind)s::text, %(name)s::text, %(source)s::bigint))
     order by f.created_at desc, f.external_id desc, o.order_id desc limit %(limit)s)
    union all
    (select at, 'consent', channel || ' ' || purpose || ' ' || status || ' ' || source, store_id, store_id,
            null, null, null, false
     from consent_event
     where contact_id = %(contact)s
       and (%(at)s::timestamptz is null
            or (at, 'consent', channel || ' ' || purpose || ' ' || status || ' ' || source, store_id)
               < (%(at)s, %(kind)s::text, %(name)s::text, %(source)s::bigint))
     order by at desc, 3 desc, store_id desc limit %(limit)s)
) event
order by at desc, kind desc, name desc, source_id desc
limit %(limit)s

-- :name counts
-- What a store brought: accounts, contacts with orders but no account there, orders, carts.
select (select count(*) from customer where store_id = %(store)s and registered and deleted_at is null),
       (select count(distinct o.contact_id) from orders o
        where o.store_id = %(store)s and o.deleted_at is null and o.status <> 'ignored'
          and not exists (select from customer c
                          where c.contact_id = o.contact_id and c.store_id = o.store_id and c.registered)),
       (select count(*) from orders where store_id = %(store)s and deleted_at is null and status <> 'ignored'),
       (select count(*) from cart where store_id = %(store)s)
