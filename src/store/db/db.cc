#include "store/db/db.h"

namespace weft::store {

/// No coroutine: its task would begin, and read the members, when it is awaited, while a function that took
/// the Db by value may have returned that task.
rt::Task<Result<pg::Rows>> Db::query(pg::Query query, pg::Params params, rt::Deadline by) const {
    if (transaction_ != nullptr) return transaction_->query(query, std::move(params), std::move(by));
    return pool_->query(who_, query, std::move(params), std::move(by));
}

Result<void> expect_row(const pg::Rows& rows, std::string message) {
    if (rows.empty()) return fail(Error::not_found(std::move(message)));
    return {};
}

bool violates(const Error& error, std::string_view constraint) {
    return error.database != nullptr && error.database->constraint == constraint;
}

}  // namespace weft::store
