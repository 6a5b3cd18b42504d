#include "store/idempotency/idempotency.h"

#include "store/idempotency/queries.h"

namespace weft::store::idempotency {

namespace {

pg::Params params_of(const Key& key) {
    pg::Params params;
    params.add(key.tenant).add(key.caller).add(key.operation).add(key.key);
    return params;
}

}  // namespace

Error used_otherwise() {
    return Error::invalid(
        "This Idempotency-Key was used for another request, or with other rights; choose a new one",
        "Idempotency-Key"
    );
}

rt::Task<Result<std::optional<Stored>>> claim(Db db, Key key, rt::Deadline by) {
    CO_TRY(auto locked, co_await db.query(sql::kTryLock, params_of(key), by));
    if (!locked.boolean(0, 0)) {
        co_return fail(Error::conflict("A request with this Idempotency-Key is still being worked on"));
    }
    co_return co_await find(db, std::move(key), by);
}

rt::Task<Result<std::optional<Stored>>> find(Db db, Key key, rt::Deadline by) {
    CO_TRY(auto rows, co_await db.query(sql::kFind, params_of(key), by));
    if (rows.empty()) co_return std::nullopt;
    Stored stored{.request_hash = rows.bytes(0, 0)};
    if (rows.is_null(0, 3)) {
        stored.status = static_cast<int>(rows.integer(0, 1));
        stored.response = std::string(rows.text(0, 2));
    } else {
        stored.object = rows.uuid(0, 3);
    }
    co_return std::optional<Stored>(std::move(stored));
}

rt::Task<Result<void>> save(Db db, Key key, Stored answer, rt::Deadline by) {
    pg::Params params = params_of(key);
    params.add_bytes(answer.request_hash).add(answer.status).add(answer.response);
    CO_CHECK_OK(co_await db.query(sql::kSave, std::move(params), by));
    co_return Result<void>();
}

}  // namespace weft::store::idempotency
