-- A role for the programs that may read and write menus and nothing else: it owns nothing, makes and
-- drops nothing, and deletes no menu. To be run by the role that migrates, after each migration:
--
--   APP_PASSWORD=… psql -v ON_ERROR_STOP=1 -v app_role=menus_app -f deploy/roles.sql "$OWNERS_URL"
--
-- The password comes from the environment: arguments are for everybody on the machine to see.
-- It may be run again at any time, and changes the password to what it is given.

\getenv app_password APP_PASSWORD

select set_config('menus.app_role', :'app_role', false) is not null,
    set_config('menus.app_password', :'app_password', false) is not null;

do $$
declare
    app text := current_setting('menus.app_role');
    -- What people write, and menus: they cannot be read again from anywhere.
    kept text[] := array['halls', 'dining_hours', 'menu_days', 'menus'];
    relation text;
begin
    if not exists (select from pg_roles where rolname = app) then
        execute format('create role %I', app);
    end if;
    execute format(
        'alter role %I login nosuperuser nocreatedb nocreaterole noreplication nobypassrls password %L',
        app, current_setting('menus.app_password'));

    -- Nobody gets in, or makes anything, because he is anybody.
    execute format('revoke all on database %I from public', current_database());
    revoke create on schema public from public;

    execute format('grant connect on database %I to %I', current_database(), app);
    execute format('grant usage on schema public to %I', app);
    execute format('grant select, insert, update, delete on all tables in schema public to %I', app);
    execute format('grant usage on all sequences in schema public to %I', app);
    -- And what the next migration makes, until this is run again.
    execute format(
        'alter default privileges in schema public grant select, insert, update, delete on tables to %I', app);
    execute format('alter default privileges in schema public grant usage on sequences to %I', app);

    foreach relation in array kept loop
        execute format('revoke delete on %I from %I', relation, app);
    end loop;
    execute format('revoke insert, update on halls, dining_hours from %I', app);
    execute format('revoke insert, update, delete on _sqlx_migrations from %I', app);
end
$$;
