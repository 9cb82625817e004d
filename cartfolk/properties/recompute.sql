-- With which definitions everybody is computed (recompute.py).

-- :name note
-- The definitions that count from now on; nothing if they did before.
update computation set fingerprint = %(fingerprint)s, total = (select count(*) from contact), marked_at = %(at)s
where fingerprint is distinct from %(fingerprint)s
returning total

-- :name total
select total from computation
