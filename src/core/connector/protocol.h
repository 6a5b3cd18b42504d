#pragma once

#include "core/connector/connector.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace weft::connector {

/// What is spoken with an app. HTTP by steps and polls; the others by the triggers of their kind alone.
enum class Protocol : std::uint8_t { kHttp, kImap, kPostgres };
struct Scheme {
    std::string_view name;  // of Origin::scheme
    Protocol protocol;
    std::uint16_t port;
};
inline constexpr std::array<Scheme, 6> kSchemes{{
    {"http", Protocol::kHttp, 80},
    {"https", Protocol::kHttp, 443},
    {"imap", Protocol::kImap, 143},                 // TLS by STARTTLS, always
    {"imaps", Protocol::kImap, 993},                // TLS from the beginning
    {"postgres", Protocol::kPostgres, 5432},        // TLS, and the server's certificate is checked
    {"postgres-plain", Protocol::kPostgres, 5432},  // without TLS, within networks that are trusted
}};
/// Null: none of them.
const Scheme* scheme_of(std::string_view name);
Protocol protocol_of(const App& app);

}  // namespace weft::connector
