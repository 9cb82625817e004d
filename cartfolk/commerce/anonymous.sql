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
