-- The data of bench/segments.py: every value a function of its number, so that each run asks the same. A contact has
-- 0 to 10 orders (5 on average) of 3 lines; one order in ten is unpaid, one in twenty partly refunded; one contact in
-- eight left a cart.

-- :name products
insert into product (store_id, external_id, version, received_at, name, sku, type, categories, brand, tags)
select 1, n::text, %(at)s, %(at)s, 'Product ' || n, 'SKU-' || n, 'simple',
    array['category-' || n %% 20] || case when n %% 15 = 0 then array['sale'] else '{}' end,
    'Brand ' || n %% 12, array['tag-' || n %% 7]
from generate_series(1, 500) n

-- :name contacts
insert into contact (contact_id) select generate_series(%(first)s::bigint, %(last)s)

-- :name orders
insert into orders (contact_id, order_id, store_id, external_id, version, received_at, number, status, status_raw,
    currency, total, tax, shipping, discount, refunded, detail, placed_at, paid_at, customer_id, email, billing,
    payment_method)
select n, n * 16 + k, 1, (n * 16 + k)::text, placed, placed, (n * 16 + k)::text,
    case when h %% 10 = 0 then 'pending' else 'completed' end, 'processing', 'EUR', total, total * 0.19, 4.9, 0,
    case when h %% 20 = 1 then round(total / 2, 2) else 0 end, h, placed, placed, n::text,
    'customer' || n || '@example.com', jsonb_build_object('country', 'DE', 'city', 'Berlin', 'line1', 'Street ' || n),
    'invoice'
from (
    select n, k, h, %(at)s - (h %% 1500) * interval '1 day' - (h %% 86399) * interval '1 second' as placed,
        round((h %% 29989) / 100.0 + 5, 2) as total
    from generate_series(%(first)s::bigint, %(last)s) n
    cross join lateral generate_series(1, (n * 7919 %% 11)::int) k
    cross join lateral (select (n * 104729 + k * 15485863) %% 1000003 as h) hash
) made order by 1, 2

-- :name lines
insert into order_line (contact_id, order_id, position, store_id, product_id, sku, name, quantity, price, total, tax,
    discount)
select n, n * 16 + k, p, 1, product::text, 'SKU-' || product, 'Product ' || product, 1 + h %% 3,
    round((h %% 9973) / 100.0 + 2, 2), round((h %% 9973) / 100.0 + 2, 2) * (1 + h %% 3), 0, 0
from generate_series(%(first)s::bigint, %(last)s) n
cross join lateral generate_series(1, (n * 7919 %% 11)::int) k
cross join generate_series(1, 3) p
cross join lateral (select (n * 104729 + k * 15485863 + p * 32452843) %% 1000003 as h) hash
cross join lateral (select 1 + h / 13 %% 500 as product) goods
order by 1, 2, 3

-- :name refunds
insert into refund (contact_id, order_id, external_id, amount, created_at)
select contact_id, order_id, 'r' || order_id, refunded, placed_at + interval '3 days'
from orders where refunded > 0 and contact_id between %(first)s and %(last)s

-- :name carts
insert into cart (contact_id, cart_id, store_id, external_id, version, received_at, created_at, currency, total,
    subtotal, tax, detail, state, abandoned_at)
select n, n, 1, 'cart' || n, at, at, at, 'EUR', total, total, 0, n,
    case when n %% 3 = 0 then 'abandoned' else 'expired' end, at + interval '1 hour'
from (
    select n, %(at)s - (n * 104729 %% 200000) * interval '1 minute' as at, 5 + (n * 7919 %% 30011) / 100.0 as total
    from generate_series(%(first)s::bigint, %(last)s) n where n %% 8 = 0
) made

-- :name cart_lines
insert into cart_line (contact_id, cart_id, position, product_id, sku, name, quantity, price, total)
select n, n, p, product::text, 'SKU-' || product, 'Product ' || product, 1, 9, 9
from generate_series(%(first)s::bigint, %(last)s) n
cross join generate_series(1, 2) p
cross join lateral (select 1 + (n * 104729 + p * 32452843) / 13 %% 500 as product) goods
where n %% 8 = 0

-- :name consents
insert into consent_event (contact_id, store_id, channel, purpose, at, status, source, received_at)
select n, 1, 'email', 'marketing', %(at)s - (n %% 900 + 1) * interval '1 day',
    case when n %% 5 = 0 then 'withdrawn' else 'granted' end, 'checkout', %(at)s
from generate_series(%(first)s::bigint, %(last)s) n where n %% 3 = 0

-- :name properties
-- What properties/queries.sql computes of these facts, as far as segments ask for it.
insert into contact_property (contact_id, computed_at, email, firstname, lastname, createdate, city, country,
    customer_group, lifecyclestage, newsletter_subscription, total_value_of_orders, total_number_of_orders,
    average_order_value, first_order_date, last_order_date, first_order_value, last_order_value,
    average_days_between_orders, account_creation_date, monetary_rating, order_frequency_rating, order_recency_rating,
    current_abandoned_cart, abandoned_cart_date, abandoned_cart_counter, hs_object_id, recent_conversion_event_name,
    recent_conversion_date)
select n, %(at)s, 'customer' || n || '@example.com', (array['Anna','Ben','Clara','David'])[1 + n %% 4],
    'Name ' || n %% 1009, %(at)s - n %% 1500 * interval '1 day', (array['Berlin','Ulm','Köln'])[1 + n %% 3], 'DE',
    array['customer'], case when o.many > 0 then 'customer' when n %% 8 = 0 then 'lead' else 'subscriber' end,
    case when n %% 3 = 0 then case when n %% 5 = 0 then 'no' else 'yes' end end, o.value, coalesce(o.many, 0),
    round(o.value / o.many, 2), o.first_at, o.last_at, 10, 10,
    case when o.many > 1 then round(extract(epoch from o.last_at - o.first_at) / (o.many - 1) / 86400, 2) end,
    %(at)s - n %% 1500 * interval '1 day',
    case when o.value is null then null when o.value > 1000 then '5' when o.value >= 750 then '4'
        when o.value >= 500 then '3' when o.value >= 250 then '2' else '1' end,
    case when o.many is null then null when o.many > 20 then '5' when o.many >= 10 then '4' when o.many >= 5 then '3'
        when o.many >= 2 then '2' else '1' end,
    case when o.last_at is null then null when %(at)s < o.last_at + interval '744 hours' then '5'
        when %(at)s < o.last_at + interval '2184 hours' then '4'
        when %(at)s < o.last_at + interval '4344 hours' then '3'
        when %(at)s < o.last_at + interval '8664 hours' then '2' else '1' end,
    case when n %% 24 = 0 then 'yes' else 'no' end, case when n %% 24 = 0 then c.abandoned_at end, 2, n,
    'Order complete', o.last_at
from generate_series(%(first)s::bigint, %(last)s) n
left join (
    select contact_id, count(*) as many, sum(total - refunded) as value, min(placed_at) as first_at,
        max(placed_at) as last_at
    from orders where status = 'completed' and contact_id between %(first)s and %(last)s group by contact_id
) o on o.contact_id = n
left join cart c on c.contact_id = n and c.cart_id = n
order by 1
