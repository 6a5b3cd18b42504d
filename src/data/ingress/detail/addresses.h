#pragma once

#include "data/ingress/detail/target_cache.h"
#include "platform/crypto/crypto.h"
#include "platform/http/address.h"
#include "platform/http/http.h"
#include "platform/http/quota.h"
#include "platform/pg/pg.h"
#include "platform/rt/clock.h"
#include "store/triggers/inbox.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace weft::ingress::detail {

struct AddressOptions {
    std::size_t cache_max = 10'000;                          // known tokens, and as many unknown ones
    Steady::duration cache_age = std::chrono::seconds(10);   // a lost notification costs this much
    Steady::duration unknown_age = std::chrono::seconds(2);  // of a token that was not found
    http::Strangers* strangers = nullptr;  // who asks for what is not there; null: nobody counts
};

/// What the {token} of an address leads to, by the cache or else the database. A `Known` is a trigger as the
/// edge needs it, parsed once: `row`, `kKind`, `of(row)`, and `unknown()`, the error of an address that leads
/// to none.
template <class Known>
class Addresses {
  public:
    using Target = std::shared_ptr<const Known>;  // shared by the cache and the requests in flight

    Addresses(pg::Pool& pool, const rt::Clock& clock, AddressOptions options)
        : pool_(pool),
          clock_(clock),
          options_(options),
          cache_(options.cache_max, options.cache_age, options.unknown_age) {}

    rt::Task<Result<Target>> find(const http::Request& head) {
        const std::string token(head.param("token"));
        if (token.empty() || token.size() > kTokenBytesMax) co_return fail(Known::unknown());
        std::string hash = crypto::sha256(token);
        if (auto cached = cache_.find(hash, clock_.steady())) {
            if (cached->target == nullptr) co_return fail(Known::unknown());
            co_return cached->target;
        }
        // A guesser's address costs no more statements; what is in use is known and goes on.
        if (options_.strangers != nullptr && options_.strangers->is_spent(head.client)) {
            co_return fail(Error::limit("Too many unknown addresses were asked for from this address"));
        }
        auto version = cache_.version();
        ++lookups_;
        CO_TRY(auto row, co_await store::triggers::find_by_token(pool_, Known::kKind, hash, head.deadline));
        if (!row) {
            cache_.keep_unknown(hash, http::address_key(head.client), version, clock_.steady());
            co_return fail(Known::unknown());
        }
        CO_TRY(Known known, Known::of(std::move(*row)));
        Target target = std::make_shared<const Known>(std::move(known));
        cache_.keep(hash, target, version, clock_.steady());
        co_return target;
    }

    /// Whether an address that was answered so has asked for too much that is not there, and gets 429
    /// instead; counts it.
    bool is_one_too_many(const http::Request& head, const Error& error) {
        if (error.code == Code::kLimit) return true;
        const bool is_stranger = error.code == Code::kNotFound || error.code == Code::kUnauthenticated;
        return is_stranger && options_.strangers != nullptr && options_.strangers->count(head.client);
    }

    void forget(TriggerId trigger) { cache_.forget(trigger); }
    void forget_all() { cache_.forget_all(); }
    std::size_t cached() const { return cache_.size(); }
    std::int64_t lookups() const { return lookups_; }  // that went to the database

  private:
    /// Longer than any token of ours; a longer one is not looked for.
    static constexpr std::size_t kTokenBytesMax = 128;

    pg::Pool& pool_;
    const rt::Clock& clock_;
    AddressOptions options_;
    TargetCache<Known> cache_;
    std::int64_t lookups_ = 0;
};

}  // namespace weft::ingress::detail
