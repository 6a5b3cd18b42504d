#pragma once

#include "core/trigger/trigger.h"
#include "platform/http/http.h"

#include <optional>
#include <string>

/// What the sender of a delivery hears that begins no run.
namespace weft::ingress::detail {

/// 403: sent from outside of the trigger's networks.
http::Response from_elsewhere(RequestId id);
/// What the method of a request says that it wants of a trigger. HEAD looks whether the address is there,
/// unless the trigger takes it as an event.
enum class Wish { kEvent, kLook, kNothing };
Wish wish_of(const trigger::Webhook& webhook, const http::Request& head);
/// 405 with what the trigger takes.
http::Response other_method(const trigger::Webhook& webhook, RequestId id);
/// All is well: 202 with this body, or what the provider demands.
http::Response done_with(const trigger::Webhook& webhook, std::string body);
/// The value of a challenge, as text.
http::Response echo(std::string value);
http::Response answer_to(trigger::Handshake asked);

}  // namespace weft::ingress::detail
