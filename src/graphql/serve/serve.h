#pragma once

#include "graphql/execute/execute.h"
#include "graphql/live/live.h"
#include "platform/http/http.h"
#include "platform/http/leases.h"
#include "platform/http/site.h"
#include "platform/http/turnstile.h"
#include "platform/rt/clock.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weft::http {
class Router;
}

/// GraphQL over HTTP, WebSocket and SSE; the metadata API; GraphiQL. Mounted on a router that others share.
namespace weft::graphql {

/// What the payload of `connection_init` may say of who asks. Everything else in it is dropped: where a
/// socket came from, and its cookies, only its handshake can tell.
struct Presented {
    std::optional<std::string> authorization;
    std::vector<std::pair<std::string, std::string>> hasura;  // x-hasura-..., names in lower case
};

/// Who asks, and on whose account the streams go that this one opens.
struct Identified {
    Session session;
    http::Holder holder;
};

/// Who asks: by the head of the request, and by what a socket's first message has presented.
using Authenticate = std::function<rt::Task<Outcome<Identified>>(
    std::shared_ptr<const http::Handshake> handshake, Presented presented, http::Look look
)>;

/// Failures of this code are answered 429 with Retry-After.
inline constexpr std::string_view kRateLimitExceeded = "rate-limit-exceeded";

struct EndpointOptions {
    std::string path = "/v1/graphql";
    bool allows_get = true;  // queries only
    Steady::duration init_timeout = std::chrono::seconds(3);
    Steady::duration ping = std::chrono::seconds(15);
    int missed_pings_max = 2;
    std::size_t socket_message_bytes_max = 256u << 10;  // as a POST; read on the loop, 7 ms at worst
    bool serves_graphiql = true;                        // GET with Accept: text/html
    std::string page_path{};                            // a path of the page's own, e.g. "/graphql"
    std::string page_header{};  // "name: value" that the page's requests carry, for Authenticate
    std::string sign_in{};      // where the page sends people whom the API does not know
    std::size_t sockets_max = 20'000;
    /// Whose pages may use this API: ours, and those of the listed origins. Others are refused (403).
    http::SiteRule site;
};

/// Borrowed for the life of the Endpoint.
struct EndpointParts {
    rt::Loop& loop;
    Engine& engine;
    Live& live;
    http::Leases& leases;  // of all streams of the process
    Authenticate authenticate;
};

/// POST and GET `path`: single and batch requests, both media types; WebSocket upgrade with sub-protocol
/// graphql-transport-ws (and the older graphql-ws); SSE distinct mode by Accept.
class Endpoint {
  public:
    Endpoint(EndpointParts parts, EndpointOptions options);
    ~Endpoint();
    void mount(http::Router& router);
    rt::Task<void> close();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Hasura's ways to say who asks: the admin secret with x-hasura-* headers, or a JWT with Hasura's claims.
struct HasuraAuthOptions {
    std::string admin_secret;       // empty: every request is trusted
    std::string unauthorized_role;  // of requests without a credential; empty: refused
    std::string jwt_secret;         // JSON: {"type":"HS256","key":...,"claims_namespace":...}; empty: no JWT
    const rt::Clock* clock = nullptr;  // for the times in tokens; null: the system's
    /// Who may come how often; null: nobody counts. Failures count against their address, wrong secrets among
    /// them; callers whose token names a person, and strangers of the unauthorized role, have a rate each.
    /// Those with the secret have none, and nobody is counted where no secret is asked.
    http::Turnstile* turnstile = nullptr;
};
Result<Authenticate> make_hasura_auth(HasuraAuthOptions options);

/// POST /v1/metadata for the admin: replace_metadata (versions 1 and 2), export_metadata, reload_metadata,
/// get_inconsistent_metadata, drop_inconsistent_metadata, clear_metadata, pg_track_table, pg_untrack_table,
/// bulk; and POST /v2/query run_sql, POST /v1/graphql/explain.
class MetadataApi {
  public:
    MetadataApi(
        rt::Loop& loop,
        pg::Pool& pool,
        Engine& engine,
        Live& live,
        Authenticate authenticate,
        ModelOptions model,
        http::SiteRule site = {}  // as EndpointOptions'
    );
    ~MetadataApi();
    void mount(http::Router& router);
    /// Reads the catalog, builds the model, and puts it in place. Failure: the first inconsistency, unless
    /// allowed.
    rt::Task<Outcome<>> replace(metadata::Metadata metadata, bool allow_inconsistent, rt::Deadline by);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace weft::graphql
