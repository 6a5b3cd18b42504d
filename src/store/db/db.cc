#include "store/db/db.h"

namespace weft::store {

rt::Task<Result<pg::Rows>> Db::query(pg::Query query, pg::Params params, rt::Deadline by) const {
    if (transaction_ != nullptr)
        co_return co_await transaction_->query(query, std::move(params), std::move(by));
    co_return co_await pool_->query(who_, query, std::move(params), std::move(by));
}

Result<void> expect_row(const pg::Rows& rows, std::string message) {
    if (rows.empty()) return fail(Error::not_found(std::move(message)));
    return {};
}

bool violates(const Error& error, std::string_view constraint) {
    return error.code == Code::kConflict && error.detail.find(constraint) != std::string::npos;
}

}  // namespace weft::store
