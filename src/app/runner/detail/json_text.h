#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Looking into JSON text without building a tree: a path lookup is one scan, and what is only passed on
/// stays as it is written, every digit and the order of members. The texts have been validated by whoever
/// made them (the engine with parse_json, or JSON.stringify); on anything else the answers are wrong but
/// bounded.
namespace weft::runner::json_text {

enum class Kind { kNull, kBool, kNumber, kString, kArray, kObject };

Kind kind_of(std::string_view value);
/// The value of an object's member; nothing if there is none.
std::optional<std::string_view> member(std::string_view object, std::string_view key);
std::optional<std::string_view> element(std::string_view array, std::uint32_t index);
std::uint32_t array_size(std::string_view array);
/// The text a JSON string stands for.
std::string unescape(std::string_view quoted);
/// The nearest double; ±HUGE_VAL beyond its range.
double number_of(std::string_view number);
/// A whole number that a double cannot hold for certain: beyond 2^53 - 1.
bool is_big_integer(std::string_view number);
/// A key that JavaScript treats as an index: "0", "17", not "01", not "4294967295".
std::optional<std::uint32_t> array_index(std::string_view key);

/// Appends it as a text join does: strings bare, null as nothing, all else as it is written.
void print_text(std::string_view value, std::string& out);
/// JavaScript reads whole numbers beyond 2^53 as BigInt here, so that an id keeps its digits; its own JSON
/// cannot say so. Each becomes the text MARK + digits; nothing when there are none. `mark` holds nothing that
/// JSON escapes.
std::optional<std::string> mark_big_integers(std::string_view json, std::string_view mark);
/// The way back.
void unmark_big_integers(std::string& json, std::string_view mark);
/// JavaScript's truth of a value.
bool is_truthy(std::string_view value);
/// Levels of nesting.
int depth_of(std::string_view json);

}  // namespace weft::runner::json_text
