#pragma once

#include "platform/http/http.h"

#include <memory>
#include <utility>

namespace weft::http {

/// Keeps `room`, the memory that the body takes, until the answer has been sent.
inline void hold_room(Response& response, std::shared_ptr<const void> room) {
    struct Held {
        std::string body;
        std::shared_ptr<const void> room;
    };
    // Shared with the connection that sends it.
    auto held = std::make_shared<const Held>(std::move(response.body), std::move(room));
    const std::string* body = &held->body;
    response.body.clear();
    response.shared_body = std::shared_ptr<const std::string>(std::move(held), body);
}

}  // namespace weft::http
