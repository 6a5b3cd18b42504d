#include "data/ingress/hooks.h"
#include "platform/rt/sync.h"

#include <unordered_map>

namespace weft::ingress {

struct RunWatch::Impl {
    struct Watched {
        Watched(rt::Loop& loop, TenantId owner) : tenant(owner), changed(loop) {}
        TenantId tenant;
        rt::Signal changed;
        std::uint64_t changes = 0;
        std::string answer{};  // as it was told
        int watchers = 0;
    };
    rt::Loop& loop;
    std::unordered_map<RunId, Watched> runs{};
    Steady swept_at{};
};

RunWatch::RunWatch(rt::Loop& loop) : impl_(std::make_unique<Impl>(loop)) {}
RunWatch::~RunWatch() = default;

void RunWatch::hear(const store::notices::RunChanged& changed) {
    if (changed.answer || is_terminal(changed.status)) wake(changed.run, changed.answer.value_or(""));
}

void RunWatch::wake(RunId run, std::string_view answer) {
    auto found = impl_->runs.find(run);
    if (found == impl_->runs.end()) return;
    ++found->second.changes;
    if (!answer.empty()) found->second.answer = answer;  // it stays the run's, whatever else is told
    found->second.changed.notify_all();
}

std::map<TenantId, std::vector<RunId>> RunWatch::take_sweep(Steady now, Steady::duration every) {
    std::map<TenantId, std::vector<RunId>> out;
    if (now - impl_->swept_at < every) return out;
    impl_->swept_at = now;
    for (const auto& [run, watched] : impl_->runs) out[watched.tenant].push_back(run);
    return out;
}

RunWatch::Watcher::Watcher(RunWatch& watch, TenantId tenant, RunId run) : watch_(watch), run_(run) {
    auto at = watch_.impl_->runs.try_emplace(run_, watch_.impl_->loop, tenant).first;
    ++at->second.watchers;
    seen_ = at->second.changes;
}

RunWatch::Watcher::~Watcher() {
    auto at = watch_.impl_->runs.find(run_);
    if (--at->second.watchers == 0) watch_.impl_->runs.erase(at);
}

rt::Task<Result<std::string>> RunWatch::Watcher::next(rt::Deadline by) {
    Impl::Watched& watched = watch_.impl_->runs.at(run_);
    while (seen_ == watched.changes) CO_CHECK_OK(co_await watched.changed.wait(by));
    seen_ = watched.changes;
    co_return watched.answer;
}

}  // namespace weft::ingress
