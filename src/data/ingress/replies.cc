#include "data/ingress/detail/replies.h"

#include "base/words.h"
#include "data/ingress/detail/callers.h"

#include <fmt/format.h>

namespace weft::ingress::detail {

http::Response from_elsewhere(RequestId id) {
    return http::problem(Error::forbidden("This webhook takes nothing from your address"), id);
}

Wish wish_of(const trigger::Webhook& webhook, const http::Request& head) {
    const auto method = find_word<trigger::Method>(trigger::kMethods, http::name(head.method));
    if (method && webhook.methods.has(*method)) return Wish::kEvent;
    if (head.method == http::Method::kHead) return Wish::kLook;
    // Who asks whether the address is ours sends no event, and does so by GET.
    const bool is_challenge = webhook.challenge && head.method == http::Method::kGet &&
                              head.target.query.find(webhook.challenge->parameter).has_value();
    return is_challenge ? Wish::kEvent : Wish::kNothing;
}

http::Response other_method(const trigger::Webhook& webhook, RequestId id) {
    const std::string taken = webhook.methods.text();
    auto answer = http::problem(405, "method_not_allowed", fmt::format("This webhook takes {}", taken), id);
    answer.headers.add("allow", taken);
    return answer;
}

http::Response done_with(const trigger::Webhook& webhook, std::string body) {
    if (const auto status = trigger::bare_status(webhook.signature)) return http::Response::empty(*status);
    return http::Response::json(202, std::move(body));
}

http::Response echo(std::string value) {
    auto response = http::Response::text(200, std::move(value));
    response.headers.add("cache-control", "no-store");
    keep_apart(response);
    return response;
}

http::Response answer_to(trigger::Handshake asked) {
    if (asked.body.empty()) return http::Response::empty(200);
    return asked.is_json ? http::Response::json(200, std::move(asked.body)) : echo(std::move(asked.body));
}

}  // namespace weft::ingress::detail
