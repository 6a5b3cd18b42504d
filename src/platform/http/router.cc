#include "platform/http/router.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>

namespace weft::http {

namespace {

constexpr std::size_t kMethodCount = 7;

[[noreturn]] void refuse(std::string_view pattern, const char* why) {
    std::fprintf(stderr, "weft: route %.*s: %s\n", static_cast<int>(pattern.size()), pattern.data(), why);
    std::abort();
}

std::size_t index_of(Method method) {
    return static_cast<std::size_t>(method);
}

/// A body that is here already, as if it came.
struct WholeBody final : BodyReader {
    std::string bytes;
    rt::Task<Result<std::string>> read(rt::Deadline) override {
        constexpr std::size_t kPiece = 64u << 10;
        std::string piece = bytes.substr(0, kPiece);
        bytes.erase(0, piece.size());
        co_return piece;
    }
};

}  // namespace

struct Router::Route {
    std::string pattern;
    std::vector<std::string> names;
    Handler handler;
    RouteOptions options;
};

struct Router::Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> literal;
    std::unique_ptr<Node> any;
    std::unique_ptr<Node> rest;
    std::array<std::unique_ptr<Route>, kMethodCount> routes;

    bool has_route() const {
        for (const auto& route : routes) {
            if (route) return true;
        }
        return false;
    }
    const Route* route(Method method) const {
        const auto& own = routes[index_of(method)];
        if (own) return own.get();
        return method == Method::kHead ? routes[index_of(Method::kGet)].get() : nullptr;
    }

    /// The node of `path` ("a/b/c"), with what the names on the way matched. A node that has the method wins
    /// over one that would only say 405, which is kept in `other`.
    const Node* find(
        std::string_view path, Method method, std::vector<std::string_view>& values, const Node*& other
    ) const {
        auto slash = std::min(path.find('/'), path.size());
        auto segment = path.substr(0, slash);
        bool is_last = slash == path.size();
        auto after = is_last ? std::string_view() : path.substr(slash + 1);
        auto descend = [&](const Node& next) -> const Node* {
            if (!is_last) return next.find(after, method, values, other);
            if (!next.has_route()) return nullptr;
            if (next.route(method) != nullptr) return &next;
            if (other == nullptr) other = &next;
            return nullptr;
        };
        if (auto at = literal.find(segment); at != literal.end()) {
            if (const Node* found = descend(*at->second)) return found;
        }
        if (any && !segment.empty()) {
            values.push_back(segment);
            if (const Node* found = descend(*any)) return found;
            values.pop_back();
        }
        if (!rest) return nullptr;
        if (rest->route(method) == nullptr) {
            if (other == nullptr) other = rest.get();
            return nullptr;
        }
        values.push_back(path);
        return rest.get();
    }
};

Router::Router() : root_(std::make_unique<Node>()) {}
Router::~Router() = default;

void Router::add(Method method, std::string_view pattern, Handler handler, RouteOptions options) {
    if (pattern.empty() || pattern[0] != '/') refuse(pattern, "must start with /");
    auto route = std::make_unique<Route>();
    route->pattern = pattern;
    route->handler = std::move(handler);
    route->options = std::move(options);
    Node* node = root_.get();
    auto left = pattern.substr(1);
    for (bool is_last = false; !is_last;) {
        auto slash = std::min(left.find('/'), left.size());
        auto segment = left.substr(0, slash);
        is_last = slash == left.size();
        left.remove_prefix(is_last ? left.size() : slash + 1);
        std::unique_ptr<Node>* child = nullptr;
        if (!segment.starts_with('{')) {
            if (segment.find_first_of("{}") != segment.npos) refuse(pattern, "a {name} is a whole segment");
            child = &node->literal[std::string(segment)];
        } else {
            if (!segment.ends_with('}') || segment.size() < 3) refuse(pattern, "bad {name}");
            auto key = segment.substr(1, segment.size() - 2);
            bool is_rest = key.ends_with("...");
            if (is_rest && !is_last) refuse(pattern, "{rest...} must be last");
            route->names.emplace_back(is_rest ? key.substr(0, key.size() - 3) : key);
            child = is_rest ? &node->rest : &node->any;
        }
        if (!*child) *child = std::make_unique<Node>();
        node = child->get();
    }
    auto& slot = node->routes[index_of(method)];
    if (slot) refuse(pattern, "has two handlers for one method");
    slot = std::move(route);
    listed_.emplace_back(method, std::string(pattern));
}

Admission Router::admit(Request& head) {
    std::vector<std::string_view> values;
    const Node* other = nullptr;
    auto path = std::string_view(head.target.path).substr(1);
    const Node* node = root_->find(path, head.method, values, other);
    Admission admission;
    if (node == nullptr && other == nullptr) {
        admission.refusal = problem(Error::not_found("There is nothing at this address"), head.id);
        return admission;
    }
    if (node == nullptr) {
        std::string allow;
        for (std::size_t i = 0; i < kMethodCount; ++i) {
            if (other->route(static_cast<Method>(i)) == nullptr) continue;
            allow += (allow.empty() ? "" : ", ") + std::string(name(static_cast<Method>(i)));
        }
        admission.refusal = problem(405, "method_not_allowed", "This address allows only " + allow, head.id);
        admission.refusal->headers.add("allow", std::move(allow));
        return admission;
    }
    const Route* route = node->route(head.method);
    head.route = route->pattern;
    for (std::size_t i = 0; i < values.size(); ++i) head.params.add(route->names[i], std::string(values[i]));
    head.matched = route;
    admission.body_bytes_max = route->options.body_bytes_max;
    admission.timeout = route->options.timeout;
    const auto& streaming = route->options.streaming;
    if (streaming && streaming->wants(head)) {
        admission.is_streamed = true;
        admission.body_bytes_max = streaming->body_bytes_max;
        admission.timeout = streaming->timeout;
    }
    if (route->options.gate) admission.gate = &route->options.gate;
    return admission;
}

rt::Task<Result<Response>> Router::handle(Request request) {
    const auto* route = static_cast<const Route*>(request.matched);
    return route->handler(std::move(request));
}

rt::Task<Result<Response>> Router::answer(Request head) {
    Admission admission = admit(head);
    if (admission.refusal) co_return std::move(*admission.refusal);
    if (admission.gate != nullptr) {
        CO_TRY(Pass pass, co_await (*admission.gate)(head));
        if (pass.refusal) co_return std::move(*pass.refusal);
        head.note = std::move(pass.note);
    }
    WholeBody whole;
    if (admission.is_streamed) {
        whole.bytes = std::move(head.body);
        head.body.clear();
        head.incoming = &whole;
    }
    co_return co_await handle(std::move(head));
}

}  // namespace weft::http
