//! What is thought of what was read, and what is not believed yet.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::types::Json;

use super::{Store, StoreError, columns::count};
use crate::{
    alerts::{Event, Turn},
    drift::{Figures, Judgement, Sign, Verdict, plausible::Doubts},
    hall::HallId,
    meal::Meal,
};

/// What is thought of a meal of a day.
#[derive(Debug)]
pub struct Judged {
    /// The day.
    pub date: NaiveDate,
    /// The meal.
    pub meal: Meal,
    /// The verdict.
    pub judgement: Judgement,
    /// Readings in a row without it, this one included.
    pub empty_reads: u32,
    /// It is missing, and over by now: what was thought of it before stays.
    pub is_over: bool,
}

impl Store {
    /// Notes what a reading is not believed in. The copies of those days are not fresh any longer,
    /// so that the next question leads to the next reading.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn doubt(
        &self,
        hall: HallId,
        doubts: &[(NaiveDate, &Doubts)],
        read_at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let dates: Vec<NaiveDate> = doubts.iter().map(|(date, _)| *date).collect();
        let meals: Vec<Json<&Doubts>> = doubts.iter().map(|(_, doubts)| Json(*doubts)).collect();
        let note = sqlx::query!(
            "with doubted as (
                 insert into menu_suspects as held (hall_id, date, meals, first_read_at)
                 select $1, date, meals, $4 from unnest($2::date[], $3::jsonb[]) as one (date, meals)
                 on conflict (hall_id, date) do update
                 set meals = excluded.meals, first_read_at = excluded.first_read_at
                 where held.first_read_at < excluded.first_read_at
             )
             update menu_days set fresh_until = $4
             where hall_id = $1 and date = any($2) and fresh_until > $4",
            hall.as_str(),
            &dates,
            &meals as &[Json<&Doubts>],
            read_at,
        );
        self.within(note.execute(&self.pool)).await.map(|_| ())
    }

    /// Keeps what is thought of a reading of these days: figures, verdicts, and whether the state of
    /// a meal turned by it. Whoever turns a state leaves the alert in the same transaction, so there
    /// is one. `near`: the days whose verdicts make the state.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn judge(
        &self,
        hall: HallId,
        dates: &[NaiveDate],
        judged: &[Judged],
        at: DateTime<Utc>,
        near: (NaiveDate, NaiveDate),
    ) -> Result<Vec<Turn>, StoreError> {
        // On the heap: a transaction is a large future, and who awaits a read need not be larger for it.
        self.within(Box::pin(async {
            let mut link = self.pool.begin().await?;
            // One after the other, a hall: the state follows from all of its verdicts.
            sqlx::query!("select pg_advisory_xact_lock(hashtext('drift:' || $1))", hall.as_str())
                .execute(&mut *link)
                .await?;
            keep_verdicts(&mut link, hall, dates, judged, at).await?;
            let turns = turn_states(&mut link, hall, at, near).await?;
            for turn in &turns {
                let event = Event::Drift(turn.clone());
                sqlx::query!(
                    "insert into alerts (kind, event, made_at, next_try_at) values ($1, $2, $3, $3)",
                    event.kind(),
                    Json(&event) as _,
                    at,
                )
                .execute(&mut *link)
                .await?;
            }
            link.commit().await?;
            Ok(turns)
        }))
        .await
    }

    /// Keeps the figures of menus that were saved, and forgets what was doubted of their days.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn keep_figures(
        &self,
        hall: HallId,
        figures: &[(NaiveDate, &Meal, &Figures)],
        read_at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let dates: Vec<NaiveDate> = figures.iter().map(|(date, ..)| *date).collect();
        let meals: Vec<&str> = figures.iter().map(|(_, meal, _)| meal.as_str()).collect();
        let number = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
        let items: Vec<i32> = figures.iter().map(|(.., one)| number(one.items)).collect();
        let untagged: Vec<i32> = figures.iter().map(|(.., one)| number(one.untagged)).collect();
        let stations: Vec<Json<&[String]>> =
            figures.iter().map(|(.., one)| Json(one.stations.as_slice())).collect();
        let unknown: Vec<Json<&Option<BTreeMap<String, u32>>>> =
            figures.iter().map(|(.., one)| Json(&one.unknown)).collect();
        let keep = sqlx::query!(
            "with kept as (
                 insert into menu_figures as held (hall_id, date, meal, read_at, items, untagged, stations, unknown)
                 select $1, date, meal, $8, items, untagged,
                        array(select jsonb_array_elements_text(stations)), nullif(unknown, 'null')
                 from unnest($2::date[], $3::text[], $4::int[], $5::int[], $6::jsonb[], $7::jsonb[])
                     as one (date, meal, items, untagged, stations, unknown)
                 on conflict (hall_id, date, meal) do update
                 set read_at = excluded.read_at, items = excluded.items, untagged = excluded.untagged,
                     stations = excluded.stations, unknown = excluded.unknown
                 where held.read_at <= excluded.read_at
             )
             delete from menu_suspects
             where hall_id = $1 and date = any($2) and first_read_at <= $8",
            hall.as_str(),
            &dates,
            &meals as &[&str],
            &items,
            &untagged,
            &stations as &[Json<&[String]>],
            &unknown as &[Json<&Option<BTreeMap<String, u32>>>],
            read_at,
        );
        self.within(keep.execute(&self.pool)).await.map(|_| ())
    }

    /// How many meals of each vendor's halls are in each state.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn drift_counts(&self) -> Result<Vec<(HallId, Verdict, u64)>, StoreError> {
        let rows = sqlx::query!(
            r#"select hall_id, verdict, count(*) as "meals!" from drift_states group by hall_id, verdict"#
        );
        let rows = self.within(rows.fetch_all(&self.pool)).await?.into_iter();
        let counts = rows.filter_map(|row| {
            let hall = HallId::parse(&row.hall_id)?;
            Some((hall, verdict(row.verdict), u64::try_from(row.meals).unwrap_or_default()))
        });
        Ok(counts.collect())
    }

    /// Forgets verdicts, doubts, changes and alerts that no one looks at any more, and the state of a meal
    /// that was not on the page again a week later: nobody knows it any more. Figures stay for a year, as
    /// the menus that they are of stay.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn forget_verdicts_before(&self, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let forget = sqlx::query!(
            "with verdicts as (delete from menu_verdicts where date < ($1::timestamptz - interval '3 days')::date),
                  suspects as (delete from menu_suspects where date < ($1::timestamptz - interval '3 days')::date),
                  states as (delete from drift_states where date < ($1::timestamptz - interval '8 days')::date),
                  figures as (delete from menu_figures where date < ($1::timestamptz - interval '400 days')::date),
                  changes as (delete from menu_changes where changed_at < $1::timestamptz - interval '2 days')
             delete from alerts where made_at < $1::timestamptz - interval '14 days'",
            now,
        );
        Ok(self.within(forget.execute(&self.pool)).await?.rows_affected())
    }
}

/// A verdict of a day that the reading says nothing of any more (closed, or not served) is taken back.
async fn keep_verdicts(
    link: &mut sqlx::PgConnection,
    hall: HallId,
    dates: &[NaiveDate],
    judged: &[Judged],
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let days: Vec<NaiveDate> = judged.iter().map(|one| one.date).collect();
    let meals: Vec<&str> = judged.iter().map(|one| one.meal.as_str()).collect();
    let verdicts: Vec<i16> = judged.iter().map(|one| one.judgement.verdict as i16).collect();
    let signs: Vec<Json<&[Sign]>> =
        judged.iter().map(|one| Json(one.judgement.signs.as_slice())).collect();
    let empty: Vec<i32> =
        judged.iter().map(|one| count(usize::try_from(one.empty_reads).unwrap_or(0))).collect();
    let over: Vec<bool> = judged.iter().map(|one| one.is_over).collect();
    sqlx::query!(
        "with incoming as (
             select * from unnest($3::date[], $4::text[], $5::smallint[], $6::jsonb[], $7::int[], $9::bool[])
                 as one (date, meal, verdict, signs, empty_reads, is_over)
         ),
         kept as (
             insert into menu_verdicts as held (hall_id, date, meal, verdict, signs, empty_reads, judged_at)
             select $1, date, meal, verdict, signs, empty_reads, $8 from incoming where not is_over
             on conflict (hall_id, date, meal) do update
             set verdict = excluded.verdict, signs = excluded.signs,
                 empty_reads = excluded.empty_reads, judged_at = excluded.judged_at
             where held.judged_at <= excluded.judged_at
         )
         update menu_verdicts v
         set verdict = 0, signs = '[]', empty_reads = 0, judged_at = $8
         where v.hall_id = $1 and v.date = any($2) and v.judged_at <= $8
           and (v.verdict > 0 or v.empty_reads > 0)
           and not exists (select from incoming i where i.date = v.date and i.meal = v.meal)",
        hall.as_str(),
        dates,
        &days,
        &meals as &[&str],
        &verdicts,
        &signs as &[Json<&[Sign]>],
        &empty,
        at,
        &over,
    )
    .execute(link)
    .await
    .map(|_| ())
}

async fn turn_states(
    link: &mut sqlx::PgConnection,
    hall: HallId,
    at: DateTime<Utc>,
    (first, last): (NaiveDate, NaiveDate),
) -> Result<Vec<Turn>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"with worst as (
               select distinct on (meal) meal, verdict, signs, date
               from menu_verdicts
               where hall_id = $1 and date between $2 and $3
                 -- Missing once is no verdict yet, neither way.
                 and (verdict > 0 or empty_reads = 0)
               order by meal, verdict desc, date
           ),
           before as (
               select meal, verdict from drift_states where hall_id = $1
           ),
           turned as (
               insert into drift_states as held (hall_id, meal, verdict, signs, date, since)
               select $1, meal, verdict, signs, date, $4 from worst
               on conflict (hall_id, meal) do update
               set verdict = excluded.verdict, signs = excluded.signs, date = excluded.date,
                   since = case when held.verdict = excluded.verdict then held.since else excluded.since end
               where held.verdict <> excluded.verdict or held.date < excluded.date
               returning meal, verdict, signs, date
           )
           select t.meal, t.verdict, t.date, t.signs as "signs: Json<Vec<Sign>>",
                  coalesce(b.verdict, 0::smallint) as "before!"
           from turned t left join before b using (meal)
           where t.verdict <> coalesce(b.verdict, 0::smallint)"#,
        hall.as_str(),
        first,
        last,
        at,
    )
    .fetch_all(link)
    .await?;
    let turns = rows.into_iter().filter_map(|row| {
        Some(Turn {
            vendor: hall.vendor(),
            hall_id: hall,
            meal: Meal::parse(&row.meal)?,
            date: row.date,
            from: verdict(row.before),
            to: verdict(row.verdict),
            signs: row.signs.0,
            at,
        })
    });
    Ok(turns.collect())
}

pub(super) fn verdict(number: i16) -> Verdict {
    let known = Verdict::ALL.into_iter().find(|verdict| *verdict as i16 == number);
    known.unwrap_or_default()
}
