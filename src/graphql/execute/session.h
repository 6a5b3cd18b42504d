#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace weft::graphql {

/// Who asks, as an authenticator of the transport found out. Without a role it is nobody, and refused.
struct Session {
    std::string role;
    std::map<std::string, std::string, std::less<>> variables;  // lower case: "x-hasura-user-id"
    bool is_trusted = false;                                    // came with the admin secret, or none is set
    bool uses_backend_permissions = false;                      // it may, being trusted, and it asked to
    std::string tenant;    // whose texts are cached apart from others'; empty: all are one application's
    std::string rate_key;  // whose budget this is: the tenant
    std::optional<std::chrono::system_clock::time_point> expires_at;  // sockets close then
    std::map<std::string, std::string, std::less<>> headers;          // of the request, for webhook actions

    std::shared_ptr<const void>
        host;  // the host program's own note, for its resolvers: shared by the request's copies

    bool is_admin() const { return role == "admin"; }
};

}  // namespace weft::graphql
