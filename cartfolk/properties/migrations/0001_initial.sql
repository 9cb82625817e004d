-- The wide table of values derived from facts; its columns are added from the catalogue after migrate.
create table contact_property (
    contact_id  bigint primary key,
    computed_at timestamptz not null
);
-- The wide table of values set by people, imports or the API.
create table contact_custom (
    contact_id bigint primary key
);
-- One row per contact and write: everything that changed in it.
create table property_history (
    contact_id bigint not null,
    change_id  bigint generated always as identity,
    at         timestamptz not null,
    source     text not null,             -- import | sync | clock | user | merge ...
    source_id  text not null default '',
    changes    jsonb not null,            -- property -> new value (null = emptied)
    primary key (contact_id, change_id)
);
-- A first computation notes every value: lz4 packs it faster. A server built without lz4 keeps its own way.
do $$ begin
    alter table property_history alter column changes set compression lz4;
exception when feature_not_supported then null;
end $$;
-- The few values the contact list sorts and searches by; narrow, so that its indexes stay cheap.
create table contact_list (
    contact_id bigint primary key,
    createdate timestamptz,
    name       text,
    email      text,
    phone      text,
    recent_conversion_event_name text,
    recent_conversion_date timestamptz,
    last_order_date timestamptz,
    total_value_of_orders numeric,
    total_number_of_orders integer,
    store_ids  bigint[] not null default '{}',
    search     tsvector
);
create index contact_list_createdate on contact_list (createdate desc, contact_id desc);
create index contact_list_recent_conversion_date on contact_list (recent_conversion_date desc nulls last, contact_id desc);
create index contact_list_last_order_date on contact_list (last_order_date desc nulls last, contact_id desc);
create index contact_list_value on contact_list (total_value_of_orders desc nulls last, contact_id desc);
create index contact_list_name on contact_list (lower(name) collate "C", contact_id);
create index contact_list_email on contact_list (email collate "C", contact_id);
create index contact_list_search on contact_list using gin (search);
-- The text as HTML shows it: nothing a shop wrote can become markup.
create function html_text(value text) returns text language sql immutable parallel safe as $$
    select replace(replace(replace(replace(replace(value, '&', '&amp;'), '<', '&lt;'), '>', '&gt;'),
        '"', '&quot;'), '''', '&#39;')
$$;
-- The address when it is one of the web, else null: no javascript: or data: gets into a page or an e-mail.
create function web_url(value text) returns text language sql immutable parallel safe as $$
    select case when value ~* '^https?://' then value end
$$;
-- The kind of traffic an attribution (canonical.Attribution as JSON) stands for.
create function traffic_source(attribution jsonb) returns text language sql immutable parallel safe as $$
    select case
        when attribution is null then null
        when attribution->>'source_type' in ('admin', 'mobile_app') then 'OFFLINE'
        when attribution->>'source_type' in ('typein', 'direct') then 'DIRECT_TRAFFIC'
        when attribution->>'source_type' = 'organic' then 'ORGANIC_SEARCH'
        when attribution->>'source_type' = 'referral' then
            case when attribution->>'source' ~* '(facebook|instagram|twitter|(^|\.)x\.com|(^|\.)t\.co$|linkedin|pinterest|tiktok|youtube|reddit|mastodon)'
                 then 'SOCIAL_MEDIA' else 'REFERRALS' end
        when attribution->>'medium' ~* 'e-?mail|newsletter' then 'EMAIL_MARKETING'
        when attribution->>'medium' ~* '^(cpc|ppc|cpm|sem|paid.*)$' then
            case when attribution->>'medium' ~* 'social' or attribution->>'source' ~* '(facebook|instagram|twitter|linkedin|pinterest|tiktok)'
                 then 'PAID_SOCIAL' else 'PAID_SEARCH' end
        when attribution->>'medium' ~* 'social' then 'SOCIAL_MEDIA'
        when attribution->>'medium' ~* '^organic$' then 'ORGANIC_SEARCH'
        when attribution->>'medium' ~* '^referral$' then 'REFERRALS'
        when attribution->>'source_type' = 'utm' or attribution->>'campaign' is not null then 'OTHER_CAMPAIGNS'
    end
$$;
