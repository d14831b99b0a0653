//! Engagement clocks: who is due, and that somebody was touched.

use std::{cmp::Ordering, collections::BTreeMap};

use domain::{
    engagement::{
        ClockState, STANDING_POINTS_MAX, StandingPoints, TouchKind, due_since_ever, next_touch_due,
        stored_score, touched,
    },
    id::{ClientId, ContactId},
    money::Score,
    record::{ClockOwner, TouchSource},
    time::{BusinessCalendar, Timestamp},
};
use entity::{engagement_clocks as clocks, engagement_touches as touches};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, DbBackend, EntityTrait, ExprTrait, FromQueryResult, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait, Statement,
    prelude::Uuid,
    sea_query::{CaseStatement, Expr},
};

use crate::{
    Scope, StoreResult, Transition, error::unreadable, standing::CLOCKS_PER_STATEMENT, tenant::json,
};

/// A contact whose touch is due.
#[derive(Clone, Debug, PartialEq)]
pub struct DueClock {
    /// Whose clock.
    pub contact: ContactId,
    /// The contact's key with the people who imported it.
    pub key: String,
    /// The account.
    pub client: ClientId,
    /// The clock's epoch.
    pub epoch: i32,
    /// Since when.
    pub due: Timestamp,
    /// The last touch, if there ever was one.
    pub last_touch_at: Option<Timestamp>,
    /// The part of the priority that time does not change.
    pub standing: StandingPoints,
    /// The whole priority at the moment of asking.
    pub score: Score,
}

/// A clock as it is stored.
#[derive(Clone, Debug)]
pub struct ClockRow {
    /// Its state.
    pub state: ClockState,
    /// When the next touch is due.
    pub next_touch_due: Timestamp,
    /// Whether a touch of this epoch was proposed already.
    pub is_fired: bool,
    id: Uuid,
    is_reachable: bool,
}

/// Something that counts as a touch.
#[derive(Clone, Copy, Debug)]
pub struct Touch<'a> {
    /// The person; none when only the account was touched.
    pub contact: Option<ContactId>,
    /// The account.
    pub client: ClientId,
    /// When.
    pub at: Timestamp,
    /// How.
    pub kind: TouchKind,
    /// By whom: `agent`, or whoever it was.
    pub by: &'a str,
    /// What it was derived from, so that it counts once.
    pub source: (TouchSource, Uuid),
}

impl DueClock {
    /// Takes other standing points than the stored ones.
    pub fn rescore(&mut self, points: i32, now: Timestamp) {
        self.standing = StandingPoints::from(points);
        self.score = stored_score(self.standing, self.due, self.last_touch_at.is_none(), now);
    }
}

/// Sorts by priority, then by how long they are due, then by key.
pub fn sort_due(due: &mut [DueClock]) {
    due.sort_by(cmp_due);
}

fn cmp_due(a: &DueClock, b: &DueClock) -> Ordering {
    b.score.cmp(&a.score).then_with(|| a.due.cmp(&b.due)).then_with(|| a.key.cmp(&b.key))
}

/// Levels of standing that are looked into first; twice as many each time that these were not enough.
const LEVELS_AT_FIRST: usize = 2;

impl DueRow {
    fn due_clock(self, now: Timestamp) -> Option<DueClock> {
        let standing = StandingPoints::from(self.standing_points);
        let is_never_touched = self.last_touch_at.is_none();
        Some(DueClock {
            contact: ContactId::from_uuid(self.entity_id),
            key: self.entity_key,
            client: ClientId::from_uuid(self.client_id?),
            epoch: self.epoch,
            due: self.next_touch_due,
            last_touch_at: self.last_touch_at,
            standing,
            score: stored_score(standing, self.next_touch_due, is_never_touched, now),
        })
    }
}

#[derive(FromQueryResult)]
struct DueRow {
    entity_id: Uuid,
    entity_key: String,
    client_id: Option<Uuid>,
    epoch: i32,
    next_touch_due: Timestamp,
    last_touch_at: Option<Timestamp>,
    standing_points: i32,
}

impl Scope<'_> {
    /// The contacts to touch next, most pressing first: the specification's `select_next_contacts_to_touch`.
    ///
    /// Among equal standing points the earlier due ranks first (a property of `domain::engagement`). So the first of
    /// each level is its best, and levels are looked into in the order of these until the next level's best would
    /// come too late; of each its first `limit` are enough. Each level is one seek in an index: the size of the
    /// table does not matter.
    pub async fn select_next_contacts_to_touch(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> StoreResult<Vec<DueClock>> {
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let all: Vec<i32> = (0..=STANDING_POINTS_MAX).collect();
        let mut best = self.first_of_levels(&all, now, 1).await?;
        sort_due(&mut best);
        let mut due: Vec<DueClock> = Vec::new();
        let (mut rest, mut count) = (best.as_slice(), LEVELS_AT_FIRST);
        while let Some(next) = rest.first() {
            let is_enough = wanted <= due.len();
            if is_enough && due.last().is_none_or(|last| cmp_due(last, next) == Ordering::Less) {
                break;
            }
            let (now_looked_into, later) = rest.split_at(count.min(rest.len()));
            let levels: Vec<i32> =
                now_looked_into.iter().map(|clock| clock.standing.value()).collect();
            due.extend(self.first_of_levels(&levels, now, limit).await?);
            sort_due(&mut due);
            due.truncate(wanted);
            (rest, count) = (later, count.saturating_mul(2));
        }
        Ok(due)
    }

    /// The clocks of some levels of standing that are due, the first `limit` of each.
    async fn first_of_levels(
        &self,
        levels: &[i32],
        now: Timestamp,
        limit: u32,
    ) -> StoreResult<Vec<DueClock>> {
        let backend = self.backend();
        let sql = match backend {
            DbBackend::Postgres => DUE_POSTGRES,
            _ => DUE_SQLITE,
        };
        let levels = json(&levels)?.to_string();
        let values =
            [self.tenant.uuid().into(), now.into(), i64::from(limit).into(), levels.into()];
        let statement = Statement::from_sql_and_values(backend, sql, values);
        let rows = DueRow::find_by_statement(statement).all(&self.conn).await?;
        Ok(rows.into_iter().filter_map(|row| row.due_clock(now)).collect())
    }

    /// Contacts that are due and have fired no touch, reachable or not, in no particular order.
    pub async fn list_due_clocks(&self, now: Timestamp, limit: u64) -> StoreResult<Vec<DueClock>> {
        use clocks::Column;
        let rows = clocks::Entity::find()
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::EntityType.eq(ClockOwner::Contact.as_str()))
            .filter(Column::NextTouchDue.lte(now))
            .filter(Expr::col(Column::FiredEpoch).ne(Expr::col(Column::Epoch)))
            .order_by_asc(Column::NextTouchDue)
            .order_by_asc(Column::EntityKey)
            .limit(limit)
            .into_model::<DueRow>()
            .all(&self.conn)
            .await?;
        Ok(rows.into_iter().filter_map(|row| row.due_clock(now)).collect())
    }

    /// One clock.
    pub async fn find_clock(
        &self,
        owner: ClockOwner,
        entity: Uuid,
    ) -> StoreResult<Option<ClockRow>> {
        let row = clocks::Entity::find()
            .filter(clocks::Column::TenantId.eq(self.tenant.uuid()))
            .filter(clocks::Column::EntityType.eq(owner.as_str()))
            .filter(clocks::Column::EntityId.eq(entity))
            .one(&self.conn)
            .await?;
        row.map(clock).transpose()
    }

    /// Records a touch and winds the clocks on: the specification's `update_engagement_clock`.
    ///
    /// The same source counts once, and a touch older than the last one changes no clock.
    pub async fn record_touch(
        &self,
        touch: &Touch<'_>,
        calendar: &BusinessCalendar,
        now: Timestamp,
    ) -> StoreResult<Transition> {
        let (source_kind, source_id) = touch.source;
        let row = touches::ActiveModel {
            id: Set(self.ids.next_uuid(now)),
            tenant_id: Set(self.tenant.uuid()),
            contact_id: Set(touch.contact.map(|it| it.uuid())),
            client_id: Set(touch.client.uuid()),
            touched_at: Set(touch.at),
            touch_type: Set(touch.kind.to_string()),
            touched_by: Set(touch.by.to_owned()),
            source_kind: Set(source_kind.to_string()),
            source_id: Set(source_id),
            created_at: Set(now),
        };
        let key =
            [touches::Column::TenantId, touches::Column::SourceKind, touches::Column::SourceId];
        let inserted = touches::Entity::insert(row)
            .on_conflict_do_nothing_on(key)
            .exec_without_returning(&self.conn)
            .await?;
        if Transition::of_insert(inserted) == Transition::AlreadyThere {
            return Ok(Transition::AlreadyThere);
        }
        for row in self.clocks_of(touch.contact, touch.client).await? {
            self.wind(&row, touch, calendar, now).await?;
        }
        Ok(Transition::Moved)
    }

    /// The clocks of an account and of one of its people.
    async fn clocks_of(
        &self,
        contact: Option<ContactId>,
        client: ClientId,
    ) -> StoreResult<Vec<clocks::Model>> {
        use clocks::Column;
        let of = |owner: ClockOwner, id| {
            Column::EntityType.eq(owner.as_str()).and(Column::EntityId.eq(id))
        };
        let mut whose = Condition::any().add(of(ClockOwner::Account, client.uuid()));
        if let Some(contact) = contact {
            whose = whose.add(of(ClockOwner::Contact, contact.uuid()));
        }
        let rows = clocks::Entity::find().filter(Column::TenantId.eq(self.tenant.uuid()));
        Ok(rows.filter(whose).all(&self.conn).await?)
    }

    async fn wind(
        &self,
        row: &clocks::Model,
        touch: &Touch<'_>,
        calendar: &BusinessCalendar,
        now: Timestamp,
    ) -> StoreResult<()> {
        use clocks::Column;
        let recent = recent_touches(row, touch.at);
        let clock = clock(row.clone())?;
        let Some(wound) = touched(&clock.state, touch.at, touch.kind, calendar) else {
            return Ok(());
        };
        let due = clock
            .state
            .paused_until
            .map_or(wound.next_touch_due, |it| Ord::max(it, wound.next_touch_due));
        clocks::Entity::update_many()
            .col_expr(Column::LastTouchAt, Expr::value(wound.state.last_touch_at))
            .col_expr(Column::LastTouchType, Expr::value(Some(touch.kind.as_str())))
            .col_expr(Column::LastTouchBy, Expr::value(Some(touch.by)))
            .col_expr(Column::NextTouchDue, Expr::value(due))
            .col_expr(Column::TouchCount30d, recent)
            .col_expr(Column::Epoch, Expr::value(wound.state.epoch))
            .col_expr(Column::IsOpen, Expr::value(clock.is_reachable))
            .col_expr(Column::UpdatedAt, Expr::value(now))
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::Id.eq(clock.id))
            .exec(&self.conn)
            .await?;
        Ok(())
    }

    /// Notes for some contacts that a touch of this epoch was proposed, so that it fires once.
    ///
    /// Says `Moved` if any of them had not fired before.
    pub async fn mark_fired(
        &self,
        fired: &[(ContactId, i32)],
        now: Timestamp,
    ) -> StoreResult<Transition> {
        use clocks::Column;
        let mut by_epoch: BTreeMap<i32, Vec<Uuid>> = BTreeMap::new();
        for (contact, epoch) in fired {
            by_epoch.entry(*epoch).or_default().push(contact.uuid());
        }
        let mut moved = 0;
        for (epoch, contacts) in by_epoch {
            for chunk in contacts.chunks(CLOCKS_PER_STATEMENT) {
                moved += clocks::Entity::update_many()
                    .col_expr(Column::FiredEpoch, Expr::value(epoch))
                    .col_expr(Column::IsOpen, Expr::value(false))
                    .col_expr(Column::UpdatedAt, Expr::value(now))
                    .filter(Column::TenantId.eq(self.tenant.uuid()))
                    .filter(Column::EntityType.eq(ClockOwner::Contact.as_str()))
                    .filter(Column::EntityId.is_in(chunk.iter().copied()))
                    .filter(Column::Epoch.eq(epoch))
                    .filter(Column::FiredEpoch.ne(epoch))
                    .exec(&self.conn)
                    .await?
                    .rows_affected;
            }
        }
        Ok(if 0 < moved { Transition::Moved } else { Transition::AlreadyThere })
    }

    /// Lets a clock fire again at `at` although nobody was touched: a letter was refused, failed or expired.
    ///
    /// A clock that rests until later goes on resting until then.
    pub async fn mark_rearmed(
        &self,
        contact: ContactId,
        epoch: i32,
        at: Timestamp,
        now: Timestamp,
    ) -> StoreResult<Transition> {
        use clocks::Column;
        let rests = Expr::col(Column::PausedUntil).gt(at);
        let due = CaseStatement::new()
            .case(rests, Expr::col(Column::PausedUntil))
            .finally(Expr::value(at));
        let changed = clocks::Entity::update_many()
            .col_expr(Column::Epoch, Expr::col(Column::Epoch).add(1))
            .col_expr(Column::NextTouchDue, due.into())
            .col_expr(Column::IsOpen, Expr::col(Column::UnreachableBecause).is_null())
            .col_expr(Column::UpdatedAt, Expr::value(now))
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::EntityType.eq(ClockOwner::Contact.as_str()))
            .filter(Column::EntityId.eq(contact.uuid()))
            .filter(Column::Epoch.eq(epoch))
            .exec(&self.conn)
            .await?;
        Ok(if changed.rows_affected == 1 { Transition::Moved } else { Transition::Lost })
    }

    /// Lets a clock rest until `until`; a longer rest that is set already stays.
    pub async fn mark_paused(
        &self,
        contact: ContactId,
        until: Timestamp,
        reason: &str,
        now: Timestamp,
    ) -> StoreResult<Transition> {
        use clocks::Column;
        let Some(row) = self.find_clock(ClockOwner::Contact, contact.uuid()).await? else {
            return Ok(Transition::Lost);
        };
        if row.state.paused_until.is_some_and(|set| until <= set) {
            return Ok(Transition::AlreadyThere);
        }
        clocks::Entity::update_many()
            .col_expr(Column::PausedUntil, Expr::value(Some(until)))
            .col_expr(Column::PauseReason, Expr::value(Some(reason)))
            .col_expr(Column::NextTouchDue, Expr::value(Ord::max(row.next_touch_due, until)))
            .col_expr(Column::UpdatedAt, Expr::value(now))
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::Id.eq(row.id))
            .exec(&self.conn)
            .await?;
        Ok(Transition::Moved)
    }

    /// Ends a rest before its time.
    pub async fn mark_resumed(
        &self,
        contact: ContactId,
        calendar: &BusinessCalendar,
        now: Timestamp,
    ) -> StoreResult<Transition> {
        use clocks::Column;
        let Some(row) = self.find_clock(ClockOwner::Contact, contact.uuid()).await? else {
            return Ok(Transition::Lost);
        };
        if row.state.paused_until.is_none() {
            return Ok(Transition::AlreadyThere);
        }
        let due = match row.state.last_touch_at {
            Some(at) => next_touch_due(Some(at), calendar),
            None => due_since_ever(),
        };
        clocks::Entity::update_many()
            .col_expr(Column::PausedUntil, Expr::value(None::<Timestamp>))
            .col_expr(Column::PauseReason, Expr::value(None::<String>))
            .col_expr(Column::NextTouchDue, Expr::value(due))
            .col_expr(Column::UpdatedAt, Expr::value(now))
            .filter(Column::TenantId.eq(self.tenant.uuid()))
            .filter(Column::Id.eq(row.id))
            .exec(&self.conn)
            .await?;
        Ok(Transition::Moved)
    }
}

/// The window of `touch_count_30d`.
const RECENT_DAYS: i64 = 30;

const DUE_POSTGRES: &str = "\
    SELECT due.* FROM json_array_elements_text($4::json) AS wanted(level) CROSS JOIN LATERAL ( \
        SELECT entity_id, entity_key, client_id, epoch, next_touch_due, last_touch_at, standing_points \
        FROM engagement_clocks \
        WHERE tenant_id = $1 AND entity_type = 'contact' AND is_open AND standing_points = level::int \
            AND next_touch_due <= $2 \
        ORDER BY next_touch_due, entity_key LIMIT $3) AS due";

const DUE_SQLITE: &str = "\
    SELECT entity_id, entity_key, client_id, epoch, next_touch_due, last_touch_at, standing_points \
    FROM json_each($4) AS wanted CROSS JOIN engagement_clocks ON engagement_clocks.id IN ( \
        SELECT id FROM engagement_clocks AS due \
        WHERE due.tenant_id = $1 AND due.entity_type = 'contact' AND due.is_open = 1 \
            AND due.standing_points = wanted.value AND due.next_touch_due <= $2 \
        ORDER BY due.next_touch_due, due.entity_key LIMIT $3)";

/// How many touches there were in the days until `until`, counted where the clock is written.
fn recent_touches(row: &clocks::Model, until: Timestamp) -> Expr {
    use touches::Column;
    let whose = if row.entity_type == ClockOwner::Contact.as_str() {
        Column::ContactId.eq(row.entity_id)
    } else {
        Column::ClientId.eq(row.entity_id)
    };
    let count = touches::Entity::find()
        .select_only()
        .column_as(Expr::cust("COUNT(*)"), "recent")
        .filter(Column::TenantId.eq(row.tenant_id))
        .filter(whose)
        .filter(Column::TouchedAt.gt(until - chrono::TimeDelta::days(RECENT_DAYS)))
        .filter(Column::TouchedAt.lte(until))
        .into_query();
    Expr::SubQuery(None, Box::new(count.into()))
}

fn clock(row: clocks::Model) -> StoreResult<ClockRow> {
    let kind = row.last_touch_type.as_deref().map(str::parse).transpose();
    Ok(ClockRow {
        state: ClockState {
            last_touch_at: row.last_touch_at,
            last_touch_kind: kind.map_err(unreadable("engagement_clocks.last_touch_type"))?,
            paused_until: row.paused_until,
            epoch: row.epoch,
        },
        next_touch_due: row.next_touch_due,
        is_fired: row.fired_epoch == row.epoch,
        id: row.id,
        is_reachable: row.unreachable_because.is_none(),
    })
}
