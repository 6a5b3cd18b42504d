#include "control/auth/auth.h"

namespace weft::control {

bool AttemptLimit::admit(const std::string& key) {
    const Steady now = clock_.steady();
    if (!attempts_.contains(key) && attempts_.size() >= keys_max_) make_room();
    auto& times = attempts_[key];
    while (!times.empty() && times.front() + window_ <= now) times.pop_front();
    if (static_cast<int>(times.size()) >= count_) return false;
    times.push_back(now);
    return true;
}

void AttemptLimit::make_room() {
    const Steady now = clock_.steady();
    std::erase_if(attempts_, [&](const auto& entry) {
        return entry.second.empty() || entry.second.back() + window_ <= now;
    });
    // All of them recent: somebody tries many accounts. Forgetting an arbitrary one keeps memory bounded, and
    // the limit on concurrent password hashes still holds.
    if (attempts_.size() >= keys_max_) attempts_.erase(attempts_.begin());
}

}  // namespace weft::control
