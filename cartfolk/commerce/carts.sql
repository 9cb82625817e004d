-- :name derive_carts
-- The state of every cart of the touched contacts, from moments, orders and the clock (carts.py has the rules).
with gap as materialized (
    select g.*, (g.abandoned and g.idle_at <= %(at)s) as lapsed
    from cart_gap g
    where g.contact_id = any(%(contacts)s)
), history as (
    select contact_id, cart_id, store_id, external_id, order_external_id, identified_at, idle, expires,
           max(idle_at) filter (where lapsed) as abandoned_at,
           max(at) filter (where has_lines) as filled_at,
           (array_agg(next_at order by at desc, received_at desc, kind desc) filter (where has_lines))[1]
               as emptied_at,
           (array_agg(lapsed order by at desc, received_at desc, kind desc) filter (where has_lines))[1]
               as lies_abandoned,
           min(at) as first_at
    from gap
    group by contact_id, cart_id, store_id, external_id, order_external_id, identified_at, idle, expires
), since as (
    select h.*, h.filled_at + h.idle as idle_at, h.filled_at + h.idle + h.expires as expires_at,
           later.recovered_at, later.checkout_at, later.back_at, own.placed_at as own_order_at,
           other.placed_at as other_order_at
    from history h
    cross join lateral (
        select min(g.at) filter (where g.kind = 'recovered') as recovered_at,
               min(g.at) filter (where g.checkout) as checkout_at,
               min(g.at) as back_at
        from gap g
        where g.contact_id = h.contact_id and g.cart_id = h.cart_id
          and (h.abandoned_at is null or g.at > h.abandoned_at)
    ) later
    left join lateral (
        select min(o.placed_at) as placed_at
        from orders o
        where o.contact_id = h.contact_id and o.store_id = h.store_id
          and (o.cart_token = h.external_id or o.external_id = h.order_external_id)
          and o.deleted_at is null and o.status not in ('failed', 'cancelled', 'ignored')
          and o.placed_at >= coalesce(h.filled_at, h.first_at) - h.idle
    ) own on true
    left join lateral (
        select min(o.placed_at) as placed_at
        from orders o
        where o.contact_id = h.contact_id
          and o.deleted_at is null and o.status not in ('failed', 'cancelled', 'ignored')
          and o.placed_at >= date_trunc('second', h.filled_at)
          and o.placed_at <= coalesce(h.emptied_at + h.idle, h.filled_at + h.idle + h.expires)
    ) other on true
), named as (
    select s.*, case
        when own_order_at is not null then 'ordered'
        when filled_at is null then 'emptied'
        when other_order_at > idle_at and lies_abandoned then 'purchased'
        when other_order_at is not null then 'ordered'
        when emptied_at is not null then 'emptied'
        when lies_abandoned and expires_at <= %(at)s then 'expired'
        when lies_abandoned then 'abandoned'
        when recovered_at is not null then 'recovered'
        when checkout_at is not null then 'checkout'
        else 'open' end as state
    from since s
), timed as (
    select contact_id, cart_id, state, abandoned_at,
           case state when 'ordered' then coalesce(own_order_at, other_order_at)
                      when 'purchased' then other_order_at
                      when 'emptied' then coalesce(emptied_at, first_at)
                      when 'expired' then expires_at
                      when 'abandoned' then idle_at
                      when 'recovered' then recovered_at
                      when 'checkout' then checkout_at
                      else back_at end as state_at,
           case when state = 'abandoned' then expires_at
                when state in ('open', 'checkout', 'recovered') and identified_at is not null
                     and idle_at > %(at)s then idle_at end as due_at
    from named
)
update cart c set state = t.state, state_at = t.state_at, abandoned_at = t.abandoned_at, due_at = t.due_at
from timed t
where c.contact_id = t.contact_id and c.cart_id = t.cart_id
  and (c.state, c.state_at, c.abandoned_at, c.due_at)
      is distinct from (t.state, t.state_at, t.abandoned_at, t.due_at)
