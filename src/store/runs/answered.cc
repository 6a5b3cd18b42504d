#include "store/runs/answered.h"

#include "base/bytes.h"
#include "platform/pg/row.h"
#include "store/runs/queries.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace weft::store::runs {

namespace {

/// With what else a notice says below what PostgreSQL takes, and many to one notification.
constexpr std::size_t kNoticeBytesMax = 4'096;

std::optional<int> number(std::string_view text) {
    int out = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error != std::errc() || end != text.data() + text.size() || out < 0) return std::nullopt;
    return out;
}

}  // namespace

std::optional<std::string> notice_text(const StoredPayload& payload) {
    if (!payload.data || payload.data->size() > kNoticeBytesMax) return std::nullopt;
    return payload.slot.text() + "," + std::to_string(payload.codec) + "," +
           std::to_string(payload.size_bytes) + "," + payload.key_id.text() + "," + base64url(*payload.data);
}

std::optional<StoredPayload> from_notice(std::string_view text) {
    std::array<std::string_view, 4> parts;
    for (std::string_view& part : parts) {
        const auto end = std::min(text.find(','), text.size());
        part = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    const auto slot = ValueSlot::parse(parts[0]);
    const auto codec = number(parts[1]);
    const auto size = number(parts[2]);
    const auto key = TenantKeyId::parse(parts[3]);
    auto data = from_base64url(text);
    const bool is_answer = slot == ValueSlot::response() || slot == ValueSlot::output();
    if (!is_answer || !codec || !size || std::cmp_greater(*size, limits::kPayloadBytesMax) || !key || !data ||
        data->empty())
        return std::nullopt;
    return StoredPayload{
        .slot = *slot,
        .size_bytes = *size,
        .codec = *codec,
        .key_id = *key,
        .data = std::move(data),
        .blob = std::nullopt
    };
}

rt::Task<Result<std::vector<RunId>>> answered(
    pg::Pool& pool, std::map<TenantId, std::vector<RunId>> wanted, rt::Deadline by
) {
    pg::Batch batch;
    for (const auto& [tenant, runs] : wanted) {
        batch.as(pg::Principal::tenant(tenant)).add(sql::kAnswered, pg::params(pg::array(runs)));
    }
    CO_TRY(auto answers, co_await pool.run(std::move(batch), by));
    std::vector<RunId> out;
    for (const pg::Rows& rows : answers) {
        CO_TRY(auto found, pg::values<RunId>(rows, "run_id"));
        out.insert(out.end(), found.begin(), found.end());
    }
    co_return out;
}

}  // namespace weft::store::runs
