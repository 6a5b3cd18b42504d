#pragma once

#include "graphql/schema/schema.h"

#include <gtest/gtest.h>

namespace weft::graphql {

/// For tests: the schema of `sdl`, which has to be right.
inline std::unique_ptr<Schema> schema_of(std::string_view sdl) {
    const auto document = parse(sdl, trusted_parse_limits());
    if (!document) {
        ADD_FAILURE() << document.error().message;
        return std::make_unique<Schema>();
    }
    auto schema = build_schema(**document);
    if (!schema) {
        ADD_FAILURE() << schema.error().message;
        return std::make_unique<Schema>();
    }
    return std::move(*schema);
}

/// For tests: why `sdl` cannot be built; empty when it can.
inline std::string build_error(std::string_view sdl) {
    const auto document = parse(sdl, trusted_parse_limits());
    if (!document) return document.error().message;
    const auto schema = build_schema(**document);
    return schema ? std::string() : schema.error().message;
}

}  // namespace weft::graphql
