#pragma once

#include "base/error.h"
#include "base/json.h"
#include "base/secret.h"
#include "base/time.h"
#include "core/trigger/filter.h"
#include "core/trigger/networks.h"

#include <array>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What a webhook trigger demands of a delivery, decided on the raw bytes before anything parses them.
namespace weft::trigger {

enum class Scheme {
    kNone,
    kHmacSha256,
    kToken,
    kBasic,
    // As these sign; recipes.cc has the table of how.
    kGithub,
    kStripe,
    kSlack,
    kShopify,
    kStandardWebhooks,
    kZoom,
    kJira,
    kXero,
    kQuickBooks,
    kTwilio
};

/// {"scheme": "none"},
/// {"scheme": "hmac-sha256", "signature_header"?, "timestamp_header"?, "id_header"?, "tolerance"?: "5m"},
/// {"scheme": "token", "signature_header": "X-Gitlab-Token", "id_header"?}: the header's value is the secret,
/// {"scheme": "basic", "id_header"?}: Authorization holds the secret, which is "user:password", or the
/// password of any user;
/// {"scheme": "github"} and those of other providers (recipes.cc), with "tolerance"? where they sign a time.
/// The scheme is never guessed: an absent one is an error, so that nobody opens an
/// endpoint by leaving a field out.
struct Signature {
    Scheme scheme = Scheme::kHmacSha256;
    std::string signature_header = "X-Weft-Signature";
    std::string timestamp_header = "X-Weft-Timestamp";
    std::string id_header = "X-Weft-Delivery";  // optional in a delivery
    Millis tolerance{300'000};                  // to either side
    bool operator==(const Signature&) const = default;
};
Result<Signature> parse_signature(const Json& value, std::string_view field = "signature");
Json to_json(const Signature& signature);

enum class Mode { kAsync, kSync };

/// How a sender finds out whether the address is ours before it sends events:
/// {"parameter": "hub.challenge", "token_parameter"?: "hub.verify_token"}. A request whose query has the
/// parameter is answered with its value and starts nothing; with token_parameter, only when that is the
/// secret.
struct Challenge {
    std::string parameter;
    std::string token_parameter;  // empty: none is asked for
    bool operator==(const Challenge&) const = default;
};

/// How an event may be sent.
enum class Method : std::uint8_t { kGet, kHead, kPost, kPut, kPatch, kDelete };
/// In the order of the enum.
inline constexpr std::array<std::string_view, 6> kMethods = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
class Methods {
  public:
    constexpr Methods(std::initializer_list<Method> methods) {
        for (const Method method : methods) add(method);
    }
    constexpr void add(Method method) { bits_ |= bit(method); }
    constexpr bool has(Method method) const { return (bits_ & bit(method)) != 0; }
    /// As an Allow header lists them.
    std::string text() const;
    bool operator==(const Methods&) const = default;

  private:
    static constexpr unsigned bit(Method method) { return 1u << static_cast<unsigned>(method); }
    unsigned bits_ = 0;
};

/// The last part of an address that people choose, of a webhook or a form: 3 to 80 lower-case letters, digits
/// and dashes, which no secret address is. kInvalid with `field`.
Result<> check_path(std::string_view path, std::string field);

/// What becomes of a delivery that does not fit the workflow's `inputs`. kFail: it starts a run, which fails
/// with that reason. kRefuse: the sender is told (422), and nothing starts.
enum class OnInvalidInput { kFail, kRefuse };

/// A webhook trigger's settings: {"signature": {...}, "mode"?: "async"|"sync", "challenge"?: {...},
/// "on_invalid_input"?: "fail"|"refuse", "filter"?: {...}, "networks"?: [...], "methods"?: ["POST", ...],
/// "path"?: text}. In sync mode the caller waits for core/respond. `networks`: senders from elsewhere are
/// refused, whatever they know.
struct Webhook {
    Signature signature;
    Mode mode = Mode::kAsync;
    std::optional<Challenge> challenge;
    OnInvalidInput on_invalid_input = OnInvalidInput::kFail;
    std::optional<Filter> filter;
    Networks networks;  // empty: from everywhere
    Methods methods = {Method::kGet, Method::kPost};
    std::string path;  // the address /hooks/<path>; empty: a secret one is made
    bool operator==(const Webhook&) const = default;
};
Result<Webhook> parse_webhook(const Json& config, std::string_view field = "config");
Json to_json(const Webhook& webhook);

/// HMAC-SHA256(key, message) as 32 raw bytes (platform/crypto provides it).
using Hmac = std::function<std::string(std::string_view key, std::string_view message)>;

using Headers = std::span<const std::pair<std::string_view, std::string_view>>;

struct Delivery {
    Headers headers;
    std::string_view body;  // raw bytes as received
    /// How the sender may have written our address, with its query: for schemes that sign it. None of them
    /// is signed if it is empty.
    std::span<const std::string> urls = {};
    /// HMAC-SHA1, for schemes that still use it; likewise.
    const Hmac* hmac_sha1 = nullptr;
};

struct Accepted {
    std::string dedupe_key;  // at most 200 bytes; empty: this delivery has nothing to be recognised by
};

/// Verifies a delivery. Signed message: `<timestamp>.<body>`, or `<id>.<timestamp>.<body>` when the delivery
/// carries an id; the timestamp in whole seconds since 1970. The id is signed because it decides what is a
/// repeat: an unsigned one could be changed to replay a captured delivery. A signed id holds no dot and is no
/// number, so that the signed text can be read in one way only. The signature header holds one or
/// more, separated by commas or spaces: `sha256=<hex>`, `v1=<hex>` or `v1,<base64>`. `secrets` are the
/// current one and, while rotating, the previous; any may match. Dedupe key: the delivery id if there is one,
/// else made from the signature; for the other schemes, the id alone. A token or name and password is
/// compared whole, in constant time, and may come twice in no delivery. kUnauthenticated for everything that
/// is wrong, with the reason in `detail` only: a caller learns nothing from us. Fails closed: a signature is
/// required but `secrets` holds none -> kUnauthenticated.
Result<Accepted> verify(
    const Signature& signature,
    std::span<const Secret> secrets,
    const Delivery& delivery,
    Instant now,
    const Hmac& hmac
);

/// Whether the scheme can use this secret, where the secret is more than a text.
Result<> check_secret(const Signature& signature, std::string_view secret, std::string_view field = "secret");

/// The status, with an empty body, that the provider demands of every answer to an event, where it does.
/// In sync mode it gets the run's answer instead (Twilio), or there is no such mode.
std::optional<int> bare_status(const Signature& signature);

/// What a provider is answered that asks, in a delivery that has been verified, whether the address is ours
/// (Slack's url_verification, Zoom's endpoint.url_validation, Xero's intent to receive); such a delivery is
/// no event. An empty body: none may be sent. Nothing for any other.
struct Handshake {
    std::string body;
    bool is_json = false;
};
std::optional<Handshake> handshake(
    const Signature& signature, std::span<const Secret> secrets, std::string_view body, const Hmac& hmac
);

/// Is `given` one of the secrets? In a time that does not tell which, or how much of it was right.
bool is_secret(std::string_view given, std::span<const Secret> secrets);

/// What a sender puts into the signature header ("sha256=<hex>"); for tests, demos and "send a test event".
/// `id` empty: the delivery carries none.
std::string sign(
    const Secret& secret,
    std::string_view id,
    std::int64_t timestamp_s,
    std::string_view body,
    const Hmac& hmac
);

}  // namespace weft::trigger
