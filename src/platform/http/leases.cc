#include "platform/http/leases.h"

#include "platform/rt/scope.h"
#include "platform/rt/sync.h"

#include <algorithm>
#include <deque>
#include <map>
#include <unordered_map>
#include <utility>

namespace weft::http {

namespace {

/// Beside the requests of people: a pool has about eight connections.
constexpr int kRenewalsAtOnce = 4;
constexpr auto kRenewalTimeout = std::chrono::seconds(5);
/// For so long a stream goes on whose credential can't be looked at (the database is away, its owner asks too
/// often). Then the client is to come again: nobody keeps a revoked stream open by keeping us from looking.
constexpr Steady::duration kUnknownMax = std::chrono::seconds(30);
/// How late the end of a credential is seen at most, when nobody tells.
constexpr Steady::duration kTick = std::chrono::milliseconds(250);

/// What one principal, tenant or process holds in all its streams.
struct Account {
    std::array<std::size_t, kHeldKinds> held{};
};

struct Level {
    std::string_view name;
    std::size_t Caps::* cap;
};
constexpr std::array kLevels{
    Level{"stream", &Caps::of_stream},
    Level{"principal", &Caps::of_principal},
    Level{"tenant", &Caps::of_tenant},
    Level{"process", &Caps::of_process},
};
constexpr std::array<std::string_view, kHeldKinds> kNames{"streams", "subscriptions", "stream_bytes"};

const Caps& caps_of(const LeaseOptions& options, Held what) {
    switch (what) {
        case Held::kStreams:
            return options.streams;
        case Held::kSubscriptions:
            return options.subscriptions;
        case Held::kBytes:
            break;
    }
    return options.bytes;
}

Error too_much(Held what, const Level& level, std::size_t cap) {
    const std::string name =
        std::string(kNames[static_cast<std::size_t>(what)]) + "_per_" + std::string(level.name) + "_max";
    return Error::limit(
        "The limit " + name + " (" + std::to_string(cap) +
            ") is reached; close some streams or subscriptions",
        name
    );
}

}  // namespace

struct Leases::Impl : std::enable_shared_from_this<Leases::Impl> {
    Impl(rt::Loop& on, const rt::Clock& by, LeaseOptions given)
        : clock(by), options(given), changed(on), scope(on) {}

    using Id = std::uint64_t;
    using Due = std::multimap<Steady, Id>;
    using Accounts = std::unordered_map<std::string, Account>;

    struct Entry final : Lease {
        Entry(std::shared_ptr<Impl> to, Terms given) : leases(std::move(to)), terms(std::move(given)) {}
        ~Entry() override { leases->remove(*this); }
        Result<void> add(Held what, std::size_t amount) override { return leases->add(*this, what, amount); }
        void give_back(Held what, std::size_t amount) override { leases->give_back(*this, what, amount); }

        std::shared_ptr<Impl> leases;  // shared with the registry's owner and the other leases
        Terms terms;
        Id id = 0;
        Account own;
        std::array<Account*, kLevels.size()> accounts{};  // by kLevels; null: without a limit
        Due::iterator due;
        std::optional<Steady> unknown_since;
        bool is_queued = false;
        bool is_running = false;
        bool is_over = false;
    };

    Result<std::unique_ptr<Lease>> take(Terms terms);
    Result<void> add(Entry& entry, Held what, std::size_t amount);
    void give_back(Entry& entry, Held what, std::size_t amount);
    void remove(Entry& entry);
    void wake(Entry& entry);
    void run_due();
    void start();
    void schedule(Entry& entry, Steady when);
    void judge(Entry& entry, Renewed renewed);
    rt::Task<void> renew(Id id, Renew look);
    rt::Task<void> tick();

    const rt::Clock& clock;
    LeaseOptions options;
    Id last_id = 0;
    std::unordered_map<Id, Entry*> entries;
    std::unordered_multimap<std::string, Entry*> by_key;
    Accounts principals;
    Accounts tenants;
    Account process;
    Due due;
    std::deque<Id> queue;  // to be looked at
    int running = 0;
    bool is_ticking = false;
    Stats stats;
    rt::Signal changed;
    rt::Scope scope;
};

Result<std::unique_ptr<Lease>> Leases::Impl::take(Terms terms) {
    if (scope.is_cancelled()) return fail(Error::unavailable("The server is shutting down"));
    auto entry = std::make_unique<Entry>(shared_from_this(), std::move(terms));
    entry->id = ++last_id;
    const Holder& holder = entry->terms.holder;
    entry->accounts = {&entry->own, nullptr, nullptr, &process};
    if (!holder.principal.empty()) entry->accounts[1] = &principals[holder.principal];
    if (!holder.tenant.empty()) entry->accounts[2] = &tenants[holder.tenant];
    entry->due = due.emplace(clock.steady() + options.sweep, entry->id);
    entries.emplace(entry->id, entry.get());
    for (const std::string& key : holder.keys) by_key.emplace(key, entry.get());
    CHECK_OK(add(*entry, Held::kStreams, 1));
    wake(*entry);
    if (!std::exchange(is_ticking, true)) scope.spawn(tick());
    return entry;
}

Result<void> Leases::Impl::add(Entry& entry, Held what, std::size_t amount) {
    const auto kind = static_cast<std::size_t>(what);
    const Caps& caps = caps_of(options, what);
    for (std::size_t i = 0; i < kLevels.size(); ++i) {
        const std::size_t cap = caps.*kLevels[i].cap;
        if (entry.accounts[i] == nullptr) continue;
        const std::size_t held = entry.accounts[i]->held[kind];
        if (held <= cap && amount <= cap - held) continue;
        ++stats.refused;
        return fail(too_much(what, kLevels[i], cap));
    }
    for (Account* account : entry.accounts) {
        if (account != nullptr) account->held[kind] += amount;
    }
    return {};
}

void Leases::Impl::give_back(Entry& entry, Held what, std::size_t amount) {
    const auto kind = static_cast<std::size_t>(what);
    amount = std::min(amount, entry.own.held[kind]);
    for (Account* account : entry.accounts) {
        if (account != nullptr) account->held[kind] -= amount;
    }
}

void Leases::Impl::remove(Entry& entry) {
    for (std::size_t kind = 0; kind < kHeldKinds; ++kind) {
        give_back(entry, static_cast<Held>(kind), entry.own.held[kind]);
    }
    const auto forget = [](Accounts& accounts, const std::string& name) {
        const auto found = accounts.find(name);
        if (found != accounts.end() && found->second.held[0] == 0) accounts.erase(found);
    };
    forget(principals, entry.terms.holder.principal);
    forget(tenants, entry.terms.holder.tenant);
    for (const std::string& key : entry.terms.holder.keys) {
        const auto [begin, end] = by_key.equal_range(key);
        for (auto each = begin; each != end; ++each) {
            if (each->second != &entry) continue;
            by_key.erase(each);
            break;
        }
    }
    due.erase(entry.due);
    entries.erase(entry.id);
}

void Leases::Impl::schedule(Entry& entry, Steady when) {
    due.erase(entry.due);
    entry.due = due.emplace(when, entry.id);
    changed.notify_all();
}

/// Once more when it is being looked at: that look may have come too early.
void Leases::Impl::wake(Entry& entry) {
    if (entry.is_over || std::exchange(entry.is_queued, true)) return;
    queue.push_back(entry.id);
    start();
}

void Leases::Impl::start() {
    std::size_t passed = 0;
    while (running < kRenewalsAtOnce && passed < queue.size()) {
        const Id id = queue[passed];
        const auto found = entries.find(id);
        if (found != entries.end() && found->second->is_running) {
            ++passed;
            continue;
        }
        queue.erase(queue.begin() + static_cast<std::ptrdiff_t>(passed));
        if (found == entries.end()) continue;
        Entry& entry = *found->second;
        entry.is_queued = false;
        entry.is_running = true;
        ++running;
        scope.spawn(renew(id, entry.terms.renew));
    }
}

rt::Task<void> Leases::Impl::renew(Id id, Renew look) {
    const auto self = shared_from_this();
    co_await rt::yield();  // whoever woke it goes on first
    ++stats.renewals;
    Renewed renewed = co_await look(scope.deadline(kRenewalTimeout));
    --running;
    const auto found = entries.find(id);
    if (found != entries.end()) {
        found->second->is_running = false;
        judge(*found->second, std::move(renewed));
    }
    start();
}

void Leases::Impl::judge(Entry& entry, Renewed renewed) {
    const Instant now = clock.now();
    const auto expires_at = entry.terms.expires_at;
    if (renewed.kind == Renewed::Kind::kUnknown) {
        if (!entry.unknown_since) entry.unknown_since = clock.steady();
        if (clock.steady() - *entry.unknown_since >= kUnknownMax) {
            renewed = {.kind = Renewed::Kind::kChanged, .reason = "your rights are not known; connect again"};
        }
    }
    switch (renewed.kind) {
        case Renewed::Kind::kUnknown:
            return schedule(entry, clock.steady() + options.retry);
        case Renewed::Kind::kHolds: {
            entry.unknown_since.reset();
            entry.terms.expires_at = renewed.expires_at;
            Steady::duration wait = options.sweep;
            if (renewed.expires_at) {
                const Steady::duration left = *renewed.expires_at - now;
                // Past its time it may hold still: clocks differ, and a skew may be allowed.
                wait = std::min(wait, left > Steady::duration::zero() ? left : options.retry);
            }
            return schedule(entry, clock.steady() + wait);
        }
        case Renewed::Kind::kGone:
        case Renewed::Kind::kChanged:
            break;
    }
    const bool is_expired = expires_at && *expires_at <= now;
    const Ending ending = renewed.kind == Renewed::Kind::kChanged ? Ending::kChanged
                          : is_expired                            ? Ending::kExpired
                                                                  : Ending::kGone;
    entry.is_over = true;
    ++stats.ended;
    schedule(entry, Steady::max());
    const auto end = entry.terms.end;  // which may give the lease back
    end(ending, std::move(renewed.reason));
}

void Leases::Impl::run_due() {
    const Steady now = clock.steady();
    while (!due.empty() && due.begin()->first <= now) {
        Entry& entry = *entries.at(due.begin()->second);
        // Until it has been looked at.
        schedule(entry, now + options.sweep);
        wake(entry);
    }
}

rt::Task<void> Leases::Impl::tick() {
    const auto self = shared_from_this();
    while (!scope.is_cancelled()) {
        run_due();
        const Steady::duration left =
            due.empty() ? Steady::duration::max() : due.begin()->first - clock.steady();
        const auto wait = due.empty() ? scope.forever() : scope.deadline(std::min(left, kTick));
        (void)co_await changed.wait(wait);
    }
}

Leases::Leases(rt::Loop& loop, const rt::Clock& clock, LeaseOptions options)
    : impl_(std::make_shared<Impl>(loop, clock, options)) {}
Leases::~Leases() = default;

Result<std::unique_ptr<Lease>> Leases::take(Terms terms) {
    return impl_->take(std::move(terms));
}

void Leases::wake(std::string_view key) {
    const auto [begin, end] = impl_->by_key.equal_range(std::string(key));
    for (auto each = begin; each != end; ++each) impl_->wake(*each->second);
}

void Leases::wake_all() {
    for (const auto& [id, entry] : impl_->entries) impl_->wake(*entry);
}

Leases::Stats Leases::stats() const {
    Stats out = impl_->stats;
    out.held = impl_->process.held;
    return out;
}

rt::Task<void> Leases::close() {
    const auto held = impl_;
    co_await held->scope.close();
}

}  // namespace weft::http
