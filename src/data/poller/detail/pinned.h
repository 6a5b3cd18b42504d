#pragma once

#include "base/error.h"
#include "core/connector/connector.h"
#include "store/vault/connections.h"

#include <string>

namespace weft::poller {

/// What a trigger that is logged in with was pinned to when its settings were saved.
struct Pinned {
    ConnectionId connection;
    connector::App app;

    static Result<Pinned> parse(const std::string& compiled) {
        TRY(const Json value, parse_json(compiled));
        const auto id = ConnectionId::parse(text_or(value.get_object(), "connection"));
        if (!id) return fail(Error::internal("a trigger's connection is not pinned"));
        TRY(connector::App app, connector::parse_app(value.at("manifest")));
        return Pinned{*id, std::move(app)};
    }
};

}  // namespace weft::poller
