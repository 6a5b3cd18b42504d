#include "store/vault/uses.h"

#include "store/vault/queries.h"

#include <map>

namespace weft::store::vault {

namespace {

constexpr auto kEvery = std::chrono::minutes(1);
constexpr auto kChangeEvery = std::chrono::seconds(5);  // a state that flips writes no oftener
constexpr std::size_t kUsesMax = 5'000;  // some 300 bytes each; what is pushed out is not written

/// What an answer tells of the secret that was sent; others than these tell nothing.
std::optional<State> state_of(int status) {
    if (is_refusal(status)) return State::kFailing;
    if (status >= 200 && status < 400) return State::kOk;
    return std::nullopt;
}

}  // namespace

Uses::Uses(pg::Pool& pool, const rt::Clock& clock, Changed changed)
    : pool_(pool), clock_(clock), changed_(std::move(changed)), entries_(kUsesMax) {}

void Uses::note(const Use& use) {
    const std::string key = use.connection.text();
    Entry* entry = entries_.find(key);
    if (entry == nullptr) entry = &entries_.add(use.tenant.text(), key, Entry{.last = use});
    if (entry->last.revision != use.revision) {
        entry->state = entry->written = std::nullopt;  // nothing is known of the new secret
        entry->error_status = std::nullopt;
        entry->error_at = std::nullopt;
    }
    entry->last = use;
    entry->used_at = clock_.now();
    if (const auto state = state_of(use.status)) entry->state = state;
    if (is_refusal(use.status)) {
        entry->error_status = use.status;
        entry->error_at = entry->used_at;
    }
    if (!entry->is_pending) pending_.push_back(key);
    entry->is_pending = true;
}

bool Uses::is_due(const Entry& entry) const {
    if (!entry.written_at) return true;
    const Steady::duration wait = entry.state == entry.written ? Steady::duration(kEvery) : kChangeEvery;
    return clock_.steady() - *entry.written_at >= wait;
}

rt::Task<Result<void>> Uses::write(Which which, rt::Deadline by) {
    std::map<TenantId, std::vector<Entry>> due;
    std::vector<std::string> later;
    for (std::string& key : pending_) {
        Entry* entry = entries_.find(key);
        if (entry == nullptr) continue;
        if (which == Which::kDue && !is_due(*entry)) {
            later.push_back(std::move(key));
            continue;
        }
        due[entry->last.tenant].push_back(*entry);
        entry->is_pending = false;
        entry->written_at = clock_.steady();
        entry->written = entry->state;
        entry->error_status = std::nullopt;
        entry->error_at = std::nullopt;
    }
    pending_ = std::move(later);
    Result<void> out;
    for (auto& [tenant, entries] : due) {
        auto written = co_await write_tenant(tenant, std::move(entries), by);
        if (!written) out = fail(std::move(written).error());
    }
    co_return out;
}

rt::Task<Result<void>> Uses::write_tenant(TenantId tenant, std::vector<Entry> entries, rt::Deadline by) {
    pg::ArrayParam id, revision, used_at, state, error_status, error_at;
    for (const Entry& entry : entries) {
        id.add(entry.last.connection);
        revision.add(entry.last.revision);
        used_at.add(entry.used_at);
        state.add(entry.state);
        error_status.add(entry.error_status);
        error_at.add(entry.error_at);
    }
    auto params = pg::params(id, revision, used_at, state, error_status, error_at);
    const pg::Principal who = pg::Principal::tenant(tenant);
    CO_TRY(auto rows, co_await pool_.query(who, sql::kRecordUses, std::move(params), by));
    CO_TRY(auto changed, pg::values<ConnectionId>(rows, "id"));
    for (const ConnectionId connection : changed) changed_(tenant, connection);
    co_return Result<void>();
}

}  // namespace weft::store::vault
