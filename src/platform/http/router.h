#pragma once

#include "base/limits.h"
#include "platform/http/http.h"

namespace weft::http {

struct RouteOptions {
    std::size_t body_bytes_max = limits::kApiBodyBytesMax;
    Steady::duration timeout = std::chrono::seconds(30);
    Gate gate = nullptr;  // of every request that is no larger than allowed, with a body or without
    /// Requests whose body the handler reads as it comes (Request::incoming), in memory that does not grow
    /// with it, and with limits of their own.
    struct Streaming {
        std::function<bool(const Request& head)> wants;
        std::size_t body_bytes_max = 0;
        Steady::duration timeout = std::chrono::seconds(30);
    };
    std::optional<Streaming> streaming = std::nullopt;
};

/// A table of routes, fixed before the server starts. Denies by default: an unknown path is 404, a known path
/// with another method 405 with `allow`. HEAD is answered by GET's handler without the body.
///
/// Patterns: "/api/v1/runs/{id}/steps"; "{rest...}" as the last segment takes what is left, with slashes and
/// possibly empty. A literal segment wins over a {name}, a {name} over {rest...}.
class Router final : public Service {
  public:
    Router();
    ~Router() override;

    /// Aborts on a malformed pattern or a second handler for the same method and pattern: both are bugs.
    void add(Method method, std::string_view pattern, Handler handler, RouteOptions options = {});

    Admission admit(Request& head) override;
    rt::Task<Result<Response>> handle(Request request) override;
    /// All of it as the server does, without a socket: admit, gate, handle. `head.body` is what would come.
    rt::Task<Result<Response>> answer(Request head);

    /// (method, pattern) of every route in the order added: for the OpenAPI document and sweeps.
    const std::vector<std::pair<Method, std::string>>& routes() const { return listed_; }

  private:
    struct Node;
    struct Route;
    std::unique_ptr<Node> root_;
    std::vector<std::pair<Method, std::string>> listed_;
};

}  // namespace weft::http
