-- :name known
-- The next of a store's customers or orders that we know, that are not gone already and whose version is young
-- enough. A customer id that only an order told of is no record of ours to compare. Guests only where the shop has
-- them in its list of customers. Subscriptions are in a list of their own.
select r.external_id
from reference r
left join customer c on r.kind = 'customer' and c.contact_id = r.contact_id and c.store_id = r.store_id
    and c.external_id = r.external_id and (c.registered or %(guests)s) and c.deleted_at is null
left join orders o on r.kind = 'order' and o.contact_id = r.contact_id and o.order_id = r.object_id
    and o.deleted_at is null and o.subscription is null
where r.store_id = %(store_id)s and r.kind = %(kind)s and r.external_id > %(after)s
  and coalesce(c.version, o.version) >= %(since)s
order by r.external_id
limit %(limit)s

-- :name unknown
-- Of these ids of the shop those we do not hold, or hold in an older version, or believe to be deleted earlier.
select k.external_id
from unnest(%(externals)s::text[], %(versions)s::timestamptz[]) as k (external_id, version)
left join reference r on r.store_id = %(store_id)s and r.kind = %(kind)s and r.external_id = k.external_id
left join customer c on r.kind = 'customer' and c.contact_id = r.contact_id and c.store_id = r.store_id
    and c.external_id = r.external_id
left join orders o on r.kind = 'order' and o.contact_id = r.contact_id and o.order_id = r.object_id
where coalesce(c.version, o.version) is null
   or coalesce(c.version, o.version) < date_trunc('second', k.version)
   or coalesce(c.deleted_at, o.deleted_at) < k.version

-- :name held
-- How many of a store's customers or orders we hold that are not deleted; drafts are no orders.
select case when %(kind)s = 'customer'
    then (select count(*) from customer
          where store_id = %(store_id)s and (registered or %(guests)s) and deleted_at is null)
    else (select count(*) from orders where store_id = %(store_id)s and deleted_at is null and status <> 'ignored')
end
