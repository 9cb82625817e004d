-- :name act
-- One entry of the ledger; the same act told twice is one.
insert into consent_event (contact_id, store_id, channel, purpose, at, status, source, wording, evidence, received_at)
values (%(contact)s, 0, %(channel)s, %(purpose)s, %(at)s, %(status)s, %(source)s, %(wording)s, %(evidence)s, %(at)s)
on conflict do nothing

-- :name ledger
-- Every entry of a contact, newest first.
select at, channel, purpose, status, source, store_id, coalesce(wording, ''), evidence, coalesce(email, '')
from consent_event where contact_id = %(contact)s
order by at desc, channel, purpose, status desc, source, store_id limit %(limit)s
