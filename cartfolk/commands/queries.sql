-- :name listing
-- The line of a contact in `contacts list`; the order is added by the caller.
select p.contact_id as id, p.email,
       nullif(concat_ws(' ', p.firstname, p.lastname), '') as name,
       p.createdate as created_at,
       p.recent_conversion_event_name as recent_conversion, p.recent_conversion_date as recent_conversion_at,
       p.last_order_date, p.total_number_of_orders, p.total_value_of_orders
from contact_property p

-- :name by_email
select contact_id from identity where kind = 'email' and value = %(email)s
union all
(select contact_id from contact_list where email = %(email)s order by contact_id limit 1)
limit 1

-- :name head
select email, createdate as created_at from contact_property where contact_id = %(contact)s

-- :name identities
-- Everything that names the contact.
select i.kind, i.value, s.name as store
from identity i left join stores_store s on s.id = i.store_id where i.contact_id = %(contact)s
union all
select 'customer', a.external_id, s.name
from account a left join stores_store s on s.id = a.store_id where a.contact_id = %(contact)s
order by 1 desc, 2

-- :name orders
select o.order_id, s.name as store, o.external_id, o.number, o.status, o.status_raw,
       (o.deleted_at is null and o.status = any(r.counted)) as counted,
       o.placed_at as created_at, o.currency, o.total, o.refunded
from orders o
join store_rule r on r.store_id = o.store_id
left join stores_store s on s.id = o.store_id
where o.contact_id = %(contact)s and o.deleted_at is null and o.status <> 'ignored'
order by o.placed_at desc, o.order_id desc

-- :name order_lines
select order_id, sku, name, quantity, total from order_line
where contact_id = %(contact)s order by order_id, position

-- :name carts
select c.cart_id, s.name as store, c.external_id, c.state, c.version as updated_at, c.currency, c.total
from cart c left join stores_store s on s.id = c.store_id
where c.contact_id = %(contact)s order by c.version desc

-- :name cart_lines
select cart_id, sku, name, quantity, total from cart_line
where contact_id = %(contact)s order by cart_id, position

-- :name conversions
select name, at, historic from conversion where contact_id = %(contact)s order by at, name, source_id

-- :name store_counts
-- What a store has become: customers (accounts), guests (people who bought without one), orders, carts.
select (select count(*) from reference where store_id = %(store)s and kind = 'customer') as accounts,
       (select count(*) from customer where store_id = %(store)s and deleted_at is null) as customers,
       (select count(distinct o.contact_id) from orders o
        where o.store_id = %(store)s and o.customer_id is null and o.deleted_at is null and o.status <> 'ignored'
          and not exists (select from account a where a.contact_id = o.contact_id and a.store_id = o.store_id)) as guests,
       (select count(*) from orders where store_id = %(store)s and deleted_at is null and status <> 'ignored') as orders,
       (select count(*) from cart where store_id = %(store)s) as carts,
       (select count(*) from quarantine where store_id = %(store)s and resolved_at is null) as quarantined,
       (select count(*) from contact_property) as contacts

-- :name waiting
-- Whether anything of the store is still on its way to the contacts.
select exists (select from delivery where state = 'new' and store_id = %(store)s)
       or exists (select from contact_dirty)

-- :name stores_of
-- The stores a contact is known in, when there are several.
select r.store_id, r.name
from contact_list l join store_rule r on r.store_id = any(l.store_ids)
where l.contact_id = %(contact)s and cardinality(l.store_ids) > 1 order by r.store_id
