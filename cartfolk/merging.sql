-- :name counts
-- What hangs on a contact: orders, carts, addresses, and what it agreed to.
select (select count(*) from orders where contact_id = %(contact)s and deleted_at is null),
    (select count(*) from cart where contact_id = %(contact)s),
    array(select original from identity where contact_id = %(contact)s and kind = 'email'
          order by value = (select lower(email) from contact_property where contact_id = %(contact)s) desc nulls last,
                   store_id = 0 and strength = 1, strength desc, version desc),
    coalesce((select jsonb_agg(jsonb_build_array(channel, purpose, status) order by channel, purpose) from (
        select distinct on (channel, purpose) channel, purpose, status from consent_effective
        where contact_id = %(contact)s order by channel, purpose, at desc, status desc) c), '[]')
