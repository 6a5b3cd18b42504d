#include "platform/pg/row.h"
#include "store/waits/queries.h"
#include "store/waits/waits.h"

namespace weft::store::waits {

namespace {

constexpr auto kEventWait = pg::columns(
    pg::column<&Target::tenant>("tenant_id"),
    pg::column<&Target::run>("run_id"),
    pg::column<&Target::step>("step_id"),
    pg::column<&Target::iteration>("iteration")
);

struct KeptRow {
    Uuid id;
    int size_bytes = 0;
    int codec = 0;
    TenantKeyId key_id;
    std::string data;
};
constexpr auto kKeptRow = pg::columns(
    pg::column<&KeptRow::id>("id"),
    pg::column<&KeptRow::size_bytes>("size_bytes"),
    pg::column<&KeptRow::codec>("codec"),
    pg::column<&KeptRow::key_id>("key_id"),
    pg::bytes<&KeptRow::data>("data")
);

}  // namespace

rt::Task<Result<void>> lock_event(Db db, EventKey key, rt::Deadline by) {
    CO_CHECK_OK(co_await db.query(sql::kLockEvent, pg::params(key.name, key.key), by));
    co_return Result<void>{};
}

rt::Task<Result<std::optional<Target>>> find_event_wait(Db db, EventKey key, rt::Deadline by) {
    CO_TRY(auto rows, co_await db.query(sql::kFindEventWait, pg::params(key.name, key.key), by));
    co_return pg::first(rows, kEventWait);
}

rt::Task<Result<void>> keep_event(Db db, EventKey key, Uuid id, runs::StoredPayload value, rt::Deadline by) {
    CO_TRY(auto counted, co_await db.query(sql::kCountKeptEvents, pg::params(kKeptEventsMax), by));
    CO_TRY(const auto count, pg::value<std::int64_t>(counted, "count"));
    if (count >= kKeptEventsMax) {
        Error full =
            Error::limit("Too many events are kept that no run waits for; send this one again later");
        full.retry = Retry::kBackoff;
        co_return fail(std::move(full));
    }
    auto params = pg::params(id, key.name, key.key, value.size_bytes, static_cast<std::int16_t>(value.codec));
    params.add(value.key_id).add(pg::maybe_bytes(value.data));
    CO_CHECK_OK(co_await db.query(sql::kKeepEvent, std::move(params), by));
    co_return Result<void>{};
}

rt::Task<Result<std::optional<KeptEvent>>> find_kept_event(
    pg::Pool& pool, TenantId tenant, EventKey key, rt::Deadline by
) {
    pg::Batch batch;
    batch.as(pg::Principal::tenant(tenant));
    batch.add(sql::kLockEvent, pg::params(key.name, key.key));
    batch.add(sql::kFindKeptEvent, pg::params(key.name, key.key));
    CO_TRY(auto rows, co_await pool.run(std::move(batch), by));
    CO_TRY(auto found, pg::first(rows.back(), kKeptRow));
    if (!found) co_return std::nullopt;
    runs::StoredPayload value{
        .slot = runs::ValueSlot::trigger(),
        .size_bytes = found->size_bytes,
        .codec = found->codec,
        .key_id = found->key_id,
        .data = std::move(found->data),
        .blob = std::nullopt,
    };
    co_return KeptEvent{found->id, std::move(value)};
}

rt::Task<Result<bool>> take_kept_event(
    pg::Pool& pool, EventKey key, KeptEvent event, Target target, runs::StoredPayload value, rt::Deadline by
) {
    CO_TRY(auto transaction, co_await pool.begin(pg::Principal::tenant(target.tenant), by));
    const Db db(transaction);
    CO_CHECK_OK(co_await lock_event(db, key, by));
    CO_TRY(auto rows, co_await db.query(sql::kDropKeptEvent, pg::params(event.id), by));
    CO_TRY(const auto gone, pg::value<std::int64_t>(rows, "gone"));
    if (gone == 0) co_return false;
    CO_TRY(
        const bool is_taken, co_await answer_held(db, std::move(target), std::move(value), std::nullopt, by)
    );
    if (!is_taken) co_return true;  // the wait has its answer: the event stays for another
    CO_CHECK_OK(co_await transaction.commit(by));
    co_return true;
}

}  // namespace weft::store::waits
