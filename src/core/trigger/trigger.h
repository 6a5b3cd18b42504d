#pragma once

#include "base/error.h"
#include "base/json.h"
#include "base/secret.h"
#include "base/time.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What a webhook trigger demands of a delivery, decided on the raw bytes before anything parses them.
namespace weft::trigger {

enum class Scheme { kNone, kHmacSha256 };

/// {"scheme": "none"} or
/// {"scheme": "hmac-sha256", "signature_header"?, "timestamp_header"?, "id_header"?, "tolerance"?: "5m"}.
/// The scheme is never guessed: an absent one is an error, so that nobody opens an endpoint by leaving a
/// field out.
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

/// A webhook trigger's settings: {"signature": {...}, "mode"?: "async"|"sync"}. In sync mode the caller waits
/// for core/respond.
struct Webhook {
    Signature signature;
    Mode mode = Mode::kAsync;
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
/// else made from the signature; for scheme none, the id alone. kUnauthenticated for everything that is
/// wrong, with the reason in `detail` only: a caller learns nothing from us. Fails closed: a signature is
/// required but `secrets` holds none -> kUnauthenticated.
Result<Accepted> verify(
    const Signature& signature,
    std::span<const Secret> secrets,
    const Delivery& delivery,
    Instant now,
    const Hmac& hmac
);

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
