-- What people did at the ops side, and what came of it. A row is written before the deed, so that
-- nothing is done that is not on record.
create table ops_audit (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    -- the user of the log-in, or 'loopback' where there is none
    who text not null check (length(who) <= 64),
    action text not null check (length(action) <= 32),
    arguments jsonb not null check (length(arguments::text) <= 2000),
    -- null until the deed is over, and for ever where the program was gone by then
    ended_at timestamptz,
    succeeded boolean,
    result text check (length(result) <= 500),
    check ((ended_at is null) = (succeeded is null) and (ended_at is null) = (result is null))
);

create index ops_audit_by_time on ops_audit (at);
