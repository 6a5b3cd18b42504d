#include "app/demo/upstream.h"

#include "base/json.h"

#include <fmt/format.h>

namespace weft::demo {

namespace {

constexpr std::string_view kOrders = "/orders/";
constexpr std::string_view kMirror = "/mirror/";

// A careless system that sends back the credential it was called with.
std::string mirror_text(const http::Request& request) {
    return to_text(JsonObject{{"id", request.path()}, {"saw", request.headers.get("x-api-key")}});
}

std::string order_text(const std::string& id) {
    JsonArray lines;
    lines.emplace_back(JsonObject{{"sku", "weft-thread"}, {"quantity", 2}, {"price", 450}});
    lines.emplace_back(JsonObject{{"sku", "weft-loom"}, {"quantity", 1}, {"price", 12900}});
    return to_text(
        JsonObject{{"id", id}, {"customer", "Ada"}, {"currency", "EUR"}, {"lines", std::move(lines)}}
    );
}

}  // namespace

Upstream::Upstream(rt::Loop& loop, const rt::Clock& clock, Rng& rng, Secret api_key)
    : api_key_(std::move(api_key)), server_(std::make_unique<http::Server>(loop, *this, clock, rng)) {}

Upstream::~Upstream() = default;

Result<std::string> Upstream::start() {
    TRY(std::uint16_t port, server_->listen_tcp("127.0.0.1", 0));
    return fmt::format("http://127.0.0.1:{}", port);
}

rt::Task<void> Upstream::stop() {
    co_await server_->stop(rt::Deadline::in(1s));
}

http::Admission Upstream::admit(http::Request&) {
    return {.body_bytes_max = 1u << 20};
}

rt::Task<Result<http::Response>> Upstream::handle(http::Request request) {
    ++calls_;
    if (!equal_constant_time(request.headers.get("x-api-key"), api_key_.reveal())) {
        ++refused_;
        co_return http::Response::json(401, R"({"error":"wrong or missing x-api-key"})");
    }
    if (request.path().starts_with(kMirror)) co_return http::Response::json(200, mirror_text(request));
    if (!request.path().starts_with(kOrders))
        co_return http::Response::json(404, R"({"error":"no such path"})");
    std::string order(request.path().substr(kOrders.size()));
    if (records_keys_) record(request, order);
    if (delay_ > Millis(0)) (void)co_await rt::sleep_for(delay_, request.deadline);
    co_return http::Response::json(200, order_text(order));
}

void Upstream::record(const http::Request& request, std::string order) {
    std::string key(request.headers.get("idempotency-key"));
    ++calls_by_key_[key];
    auto [known, is_new] = key_by_order_.emplace(std::move(order), key);
    if (!is_new && known->second != key) ++orders_with_two_keys_;
}

}  // namespace weft::demo
