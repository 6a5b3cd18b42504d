#pragma once

#include "base/error.h"
#include "base/id.h"
#include "platform/pg/pg.h"
#include "platform/pg/row.h"
#include "platform/rt/deadline.h"
#include "platform/rt/task.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weft::store {

/// Where a store function's statement runs: alone, as one principal (one round trip), or in a transaction the
/// caller's frame owns. By value; borrows the pool or the transaction.
class Db {
  public:
    Db(pg::Pool& pool, pg::Principal who) : pool_(&pool), who_(std::move(who)) {}
    Db(pg::Pool& pool, TenantId tenant) : Db(pool, pg::Principal::tenant(tenant)) {}
    explicit Db(pg::Transaction& transaction) : transaction_(&transaction) {}

    /// The task needs the pool or the transaction, not this object.
    rt::Task<Result<pg::Rows>> query(pg::Query query, pg::Params params, rt::Deadline by) const;

  private:
    pg::Pool* pool_ = nullptr;
    pg::Transaction* transaction_ = nullptr;
    pg::Principal who_ = pg::Principal::system(pg::SystemRole::kAuth);  // unused in a transaction
};

/// A page by key: the rows after `after`, newest first unless the list says otherwise.
struct PageRequest {
    int limit = 50;             // 1..limits::kPageSizeMax
    std::optional<Uuid> after;  // of an earlier page's `next`
};

template <class T>
struct Page {
    std::vector<T> items;
    std::optional<Uuid> next;  // set when there is more
};

/// Parameters of a list statement: it reads one row more than asked for, which tells whether there is more.
inline int fetch_limit(const PageRequest& page) {
    return page.limit + 1;
}

/// Cuts the extra row off and sets `next` to the last kept item's key.
template <class T, class KeyOf>
Page<T> cut_page(std::vector<T> rows, const PageRequest& page, KeyOf key_of) {
    Page<T> out;
    if (rows.size() > static_cast<std::size_t>(page.limit)) {
        rows.erase(rows.begin() + page.limit, rows.end());
        out.next = key_of(rows.back());
    }
    out.items = std::move(rows);
    return out;
}

/// A page of rows whose key is `id`.
template <class T, std::size_t N>
Result<Page<T>> page_of(const pg::Rows& rows, const pg::Columns<T, N>& columns, const PageRequest& page) {
    TRY(auto items, pg::all(rows, columns));
    return cut_page(std::move(items), page, [](const T& item) { return item.id.uuid(); });
}

/// The first row: of an insert ... returning, or a look-up by key. kNotFound with `missing` when there is
/// none.
template <class T, std::size_t N>
Result<T> one(const Result<pg::Rows>& rows, const pg::Columns<T, N>& columns, std::string_view missing) {
    if (!rows) return fail(rows.error());
    TRY(auto found, pg::first(*rows, columns));
    if (!found) return fail(Error::not_found(std::string(missing)));
    return std::move(*found);
}

/// The one row of an insert ... returning or a look-up by key: kNotFound with `message` when there is none.
Result<void> expect_row(const pg::Rows& rows, std::string message);

/// True when `error` is the violation of the named constraint.
bool violates(const Error& error, std::string_view constraint);

}  // namespace weft::store
