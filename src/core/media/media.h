#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

/// What other systems call their text, and that text as UTF-8. Liberal in what is read: labels, byte order
/// marks and broken bytes are taken as the WHATWG Encoding Standard says. Pure.
namespace weft::media {

/// Strict: no overlong forms, no surrogates, nothing beyond U+10FFFF.
bool is_utf8(std::string_view text);

/// A Content-Type taken apart; parameters other than charset are left out.
struct ContentType {
    std::string type;     // lower case, without blanks: "application/json"; empty when there is none
    std::string charset;  // as written, without quotes; empty when there is none
};
ContentType parse_content_type(std::string_view header);

bool is_json(std::string_view type);
bool is_xml(std::string_view type);
/// Is what has this type made of characters, whatever its charset? Others may say "charset" and be bytes.
bool is_text(std::string_view type);

/// A label of the Encoding Standard's table -> the encoding's name ("latin1" -> "windows-1252"); empty when
/// the label is unknown. Letter case and blanks around it do not matter.
std::string_view encoding_of(std::string_view label);

struct Text {
    std::string utf8;  // at most 3 times as long as the bytes were
    bool is_label_unknown = false;
    bool has_replacements = false;  // broken bytes, each U+FFFD now
};

/// `bytes` in the encoding that `label` names; unknown or empty: UTF-8. A byte order mark wins over the label
/// and is dropped. Takes some 15 ns a byte, 1 for UTF-8.
Text to_utf8(std::string bytes, std::string_view label);

/// UTF-8 in the encoding that `label` names, without a mark. Nothing: a character that it has not, or a label
/// of an encoding that nobody writes. An unknown label: as it is.
std::optional<std::string> from_utf8(std::string text, std::string_view label);

/// Does it begin with a byte order mark?
bool has_mark(std::string_view bytes);
/// A header's value: UTF-8 as most write it now, or ISO-8859-1 as the protocol once said.
std::string header_text(std::string value);

/// The encoding that an XML text's own declaration names, empty if it names none:
/// <?xml version="1.0" encoding="ISO-8859-1"?>
std::string_view xml_encoding(std::string_view bytes);

}  // namespace weft::media
