#include "store/idempotency/idempotency.h"

#include "store/idempotency/queries.h"

namespace weft::store::idempotency {

namespace {

pg::Params params_of(const Key& key) {
    return pg::params(key.tenant, key.caller, key.operation, key.key);
}

constexpr auto kStored = pg::columns(
    pg::bytes<&Stored::request_hash>("request_hash"),
    pg::column_or_default<&Stored::status>("status"),
    pg::column_or_default<&Stored::response>("response"),
    pg::column<&Stored::object>("object_id")
);

}  // namespace

Error used_otherwise() {
    return Error::invalid(
        "This Idempotency-Key was used for another request, or with other rights; choose a new one",
        "Idempotency-Key"
    );
}

rt::Task<Result<std::optional<Stored>>> claim(Db db, Key key, rt::Deadline by) {
    CO_TRY(auto locked, co_await db.query(sql::kTryLock, params_of(key), by));
    CO_TRY(const bool is_ours, pg::value<bool>(locked, "pg_try_advisory_xact_lock"));
    if (!is_ours) {
        co_return fail(Error::conflict("A request with this Idempotency-Key is still being worked on"));
    }
    co_return co_await find(db, std::move(key), by);
}

rt::Task<Result<std::optional<Stored>>> find(Db db, Key key, rt::Deadline by) {
    CO_TRY(auto rows, co_await db.query(sql::kFind, params_of(key), by));
    co_return pg::first(rows, kStored);
}

rt::Task<Result<void>> save(Db db, Key key, Stored answer, rt::Deadline by) {
    pg::Params params = params_of(key);
    params.add(pg::Bytes{answer.request_hash}).add(answer.status).add(answer.response);
    CO_CHECK_OK(co_await db.query(sql::kSave, std::move(params), by));
    co_return Result<void>();
}

}  // namespace weft::store::idempotency
