-- Halls and their regular term hours. What an hour rests on and when it was checked stands beside
-- it: wrong hours are what students forgive least.

create table halls (
    id text primary key,
    name text not null unique,
    official_name text not null,
    college text not null,
    vendor_type text not null check (vendor_type in ('bon_appetit', 'pomona', 'sodexo')),
    color text not null check (color ~ '^#[0-9a-f]{6}$'),
    address text,
    -- "until further notice": set while a hall is shut with no known end.
    closed_since date,
    closed_reason text
);

create table dining_hours (
    id bigint generated always as identity primary key,
    hall_id text not null references halls (id),
    -- 0 = Sunday
    day_of_week smallint not null check (day_of_week between 0 and 6),
    meal text not null,
    start_time time not null,
    -- before start_time: the next day
    end_time time not null,
    note text,
    certainty text not null check (certainty in ('high', 'medium', 'low')),
    source text not null,
    checked_on date not null,
    unique (hall_id, day_of_week, meal, start_time)
);

-- Hours that replace the usual ones on a date. No meal: the whole day. No times: closed.
create table dining_hours_overrides (
    id bigint generated always as identity primary key,
    hall_id text not null references halls (id),
    date date not null,
    meal text,
    start_time time,
    end_time time,
    reason text not null default '',
    check ((start_time is null) = (end_time is null)),
    unique nulls not distinct (hall_id, date, meal, start_time)
);

insert into halls (id, name, official_name, college, vendor_type, color, address, closed_since, closed_reason) values
    ('collins', 'Collins', 'Collins Dining Hall', 'Claremont McKenna', 'bon_appetit', '#8b0000', '888 N Columbia Ave', null, null),
    ('frank', 'Frank', 'Frank Dining Hall', 'Pomona', 'pomona', '#004b8d', '260 E Bonita Ave', null, null),
    ('frary', 'Frary', 'Frary Dining Hall', 'Pomona', 'pomona', '#004b8d', '347 E 6th St', null, null),
    ('hoch', 'Hoch-Shanahan', 'Hoch-Shanahan Dining Commons', 'Harvey Mudd', 'sodexo', '#eaaa00', '301 Platt Blvd', null, null),
    ('malott', 'Malott', 'Malott Dining Commons', 'Scripps', 'bon_appetit', '#2e5339', '1030 Columbia Ave', null, null),
    ('mcconnell', 'McConnell', 'McConnell Dining Hall', 'Pitzer', 'bon_appetit', '#f47920', '1050 N Mills Ave', null, null),
    ('oldenborg', 'Oldenborg', 'Oldenborg Dining Hall', 'Pomona', 'pomona', '#004b8d', null, '2026-09-01',
        'Closed for construction until about autumn 2028');

with given (hall_id, days, meal, start_time, end_time, note, certainty) as (values
    ('hoch', array[1, 2, 3, 4, 5], 'breakfast', time '07:30', time '09:30', null, 'high'),
    ('hoch', array[1, 2, 3, 4, 5], 'lunch', '11:15', '13:00', null, 'high'),
    ('hoch', array[0, 6], 'brunch', '10:30', '12:45', null, 'high'),
    ('hoch', array[0, 1, 2, 3, 4, 5, 6], 'dinner', '17:00', '19:00', null, 'high'),
    ('collins', array[1, 2, 3, 4, 5], 'breakfast', '07:30', '09:00', null, 'high'),
    ('collins', array[1, 2, 3, 4, 5], 'breakfast', '09:00', '10:00', 'continental', 'high'),
    ('collins', array[1, 2, 3, 4, 5], 'lunch', '11:00', '13:00', null, 'high'),
    ('collins', array[0, 6], 'brunch', '10:30', '12:30', null, 'high'),
    ('collins', array[1, 2, 3, 4, 5], 'dinner', '17:00', '19:00', null, 'high'),
    ('collins', array[0, 6], 'dinner', '16:30', '18:30', null, 'high'),
    ('collins', array[1, 2, 3, 4], 'late_night', '22:30', '23:30', null, 'high'),
    ('malott', array[1, 2, 3, 4, 5], 'breakfast', '07:30', '10:00', null, 'high'),
    ('malott', array[1, 2, 3, 4, 5], 'lunch', '11:00', '14:00', null, 'high'),
    ('malott', array[0, 6], 'brunch', '10:00', '13:00', null, 'high'),
    ('malott', array[0, 6], 'lunch', '11:00', '14:00', 'listed beside brunch', 'medium'),
    ('malott', array[1, 2, 3, 4, 5], 'dinner', '17:00', '19:15', null, 'high'),
    ('malott', array[0, 6], 'dinner', '17:00', '19:00', null, 'high'),
    ('mcconnell', array[1, 2, 3, 4, 5], 'breakfast', '07:45', '10:00', null, 'high'),
    ('mcconnell', array[1, 2, 3, 4, 5], 'lunch', '11:00', '13:30', null, 'high'),
    ('mcconnell', array[0, 6], 'brunch', '10:30', '13:30', null, 'high'),
    ('mcconnell', array[0, 1, 2, 3, 4, 5, 6], 'dinner', '17:00', '19:30', null, 'high'),
    ('frary', array[1, 2, 3, 4, 5], 'breakfast', '07:30', '10:00', null, 'medium'),
    ('frary', array[1, 2, 3, 4, 5], 'lunch', '11:00', '13:30', null, 'medium'),
    ('frary', array[0, 6], 'breakfast', '07:30', '09:30', 'continental', 'medium'),
    ('frary', array[0, 6], 'brunch', '10:30', '13:30', null, 'medium'),
    ('frary', array[0, 1, 2, 3, 4, 5, 6], 'snack', '13:30', '16:30', 'continuous service', 'medium'),
    ('frary', array[0, 1, 2, 3, 4, 5, 6], 'dinner', '17:00', '19:30', null, 'medium'),
    ('frank', array[0, 1, 2, 3, 4], 'breakfast', '07:30', '09:30', 'continental', 'low'),
    ('frank', array[0, 1, 2, 3, 4], 'brunch', '10:30', '13:30', null, 'low'),
    ('frank', array[0, 1, 2, 3, 4], 'dinner', '17:00', '19:30', null, 'low'),
    ('oldenborg', array[1, 2, 3, 4, 5], 'lunch', '12:00', '13:00', null, 'medium')
),
sources (hall_id, source, checked_on) as (values
    ('hoch', 'standard hours in the vendor''s location page', date '2025-11-15'),
    ('collins', 'weekly schedule in the vendor''s café page', '2026-02-07'),
    ('malott', 'weekly schedule in the vendor''s café page', '2026-02-07'),
    ('mcconnell', 'weekly schedule in the vendor''s café page', '2026-02-07'),
    ('frary', 'copy of the hall''s hours block in a public client''s tests', '2026-09-01'),
    ('frank', 'default values of a public client, not the hall''s own page', '2026-09-01'),
    ('oldenborg', 'pomona.edu page on language tables', '2026-09-01')
)
insert into dining_hours (hall_id, day_of_week, meal, start_time, end_time, note, certainty, source, checked_on)
select g.hall_id, d.day, g.meal, g.start_time, g.end_time, g.note, g.certainty, s.source, s.checked_on
from given g
join sources s using (hall_id)
cross join lateral unnest(g.days) as d (day);
