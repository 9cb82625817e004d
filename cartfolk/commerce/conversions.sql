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
