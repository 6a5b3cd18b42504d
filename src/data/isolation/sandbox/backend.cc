#include "data/isolation/detail/claimed.h"
#include "data/isolation/detail/slot.h"
#include "platform/rt/scope.h"

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <deque>
#include <future>

namespace weft::isolation {

namespace {

constexpr int kProofTimeoutMs = 10'000;
constexpr std::size_t kSpareMin = 2;  // ready children below which the pool grows
constexpr int kGrowBy = 4;            // slots made at once: joining cgroups waits, it does not compute

/// Makes slots; blocking parts only, callable from any thread.
class SlotMaker {
  public:
    explicit SlotMaker(SandboxZygote& zygote) : zygote_(zygote) {}

    Result<SlotParts> make(int index) {
        const Options& options = zygote_.options();
        SlotParts parts;
        parts.index = index;
        if (const auto* cgroups = zygote_.cgroups()) {
            TRY(parts.cgroup, cgroups->make_group(index, {options.memory_bytes_max, options.pids_max}));
        }
        TRY(parts.zygote, zygote_.make_slot(index, parts.cgroup));
        return parts;
    }

  private:
    SandboxZygote& zygote_;
};

class SandboxBackend final : public Backend {
  public:
    SandboxBackend(rt::Loop& loop, std::unique_ptr<SandboxZygote> zygote)
        : loop_(loop), zygote_(std::move(zygote)), maker_(*zygote_), free_(loop), scope_(loop) {}
    ~SandboxBackend() override { shut_down(); }

    Result<> open();

    rt::Task<Result<std::unique_ptr<Sandbox>>> start(RunSpec spec, Limits limits, rt::Deadline by) override;
    Tier tier() const override { return zygote_->tier(); }
    Health health() const override;
    rt::Task<void> close() override;

  private:
    Result<> prove(Slot& slot);
    void add(SlotParts parts);
    void grow_if_needed();
    rt::Task<void> grow(int index);
    void on_ready(Slot& slot);
    void on_kept(Slot& slot);
    void on_lost(Slot& slot);
    void on_broken(Slot& slot);
    Slot* take_kept(WorkflowVersionId version);
    /// Ends the child that was kept for the longest time: somebody else needs its slot.
    void give_up_kept();
    void shut_down();

    rt::Loop& loop_;
    std::unique_ptr<SandboxZygote> zygote_;
    SlotMaker maker_;
    std::vector<std::shared_ptr<Slot>> slots_;  // shared with pending operations and running sandboxes
    std::deque<Slot*> ready_;
    std::deque<Slot*> kept_;         // of shared mode, longest first; slots_max at most
    std::vector<int> free_indexes_;  // of slots that broke down
    int next_index_ = 0;
    int growing_ = 0;
    std::uint64_t started_ = 0;
    std::uint64_t reused_ = 0;
    std::uint64_t died_ = 0;
    std::map<KillReason, std::uint64_t> kills_;
    rt::Signal free_;
    rt::Scope scope_;
};

Result<> SandboxBackend::open() {
    const int eager = std::clamp(zygote_->options().slots_eager, 1, zygote_->options().slots_max);
    std::vector<std::future<Result<SlotParts>>> making;
    for (int i = 0; i < eager; ++i) {
        making.push_back(std::async(std::launch::async, [this, index = next_index_++] {
            return maker_.make(index);
        }));
    }
    Error first_error;
    for (auto& each : making) {
        auto parts = each.get();
        if (parts)
            add(std::move(*parts));
        else
            first_error = std::move(parts).error();
    }
    if (slots_.size() < making.size()) return fail(std::move(first_error));
    // The first child proves the whole way before anything depends on it.
    while (ready_.empty() && slots_.front()->state() == Slot::State::kForking)
        loop_.context().run_one_for(10s);
    if (ready_.empty())
        return fail(Error::unavailable("no sandbox starts; see the log of the host for denials"));
    Slot& slot = *ready_.front();
    ready_.pop_front();
    slot.claim();
    auto proved = prove(slot);
    slot.release();
    return proved;
}

Result<> SandboxBackend::prove(Slot& slot) {
    std::string frames;
    CHECK_OK(protocol::append(frames, protocol::Request(protocol::Begin{.input = R"({"n":6})"})));
    CHECK_OK(
        protocol::append(frames, protocol::Request(protocol::Evaluate{.value = R"("{{ input.n * 7 }}")"}))
    );
    const int stream = slot.stream().native_handle();
    auto failed = [](std::string detail) {
        return fail(Error::unavailable(
            "the sandbox's self-test failed: no answer to a first expression", std::move(detail)
        ));
    };
    if (send(stream, frames.data(), frames.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(frames.size())) {
        return failed("send");
    }
    protocol::FrameReader reader;
    for (;;) {
        TRY(auto frame, reader.next());
        if (frame) {
            auto reply = protocol::decode_reply(*frame);
            const auto* value = reply ? std::get_if<protocol::Value>(&*reply) : nullptr;
            if (!value || value->json != "42") return failed("wrong answer");
            return {};
        }
        pollfd wait{stream, POLLIN, 0};
        char buffer[4096];
        const ssize_t size =
            poll(&wait, 1, kProofTimeoutMs) == 1 ? recv(stream, buffer, sizeof buffer, 0) : -1;
        if (size <= 0) return failed("the child ended");
        reader.feed({buffer, static_cast<std::size_t>(size)});
    }
}

void SandboxBackend::add(SlotParts parts) {
    Slot::Events events{
        .on_ready = [this](Slot& slot) { on_ready(slot); },
        .on_kept = [this](Slot& slot) { on_kept(slot); },
        .on_lost = [this](Slot& slot) { on_lost(slot); },
        .on_broken = [this](Slot& slot) { on_broken(slot); }
    };
    const auto cpu = std::chrono::ceil<std::chrono::seconds>(zygote_->options().cpu_max).count();
    auto slot =
        std::make_shared<Slot>(loop_, std::move(parts), static_cast<std::uint32_t>(cpu), std::move(events));
    slots_.push_back(slot);
    slot->fork();
}

void SandboxBackend::on_ready(Slot& slot) {
    ready_.push_back(&slot);
    free_.notify_one();
}

void SandboxBackend::on_kept(Slot& slot) {
    kept_.push_back(&slot);
    free_.notify_one();  // whoever waits has it ended
}

void SandboxBackend::on_lost(Slot& slot) {
    std::erase(kept_, &slot);
}

/// The one that served last: its pages are warm.
Slot* SandboxBackend::take_kept(WorkflowVersionId version) {
    auto found = std::ranges::find_if(kept_.rbegin(), kept_.rend(), [&](const Slot* slot) {
        return slot->tenure->version == version;
    });
    if (found == kept_.rend()) return nullptr;
    Slot* slot = *found;
    kept_.erase(std::next(found).base());
    slot->timer().cancel();
    ++reused_;
    return slot;
}

void SandboxBackend::give_up_kept() {
    if (kept_.empty()) return;
    Slot* slot = kept_.front();
    kept_.pop_front();
    slot->release();
}

void SandboxBackend::on_broken(Slot& slot) {
    std::erase(ready_, &slot);
    std::erase(kept_, &slot);
    auto found = std::ranges::find_if(slots_, [&](const auto& each) { return each.get() == &slot; });
    if (found == slots_.end()) return;
    // Not here: we are inside one of its calls.
    loop_.post([gone = *found]() mutable { gone->shut_down(); });
    free_indexes_.push_back(slot.index());
    slots_.erase(found);
    // A waiting start() grows the pool anew.
    free_.notify_one();
}

void SandboxBackend::grow_if_needed() {
    while (ready_.size() < kSpareMin && growing_ < kGrowBy &&
           static_cast<int>(slots_.size()) + growing_ < zygote_->options().slots_max &&
           !scope_.is_cancelled()) {
        int index = 0;
        if (free_indexes_.empty()) {
            index = next_index_++;
        } else {
            index = free_indexes_.back();
            free_indexes_.pop_back();
        }
        ++growing_;
        scope_.spawn(grow(index));
    }
}

rt::Task<void> SandboxBackend::grow(int index) {
    auto parts = co_await rt::on_pool([this, index] { return maker_.make(index); });
    --growing_;
    if (parts && !scope_.is_cancelled()) {
        add(std::move(*parts));
    } else {
        if (parts) kill_and_reap(parts->zygote.pid);
        free_indexes_.push_back(index);
        (void
        )co_await rt::sleep_for(1s, scope_.forever());  // the host is short of something: do not hammer it
        free_.notify_one();
    }
}

rt::Task<Result<std::unique_ptr<Sandbox>>> SandboxBackend::start(
    RunSpec spec, Limits limits, rt::Deadline by
) {
    Slot* taken = spec.shared_by ? take_kept(*spec.shared_by) : nullptr;
    while (!taken && ready_.empty()) {
        grow_if_needed();
        if (slots_.empty() && growing_ == 0)
            co_return fail(Error::unavailable("the sandbox backend is closed"));
        if (growing_ == 0) give_up_kept();
        CO_CHECK_OK(co_await free_.wait(by));
        if (spec.shared_by) taken = take_kept(*spec.shared_by);
    }
    if (!taken) {
        taken = ready_.front();
        ready_.pop_front();
        if (spec.shared_by)
            taken->tenure = {
                .version = *spec.shared_by,
                .until = rt::Deadline::in(zygote_->options().shared_age_max),
            };
    }
    Slot& slot = *taken;
    slot.claim();
    ++started_;
    grow_if_needed();
    Claimed::Listeners listeners{
        .on_death = [this] { ++died_; },
        .on_kill = [this](KillReason reason) { ++kills_[reason]; },
    };
    auto out =
        std::make_unique<Claimed>(slot.shared_from_this(), limits, zygote_->options(), std::move(listeners));
    if (slot.tenure) ++slot.tenure->runs;
    co_return out;
}

Health SandboxBackend::health() const {
    Health out;
    out.tier = zygote_->tier();
    out.has_memory_cgroup = zygote_->cgroups() != nullptr;
    out.slots = static_cast<int>(slots_.size());
    out.ready = static_cast<int>(ready_.size());
    out.kept = static_cast<int>(kept_.size());
    out.busy = static_cast<int>(std::ranges::count_if(slots_, [](const auto& slot) {
        return slot->state() == Slot::State::kBusy;
    }));
    out.started = started_;
    out.reused = reused_;
    out.died = died_;
    out.kills = kills_;
    return out;
}

rt::Task<void> SandboxBackend::close() {
    co_await scope_.close();
    shut_down();
}

void SandboxBackend::shut_down() {
    ready_.clear();
    kept_.clear();
    for (auto& slot : std::exchange(slots_, {})) slot->shut_down();
    free_.notify_all();
}

}  // namespace

std::string Health::text() const {
    return fmt::format(
        "isolation tier {} ({}{}), slots {}, ready {}, kept {}, busy {}, runs {}, reused {}, died {}",
        static_cast<int>(tier),
        name(tier),
        has_memory_cgroup ? ", cgroups" : ", no cgroups",
        slots,
        ready,
        kept,
        busy,
        started,
        reused,
        died
    );
}

Result<std::unique_ptr<Backend>> make_sandbox_backend(rt::Loop& loop, std::unique_ptr<Zygote> zygote) {
    auto* ours = dynamic_cast<SandboxZygote*>(zygote.get());
    if (!ours) return fail(Error::internal("not a zygote of the sandbox backend"));
    std::unique_ptr<SandboxZygote> owned(ours);
    (void)zygote.release();
    auto backend = std::make_unique<SandboxBackend>(loop, std::move(owned));
    CHECK_OK(backend->open());
    return backend;
}

}  // namespace weft::isolation
