-- Files people brought in on a page or the command line, and how far each is.
create table contact_import (
    import_id  bigint generated always as identity primary key,
    kind       text not null check (kind in ('contacts', 'customers', 'orders')),
    state      text not null default 'new' check (state in
                   ('new', 'checking', 'checked', 'running', 'done', 'failed', 'cancelled', 'undoing', 'undone')),
    made_by    text not null,               -- user:<id> | system
    made_at    timestamptz not null default now(),
    files      jsonb not null,              -- [{name, stored, size, encoding, separator, columns}]; empty = forgotten
    settings   jsonb not null default '{}', -- what people chose: columns, matching, mode
    began_at   timestamptz,                 -- of the run: contacts first seen since then are the import's own
    finished_at timestamptz,
    seconds    double precision not null default 0,  -- worked on it, pauses left out
    rows       bigint not null default 0,   -- of the present step (check, run): rows handled and committed
    bytes      bigint not null default 0,   -- the same in bytes of the files, for the remaining time
    created    bigint not null default 0,
    changed    bigint not null default 0,
    unchanged  bigint not null default 0,
    wrong      bigint not null default 0,
    wrong_bytes bigint not null default 0,  -- length of the error file that belongs to these numbers
    preview    jsonb not null default '{}', -- the first rows of each outcome, until the run
    undo_at    bigint not null default 0,   -- contacts up to here are undone
    undone     jsonb not null default '{}', -- what the undo did and left
    note       text not null default ''     -- why it failed
);
-- What an import did to one contact: enough to take it back.
create table contact_import_row (
    contact_id bigint not null,
    import_id  bigint not null,
    made       boolean not null,            -- the contact did not exist before
    before     jsonb not null default '{}', -- what people had set, of the values that changed
    after      jsonb not null default '{}',
    primary key (contact_id, import_id)
);
create index contact_import_row_import on contact_import_row (import_id, contact_id);
