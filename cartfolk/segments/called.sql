-- :name product
-- What shops call the products with these numbers; a deleted one keeps its name.
select external_id, store_id, name from product where external_id = any(%(values)s)

-- :name variant
-- Variants that the catalogue knows as products of their own, else as order lines name them: of the contacts seen last,
-- as they are suggested.
select distinct on (external_id, store_id) external_id, store_id, name from (
    select 0 as source, external_id, store_id, name from product
    where external_id = any(%(values)s) and parent_id is not null
    union all
    select 1, variant_id, store_id, name
    from (select variant_id, store_id, name from order_line order by contact_id desc limit 20000) l
    where variant_id = any(%(values)s)
) v
order by external_id, store_id, source, name

-- :name category
-- Categories by slug, which of some platforms is a number.
select distinct on (slug, store_id) slug, store_id, name from category where slug = any(%(values)s)
order by slug, store_id, deleted_at is not null, name
