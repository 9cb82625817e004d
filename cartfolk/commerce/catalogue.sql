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
