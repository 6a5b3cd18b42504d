#pragma once

#include "base/error.h"
#include "base/json.h"
#include "base/secret.h"
#include "core/file/file.h"
#include "core/runstate/policy.h"
#include "core/schema/schema.h"
#include "core/template/template.h"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Apps, actions, and how one rendered call becomes an HTTP request. Credentials are added in the broker
/// only, as the last step (`apply_auth`), and only for the host the app was declared for.
namespace weft::connector {

// ---------------------------------------------------------------- apps

enum class AuthKind { kNone, kApiKey, kBasic, kBearer, kHeaders };
enum class Placement { kHeader, kQuery };
std::string_view name(AuthKind kind);

/// How a connection's fields are put onto a request.
///   {"kind": "none"}
///   {"kind": "api_key", "in": "header"|"query", "name": "X-Api-Key", "field": "api_key", "prefix": "Token "}
///   {"kind": "basic"}                                          fields username, password
///   {"kind": "bearer"}                                         field token
///   {"kind": "headers", "headers": {"X-Client": "client_id"}}  header name -> field
struct Auth {
    AuthKind kind = AuthKind::kNone;
    Placement in = Placement::kHeader;
    std::string name;                                          // api_key: header or query parameter
    std::string field;                                         // api_key
    std::string prefix;                                        // api_key in a header
    std::vector<std::pair<std::string, std::string>> headers;  // header name -> field
    bool operator==(const Auth&) const = default;
};

/// A field a connection must have. Connection fields are all strings.
struct ConnectionField {
    std::string name;
    std::string title;
    bool is_secret = true;  // not secret: basic's username, which lists may show
    bool operator==(const ConnectionField&) const = default;
};

/// Scheme, host and port of a base URL: where a connection's credentials may go.
struct Origin {
    std::string scheme;  // "http" or "https"
    std::string host;    // lower case; IPv6 in brackets
    std::uint16_t port = 0;
    bool operator==(const Origin&) const = default;
    std::string text() const;  // "https://api.example.com" (the default port left out)
};

/// An app version's manifest: {"base_url": "https://api.example.com/v2", "auth": {...}, "description"?:
/// text}.
struct App {
    std::string base_url;  // normalised, no trailing '/'
    Origin origin;
    std::string base_path;  // "" or "/v2"
    Auth auth;
    std::string description;
};

/// kInvalid with the field's path. No userinfo, query or fragment in base_url; unknown members are refused
/// (except "x-...").
Result<App> parse_app(const Json& manifest);
/// The normal form of a parsed manifest.
Json to_json(const App& app);

/// Keys of apps and actions: ^[a-z][a-z0-9-]{0,40}$.
Result<> check_key(std::string_view key, std::string_view field);

struct Version {
    int major = 0;
    int minor = 0;
    int patch = 0;
    auto operator<=>(const Version&) const = default;
    std::string text() const;
};
/// "2.1.0": three numbers without leading zeros, each at most 99,999.
Result<Version> parse_version(std::string_view text, std::string_view field = "version");

std::vector<ConnectionField> connection_fields(const Auth& auth);
/// Checks the fields a person typed: all there, none unknown, 1..8 KiB (name and password of basic: from 0),
/// no CR, LF or NUL. Error `field` = "fields.<name>"; values never appear in errors.
Result<std::map<std::string, Secret>> parse_connection_fields(const Auth& auth, const Json& fields);

// ---------------------------------------------------------------- actions

/// What a body is made of. In the order of the enum.
enum class BodyType : std::uint8_t {
    kAuto,       // a text, a form by its Content-Type, else JSON
    kMultipart,  // an object of fields: texts, numbers, booleans, files, or lists of these
    kBinary,     // one file, whose bytes it is
};
inline constexpr std::array<std::string_view, 3> kBodyTypes = {"auto", "multipart", "binary"};
/// What becomes of an answer's body. In the order of the enum.
enum class Answer : std::uint8_t {
    kValue,  // JSON or text
    kFile,   // a file, of a 2xx; an error is still read
};
inline constexpr std::array<std::string_view, 2> kAnswers = {"auto", "file"};

/// {"key", "name", "description"?, "method", "path", "query"?, "headers"?, "body"?, "body_type"?:
/// "multipart"|"binary", "response"?: "file", "input"?, "output"?,
/// "effect"?, "idempotency_header"?, "retry"?: {...}, "timeout"?: "30s"}. `path`, `query`, `headers`, `body`
/// may hold `{{ }}` over `input`. Effect when absent: GET, HEAD, PUT, DELETE, OPTIONS idempotent; the others
/// unsafe.
struct Action {
    std::string key;
    std::string name;
    std::string description;
    std::string method;
    std::string path;
    JsonObject query;
    JsonObject headers;
    std::optional<Json> body;
    BodyType body_type = BodyType::kAuto;
    Answer answer = Answer::kValue;
    Json input;  // schemas; an object without members = anything
    Json output;
    runstate::Effect effect = runstate::Effect::kUnsafe;
    std::string idempotency_header = "Idempotency-Key";  // sent for keyed actions
    runstate::RetryPolicy retry;
    Millis timeout{30'000};
    runstate::OnInvalid on_invalid_output = runstate::OnInvalid::kWarn;
    runstate::OnOpen on_open = runstate::OnOpen::kWait;  // `on_circuit_open`
};

Result<Action> parse_action(const Json& definition);
Json to_json(const Action& action);

/// {path, query, headers, body}: the tree the sandbox renders (protocol::Mode::kRequest) with `input` bound.
Json request_template(const Action& action);

/// Its expressions that only the script engine can judge.
std::vector<templates::Script> scripts(const Action& action);

// ---------------------------------------------------------------- requests

struct Header {
    std::string name;
    std::string value;
    bool operator==(const Header&) const = default;
};

/// A field of a multipart body.
struct Field {
    std::string name;
    std::string text;
    std::optional<FileId> file;  // instead of `text`
    bool operator==(const Field&) const = default;
};

struct HttpRequest {
    std::string method;
    std::string url;  // absolute
    std::vector<Header> headers;
    std::string body;
    // Instead of `body`, and read by the broker, which looks whether the run may have the files:
    std::vector<Field> fields;   // multipart
    std::optional<FileId> file;  // binary
    Answer answer = Answer::kValue;
    bool has_files() const { return !fields.empty() || file || answer == Answer::kFile; }
    bool operator==(const HttpRequest&) const = default;
};

/// The request of a rendered template, without credentials. `rendered` comes from a sandbox and is trusted in
/// nothing: the path stays below the base path, header names and values are checked, reserved headers (Host,
/// Content-Length, Authorization, Cookie, Proxy-*, hop-by-hop, and those that the app's auth sets) are
/// refused. Query values: text, number, boolean; null leaves the parameter out; an array repeats it. Body:
/// absent or null = none; a string is sent as it is (default type text/plain), anything else as JSON.
/// kInvalid with `field`.
Result<HttpRequest> build_request(const App& app, const Action& action, const Json& rendered);

/// core/http: {"url", "method"?: "GET", "headers"?, "query"?, "body"?, "body-type"?: "auto"|"multipart"|
/// "binary", "response"?: "auto"|"file"} as evaluated. With `app` (the step
/// names a connection) the URL's origin must be the app's and the path below its base path; reserved headers
/// as above. Without a connection, Authorization and Cookie are allowed: the author wrote them into the
/// definition.
Result<HttpRequest> build_http_request(const Json& with, const App* app);

/// Adds a connection's credentials. Refuses (kForbidden) when the request's origin is not the app's: this is
/// the last gate before the network. kInvalid when a field is missing.
Result<HttpRequest> apply_auth(
    const App& app, const std::map<std::string, Secret>& fields, HttpRequest request
);

/// Sets the idempotency header of a keyed action, replacing one the template gave.
void set_idempotency_key(const Action& action, std::string_view key, HttpRequest& request);

Result<Origin> origin_of(std::string_view url);

// ---------------------------------------------------------------- responses

/// What was odd in an answer and was taken nevertheless: for a log line.
struct Oddities {
    std::string charset;           // a label that nobody knows, at most 64 bytes
    bool has_broken_text = false;  // bytes that are none in the charset
    bool is_json_unread = false;   // the type says JSON, and it is none, or beyond our limits
};

struct HttpResponse {
    int status = 0;
    std::vector<Header> headers;
    std::string body;
};

/// JSON where the type says JSON and it parses, else text in the charset that it names (core/media); bytes
/// that name none and are not UTF-8 become {"base64": ...}. An empty body is null. Takes the response's body.
Json response_body(HttpResponse& response, Oddities& seen);
/// {status, headers (lower-case names; repeated ones joined by ", ", set-cookie left out), body}.
Json response_output(HttpResponse response, Oddities& seen);

/// What an answer means for the step. 2xx and 304 ok; other 3xx fail, because redirects are not followed with
/// credentials; 408, 425, 429, 503 say "not done, try again"; 500, 502,
/// 504 and other 5xx are worth repeating, but leave an unsafe call's outcome unknown; other 4xx are definite.
enum class Verdict { kOk, kRetry, kFail, kUnknown };
Verdict judge(int status, runstate::Effect effect);
/// Of an answer that is no success.
runstate::ErrorClass class_of(int status);
/// "The provider answered 422: <first 300 characters of its message>". Give it a redacted body: half a secret
/// would not be recognised.
std::string failure_message(int status, const Json& body);
/// Retry-After as seconds or as an HTTP date relative to `now`; nothing if absent or nonsense.
std::optional<Millis> retry_after(const HttpResponse& response, Instant now);

// ---------------------------------------------------------------- redaction

/// Replaces secrets in text that came back from outside (bodies, errors): each value as it is, base64,
/// base64url, percent-encoded and JSON-escaped, and `user:password` as basic sends it. Values under 4 bytes
/// are left, or every digit would be starred. Work is bounded by text size times number of forms.
class Redactor {
  public:
    Redactor() = default;
    /// The secret ones of a connection's fields.
    Redactor(const Auth& auth, const std::map<std::string, Secret>& fields);
    std::string redact(std::string text) const;
    /// The same of bytes that come piece by piece: what may go on, while `held` keeps what may be the
    /// beginning of a secret; `is_last`: all of it. Secrets of less than 8 bytes stay: in so many bytes they
    /// stand by chance.
    std::string redact_piece(std::string& held, std::string_view piece, bool is_last) const;
    /// Every string and member name of a tree.
    Json redact(Json value) const;
    bool empty() const { return needles_.empty(); }

  private:
    std::vector<Secret> needles_;  // longest first
};

}  // namespace weft::connector
