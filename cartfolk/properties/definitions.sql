-- Groups and properties that people made (definitions.py, defined.py).

-- :name defined
-- Everything people defined, archived properties too, in the order pages show it, as one text: as long as it is the
-- same, so is what it means.
select json_build_object(
    'groups', (select coalesce(json_agg(g order by position, name), '[]')
               from (select name, label_en, label_de, position from property_group) g),
    'definitions', (select coalesce(json_agg(d order by position, name), '[]') from (
        select name, label_en, label_de, description_en, description_de, group_name, type, multi, currency, percent,
            whole, options, formula, position, hidden, archived_at is not null as archived
        from property_definition) d),
    'display', (select coalesce(json_agg(d), '[]') from (select name, position, hidden from property_display) d),
    'group_order', (select coalesce(json_agg(name order by position, name), '[]') from property_group_display)
)::text

-- :name alone
-- Whoever changes definitions, one after the other.
select pg_advisory_xact_lock(4027, 13)

-- :name add_group
insert into property_group (name, label_en, label_de, position)
select %(name)s, %(en)s, %(de)s, coalesce(max(position) + 1, 0) from property_group

-- :name change_group
update property_group set label_en = %(en)s, label_de = %(de)s where name = %(name)s

-- :name delete_group
with shown as (delete from property_group_display where name = %(name)s)
delete from property_group where name = %(name)s

-- :name add
-- A new property stands last.
insert into property_definition (name, label_en, label_de, description_en, description_de, group_name, type, multi,
    currency, percent, whole, options, hidden, formula, position)
select %(name)s, %(en)s, %(de)s, %(about_en)s, %(about_de)s, %(group)s, %(type)s, %(multi)s, %(currency)s, %(percent)s,
    %(whole)s, %(options)s, %(hidden)s, %(formula)s, coalesce(max(position) + 1, 0) from property_definition

-- :name change
update property_definition set label_en = %(en)s, label_de = %(de)s, description_en = %(about_en)s,
    description_de = %(about_de)s, group_name = %(group)s, type = %(type)s, multi = %(multi)s, currency = %(currency)s,
    percent = %(percent)s, whole = %(whole)s, options = %(options)s, hidden = %(hidden)s,
    formula = %(formula)s
where name = %(name)s

-- :name archive
-- Puts properties aside, or with an empty moment brings them back.
update property_definition set archived_at = %(at)s where name = any(%(names)s)

-- :name delete
with shown as (delete from property_display where name = %(name)s)
delete from property_definition where name = %(name)s

-- :name noted
-- How many changes of history name the property.
select count(*) from property_history where jsonb_exists(changes, %(name)s)

-- :name order
-- One order for the catalogue's and people's own.
insert into property_display (name, position)
select name, place from unnest(%(names)s::text[]) with ordinality as wanted (name, place)
on conflict (name) do update set position = excluded.position

-- :name order_groups
insert into property_group_display (name, position)
select name, place from unnest(%(names)s::text[]) with ordinality as wanted (name, place)
on conflict (name) do update set position = excluded.position

-- :name hide
update property_definition set hidden = %(hidden)s where name = %(name)s

-- :name hide_known
insert into property_display (name, hidden) values (%(name)s, %(hidden)s)
on conflict (name) do update set hidden = excluded.hidden

-- :name hide_all
-- Own properties and the catalogue's at once.
with own as (update property_definition set hidden = %(hidden)s where name = any(%(names)s) returning name)
insert into property_display (name, hidden)
select name, %(hidden)s from unnest(%(names)s::text[]) as asked (name) where name not in (select name from own)
on conflict (name) do update set hidden = excluded.hidden
