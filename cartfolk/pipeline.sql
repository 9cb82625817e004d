-- :name repoint_guest_orders
-- After a transfer: what the maps say about orders and carts follows the rows that moved.
with moved as (
    select o.store_id, 'order' as kind, o.external_id from orders o
    where o.contact_id = %(target)s and o.customer_id is null and o.email = %(email)s
    union all
    select c.store_id, 'cart', c.external_id from cart c
    where c.contact_id = %(target)s and c.customer_id is null and c.email = %(email)s
)
update reference r set contact_id = %(target)s from moved m
where r.store_id = m.store_id and r.kind = m.kind and r.external_id = m.external_id
