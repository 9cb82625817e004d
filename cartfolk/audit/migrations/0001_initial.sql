-- Who did what, append only. A small local table; it names contacts by number only, never by a value of theirs.
create table audit_event (
    event_id bigint generated always as identity primary key,
    at       timestamptz not null,
    actor    text not null,            -- a user's id ("user:3"), a token's ("token:7") or "system"
    action   text not null,            -- noun.verb: contact.erased, member.invited, segment.deleted ...
    target   text not null default '', -- what it was done to: "contact:42", "store:teashop"
    detail   jsonb not null default '{}'
);
create index audit_event_at on audit_event (at desc, event_id desc);
