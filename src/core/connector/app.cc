#include "core/connector/connector.h"
#include "core/connector/detail/reading.h"
#include "core/connector/detail/url.h"
#include "core/connector/protocol.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

namespace weft::connector {

using detail::below;
using detail::text_of;

namespace {

constexpr std::size_t kFieldBytesMax = 8u << 10;  // the longest are PEM keys and JWTs
constexpr std::size_t kAuthHeadersMax = 16;

constexpr std::array<std::pair<std::string_view, AuthKind>, 5> kAuthKinds = {{
    {"none", AuthKind::kNone},
    {"api_key", AuthKind::kApiKey},
    {"basic", AuthKind::kBasic},
    {"bearer", AuthKind::kBearer},
    {"headers", AuthKind::kHeaders},
}};

/// Names of connection fields: ^[a-z][a-z0-9_]{0,40}$.
bool is_field_name(std::string_view text) {
    if (text.empty() || text.size() > 41 || text.front() < 'a' || text.front() > 'z') return false;
    return std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
}

Result<> check_auth_header(std::string_view header, std::string_view field) {
    if (!detail::is_token(header)) return fail(Error::invalid("This is a header name", std::string(field)));
    static constexpr std::array<std::string_view, 8> kNever = {
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "upgrade",
        "te",
        "trailer",
        "content-type"
    };
    if (std::ranges::find(kNever, detail::lower(header)) != kNever.end())
        return fail(Error::invalid("This header cannot carry a credential", std::string(field)));
    return {};
}

Result<> parse_api_key(const JsonObject& value, Auth& auth) {
    std::string_view in = text_or(value, "in", "header");
    if (in != "header" && in != "query") return fail(Error::invalid("in is header or query", "auth.in"));
    auth.in = in == "query" ? Placement::kQuery : Placement::kHeader;
    auth.name = text_or(value, "name");
    auth.field = text_or(value, "field", "api_key");
    auth.prefix = text_or(value, "prefix");
    if (!is_field_name(auth.field))
        return fail(Error::invalid("A field name has lower-case letters, digits and _", "auth.field"));
    if (auth.in == Placement::kQuery) {
        if (auth.name.empty() || auth.name.size() > 128)
            return fail(Error::invalid("name is the query parameter's name", "auth.name"));
        if (!auth.prefix.empty())
            return fail(Error::invalid("A prefix goes with a header only", "auth.prefix"));
        return {};
    }
    if (auth.prefix.size() > 64 || !detail::is_header_value(auth.prefix))
        return fail(Error::invalid("A prefix is a short text such as \"Token \"", "auth.prefix"));
    return check_auth_header(auth.name, "auth.name");
}

Result<> parse_auth_headers(const JsonObject& value, Auth& auth) {
    const Json* headers = value.if_contains("headers");
    if (headers == nullptr || !headers->is_object() || headers->get_object().empty() ||
        headers->get_object().size() > kAuthHeadersMax)
        return fail(Error::invalid(
            fmt::format(
                "headers is an object of 1 to {} header names, each with the field it sends", kAuthHeadersMax
            ),
            "auth.headers"
        ));
    std::set<std::string> seen;
    for (const auto& member : headers->get_object()) {
        std::string field = below("auth.headers", member.key());
        CHECK_OK(check_auth_header(member.key(), field));
        if (!seen.insert(detail::lower(member.key())).second)
            return fail(Error::invalid("This header is named twice", field));
        if (!member.value().is_string() || !is_field_name(text_of(member.value())))
            return fail(Error::invalid("A field name has lower-case letters, digits and _", field));
        auth.headers.emplace_back(member.key(), text_of(member.value()));
    }
    return {};
}

Result<Auth> parse_auth(const Json& value) {
    if (!value.is_object())
        return fail(Error::invalid(R"(auth is an object such as {"kind": "bearer"})", "auth"));
    const JsonObject& object = value.get_object();
    std::string_view kind = text_or(object, "kind");
    auto known = std::ranges::find(kAuthKinds, kind, &std::pair<std::string_view, AuthKind>::first);
    if (known == kAuthKinds.end())
        return fail(Error::invalid("kind is none, api_key, basic, bearer or headers", "auth.kind"));
    Auth auth;
    auth.kind = known->second;
    switch (auth.kind) {
        case AuthKind::kApiKey:
            CHECK_OK(detail::check_members(value, {"kind", "in", "name", "field", "prefix"}, "auth"));
            for (std::string_view text : {"in", "name", "field", "prefix"})
                if (const Json* found = object.if_contains(text); found != nullptr && !found->is_string())
                    return fail(Error::invalid("This is a text", below("auth", text)));
            CHECK_OK(parse_api_key(object, auth));
            break;
        case AuthKind::kHeaders:
            CHECK_OK(detail::check_members(value, {"kind", "headers"}, "auth"));
            CHECK_OK(parse_auth_headers(object, auth));
            break;
        case AuthKind::kNone:
        case AuthKind::kBasic:
        case AuthKind::kBearer:
            CHECK_OK(detail::check_members(value, {"kind"}, "auth"));
    }
    return auth;
}

/// What is not HTTP is logged in to with a name and a password, and has no paths but a database's name.
Result<void> check_protocol(const App& app) {
    const Protocol protocol = protocol_of(app);
    if (protocol == Protocol::kHttp) return {};
    if (app.auth.kind != AuthKind::kBasic)
        return fail(Error::invalid(
            R"(Mailboxes and databases are logged in to with a name and a password: {"kind": "basic"})",
            "auth"
        ));
    const auto slashes = std::ranges::count(app.base_path, '/');
    if (protocol == Protocol::kImap && slashes != 0)
        return fail(Error::invalid("Of a mail server, name the host alone; triggers name folders", "base_url")
        );
    if (protocol == Protocol::kPostgres && (slashes != 1 || app.base_path.size() < 2))
        return fail(Error::invalid("Name one database, as postgres://db.example.com/shop", "base_url"));
    return {};
}

}  // namespace

Protocol protocol_of(const App& app) {
    const Scheme* known = scheme_of(app.origin.scheme);
    return known == nullptr ? Protocol::kHttp : known->protocol;
}

std::string_view name(AuthKind kind) {
    for (const auto& [text, known] : kAuthKinds)
        if (known == kind) return text;
    return "";
}

Result<App> parse_app(const Json& manifest) {
    CHECK_OK(detail::check_members(manifest, {"base_url", "auth", "description"}, ""));
    const JsonObject& object = manifest.get_object();
    const Json* base = object.if_contains("base_url");
    if (base == nullptr || !base->is_string())
        return fail(Error::invalid("base_url is a URL such as https://api.example.com/v2", "base_url"));
    TRY(detail::Url url, detail::parse_url(text_of(*base), "base_url", detail::Schemes::kAll));
    if (url.has_query || url.has_fragment)
        return fail(Error::invalid("A base URL has no ?query and no #fragment", "base_url"));
    App app;
    app.origin = url.origin;
    app.base_path = url.path;
    while (app.base_path.ends_with('/')) app.base_path.pop_back();
    app.base_url = app.origin.text() + app.base_path;
    TRY(app.description, detail::read_text(object, "description", "", 4096));
    const Json* auth = object.if_contains("auth");
    if (auth == nullptr)
        return fail(Error::invalid(R"(auth is missing; say {"kind": "none"} if there is none)", "auth"));
    TRY(app.auth, parse_auth(*auth));
    CHECK_OK(check_protocol(app));
    return app;
}

Json to_json(const App& app) {
    JsonObject auth;
    auth["kind"] = name(app.auth.kind);
    if (app.auth.kind == AuthKind::kApiKey) {
        auth["in"] = app.auth.in == Placement::kQuery ? "query" : "header";
        auth["name"] = app.auth.name;
        auth["field"] = app.auth.field;
        if (!app.auth.prefix.empty()) auth["prefix"] = app.auth.prefix;
    } else if (app.auth.kind == AuthKind::kHeaders) {
        JsonObject headers;
        for (const auto& [header, field] : app.auth.headers) headers[header] = field;
        auth["headers"] = std::move(headers);
    }
    JsonObject out;
    out["base_url"] = app.base_url;
    out["auth"] = std::move(auth);
    if (!app.description.empty()) out["description"] = app.description;
    return out;
}

Result<> check_key(std::string_view key, std::string_view field) {
    bool is_good = !key.empty() && key.size() <= 41 && key.front() >= 'a' && key.front() <= 'z' &&
                   std::ranges::all_of(key, [](char c) {
                       return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
                   });
    if (is_good) return {};
    return fail(Error::invalid(
        "A key starts with a lower-case letter and has lower-case letters, digits and -, at most 41",
        std::string(field)
    ));
}

std::string Version::text() const {
    return fmt::format("{}.{}.{}", major, minor, patch);
}

Result<Version> parse_version(std::string_view text, std::string_view field) {
    std::array<int, 3> numbers{};
    std::string_view rest = text;
    for (std::size_t i = 0; i < 3; ++i) {
        std::size_t end = i == 2 ? rest.size() : rest.find('.');
        std::string_view part = rest.substr(0, end);
        auto [stop, ec] = std::from_chars(part.data(), part.data() + part.size(), numbers.at(i));
        bool is_good = end != std::string_view::npos && ec == std::errc{} &&
                       stop == part.data() + part.size() && part.size() <= 5 && part.front() != '-' &&
                       (part.size() == 1 || part.front() != '0');
        if (!is_good)
            return fail(Error::invalid("A version is three numbers such as 2.1.0", std::string(field)));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return Version{numbers[0], numbers[1], numbers[2]};
}

std::vector<ConnectionField> connection_fields(const Auth& auth) {
    switch (auth.kind) {
        case AuthKind::kNone:
            return {};
        case AuthKind::kApiKey:
            return {{auth.field, "API key", true}};
        case AuthKind::kBasic:
            return {{"username", "User name", false}, {"password", "Password", true}};
        case AuthKind::kBearer:
            return {{"token", "Token", true}};
        case AuthKind::kHeaders:
            break;
    }
    std::vector<ConnectionField> out;
    for (const auto& [header, field] : auth.headers)
        if (std::ranges::find(out, field, &ConnectionField::name) == out.end())
            out.push_back({field, header, true});
    return out;
}

Result<std::map<std::string, Secret>> parse_connection_fields(const Auth& auth, const Json& fields) {
    if (!fields.is_object()) return fail(Error::invalid("fields is an object", "fields"));
    std::vector<ConnectionField> wanted = connection_fields(auth);
    for (const auto& member : fields.get_object())
        if (std::ranges::find(wanted, std::string_view(member.key()), &ConnectionField::name) == wanted.end())
            return fail(Error::invalid("The app has no such connection field", below("fields", member.key()))
            );
    std::map<std::string, Secret> out;
    for (const ConnectionField& field : wanted) {
        const Json* found = fields.get_object().if_contains(field.name);
        std::string path = below("fields", field.name);
        if (found == nullptr) return fail(Error::invalid(fmt::format("{} is missing", field.title), path));
        if (!found->is_string()) return fail(Error::invalid("This is a text", path));
        std::string_view text = text_of(*found);
        const std::size_t least = auth.kind == AuthKind::kBasic ? 0 : 1;  // see apply_auth
        if (text.size() < least || text.size() > kFieldBytesMax)
            return fail(Error::invalid(fmt::format("{} to {} bytes", least, kFieldBytesMax), path));
        if (!detail::is_header_value(text))
            return fail(Error::invalid("Line breaks and control characters are not allowed", path));
        if (field.name == "username" && auth.kind == AuthKind::kBasic &&
            text.find(':') != std::string_view::npos)
            return fail(Error::invalid("A user name has no colon", path));
        out.emplace(field.name, Secret(std::string(text)));
    }
    return out;
}

}  // namespace weft::connector
