#include "store/idempotency/idempotency.h"

#include "store/idempotency/queries.h"

namespace weft::store::idempotency {

rt::Task<Result<std::optional<Stored>>> claim(Db db, Key key, rt::Deadline by) {
    pg::Params lock;
    lock.add(key.tenant).add(key.operation).add(key.key);
    CO_TRY(auto locked, co_await db.query(sql::kTryLock, std::move(lock), by));
    if (!locked.boolean(0, 0)) {
        co_return fail(Error::conflict("A request with this Idempotency-Key is still being worked on"));
    }
    pg::Params find;
    find.add(key.tenant).add(key.operation).add(key.key);
    CO_TRY(auto rows, co_await db.query(sql::kFind, std::move(find), by));
    if (rows.empty()) co_return std::nullopt;
    Stored stored{
        .request_hash = rows.bytes(0, 0),
        .status = static_cast<int>(rows.integer(0, 1)),
        .response = std::string(rows.text(0, 2)),
    };
    co_return std::optional<Stored>(std::move(stored));
}

rt::Task<Result<void>> save(Db db, Key key, Stored answer, rt::Deadline by) {
    pg::Params params;
    params.add(key.tenant).add(key.operation).add(key.key).add_bytes(answer.request_hash);
    params.add(answer.status).add(answer.response);
    CO_CHECK_OK(co_await db.query(sql::kSave, std::move(params), by));
    co_return Result<void>();
}

}  // namespace weft::store::idempotency
