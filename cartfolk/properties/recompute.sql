-- With which definitions everybody is computed (recompute.py).

-- :name note
-- The definitions that count from now on; nothing if they did before.
update computation set fingerprint = %(fingerprint)s, total = (select count(*) from contact), marked_at = %(at)s
where fingerprint is distinct from %(fingerprint)s
returning total

-- :name marked
-- Everybody is in the queue: this is its end.
update computation set last_seq = (select max(seq) from contact_dirty where lane = %(lane)s)

-- :name progress
-- How many of the marked contacts still wait, by the front of the queue; nothing once it is behind them. What came into
-- the queue after them is not looked at.
select least(c.total, c.last_seq - front.seq + 1), c.total, c.marked_at
from computation c
cross join lateral (
    select seq from contact_dirty where lane = %(lane)s and seq <= c.last_seq order by seq limit 1
) front
where c.total > 0
