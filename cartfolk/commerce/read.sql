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
