-- Where in the queue the contacts end that the last change of the definitions marked: how far it is, is then one look
-- at the queue's front. What waits now, in the middle of an update, counts as marked.
alter table computation add column last_seq bigint;
update computation set last_seq = (select max(seq) from contact_dirty where lane = 1);
