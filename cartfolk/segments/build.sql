-- :name take
-- The build of a segment that waits, or whose builder died: its version, once.
update segment set state = 'building', done = 0, expected = null
where segment_id = %(segment)s and kind = 'active' and deleted_at is null and not cancelled
  and state in ('waiting', 'building')
returning version, definition

-- :name alone
select pg_try_advisory_lock(4031, %(segment)s)

-- :name release
select pg_advisory_unlock(4031, %(segment)s)

-- :name step
-- Notes progress; nothing comes back when the build was cancelled, or the definition changed meanwhile.
update segment set done = %(done)s, expected = %(expected)s
where segment_id = %(segment)s and version = %(version)s and not cancelled and deleted_at is null
returning segment_id

-- :name complete
update segment set state = 'ready', built = %(version)s, built_at = %(at)s, error = ''
where segment_id = %(segment)s and version = %(version)s

-- :name failed
update segment set state = 'failed', error = %(error)s where segment_id = %(segment)s and version = %(version)s

-- :name stopped
update segment set state = 'failed', error = 'cancelled' where segment_id = %(segment)s and cancelled

-- :name stop
-- What can be asked no more is true no more.
update segment set state = 'failed', error = %(gone)s where state = 'ready' and segment_id = any(%(refused)s::int[])

-- :name go_on
-- What stopped for that and can be asked again waits for a build.
update segment set state = 'waiting', error = '', done = 0, expected = null
where state = 'failed' and error = %(gone)s and segment_id = any(%(readable)s::int[])

-- :name waiting
select segment_id from segment
where kind = 'active' and deleted_at is null and not cancelled and state in ('waiting', 'building') order by segment_id

-- :name present
-- Who is noted as a member.
select contact_id from contact_segment where segments @> array[%(segment)s]::int[]

-- :name everybody
select contact_id from contact_property order by contact_id
