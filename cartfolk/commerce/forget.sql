-- :name clear_order_emails
-- Orders of others that name the address.
update orders set email = null where lower(btrim(email)) = any(%(emails)s::text[]) returning contact_id

-- :name clear_customer_emails
update customer set email = null where lower(btrim(email)) = any(%(emails)s::text[]) returning contact_id

-- :name clear_cart_emails
update cart set email = null where lower(btrim(email)) = any(%(emails)s::text[]) returning contact_id

-- :name clear_moment_emails
update cart_event set known = known - 'email' where lower(btrim(known->>'email')) = any(%(emails)s::text[])
returning contact_id

-- :name clear_consent_emails
update consent_event set email = null where lower(btrim(email)) = any(%(emails)s::text[]) returning contact_id

-- :name forget_carts
-- Carts of nobody in which one of the addresses was typed, or that belong to an erased person.
delete from anonymous_cart a
where exists (select from unnest(%(emails)s::text[]) e where strpos(lower(a.moments::text), e) > 0)
   or (a.store_id, a.external_id) in (select * from unnest(%(stores)s::bigint[], %(carts)s::text[]))

-- :name accounts_of_emails
-- Whoever has an account of one of these addresses.
select distinct contact_id from customer where lower(btrim(email)) = any(%(emails)s::text[])
