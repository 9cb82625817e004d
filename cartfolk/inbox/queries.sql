-- :name store_delivery
-- Stores one delivery as received; nothing when the same one is stored already.
insert into delivery (store_id, lane, kind, stream, received_at, headers, body, dedupe, hint, run_id, state)
values (%(store_id)s, %(lane)s, %(kind)s, %(stream)s, %(received_at)s, %(headers)s, %(body)s, %(dedupe)s,
        %(hint)s, %(run_id)s, %(state)s)
on conflict (store_id, dedupe) where dedupe is not null do nothing
returning delivery_id

-- :name count_held
-- Messages of a stranger that wait for the owner's word.
select count(*) from delivery where store_id = %(store_id)s and state = 'held' and headers ->> 'site' = %(site)s

-- :name release_held
-- The stranger is the store itself, moved: its messages are handled like any other, as received then.
update delivery set state = 'new' where store_id = %(store_id)s and state = 'held' and headers ->> 'site' = %(site)s

-- :name drop_held
-- The stranger is a copy: what it sent is nobody's.
delete from delivery where store_id = %(store_id)s and state = 'held' and headers ->> 'site' = %(site)s

-- :name ring
-- Wakes whoever waits for deliveries; heard when this transaction commits.
select pg_notify('inbox', '')

-- :name claim
-- Takes the oldest readable deliveries of a lane for this transaction; other workers pass over them.
select delivery_id, store_id, lane, kind, stream, received_at, body, hint, run_id, attempts
from delivery
where state = 'new' and lane = %(lane)s and kind <> 'webhook'
  and (not_before is null or not_before <= %(at)s)
order by delivery_id
limit %(limit)s
for update skip locked

-- :name handled
-- What these deliveries held is applied.
update delivery set state = 'handled', handled_at = %(at)s, error = null where delivery_id = any(%(ids)s)

-- :name postpone
-- These deliveries could not be handled: each waits twice as long as the last time, at most an hour.
update delivery
set attempts = least(attempts + 1, 1000),
    not_before = %(at)s + least(interval '1 hour', greatest(%(after)s, power(2, least(attempts, 12))) * interval '1 second'),
    error = %(error)s
where delivery_id = any(%(ids)s)

-- :name replay
-- Has deliveries handled again, e.g. after a mapping was mended; of a store, optionally of one stream and time.
update delivery
set state = 'new', handled_at = null, not_before = null, lane = 1, error = null
where store_id = %(store_id)s and state = 'handled' and kind <> 'webhook'
  and (%(stream)s::text is null or stream = %(stream)s)
  and (%(since)s::timestamptz is null or received_at >= %(since)s)

-- :name waiting
-- Deliveries not handled yet, of a store or of all, with their weight in bytes as stored.
select count(*), coalesce(sum(octet_length(body)), 0), min(received_at)
from delivery
where state = 'new' and (%(store_id)s::bigint is null or store_id = %(store_id)s)
  and (%(lane)s::smallint is null or lane = %(lane)s)

-- :name clean_deliveries
-- Forgets handled raw material that is old enough; facts stay.
with old as (
    select delivery_id from delivery where state = 'handled' and handled_at < %(before)s limit %(limit)s
)
delete from delivery using old where delivery.delivery_id = old.delivery_id

-- :name walk
-- Every stored delivery in order, whatever its state: what an erasure looks through.
select delivery_id, store_id, lane, kind, stream, received_at, body, hint, run_id, attempts
from delivery where delivery_id > %(after)s order by delivery_id limit %(limit)s

-- :name last
-- The number of the newest delivery: how far an erasure has to look.
select coalesce(max(delivery_id), 0) from delivery

-- :name behind
-- How many deliveries come after one.
select count(*) from delivery where delivery_id > %(after)s

-- :name rewrite
-- Bodies with a person's objects cut out; what recognised a repetition of the old one goes with it.
update delivery d set body = n.body, dedupe = null, error = null
from unnest(%(ids)s::bigint[], %(bodies)s::bytea[]) as n (delivery_id, body) where d.delivery_id = n.delivery_id

-- :name drop
delete from delivery where delivery_id = any(%(ids)s::bigint[])

-- :name drop_hints
-- Webhooks about these objects that were followed; their bodies tell of the person.
delete from delivery where store_id = %(store_id)s and kind = 'webhook' and state = 'handled' and hint->'ids' ?| %(ids)s::text[]

-- :name walk_quarantine
-- Every quarantined record in order, open or done.
select quarantine_id, store_id, stream, kind, external_id, field, reason, raw, created_at, attempts, run_id
from quarantine where quarantine_id > %(after)s order by quarantine_id limit %(limit)s

-- :name drop_quarantine
delete from quarantine where quarantine_id = any(%(ids)s::bigint[])

-- :name claim_hints
-- Leases waiting webhooks of connected stores: fetched now, and seen again by anyone if we die meanwhile.
-- The dedupe key goes: the same hint arriving from here on must be fetched once more.
with picked as (
    select delivery_id from delivery
    where state = 'new' and lane = 0 and kind = 'webhook'
      and (not_before is null or not_before <= %(at)s)
      and store_id in (select id from stores_store where state = 'connected')
      and store_id <> all(%(busy)s::bigint[])
    order by delivery_id
    limit %(limit)s
    for update skip locked
)
update delivery set not_before = %(at)s + interval '60 seconds', dedupe = null
from picked where delivery.delivery_id = picked.delivery_id
returning delivery.delivery_id, delivery.store_id, delivery.stream, delivery.hint

-- :name put_quarantine
-- One open row for each bad record: seen again, it keeps its first date and takes the newest text and reason.
insert into quarantine (store_id, stream, kind, external_id, field, reason, raw, delivery_id, run_id, created_at,
                        tried_at)
select *, %(now)s::timestamptz
from unnest(%(store_ids)s::bigint[], %(streams)s::text[], %(kinds)s::text[], %(external_ids)s::text[],
            %(fields)s::text[], %(reasons)s::text[], %(raws)s::text[], %(delivery_ids)s::bigint[],
            %(run_ids)s::bigint[], %(ats)s::timestamptz[])
on conflict (store_id, stream, kind, coalesce(external_id, md5(raw))) where resolved_at is null
do update set field = excluded.field, reason = excluded.reason, raw = excluded.raw,
              delivery_id = excluded.delivery_id, run_id = coalesce(excluded.run_id, quarantine.run_id),
              attempts = quarantine.attempts + 1, tried_at = excluded.tried_at

-- :name any_quarantine
-- Whether anything waits at all: the common answer is no, and then nothing needs resolving.
select exists (select from quarantine where resolved_at is null)

-- :name resolve_quarantine
-- A good version of these objects was applied: their open rows are done.
with good as (
    select * from unnest(%(store_ids)s::bigint[], %(kinds)s::text[], %(external_ids)s::text[])
        as good (store_id, kind, external_id)
)
update quarantine set resolved_at = %(at)s
from good
where quarantine.resolved_at is null and quarantine.store_id = good.store_id
  and quarantine.kind = good.kind and quarantine.external_id = good.external_id

-- :name retry_quarantine
-- Open rows to be read again, locked against a second click.
select quarantine_id, store_id, stream, kind, external_id, field, raw, run_id, created_at
from quarantine
where resolved_at is null and store_id = %(store_id)s
  and (%(ids)s::bigint[] is null or quarantine_id = any(%(ids)s))
order by quarantine_id
for update skip locked

-- :name close_quarantine
-- These rows are read again; one that is still bad comes back as a new row.
update quarantine set resolved_at = %(at)s where quarantine_id = any(%(ids)s)

-- :name list_quarantine
-- Open rows of a store or of all, newest first.
select quarantine_id, store_id, stream, kind, external_id, field, reason, raw, created_at, attempts, run_id
from quarantine
where resolved_at is null and (%(store_id)s::bigint is null or store_id = %(store_id)s)
order by quarantine_id desc
limit %(limit)s offset %(offset)s

-- :name count_quarantine
-- How many records wait, of a store or of all.
select count(*) from quarantine
where resolved_at is null and (%(store_id)s::bigint is null or store_id = %(store_id)s)

-- :name open_run
-- The store's backfill that is not finished, if there is one.
select run_id, store_id, state, high_water, started_at from run
where store_id = %(store_id)s and kind = 'backfill' and state in ('running', 'paused')

-- :name start_run
-- A new backfill; everything up to the high-water mark is its business. Nothing when one is open already.
insert into run (store_id, kind, state, high_water, started_at, heartbeat_at)
values (%(store_id)s, %(kind)s, 'running', %(at)s, %(at)s, %(at)s)
on conflict (store_id) where state in ('running', 'paused') and kind = 'backfill' do nothing
returning run_id, store_id, state, high_water, started_at

-- :name add_streams
-- The streams of a run with what the shop says there is.
insert into run_stream (run_id, stream, position, expected)
select %(run_id)s, * from unnest(%(streams)s::text[], %(positions)s::smallint[], %(expected)s::bigint[])
on conflict (run_id, stream) do nothing

-- :name streams
-- The streams of a run, in order.
select stream, position, expected, fetched, applied from run_stream where run_id = %(run_id)s order by position

-- :name add_windows
-- The windows of one stream, written together: a stream has all of them or none.
insert into run_window (run_id, stream, key, start, "end")
select %(run_id)s, %(stream)s, * from unnest(%(keys)s::text[], %(starts)s::text[], %(ends)s::text[])
on conflict (run_id, stream, key) do nothing

-- :name windows
-- Every window of a stream with its checkpoint.
select key, start, "end", cursor, pages, done from run_window
where run_id = %(run_id)s and stream = %(stream)s order by key

-- :name windows_left
-- Whether a run has windows that are not done.
select exists (select from run_window where run_id = %(run_id)s and not done and stream = any(%(streams)s::text[]))

-- :name add_windows_again
-- Windows of a run that go on from a place where something could not be fetched.
insert into run_window (run_id, stream, key, start, "end", cursor)
select %(run_id)s, * from unnest(%(streams)s::text[], %(keys)s::text[], %(starts)s::text[], %(ends)s::text[],
                                 %(cursors)s::text[])
on conflict (run_id, stream, key) do nothing

-- :name reopen_run
-- The store's newest backfill takes on more windows, unless it was cancelled; a paused one stays paused. One that
-- was done keeps the time of that: the poll is in charge already.
update run set state = case when state = 'paused' then state else 'running' end, error = null,
    finished_at = case when state = 'done' then finished_at end
where run_id = (select max(run_id) from run where store_id = %(store_id)s and kind = 'backfill')
  and state <> 'cancelled'
returning run_id

-- :name hold_run
-- Locks a run, so that nobody adds windows while it is found to be done; when it was done before, if ever.
select finished_at from run where run_id = %(run_id)s for update

-- :name unhurried
-- This transaction's commit does not wait for the disk: losing it whole costs a repetition, nothing else.
set local synchronous_commit = off

-- :name step_window
-- Moves the checkpoint in the transaction that stores the page. No row when somebody else was here first
-- or the run is no longer ours to continue: the page is then thrown away.
update run_window set cursor = %(after)s, pages = pages + 1, done = %(done)s
where run_id = %(run_id)s and stream = %(stream)s and key = %(key)s
  and cursor is not distinct from %(before)s and not done
  and exists (select from run where run_id = %(run_id)s and state in ('running', 'paused'))

-- :name count_fetched
-- Rows of a stream that are stored.
update run_stream set fetched = fetched + %(rows)s where run_id = %(run_id)s and stream = %(stream)s

-- :name count_applied
-- Rows of streams that are handled.
with done as (
    select run_id, stream, sum(rows) as rows
    from unnest(%(run_ids)s::bigint[], %(streams)s::text[], %(rows)s::bigint[]) as done (run_id, stream, rows)
    group by run_id, stream order by run_id, stream
)
update run_stream set applied = applied + done.rows
from done where run_stream.run_id = done.run_id and run_stream.stream = done.stream

-- :name beat
-- A run lives: adds the seconds since the last beat and says what its owner wants.
update run set heartbeat_at = %(at)s, seconds = seconds + %(seconds)s
where run_id = %(run_id)s
returning state

-- :name set_run_state
-- Moves an open run to another state; the sentence says why.
update run set state = %(state)s, error = %(error)s,
    finished_at = case when %(state)s in ('done', 'cancelled', 'failed') then %(at)s end
where run_id = %(run_id)s and state in ('running', 'paused')

-- :name revive_run
-- A paused or failed backfill goes on where it stood.
update run set state = 'running', error = null, finished_at = null
where run_id = (select max(run_id) from run where store_id = %(store_id)s and kind = 'backfill')
  and state in ('paused', 'failed')
returning run_id

-- :name note_run
-- What a running run waits for, in words; null when all is well.
update run set error = %(error)s where run_id = %(run_id)s and error is distinct from %(error)s

-- :name drop_pages
-- A cancelled run: its pages that nobody handled yet are not wanted any more.
update delivery set state = 'handled', handled_at = %(at)s, error = 'run cancelled'
where run_id = %(run_id)s and state = 'new'

-- :name start_cursors
-- From the high-water mark on (with overlap) the poll is in charge of these streams.
insert into stream_cursor (store_id, stream, cursor, since)
select %(store_id)s, stream, null, %(since)s from unnest(%(streams)s::text[]) as stream
on conflict (store_id, stream) do update set cursor = null, since = excluded.since

-- :name cursors
-- Where the polls of a store go on.
select stream, cursor, since, polled_at from stream_cursor where store_id = %(store_id)s

-- :name step_cursor
-- Moves a poll's place in the transaction that stores its page.
update stream_cursor set cursor = %(after)s, polled_at = %(at)s
where store_id = %(store_id)s and stream = %(stream)s and cursor is not distinct from %(before)s

-- :name resolve_poll
-- The poll of a stream got past a page it could not read.
update quarantine set resolved_at = %(at)s
where resolved_at is null and store_id = %(store_id)s and stream = %(stream)s
  and external_id = 'poll:' || %(stream)s

-- :name rescan_cursor
-- A stream is read again from a time on, for platforms whose change dates cannot be trusted.
update stream_cursor set cursor = null, since = %(since)s where store_id = %(store_id)s and stream = %(stream)s

-- :name stores_to_sync
-- Connected stores with a backfill to continue or never made, or whose last poll is long enough ago.
select s.id from stores_store s
where s.state = 'connected' and (
    exists (select from run r where r.store_id = s.id and r.state = 'running' and r.kind = 'backfill')
    or not exists (select from run r where r.store_id = s.id and r.kind = 'backfill')
    or coalesce((select min(coalesce(c.polled_at, '-infinity')) from stream_cursor c where c.store_id = s.id)
                < %(before)s, false)
)
order by s.id

-- :name latest_run
-- The store's newest backfill.
select r.run_id, r.store_id, r.state, r.high_water, r.started_at, r.finished_at, r.heartbeat_at, r.seconds, r.error,
       (select count(*) from quarantine q where q.run_id = r.run_id and q.resolved_at is null)
from run r where r.store_id = %(store_id)s and r.kind = 'backfill'
order by r.run_id desc limit 1

-- :name lock_run
-- Held by the one process that works on a store, for as long as its connection lives: after a kill -9
-- PostgreSQL lets go of it by itself.
select pg_try_advisory_lock(hashtext('cartfolk sync'), %(store_id)s::integer)

-- :name unlock_run
-- The store is free for another process.
select pg_advisory_unlock(hashtext('cartfolk sync'), %(store_id)s::integer)

-- :name backfill_state
-- The state of the store's newest backfill.
select state from run where store_id = %(store_id)s and kind = 'backfill' order by run_id desc limit 1

-- :name add_links
-- New recovery links, one a cart; only the hashes of their tokens.
insert into recovery_link (token_hash, store_id, cart_token, created_at, expires_at)
select hash, store_id, cart_token, %(at)s, %(expires)s
from unnest(%(hashes)s::bytea[], %(store_ids)s::bigint[], %(carts)s::text[]) as link (hash, store_id, cart_token)

-- :name link
-- The link of a token.
select store_id, cart_token, expires_at from recovery_link where token_hash = %(hash)s

-- :name links
-- The links of some carts, newest first.
select l.store_id, l.cart_token, l.created_at, l.expires_at, l.opened_at, l.opened
from unnest(%(store_ids)s::bigint[], %(carts)s::text[]) as k (store_id, cart_token)
join recovery_link l on l.store_id = k.store_id and l.cart_token = k.cart_token
order by l.created_at desc

-- :name link_opened
-- A person opened the link.
update recovery_link set opened = opened + 1, opened_at = coalesce(opened_at, %(at)s) where token_hash = %(hash)s

-- :name forget_links
-- The links to carts of an erased person.
delete from recovery_link where (store_id, cart_token) in (select * from unnest(%(store_ids)s::bigint[], %(carts)s::text[]))

-- :name clean_links
-- Forgets links so long expired that nobody need be told so any more.
delete from recovery_link where expires_at < %(before)s

-- :name cart_place
-- Whose a cart is, by the map that every worker asks first.
select contact_id, object_id from reference
where store_id = %(store_id)s and kind = 'cart' and external_id = %(cart)s

-- :name cart_now
-- A cart as it stands, in the words of our envelope: a click changes nothing of it.
select jsonb_strip_nulls(jsonb_build_object(
    'cart_id', c.external_id, 'email', c.email, 'phone', c.phone, 'customer_id', c.customer_id,
    'first_name', c.first_name, 'last_name', c.last_name, 'currency', c.currency, 'total', c.total::text,
    'subtotal', c.subtotal::text, 'tax', c.tax::text, 'url', c.url, 'order_id', c.order_external_id,
    'lines', coalesce((
        select jsonb_agg(jsonb_build_object(
            'product_id', l.product_id, 'variant_id', l.variant_id, 'sku', l.sku, 'name', l.name,
            'quantity', l.quantity::text, 'price', l.price::text, 'total', l.total::text, 'tax', l.tax::text,
            'url', l.url, 'image_url', l.image_url) order by l.position)
        from cart_line l where l.contact_id = c.contact_id and l.cart_id = c.cart_id), '[]'))),
    c.version, c.state
from cart c where c.contact_id = %(contact_id)s and c.cart_id = %(cart_id)s

-- :name lag
-- Of each store: how many deliveries wait unhandled, since when, and when it was last asked for changes. What waits
-- for its next try counts too.
select store_id, coalesce(w.waiting, 0)::int, w.oldest, p.polled
from (select store_id, count(*) as waiting, min(received_at) as oldest
      from delivery where state = 'new' group by store_id) w
full join (select store_id, min(polled_at) as polled from stream_cursor group by store_id) p using (store_id)

-- :name sort_file_rows
-- The rows of an import's order files until they are sorted by order; gone with the transaction.
create temporary table file_row (
    key text collate "C" not null, part smallint not null, line bigint not null, fields jsonb not null,
    cells jsonb not null
) on commit drop

-- :name index_file_rows
create index on file_row (key, part, line)

-- :name sorted_file_rows
-- Every order's rows together, the order's own first.
select key, part, line, fields, cells from file_row order by key, part, line
