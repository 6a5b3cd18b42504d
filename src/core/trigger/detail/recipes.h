#pragma once

#include "core/trigger/trigger.h"

namespace weft::trigger::detail {

/// How a provider signs, as data.
struct Recipe {
    /// Of the header with the signature: "<prefix><digest>"; "t=<time>,v1=<digest>,v1=…"; "v1,<digest> v1,…".
    enum class Layout : std::uint8_t { kOne, kPairs, kList };
    enum class Encoding : std::uint8_t { kHex, kBase64 };
    /// What the provider asks before it sends events, in a signed delivery.
    enum class Handshake : std::uint8_t { kNone, kSlack, kZoom, kXero };

    Scheme scheme;
    std::string_view name;
    std::string_view signature_header;
    std::string_view prefix = {};
    Encoding encoding = Encoding::kHex;
    std::string_view message = "{body}";  // what is signed: {body}, {time}, {id}
    std::string_view time_header = {};    // of {time}; empty and kPairs: it stands in the signature
    std::string_view id_header = {};      // of the delivery
    std::string_view id_member = {};      // of the body, where no header has an id
    Layout layout = Layout::kOne;
    Handshake handshake = Handshake::kNone;
    bool is_secret_base64 = false;  // "whsec_" and the key in base64
    bool is_told_by_body = false;   // a repeat is the same body, signed anew with its own time
    int bare_status = 0;            // what it wants of an answer, without a body; 0: anything from 200 to 299
    bool takes_answers = false;     // though it has a bare status: in sync mode
    bool signs_address = false;     // and a form's entries, with HMAC-SHA1 (verify_address)

    bool is_timed() const { return message.contains("{time}"); }
};

/// Null for a scheme of our own.
const Recipe* recipe_of(Scheme scheme);
const Recipe* recipe_named(std::string_view name);

/// What is done of `verify` for all schemes.
std::unexpected<Error> refused(std::string_view why);
Result<std::optional<std::string_view>> single(Headers headers, std::string_view name);
Result<> check_id(std::string_view id);
Result<> check_signed_id(std::string_view id);
Result<> check_time(std::string_view text, Millis tolerance, Instant now);
/// The one of `given` that is the HMAC of the message under one of the keys. No early end.
Result<std::string> matching(
    std::span<const std::string> given,
    std::span<const std::string> keys,
    std::string_view message,
    const Hmac& hmac
);

Result<Accepted> verify_by(
    const Recipe& recipe,
    Millis tolerance,
    std::span<const Secret> secrets,
    const Delivery& delivery,
    Instant now,
    const Hmac& hmac
);

/// Twilio's way: the address as the sender has it, and behind it the names and values of a form, in the order
/// of the names. Of other bodies their SHA-256 stands in the address, as bodySHA256.
Result<Accepted> verify_address(
    const Recipe& recipe, std::span<const Secret> secrets, const Delivery& delivery
);

}  // namespace weft::trigger::detail
