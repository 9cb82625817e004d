-- Asking for a confirmation (pending) is neither a grant nor a withdrawal: it changes nothing that counts.
create or replace view consent_effective as
select contact_id, store_id, channel, purpose, at, status, source, wording
from (
    select e.*, bool_or(e.status = 'withdrawn') over (
               partition by e.contact_id, e.channel, e.purpose order by e.at) as withdrawn_before
    from consent_event e
    where e.status <> 'pending'
) e
where status = 'withdrawn' or not withdrawn_before or source not in ('import', 'sync');
