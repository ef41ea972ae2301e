-- Figures count what was read within a window of days. Without this they walk through every day ever
-- saved, and look up its menus, to find those of the window.
create index menu_days_by_reading on menu_days (menus_read_at);
