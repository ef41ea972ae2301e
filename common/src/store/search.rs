//! Dishes by their words, and where and when they are served.
//!
//! Words are looked up among the dishes alone, which are a few thousand, and come in ranks. Items
//! are then read rank by rank in their order, one of two ways: dish by dish where the dishes are
//! few, day by day where they are many; either stops when a page is full. See the migration for how
//! both tables come to be.

use chrono::{DateTime, NaiveDate, Utc};

use super::{Store, StoreError};
use crate::{hall::HallId, tags::Tags};

/// Dishes that are found equally well and bear the same tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundDishes {
    /// 0: all words stand in the name; 1: they begin words of the name; 2: they begin words of name
    /// and description; from 3 on: the name only looks like them, the less the higher.
    pub rank: i16,
    /// What their vendors state of them.
    pub tags: Tags,
    /// Which dishes.
    pub ids: Vec<i64>,
}

/// Where and when to look.
#[derive(Debug, Clone)]
pub struct Span {
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: Option<NaiveDate>,
    /// This hall alone.
    pub hall: Option<HallId>,
    /// This meal alone, by its word.
    pub meal: Option<String>,
}

/// Where an item stands in the order of all that is found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each field is the column of that name")]
pub struct Place {
    pub rank: i16,
    pub date: NaiveDate,
    pub hall_id: String,
    pub meal_order: i16,
    pub meal: String,
    pub position: i32,
}

/// A dish as it is served somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundItem {
    /// Hall, day and meal are in it.
    pub place: Place,
    /// The station's name.
    pub station: String,
    /// The dish's name.
    pub name: String,
    /// What the vendor adds to the name.
    pub description: Option<String>,
    /// What the vendor states of it.
    pub tags: Tags,
    /// When the menu was read.
    pub fetched_at: DateTime<Utc>,
    /// Until when it is not stale; `None`: the vendor does not post that day any more.
    pub fresh_until: Option<DateTime<Utc>>,
}

/// A [`FoundItem`] in columns.
struct Row {
    rank: i16,
    date: NaiveDate,
    hall_id: String,
    meal_order: i16,
    meal: String,
    position: i32,
    station: String,
    name: String,
    description: Option<String>,
    tags: Vec<String>,
    fetched_at: DateTime<Utc>,
    fresh_until: Option<DateTime<Utc>>,
}

impl Store {
    /// The dishes that these words find; the migration says how.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn dishes_like(&self, words: &str) -> Result<Vec<FoundDishes>, StoreError> {
        let dishes = sqlx::query!(
            r#"select rank as "rank!", tags as "tags!", array_agg(id) as "ids!"
               from search_dishes($1)
               group by rank, tags
               order by rank"#,
            words,
        );
        let rows = self.within(dishes.fetch_all(&self.pool)).await?;
        let found = |rank, tags: Vec<String>, ids| {
            let tags = tags.into_iter().collect();
            FoundDishes { rank, tags, ids }
        };
        Ok(rows.into_iter().map(|row| found(row.rank, row.tags, row.ids)).collect())
    }

    /// Items of these dishes in order, dish by dish: `ranks` are theirs, `after` is the last item
    /// of the page before, of a rank among them or lower.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn items_of_few(
        &self,
        (dishes, ranks): (&[i64], &[i16]),
        span: &Span,
        after: Option<&Place>,
        limit: i64,
    ) -> Result<Vec<FoundItem>, StoreError> {
        let rows = sqlx::query_as!(
            Row,
            r#"with page as materialized (
                   select found.rank, i.*
                   from unnest($1::bigint[], $2::smallint[]) as found (dish_id, rank)
                   cross join lateral (
                       select hall_id, date, meal_order, meal, position, dish_id
                       from menu_items
                       where dish_id = found.dish_id
                         and date >= case when found.rank = $7 then greatest($3::date, $8) else $3 end
                         and ($4::date is null or date <= $4)
                         and ($5::text is null or hall_id = $5)
                         and ($6::text is null or meal = $6)
                         and ($7::smallint is null or found.rank > $7
                              or (date, hall_id, meal_order, meal, position) > ($8::date, $9::text, $10::smallint, $11::text, $12::int))
                       order by date, hall_id, meal_order, meal, position
                       limit $13
                   ) as i
                   order by found.rank, date, hall_id, meal_order, meal, position
                   limit $13
               )
               select page.rank as "rank!", page.date, page.hall_id, page.meal_order as "meal_order!", page.meal, page.position,
                      i.station, d.name, d.description, d.tags, known.fetched_at as "fetched_at!",
                      known.fresh_until
               from page
               join menu_items i using (hall_id, date, meal_order, meal, position)
               join dishes d on d.id = i.dish_id
               cross join lateral (
                   select m.fetched_at, case when day.state = 'posted' then day.fresh_until end as fresh_until
                   from menus m
                   join menu_days day on day.hall_id = m.hall_id and day.date = m.date
                    and day.menus_read_at = m.fetched_at
                   where m.hall_id = page.hall_id collate "default" and m.date = page.date
                     and m.meal = page.meal collate "default"
                   offset 0
               ) as known
               order by page.rank, page.date, page.hall_id, page.meal_order, page.meal, page.position"#,
            dishes,
            ranks,
            span.from,
            span.to,
            span.hall.map(HallId::as_str),
            span.meal,
            after.map(|place| place.rank),
            after.map(|place| place.date),
            after.map(|place| &*place.hall_id),
            after.map(|place| place.meal_order),
            after.map(|place| &*place.meal),
            after.map(|place| place.position),
            limit,
        );
        let rows = self.within(rows.fetch_all(&self.pool)).await?;
        Ok(rows.into_iter().map(FoundItem::from).collect())
    }

    /// Items of these dishes, all of one rank, in order, day by day; `after` as above, of that rank.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn items_of_many(
        &self,
        (dishes, rank): (&[i64], i16),
        span: &Span,
        after: Option<&Place>,
        limit: i64,
    ) -> Result<Vec<FoundItem>, StoreError> {
        // `offset 0`: item by item, and collated as the tables of menus are, whose indexes are then used.
        // `+ 0`: no index on the dish is to be used, the one in order is to be walked.
        let rows = sqlx::query_as!(
            Row,
            r#"with page as materialized (
                   select hall_id, date, meal_order, meal, position
                   from menu_items
                   where dish_id + 0 = any($1::bigint[])
                     and date >= greatest($3::date, $7)
                     and ($4::date is null or date <= $4)
                     and ($5::text is null or hall_id = $5)
                     and ($6::text is null or meal = $6)
                     and ($7::date is null
                          or (date, hall_id, meal_order, meal, position) > ($7::date, $8::text, $9::smallint, $10::text, $11::int))
                   order by date, hall_id, meal_order, meal, position
                   limit $12
               )
               select $2::smallint as "rank!", page.date, page.hall_id, page.meal_order as "meal_order!", page.meal, page.position,
                      i.station, d.name, d.description, d.tags, known.fetched_at as "fetched_at!",
                      known.fresh_until
               from page
               join menu_items i using (hall_id, date, meal_order, meal, position)
               join dishes d on d.id = i.dish_id
               cross join lateral (
                   select m.fetched_at, case when day.state = 'posted' then day.fresh_until end as fresh_until
                   from menus m
                   join menu_days day on day.hall_id = m.hall_id and day.date = m.date
                    and day.menus_read_at = m.fetched_at
                   where m.hall_id = page.hall_id collate "default" and m.date = page.date
                     and m.meal = page.meal collate "default"
                   offset 0
               ) as known
               order by page.date, page.hall_id, page.meal_order, page.meal, page.position"#,
            dishes,
            rank,
            span.from,
            span.to,
            span.hall.map(HallId::as_str),
            span.meal,
            after.map(|place| place.date),
            after.map(|place| &*place.hall_id),
            after.map(|place| place.meal_order),
            after.map(|place| &*place.meal),
            after.map(|place| place.position),
            limit,
        );
        let rows = self.within(rows.fetch_all(&self.pool)).await?;
        Ok(rows.into_iter().map(FoundItem::from).collect())
    }
}

impl From<Row> for FoundItem {
    fn from(row: Row) -> Self {
        let Row { rank, date, hall_id, meal_order, meal, position, .. } = row;
        let Row { station, name, description, fetched_at, fresh_until, .. } = row;
        let place = Place { rank, date, hall_id, meal_order, meal, position };
        let tags = row.tags.into_iter().collect();
        Self { place, station, name, description, tags, fetched_at, fresh_until }
    }
}
