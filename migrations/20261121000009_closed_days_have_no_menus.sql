-- A day that is closed has no menus that count. The programs keep to that when they save one. Somebody who closes
-- a day by hand may not, and then its menus would be served as fresh: he is told at once instead.
-- Both statements look at one row a hall and day, a few thousand in a year.
update menu_days set menus_read_at = null where state = 'closed' and menus_read_at is not null;
alter table menu_days
    add constraint menu_days_closed_has_no_menus check (state <> 'closed' or menus_read_at is null);
