#include "store/triggers/samples.h"

#include "platform/rt/loop.h"
#include "store/triggers/queries.h"

#include <algorithm>

namespace weft::store::triggers {

namespace {

const pg::Principal kIngest = pg::Principal::system(pg::SystemRole::kIngest);
constexpr std::size_t kProblemBytesMax = 1'000;

/// A sample is no run's value: it has its trigger's id where they have their run's, and is bound to it.
RunId place_of(TriggerId id) {
    return RunId(id.uuid());
}

struct Row {
    std::optional<Instant> listen_until;
    std::optional<std::string> problem;
    std::optional<Instant> captured_at;
    int size_bytes = 0;
    int codec = 0;
    std::optional<TenantKeyId> key_id;
    std::optional<std::string> data;
};
constexpr auto kRow = pg::columns(
    pg::column<&Row::listen_until>("listen_until"),
    pg::column<&Row::problem>("problem"),
    pg::column<&Row::captured_at>("captured_at"),
    pg::column<&Row::size_bytes>("size_bytes"),
    pg::column<&Row::codec>("codec"),
    pg::column<&Row::key_id>("key_id"),
    pg::bytes<&Row::data>("data")
);

}  // namespace

rt::Task<Result<Sample>> find_sample(Db db, TriggerId id, rt::Deadline by) {
    CO_TRY(auto rows, co_await db.query(sql::kFindSample, pg::params(id), std::move(by)));
    CO_TRY(auto found, pg::first(rows, kRow));
    Sample out;
    if (!found) co_return out;
    out.listen_until = found->listen_until;
    out.problem = std::move(found->problem);
    out.captured_at = found->captured_at;
    out.sealed.size_bytes = found->size_bytes;
    out.sealed.codec = found->codec;
    if (found->key_id) out.sealed.key_id = *found->key_id;
    out.sealed.data = std::move(found->data);
    co_return out;
}

rt::Task<Result<std::string>> open_sample(
    runs::DataKeys& keys, TenantId tenant, TriggerId id, runs::StoredPayload sealed, rt::Deadline by
) {
    CO_TRY(auto key, co_await keys.find(tenant, sealed.key_id, std::move(by)));
    auto unpack = [&] { return runs::open_payload(*key, tenant, place_of(id), sealed); };
    co_return co_await rt::offload(static_cast<std::size_t>(std::max(sealed.size_bytes, 0)), unpack);
}

rt::Task<Result<void>> listen(Db db, TriggerId id, std::chrono::seconds how_long, rt::Deadline by) {
    const auto seconds = static_cast<std::int64_t>(std::min(how_long, kListenMax).count());
    CO_CHECK_OK(co_await db.query(sql::kListen, pg::params(id, seconds), std::move(by)));
    co_return Result<void>();
}

rt::Task<Result<void>> poll_soon(Db db, TriggerId id, rt::Deadline by) {
    CO_CHECK_OK(co_await db.query(sql::kPollSoon, pg::params(id), std::move(by)));
    co_return Result<void>();
}

rt::Task<Result<bool>> capture(
    pg::Pool& pool,
    runs::DataKeys& keys,
    TenantId tenant,
    TriggerId id,
    std::string input,
    std::string trigger,
    rt::Deadline by
) {
    const std::string text = R"({"input":)" + std::move(input) + R"(,"trigger":)" + std::move(trigger) + "}";
    CO_TRY(auto key, co_await keys.newest(tenant, by));
    // In the row whatever its size: it outlives the blobs of its day.
    auto pack = [&] {
        return runs::seal_payload(*key, tenant, place_of(id), runs::ValueSlot::input(), text);
    };
    auto sealed = co_await rt::offload(text.size(), pack);
    if (!sealed && sealed.error().code == Code::kLimit) {
        std::string why = "The event is larger than 8 MiB, more than is kept as a sample";
        CO_CHECK_OK(co_await fail_sample(pool, tenant, id, std::move(why), by));
        co_return false;
    }
    CO_CHECK_OK(sealed);
    auto params = pg::params(
        tenant, id, sealed->size_bytes, sealed->codec, sealed->key_id, pg::maybe_bytes(sealed->data)
    );
    CO_TRY(auto rows, co_await pool.query(kIngest, sql::kCapture, std::move(params), by));
    CO_TRY(const auto kept, pg::values<TriggerId>(rows, "trigger_id"));
    co_return !kept.empty();
}

rt::Task<Result<void>> fail_sample(
    pg::Pool& pool, TenantId tenant, TriggerId id, std::string why, rt::Deadline by
) {
    why.resize(std::min(why.size(), kProblemBytesMax));
    auto params = pg::params(tenant, id, why);
    CO_CHECK_OK(co_await pool.query(kIngest, sql::kFailSample, std::move(params), by));
    co_return Result<void>();
}

}  // namespace weft::store::triggers
