-- What somebody who knows the tables would write for each question of bench/segments.py, for PostgreSQL and DuckDB
-- alike; %(at)s is the moment, as a literal of either, %(recency_1)s and so on the published ends of the fifths.

-- :name customers
select contact_id from contact_property where lifecyclestage in ('customer', 'evangelist')
-- :name leads
select contact_id from contact_property where lifecyclestage = 'lead'
-- :name mql
select contact_id from contact_property where lifecyclestage = 'marketingqualifiedlead'
-- :name abandoned
select contact_id from contact_property where current_abandoned_cart = 'yes'
-- :name best
select contact_id from contact_property
where monetary_rating = '5' and order_frequency_rating = '5' and order_recency_rating = '5'
-- :name big
select contact_id from contact_property where monetary_rating = '5'
-- :name mid
select contact_id from contact_property where monetary_rating = '3'
-- :name low
select contact_id from contact_property where monetary_rating = '1'
-- :name loyal
select contact_id from contact_property where order_frequency_rating = '5' and order_recency_rating = '5'
-- :name churning
select contact_id from contact_property
where monetary_rating = '5' and order_frequency_rating = '5' and order_recency_rating = '1'
-- :name lost
select contact_id from contact_property
where monetary_rating = '1' and order_frequency_rating = '1' and order_recency_rating = '1'
-- :name new
select contact_id from contact_property where order_frequency_rating = '1' and order_recency_rating = '5'
-- :name attention
select contact_id from contact_property
where monetary_rating = '3' and order_frequency_rating = '3' and order_recency_rating in ('1', '2')
-- :name sleep
select contact_id from contact_property
where monetary_rating in ('1', '2') and order_frequency_rating in ('1', '2') and order_recency_rating in ('1', '2')
-- :name newsletter
select contact_id from contact_property where newsletter_subscription = 'yes'
-- :name once
select contact_id from contact_property where total_number_of_orders = 1
-- :name twice
select contact_id from contact_property where total_number_of_orders = 2
-- :name thrice
select contact_id from contact_property where total_number_of_orders = 3
-- :name four
select contact_id from contact_property where total_number_of_orders >= 4
-- :name engaged
select contact_id from contact_property
where last_order_date > %(at)s - interval '1440 hours' and last_order_date <= %(at)s
-- :name disengaged
select contact_id from contact_property
where last_order_date <= %(at)s - interval '1440 hours' and last_order_date > %(at)s - interval '4320 hours'
-- :name repeat
select contact_id from contact_property where total_number_of_orders >= 5 and average_days_between_orders <= 30
-- :name champions
select contact_id from contact_property
where monetary_rating in ('4', '5') and order_frequency_rating in ('4', '5') and order_recency_rating in ('4', '5')
-- :name promising
select contact_id from contact_property
where order_frequency_rating in ('1', '2') and order_recency_rating in ('4', '5')
-- :name at_risk
select contact_id from contact_property
where monetary_rating in ('4', '5') and order_frequency_rating in ('3', '4', '5') and order_recency_rating in ('1', '2')
-- :name hibernating
select contact_id from contact_property
where order_frequency_rating in ('1', '2') and order_recency_rating in ('1', '2')
-- :name vip
select contact_id from contact_property where monetary_rating = '5' and order_frequency_rating in ('3', '4', '5')
-- :name cart_1h
select contact_id from contact_property
where current_abandoned_cart = 'yes' and abandoned_cart_date <= %(at)s - interval '1 hour'
-- :name cart_24h
select contact_id from contact_property
where current_abandoned_cart = 'yes' and abandoned_cart_date <= %(at)s - interval '24 hours'
-- :name cart_72h
select contact_id from contact_property
where current_abandoned_cart = 'yes' and abandoned_cart_date <= %(at)s - interval '72 hours'
-- :name win_back_90
select contact_id from contact_property where last_order_date <= %(at)s - interval '2160 hours'
-- :name win_back_180
select contact_id from contact_property where last_order_date <= %(at)s - interval '4320 hours'
-- :name win_back_365
select contact_id from contact_property where last_order_date <= %(at)s - interval '8760 hours'
-- :name second_order
select contact_id from contact_property
where total_number_of_orders = 1 and last_order_date <= %(at)s - interval '336 hours'
  and last_order_date > %(at)s - interval '1440 hours'
-- :name subscribers_without_order
select contact_id from contact_property where newsletter_subscription = 'yes' and total_number_of_orders = 0
-- :name refunded
select distinct r.contact_id from refund r
join orders o on o.contact_id = r.contact_id and o.order_id = r.order_id
where o.deleted_at is null and o.status <> 'ignored'
-- :name anniversary
select contact_id from contact_property
where extract(year from first_order_date) < extract(year from %(at)s)
  and cast(first_order_date + cast(extract(year from %(at)s) - extract(year from first_order_date) as int)
           * interval '1 year' as date) between cast(%(at)s as date) and cast(%(at)s + interval '6 days' as date)
-- :name rank_champions
select contact_id from contact_property
where last_order_date > %(recency_3)s and total_number_of_orders > %(frequency_3)s
  and total_value_of_orders > %(spend_3)s
-- :name rank_loyal
select contact_id from contact_property
where last_order_date > %(recency_2)s and total_number_of_orders > %(frequency_3)s
-- :name rank_potential
select contact_id from contact_property
where last_order_date > %(recency_3)s and total_number_of_orders > %(frequency_1)s
  and total_number_of_orders <= %(frequency_3)s
-- :name rank_new
select contact_id from contact_property
where last_order_date > %(recency_4)s and total_number_of_orders > 0 and total_number_of_orders <= %(frequency_1)s
-- :name rank_promising
select contact_id from contact_property
where last_order_date > %(recency_3)s and last_order_date <= %(recency_4)s and total_number_of_orders > 0
  and total_number_of_orders <= %(frequency_1)s
-- :name rank_attention
select contact_id from contact_property
where last_order_date > %(recency_2)s and last_order_date <= %(recency_3)s
  and total_number_of_orders > %(frequency_2)s and total_number_of_orders <= %(frequency_3)s
-- :name rank_sleep
select contact_id from contact_property
where last_order_date > %(recency_2)s and last_order_date <= %(recency_3)s and total_number_of_orders > 0
  and total_number_of_orders <= %(frequency_2)s
-- :name rank_at_risk
select contact_id from contact_property
where last_order_date <= %(recency_2)s and total_number_of_orders > %(frequency_2)s
-- :name rank_keep
select contact_id from contact_property
where last_order_date <= %(recency_1)s and total_number_of_orders > %(frequency_4)s
  and total_value_of_orders > %(spend_4)s
-- :name rank_hibernating
select contact_id from contact_property
where last_order_date > %(recency_1)s and last_order_date <= %(recency_2)s and total_number_of_orders > 0
  and total_number_of_orders <= %(frequency_2)s
-- :name rank_lost
select contact_id from contact_property
where last_order_date <= %(recency_1)s and total_number_of_orders > 0 and total_number_of_orders <= %(frequency_2)s

-- :name category_twice_not_sale
select l.contact_id
from order_line l
join orders o on o.contact_id = l.contact_id and o.order_id = l.order_id
join product p on p.store_id = l.store_id and p.external_id = l.product_id
where o.deleted_at is null and o.status in ('completed', 'refunded') and p.categories && array['category-3', 'sale']
group by l.contact_id
having count(*) filter (where p.categories && array['category-3'] and o.placed_at > %(at)s - interval '2160 hours'
                          and o.placed_at <= %(at)s) >= 2
   and count(*) filter (where p.categories && array['sale']) = 0

-- :name one_order_over_300
select distinct contact_id from orders
where deleted_at is null and status in ('completed', 'refunded') and currency = 'EUR' and total - refunded > 300

-- :name abandoned_cart_with_sku
select distinct c.contact_id
from cart c join cart_line l on l.contact_id = c.contact_id and l.cart_id = c.cart_id
where c.state = 'abandoned' and c.total > 100 and c.currency = 'EUR' and lower(l.sku) = 'sku-7'

-- :name spent_in_a_year
select contact_id from orders
where deleted_at is null and status in ('completed', 'refunded') and currency = 'EUR'
  and placed_at > %(at)s - interval '8760 hours' and placed_at <= %(at)s
group by contact_id having sum(total - refunded) > 500

-- :name three_orders_this_year
select contact_id from orders
where deleted_at is null and status in ('completed', 'refunded') and placed_at >= date_trunc('year', %(at)s)
  and placed_at < date_trunc('year', %(at)s) + interval '1 year'
group by contact_id having count(*) >= 3

-- :name last_order_long_ago
select contact_id from orders
where deleted_at is null and status in ('completed', 'refunded')
group by contact_id having max(placed_at) <= %(at)s - interval '4320 hours'

-- :name brand_three_times
select l.contact_id
from order_line l
join orders o on o.contact_id = l.contact_id and o.order_id = l.order_id
join product p on p.store_id = l.store_id and p.external_id = l.product_id
where o.deleted_at is null and o.status in ('completed', 'refunded') and lower(p.brand) = 'brand 3'
group by l.contact_id having count(*) >= 3

-- :name product_in_30_days
select distinct l.contact_id
from order_line l
join orders o on o.contact_id = l.contact_id and o.order_id = l.order_id
where o.deleted_at is null and o.status in ('completed', 'refunded') and lower(l.product_id) = '77'
  and o.placed_at > %(at)s - interval '720 hours' and o.placed_at <= %(at)s

-- :name three_orders_no_refund
(select contact_id from orders
where deleted_at is null and status in ('completed', 'refunded')
group by contact_id having count(*) >= 3)
except
select r.contact_id from refund r join orders q on q.contact_id = r.contact_id and q.order_id = r.order_id
where q.deleted_at is null and q.status <> 'ignored'

-- :name customer_without_category
-- "not exists" would be read more easily, and PostgreSQL, which expects one such line, would look it up row by row.
select contact_id from contact_property where total_number_of_orders >= 1
except
select l.contact_id from order_line l
join orders o on o.contact_id = l.contact_id and o.order_id = l.order_id
join product p on p.store_id = l.store_id and p.external_id = l.product_id
where o.deleted_at is null and o.status in ('completed', 'refunded') and p.categories && array['category-5']

-- :name consented
select distinct e.contact_id from consent_event e
where e.channel = 'email' and e.purpose = 'marketing' and e.status = 'granted' and not exists (
    select 1 from consent_event w
    where w.contact_id = e.contact_id and w.channel = 'email' and w.purpose = 'marketing' and w.status = 'withdrawn'
      and (w."at" >= e."at" or e.source in ('import', 'sync')))
