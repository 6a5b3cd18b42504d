#include "graphql/serve/detail/incoming.h"

#include <algorithm>
#include <string>
#include <utility>

namespace weft::graphql::detail {

namespace {

constexpr std::size_t kBodyBytesMax = 16u << 20;  // the route's limit is lower
constexpr std::size_t kBatchMax = 1'000;          // the role's limit is lower
/// Session variables that a client may present on a socket.
constexpr std::size_t kPresentedMax = 100;
constexpr std::size_t kPresentedBytesMax = 8u << 10;

std::string_view kind_of(const Json& value) {
    switch (value.kind()) {
        case JsonKind::kNull:
            return "Null";
        case JsonKind::kBool:
            return "Boolean";
        case JsonKind::kString:
            return "String";
        case JsonKind::kArray:
            return "Array";
        case JsonKind::kObject:
            return "Object";
        case JsonKind::kNumber:
            return "Number";
    }
    return "";
}

std::unexpected<Failure> wrong(std::string_view key, std::string_view wanted, const Json& found) {
    std::string path = key.empty() ? "$" : "$." + std::string(key);
    return failure(
        "parse-failed",
        "expected " + std::string(wanted) + ", but encountered " + std::string(kind_of(found)),
        std::move(path)
    );
}

/// The member, or null when it is absent or null.
Json* member(JsonObject& object, std::string_view key) {
    Json* found = object.if_contains(key);
    return found == nullptr || found->is_null() ? nullptr : found;
}

Outcome<> read_text(std::string& out, JsonObject& object, std::string_view key) {
    Json* found = member(object, key);
    if (found == nullptr) return {};
    if (!found->is_string()) return wrong(key, "String", *found);
    out = found->get_string();
    return {};
}

Outcome<> read_object(JsonObject& out, JsonObject& object, std::string_view key) {
    Json* found = member(object, key);
    if (found == nullptr) return {};
    if (!found->is_object()) return wrong(key, "Object", *found);
    out = std::move(found->get_object());
    return {};
}

Outcome<> read_extensions(Request& out, JsonObject extensions) {
    Json* persisted = member(extensions, "persistedQuery");
    if (persisted == nullptr) return {};
    if (!persisted->is_object()) return wrong("extensions.persistedQuery", "Object", *persisted);
    const Json* hash = member(persisted->get_object(), "sha256Hash");
    if (hash == nullptr || !hash->is_string()) {
        return failure(
            "parse-failed", "expected the SHA-256 of the query", "$.extensions.persistedQuery.sha256Hash"
        );
    }
    out.persisted_hash = hash->get_string();
    return {};
}

Outcome<JsonObject> parse_object(std::string_view text, std::string_view key) {
    auto value = parse_json(text);
    if (!value) return failure("invalid-json", value.error().user, "$." + std::string(key));
    if (value->is_null()) return JsonObject();
    if (!value->is_object()) return wrong(key, "Object", *value);
    return std::move(value->get_object());
}

Outcome<> check_query(const Request& request) {
    if (!request.query.empty() || !request.persisted_hash.empty()) return {};
    return failure("parse-failed", "key \"query\" not found");
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    return out;
}

}  // namespace

Presented read_presented(const Json& payload) {
    Presented out;
    if (!payload.is_object()) return out;
    const Json* nested = payload.get_object().if_contains("headers");
    const bool is_nested = nested != nullptr && nested->is_object();
    for (const auto& [key, value] : is_nested ? nested->get_object() : payload.get_object()) {
        if (value.is_object() || value.is_array() || value.is_null()) continue;
        std::string text = value.is_string() ? std::string(value.get_string()) : to_text(value);
        if (text.size() > kPresentedBytesMax || !http::is_header_value(text)) continue;
        std::string name = lower(key);
        if (name == "authorization") {
            out.authorization = std::move(text);
        } else if (name.starts_with("x-hasura-") && http::is_header_name(name) &&
                   out.hasura.size() < kPresentedMax) {
            out.hasura.emplace_back(std::move(name), std::move(text));
        }
    }
    return out;
}

Outcome<Request> read_request(Json value) {
    if (!value.is_object()) return wrong("", "Object", value);
    JsonObject& object = value.get_object();
    Request out;
    JsonObject extensions;
    if (auto read = read_text(out.query, object, "query"); !read)
        return std::unexpected(std::move(read).error());
    if (auto read = read_text(out.operation_name, object, "operationName"); !read) {
        return std::unexpected(std::move(read).error());
    }
    if (auto read = read_object(out.variables, object, "variables"); !read) {
        return std::unexpected(std::move(read).error());
    }
    if (auto read = read_object(extensions, object, "extensions"); !read) {
        return std::unexpected(std::move(read).error());
    }
    if (auto read = read_extensions(out, std::move(extensions)); !read) {
        return std::unexpected(std::move(read).error());
    }
    if (auto fine = check_query(out); !fine) return std::unexpected(std::move(fine).error());
    return out;
}

Outcome<Incoming> read_body(std::string_view body) {
    auto value = parse_json(body, {.bytes_max = kBodyBytesMax});
    if (!value) return failure("invalid-json", value.error().user);
    Incoming out;
    if (!value->is_array()) {
        auto request = read_request(std::move(*value));
        if (!request) return std::unexpected(std::move(request).error());
        out.requests.push_back(std::move(*request));
        return out;
    }
    out.is_batch = true;
    if (value->get_array().size() > kBatchMax) {
        return failure("parse-failed", "a batch holds at most " + std::to_string(kBatchMax) + " requests");
    }
    for (Json& item : value->get_array()) {
        auto request = read_request(std::move(item));
        if (!request) {
            request.error().path.insert(1, "[" + std::to_string(out.requests.size()) + "]");
            return std::unexpected(std::move(request).error());
        }
        out.requests.push_back(std::move(*request));
    }
    return out;
}

Outcome<Request> read_query(const http::Fields& query) {
    Request out;
    out.query = query.get("query");
    out.operation_name = query.get("operationName");
    if (const auto variables = query.get("variables"); !variables.empty()) {
        auto object = parse_object(variables, "variables");
        if (!object) return std::unexpected(std::move(object).error());
        out.variables = std::move(*object);
    }
    if (const auto extensions = query.get("extensions"); !extensions.empty()) {
        auto object = parse_object(extensions, "extensions");
        if (!object) return std::unexpected(std::move(object).error());
        if (auto read = read_extensions(out, std::move(*object)); !read) {
            return std::unexpected(std::move(read).error());
        }
    }
    if (auto fine = check_query(out); !fine) return std::unexpected(std::move(fine).error());
    return out;
}

}  // namespace weft::graphql::detail
