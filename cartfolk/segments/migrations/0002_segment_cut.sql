-- The values between the fifths of a property over all contacts, as of a moment: published, and the same for everybody
-- until they are worked out again. Small; a reference table in a distributed database.
create table segment_cut (
    property    text primary key,
    numbers     numeric[],                  -- four, ascending, of a number; null while nobody has a value above zero
    moments     timestamptz[],              -- four, ascending, of a moment
    contacts    bigint not null,            -- how many have a value
    computed_at timestamptz not null
);
