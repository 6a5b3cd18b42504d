#include "data/ingress/detail/target_cache.h"

namespace weft::ingress::detail {

const TargetCache::Entry* TargetCache::find_in(FairLru<Entry>& shelf, const std::string& hash, Steady now) {
    const Entry* found = shelf.find(hash);
    if (found != nullptr && found->until > now) return found;
    shelf.erase(hash);
    return nullptr;
}

std::optional<TargetCache::Found> TargetCache::find(const std::string& hash, Steady now) {
    if (const Entry* entry = find_in(known_, hash, now)) return Found{entry->target};
    if (find_in(unknown_, hash, now) != nullptr) return Found{nullptr};
    return std::nullopt;
}

void TargetCache::keep(
    const std::string& hash, std::shared_ptr<const KnownTarget> target, std::uint64_t read_at, Steady now
) {
    if (read_at != version_) return;
    const std::string owner = target->row.tenant.text();
    known_.add(owner, hash, {std::move(target), now + age_});
}

void TargetCache::keep_unknown(
    const std::string& hash, std::string_view asker, std::uint64_t read_at, Steady now
) {
    if (read_at == version_) unknown_.add(asker, hash, {nullptr, now + unknown_age_});
}

void TargetCache::forget(TriggerId id) {
    ++version_;
    unknown_.clear();  // one of them may be this trigger's, active from now on
    known_.erase_if([&](const Entry& entry) { return entry.target->row.id == id; });
}

void TargetCache::forget_all() {
    ++version_;
    known_.clear();
    unknown_.clear();
}

}  // namespace weft::ingress::detail
