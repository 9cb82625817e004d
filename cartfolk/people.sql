-- :name emails
-- The addresses of a contact, and whether an account, order, cart or consent of its shops tells each of them.
with told as (
    select lower(btrim(email)) as email from customer where contact_id = %(contact)s and deleted_at is null
    union select lower(btrim(email)) from orders where contact_id = %(contact)s and deleted_at is null
    union select lower(btrim(email)) from cart where contact_id = %(contact)s
    union select lower(btrim(email)) from consent_event where contact_id = %(contact)s
)
select value, original, store_id <> 0 or exists (select from told where told.email = identity.value),
    store_id = 0 and strength = 2
from identity where contact_id = %(contact)s and kind = 'email'
order by store_id = 0 and strength = 2 desc, store_id = 0 and strength = 1, strength desc, version desc, value
