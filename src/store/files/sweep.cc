#include "platform/pg/row.h"
#include "store/files/files.h"
#include "store/files/queries.h"

#include <algorithm>

namespace weft::store::files {

namespace {

constexpr int kExpiredMax = 500;              // of one step
constexpr std::size_t kLeftoversMax = 1'000;  // likewise

const pg::Principal kDispatch = pg::Principal::system(pg::SystemRole::kDispatch);

struct Gone {
    Uuid id;
    std::int64_t size = 0;
};
constexpr auto kGone = pg::columns(pg::column<&Gone::id>("id"), pg::column<&Gone::size>("size_bytes"));

struct Known {
    Uuid id;
};
constexpr auto kKnown = pg::columns(pg::column<&Known::id>("id"));

}  // namespace

rt::Task<Result<Swept>> sweep(
    pg::Pool& pool, blob::Streams& streams, Uuid& after, std::chrono::seconds orphan_age, rt::Deadline by
) {
    Swept out;
    CO_TRY(auto work, co_await pool.begin(kDispatch, by));
    CO_TRY(auto lock, co_await work.query(sql::kLockSweep, pg::Params(), by));
    CO_TRY(out.is_ours, pg::value<bool>(lock, "pg_try_advisory_xact_lock"));
    if (!out.is_ours) co_return out;
    CO_TRY(auto dropped, co_await work.query(sql::kDropExpiredFiles, pg::params(kExpiredMax), by));
    CO_TRY(auto expired, pg::all(dropped, kGone));
    CO_TRY(auto left, co_await streams.leftovers(after, orphan_age, kLeftoversMax, by));
    pg::ArrayParam asked;
    for (const blob::Leftover& one : left) asked.add(one.name);
    std::vector<Known> known;
    if (!left.empty()) {
        CO_TRY(auto rows, co_await work.query(sql::kKnownFiles, pg::params(std::move(asked)), by));
        CO_TRY(known, pg::all(rows, kKnown));
    }
    CO_CHECK_OK(co_await work.commit(by));
    // The rows are gone for good by now; bytes that are left by a crash here are the next sweep's orphans.
    for (const Gone& one : expired) {
        CO_CHECK_OK(co_await streams.remove(one.id, by));
        ++out.expired;
        out.expired_bytes += one.size;
    }
    std::ranges::sort(known, {}, &Known::id);
    for (const blob::Leftover& one : left) {
        if (!one.is_unfinished && std::ranges::binary_search(known, one.name, {}, &Known::id)) continue;
        if (std::ranges::find(expired, one.name, &Gone::id) != expired.end()) continue;
        CO_CHECK_OK(co_await streams.remove(one.name, by));
        ++out.orphans;
    }
    const bool is_end = left.size() < kLeftoversMax;
    after = is_end ? Uuid{} : left.back().name;
    out.is_more = !is_end || out.expired >= kExpiredMax;
    co_return out;
}

}  // namespace weft::store::files
