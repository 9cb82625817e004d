-- Groups and properties that people made (definitions.py, defined.py).

-- :name groups
select name, label_en, label_de, position from property_group order by position, name

-- :name definitions
-- All of them, archived ones too, in the order pages show them.
select name, label_en, label_de, description_en, description_de, group_name, type, multi, currency, percent, whole,
    options, formula, position, hidden, archived_at is not null as archived
from property_definition order by position, name

-- :name display
select name, position, hidden from property_display
