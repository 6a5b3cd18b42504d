#include "data/ingress/detail/target_cache.h"

namespace weft::ingress::detail {

TargetCache::Entry* TargetCache::Shelf::find(const std::string& hash, Steady now) {
    auto found = by_hash.find(hash);
    if (found == by_hash.end()) return nullptr;
    auto at = found->second;
    if (at->until <= now) {
        entries.erase(at);
        by_hash.erase(found);
        return nullptr;
    }
    entries.splice(entries.begin(), entries, at);
    return &*at;
}

void TargetCache::Shelf::keep(Entry entry) {
    if (auto found = by_hash.find(entry.hash); found != by_hash.end()) {
        entries.erase(found->second);
        by_hash.erase(found);
    }
    if (entries.size() >= most && !entries.empty()) {
        by_hash.erase(entries.back().hash);
        entries.pop_back();
    }
    entries.push_front(std::move(entry));
    by_hash.emplace(entries.front().hash, entries.begin());
}

void TargetCache::Shelf::clear() {
    by_hash.clear();
    entries.clear();
}

std::optional<TargetCache::Found> TargetCache::find(const std::string& hash, Steady now) {
    if (Entry* entry = known_.find(hash, now)) return Found{entry->target};
    if (unknown_.find(hash, now) != nullptr) return Found{nullptr};
    return std::nullopt;
}

void TargetCache::keep(
    const std::string& hash, std::shared_ptr<const KnownTarget> target, std::uint64_t read_at, Steady now
) {
    if (read_at != version_) return;
    Shelf& shelf = target != nullptr ? known_ : unknown_;
    shelf.keep({hash, std::move(target), now + shelf.age});
}

void TargetCache::forget(TriggerId id) {
    ++version_;
    unknown_.clear();  // one of them may be this trigger's, active from now on
    for (auto at = known_.entries.begin(); at != known_.entries.end();) {
        auto current = at++;
        if (current->target->row.id != id) continue;
        known_.by_hash.erase(current->hash);
        known_.entries.erase(current);
    }
}

void TargetCache::forget_all() {
    ++version_;
    known_.clear();
    unknown_.clear();
}

}  // namespace weft::ingress::detail
