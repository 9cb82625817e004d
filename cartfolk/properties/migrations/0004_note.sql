-- What people write down about a contact. A deleted note stays until it is erased or its undo has lapsed.
create table note (
    contact_id bigint not null,
    note_id    bigint generated always as identity,
    at         timestamptz not null,
    body       text not null,
    by         text not null,             -- user:3
    edited_at  timestamptz,
    deleted_at timestamptz,
    primary key (contact_id, note_id)
);
