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

-- :name consents_now
-- The state of each channel and purpose: the latest entry that counts; a question that waits only where none does.
select distinct on (contact_id, channel, purpose) contact_id, channel, purpose, status, at, source, store_id, wording
from (
    select *, false as asked from consent_effective where contact_id = any(%(contacts)s)
    union all
    select contact_id, store_id, channel, purpose, at, status, source, wording, true
    from consent_event where contact_id = any(%(contacts)s) and status = 'pending') e
order by contact_id, channel, purpose, asked, at desc, status desc, source, store_id, wording
