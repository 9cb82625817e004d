-- Which facts made a value (provenance.py). What counts as an order, its value and the order of ties are those of
-- queries.sql; tests compare the sums with the stored values.
-- Every statement tells the same columns: ``part`` is what adds up, the columns after it sum over all facts, also
-- those beyond the limit.

-- :name order_facts
-- Every order that is one: numbered from the newest, counted ones by a number of their own.
select facts.*, (total - refunded) * rate as value, row_number() over newest as nth,
    case when counted then count(*) filter (where counted) over newest end as counted_nth,
    count(*) filter (where counted) over () as counted_all,
    case when ever_counted then count(*) filter (where ever_counted) over newest end as ever_nth,
    count(*) filter (where ever_counted) over () as ever_all
from (
    select o.order_id, o.store_id, o.external_id, o.number, o.status, o.placed_at, o.total, o.refunded, o.currency,
        o.status = any(coalesce(r.counted, '{completed,refunded}')) as counted,
        o.status = any(coalesce(r.counted, '{completed,refunded}')) or exists (
            select from order_event e where e.contact_id = o.contact_id and e.order_id = o.order_id
                and e.status = any(coalesce(r.counted, '{completed,refunded}'))) as ever_counted,
        case when o.currency = home.home_currency then 1
             when r.home_currency = home.home_currency then o.rate end as rate
    from orders o
    left join store_rule r on r.store_id = o.store_id
    left join (select home_currency from store_rule order by store_id limit 1) home on true
    where o.contact_id = %(contact)s and o.deleted_at is null and o.status <> 'ignored'
) facts
window newest as (
    order by placed_at desc, store_id desc, length(external_id) desc, external_id collate "C" desc
    rows unbounded preceding)

-- :name orders
select 'order' as kind, order_id as ref, placed_at as at, number as title, status as state, store_id,
    total - refunded as amount, currency, value as part,
    count(*) over () as n, count(value) over () as n_parts, sum(value) over () as total,
    min(placed_at) over () as first_at, max(placed_at) over () as last_at
from (__ORDERS__) o
where case %(which)s when 'counted' then counted when 'pending' then status = 'pending' when 'newest' then nth = 1
    when 'last' then counted_nth = 1 when 'first' then counted_nth = counted_all when 'placed' then true end
order by nth limit %(limit)s

-- :name lines
select 'line' as kind, o.order_id as ref, o.placed_at as at, l.name as title, coalesce(l.sku, '') as state, o.store_id,
    l.total as amount, o.currency, l.quantity as part,
    count(*) over () as n, count(*) over () as n_parts, sum(l.quantity) over () as total,
    min(placed_at) over () as first_at, max(placed_at) over () as last_at
from (__ORDERS__) o
join order_line l on l.contact_id = %(contact)s and l.order_id = o.order_id
where case %(which)s when 'counted' then counted when 'last' then counted_nth = 1 when 'recent' then counted_nth <= 3 end
order by o.nth, l.position limit %(limit)s

-- :name carts
-- The newest abandoned cart.
select 'cart' as kind, cart_id as ref, created_at as at, '' as title, state, store_id, total as amount, currency,
    case %(which)s when 'tax' then tax when 'subtotal' then subtotal else total end as part,
    1 as n, 1 as n_parts, case %(which)s when 'tax' then tax when 'subtotal' then subtotal else total end as total,
    created_at as first_at, created_at as last_at
from cart where contact_id = %(contact)s and state = 'abandoned'
order by coalesce(abandoned_at, version) desc, store_id desc, length(external_id) desc, external_id collate "C" desc
limit 1

-- :name cart_lines
select 'cart_line' as kind, c.cart_id as ref, c.created_at as at, l.name as title, coalesce(l.sku, '') as state,
    c.store_id, l.total as amount, c.currency, l.quantity as part,
    count(*) over () as n, count(*) over () as n_parts, sum(l.quantity) over () as total,
    c.created_at as first_at, c.created_at as last_at
from (
    select * from cart where contact_id = %(contact)s and state = 'abandoned'
    order by coalesce(abandoned_at, version) desc, store_id desc, length(external_id) desc, external_id collate "C" desc
    limit 1
) c
join cart_line l on l.contact_id = c.contact_id and l.cart_id = c.cart_id
order by l.position limit %(limit)s

-- :name consents
select 'consent' as kind, 0::bigint as ref, at, source as title, status as state, store_id, null::numeric as amount,
    '' as currency, null::numeric as part, count(*) over () as n, 0 as n_parts, null::numeric as total,
    min(at) over () as first_at, max(at) over () as last_at
from consent_event where contact_id = %(contact)s and channel = 'email' and purpose = 'marketing'
order by at desc, status limit %(limit)s

-- :name steps
select 'step' as kind, 0::bigint as ref, at, name as title, '' as state, store_id, null::numeric as amount,
    '' as currency, null::numeric as part, count(*) over () as n, 0 as n_parts, null::numeric as total,
    min(at) over () as first_at, max(at) over () as last_at
from conversion where contact_id = %(contact)s
order by at desc, name, source_id limit %(limit)s

-- :name accounts
-- The newest registered account first: it speaks for the person.
select 'account' as kind, 0::bigint as ref, coalesce(created_at, version) as at, external_id as title,
    case when registered then 'registered' else 'guest' end as state, store_id, null::numeric as amount,
    '' as currency, null::numeric as part, count(*) over () as n, 0 as n_parts, null::numeric as total,
    min(created_at) over () as first_at, max(created_at) over () as last_at
from customer where contact_id = %(contact)s and deleted_at is null
order by registered desc, version desc, received_at desc, store_id desc, length(external_id) desc,
    external_id collate "C" desc limit %(limit)s

-- :name stages
-- The first fact that leads to each stage of the life cycle, and the stage people set.
select 'stage' as kind, ref, at, title, state, store_id, null::numeric as amount, '' as currency,
    null::numeric as part, count(*) over () as n, 0 as n_parts, null::numeric as total,
    min(at) over () as first_at, max(at) over () as last_at
from (
    (select 0::bigint as ref, at, 'subscriber' as title, 'consent' as state, store_id from consent_event
      where contact_id = %(contact)s and channel = 'email' and purpose = 'marketing' and status = 'granted'
      order by at limit 1)
    union all (select 0, created_at, 'lead', 'account', store_id from customer
      where contact_id = %(contact)s and deleted_at is null and registered and created_at is not null
      order by created_at limit 1)
    union all (select cart_id, created_at, 'lead', 'cart', store_id from cart
      where contact_id = %(contact)s order by created_at limit 1)
    union all (select cart_id, checkout_at, 'marketingqualifiedlead', 'checkout', store_id from cart
      where contact_id = %(contact)s and checkout_at is not null order by checkout_at limit 1)
    union all (select order_id, placed_at, 'opportunity', 'order', store_id from (__ORDERS__) o
      order by nth desc limit 1)
    union all (select order_id, placed_at, 'customer', 'counted', store_id from (__ORDERS__) o
      where ever_nth = ever_all)
    union all (select order_id, placed_at, 'evangelist', 'fifth', store_id from (__ORDERS__) o
      where ever_nth = ever_all - 4)
    union all (select 0, lifecyclestage_set_at, lifecyclestage, 'hand', 0 from contact_custom
      where contact_id = %(contact)s and lifecyclestage is not null and lifecyclestage_set_at is not null)
) facts
order by at desc, title limit %(limit)s
