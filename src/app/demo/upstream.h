#pragma once

#include "base/secret.h"
#include "platform/http/server.h"
#include "platform/rt/clock.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace weft::demo {

/// A small real system to connect to: with the right `x-api-key`, `GET /orders/{id}` answers an order as JSON
/// and `GET /mirror/{id}` sends the credential back, as a careless system might; anything else is 401 or 404.
/// Counts its calls by idempotency key, so that a test can see what was repeated.
class Upstream final : public http::Service {
  public:
    Upstream(rt::Loop& loop, const rt::Clock& clock, Rng& rng, Secret api_key);
    ~Upstream() override;

    /// Listens on loopback and returns the base URL.
    Result<std::string> start();
    rt::Task<void> stop();

    std::uint64_t calls() const { return calls_; }
    std::uint64_t refused() const { return refused_; }
    /// Calls by `idempotency-key`, and the keys seen by order id: one order, one key, however often it was
    /// tried.
    const std::map<std::string, int>& calls_by_key() const { return calls_by_key_; }
    const std::map<std::string, std::string>& key_by_order() const { return key_by_order_; }
    /// Orders that came with more than one key: a broken promise.
    std::uint64_t orders_with_two_keys() const { return orders_with_two_keys_; }
    /// Remembers keys and orders from now on; off by default, so that a benchmark's memory stays flat.
    void record_keys() { records_keys_ = true; }
    /// Takes this long for each answer: a fault test wants runs to be under way when something dies.
    void answer_after(Millis delay) { delay_ = delay; }

    http::Admission admit(http::Request& head) override;
    rt::Task<Result<http::Response>> handle(http::Request request) override;

  private:
    void record(const http::Request& request, std::string order);

    Secret api_key_;
    bool records_keys_ = false;
    Millis delay_{0};
    std::uint64_t calls_ = 0;
    std::uint64_t refused_ = 0;
    std::uint64_t orders_with_two_keys_ = 0;
    std::map<std::string, int> calls_by_key_;
    std::map<std::string, std::string> key_by_order_;
    std::unique_ptr<http::Server> server_;
};

}  // namespace weft::demo
