-- Groups people made; the catalogue's are part of the program.
create table property_group (
    name     text primary key,
    label_en text not null,
    label_de text not null,
    position integer not null default 0
);
-- Properties people made. Their values are columns of contact_custom with the same name.
create table property_definition (
    name           text primary key check (name ~ '^[a-z][a-z0-9_]{0,59}$'),
    label_en       text not null,
    label_de       text not null,
    description_en text not null default '',
    description_de text not null default '',
    group_name     text not null,
    type           text not null,
    multi          boolean not null default false,
    currency       boolean not null default false,
    percent        boolean not null default false,
    whole          boolean not null default false,
    options        jsonb not null default '[]',   -- [{value, en, de, hidden}] in order
    formula        text,                          -- calculated from other properties
    position       integer not null default 0,
    hidden         boolean not null default false,
    archived_at    timestamptz
);
-- How this account shows properties of the catalogue.
create table property_display (
    name     text primary key,
    position integer,
    hidden   boolean not null default false
);
-- When the lifecycle stage in contact_custom was set by hand: only later facts move it on. The dates are the moments
-- people first set each stage; contact_property holds those that count, by hand or by facts.
alter table contact_custom
    add column lifecyclestage_set_at timestamptz,
    add column if not exists hs_lifecyclestage_subscriber_date timestamptz,
    add column if not exists hs_lifecyclestage_lead_date timestamptz,
    add column if not exists hs_lifecyclestage_marketingqualifiedlead_date timestamptz,
    add column if not exists hs_lifecyclestage_salesqualifiedlead_date timestamptz,
    add column if not exists hs_lifecyclestage_opportunity_date timestamptz,
    add column if not exists hs_lifecyclestage_customer_date timestamptz,
    add column if not exists hs_lifecyclestage_evangelist_date timestamptz,
    add column if not exists hs_lifecyclestage_other_date timestamptz;
-- Who made the change: user:3, token:4; empty for shops and the clock.
alter table property_history add column by text not null default '';
