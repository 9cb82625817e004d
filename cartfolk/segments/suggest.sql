-- :name product
-- Products by name or number; what is chosen is the shop's number.
select external_id, min(name) from product
where deleted_at is null and parent_id is null
  and (%(text)s = '' or strpos(lower(name), lower(%(text)s)) > 0 or external_id = %(text)s)
group by external_id order by min(name), external_id limit %(limit)s

-- :name variant
-- Variants that the catalogue knows as products of their own, and those in a part of the order lines, of the contacts
-- seen last: most shops name them nowhere else.
select external_id, min(name) from (
    select external_id, name from product where deleted_at is null and parent_id is not null
    union all
    select variant_id, name from (select variant_id, name from order_line order by contact_id desc limit 20000) l
    where variant_id <> ''
) v
where %(text)s = '' or strpos(lower(name), lower(%(text)s)) > 0 or external_id = %(text)s
group by external_id order by min(name), external_id limit %(limit)s

-- :name sku
select sku, min(name) from product
where deleted_at is null and sku <> ''
  and (%(text)s = '' or strpos(lower(sku), lower(%(text)s)) > 0 or strpos(lower(name), lower(%(text)s)) > 0)
group by sku order by sku limit %(limit)s

-- :name name
select name, name from product
where deleted_at is null and (%(text)s = '' or strpos(lower(name), lower(%(text)s)) > 0)
group by name order by name limit %(limit)s

-- :name category
-- Categories by slug, with their name where the shop told it; the most filled first.
select p.slug, coalesce(min(c.name), p.slug)
from (select unnest(categories) as slug, count(*) as products from product where deleted_at is null group by 1) p
left join category c on c.slug = p.slug and c.deleted_at is null
where %(text)s = '' or strpos(lower(p.slug), lower(%(text)s)) > 0 or strpos(lower(c.name), lower(%(text)s)) > 0
group by p.slug, p.products order by p.products desc, p.slug limit %(limit)s

-- :name tag
select tag, tag from (select unnest(tags) as tag from product where deleted_at is null) t
where %(text)s = '' or strpos(lower(tag), lower(%(text)s)) > 0
group by tag order by count(*) desc, tag limit %(limit)s

-- :name brand
select brand, brand from product
where deleted_at is null and brand <> '' and (%(text)s = '' or strpos(lower(brand), lower(%(text)s)) > 0)
group by brand order by count(*) desc, brand limit %(limit)s

-- :name type
select type, type from product
where deleted_at is null and type <> '' and (%(text)s = '' or strpos(lower(type), lower(%(text)s)) > 0)
group by type order by count(*) desc, type limit %(limit)s

-- :name coupon
select code, code from coupon
where deleted_at is null and (%(text)s = '' or strpos(lower(code), lower(%(text)s)) > 0)
group by code order by code limit %(limit)s

-- :name billing_country
-- From a part of the orders: countries repeat.
select country, country from (
    select billing->>'country' as country from (select billing from orders limit 20000) o
) c
where country <> '' and (%(text)s = '' or strpos(lower(country), lower(%(text)s)) > 0)
group by country order by count(*) desc, country limit %(limit)s

-- :name shipping_country
select country, country from (
    select shipping_address->>'country' as country from (select shipping_address from orders limit 20000) o
) c
where country <> '' and (%(text)s = '' or strpos(lower(country), lower(%(text)s)) > 0)
group by country order by count(*) desc, country limit %(limit)s

-- :name payment_method
select payment_method, payment_method from (select payment_method from orders limit 20000) o
where payment_method <> '' and (%(text)s = '' or strpos(lower(payment_method), lower(%(text)s)) > 0)
group by payment_method order by count(*) desc, payment_method limit %(limit)s

-- :name shop_status
select status_raw, status_raw from (select status_raw from orders limit 20000) o
where %(text)s = '' or strpos(lower(status_raw), lower(%(text)s)) > 0
group by status_raw order by count(*) desc, status_raw limit %(limit)s

-- :name currency
select currency, currency from (select currency from orders limit 20000) o
where %(text)s = '' or strpos(lower(currency), lower(%(text)s)) > 0
group by currency order by count(*) desc, currency limit %(limit)s
