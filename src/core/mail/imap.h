#pragma once

#include "base/error.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The grammar of IMAP's answers (RFC 3501, RFC 9051), and how a command writes what others name.
namespace weft::mail {

/// A value of a response. kText: a string or a literal, as bytes.
struct Node {
    enum class Kind : std::uint8_t { kNil, kAtom, kText, kList };
    static constexpr int kDepthMax = 40;
    static constexpr std::size_t kNodesMax = 50'000;  // of one response

    Kind kind = Kind::kNil;
    std::string text;
    std::vector<Node> list;

    bool is_list() const { return kind == Kind::kList; }
    /// Of a text or an atom; empty of others.
    std::string_view str() const { return text; }
    std::optional<std::uint32_t> number() const;
    /// Null where there is none.
    const Node* at(std::size_t index) const { return index < list.size() ? &list[index] : nullptr; }
};

struct Response {
    enum class Kind : std::uint8_t { kOk, kNo, kBad, kBye, kData, kGoOn };
    Kind kind = Kind::kData;
    std::string tag;         // "*" of what was not asked for by name
    std::string text;        // of kOk, kNo, kBad, kBye: behind the word, "[UIDVALIDITY 7] UIDs valid"
    std::vector<Node> data;  // of kData: all values
};
/// Of one whole response, without its last line end. kInvalid: it is none.
Result<Response> parse_response(std::string_view bytes);
/// The number of a code in a status text: 7 for "UIDVALIDITY" in "[UIDVALIDITY 7] UIDs valid".
std::optional<std::uint32_t> code_number(std::string_view text, std::string_view code);

/// Cuts a stream into responses: lines, with the literals that they announce.
class ResponseReader {
  public:
    static constexpr std::size_t kBytesMax = 2u << 20;  // of one response

    /// kLimit, for good, when a response has more.
    Result<void> feed(std::string_view bytes);
    /// The next whole one, without its line end.
    Result<std::optional<std::string>> next();

  private:
    std::string buffer_;
    std::size_t from_ = 0;  // where the response's current line begins
};

/// A folder's name as commands write it: modified UTF-7 (RFC 3501 5.1.3), quoted. kInvalid with `field`.
Result<std::string> mailbox_name(std::string_view utf8, std::string_view field);

}  // namespace weft::mail
