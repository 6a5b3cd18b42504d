#pragma once

#include "base/json.h"
#include "base/time.h"
#include "core/mail/imap.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Messages as the mail server describes them.
namespace weft::mail {

inline constexpr std::size_t kPartsMax = 200;        // of a message; what comes later is left out
inline constexpr std::size_t kAddressesMax = 1'000;  // of one field, likewise
inline constexpr std::size_t kHeadersMax = 500;      // likewise

/// A leaf of a message's tree.
struct Part {
    std::string section;   // "1.2", as FETCH names it
    std::string type;      // "text/plain", clean
    std::string charset;   // as claimed
    std::string encoding;  // "base64", lower case, as claimed
    std::string name;      // of a file; empty when nobody gave one
    std::string content_id;
    std::uint32_t size = 0;      // coded bytes, as claimed
    bool is_attachment = false;  // somebody said so
    bool is_inline = false;
};
/// Of a BODYSTRUCTURE, in order. A message within a message is one part.
std::vector<Part> parts_of(const Node& structure);

/// What is read as the message's text: the first of its kind that is not said to be an attachment.
struct Content {
    const Part* text = nullptr;
    const Part* html = nullptr;
    std::vector<const Part*> attachments;  // all others
};
Content content_of(const std::vector<Part>& parts);

/// {"message_id", "subject", "from": {"name", "address"} or null, "to", "cc", "reply_to": lists of them,
/// "date": RFC 3339 or null, "in_reply_to"}.
JsonObject envelope_of(const Node& envelope);

/// By lower-case name; values of one that is repeated are lines. Of the header's bytes.
JsonObject headers_of(std::string_view bytes);

/// Header text with its encoded words (RFC 2047) as UTF-8.
std::string decoded_words(std::string_view text);

/// RFC 5322's date, and IMAP's. Nothing for what is none.
std::optional<Instant> read_date(std::string_view text);
/// "01-Dec-2026", for SEARCH.
std::string search_date(Instant at);

/// Undoes a transfer encoding, piece by piece; what it does not know stays as it is.
class Decoder {
  public:
    explicit Decoder(std::string_view encoding);
    std::string decode(std::string_view piece);
    /// What the end leaves.
    std::string finish();

  private:
    enum class Kind : std::uint8_t { kNone, kBase64, kQuotedPrintable };
    std::string base64_of(std::string_view piece);
    std::string printable_of(std::string_view piece, bool is_last);
    Kind kind_ = Kind::kNone;
    std::string held_;  // what makes sense with the next piece only
    bool is_over_ = false;
};

}  // namespace weft::mail
