#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Looking into JSON text without building a tree: a path lookup is one scan, and numbers keep every digit
/// until they are printed the way JavaScript prints them. The texts have been validated by whoever made them
/// (the engine with parse_json, or JSON.stringify); on anything else the answers are wrong but bounded.
namespace weft::runner::json_text {

enum class Kind { kNull, kBool, kNumber, kString, kArray, kObject };

Kind kind_of(std::string_view value);
/// The value of an object's member; nothing if there is none.
std::optional<std::string_view> member(std::string_view object, std::string_view key);
std::optional<std::string_view> element(std::string_view array, std::uint32_t index);
std::uint32_t array_size(std::string_view array);
/// The text a JSON string stands for.
std::string unescape(std::string_view quoted);
/// A key that JavaScript treats as an index: "0", "17", not "01", not "4294967295".
std::optional<std::uint32_t> array_index(std::string_view key);

/// Appends the value exactly as JSON.stringify(JSON.parse(value)) prints it: numbers as doubles, integer-like
/// keys first, no blanks, no needless escapes.
void print_json(std::string_view value, std::string& out);
/// Appends it as a text join does: strings bare, null as nothing.
void print_text(std::string_view value, std::string& out);
void print_string(std::string_view text, std::string& out);
/// JavaScript's truth of a value.
bool is_truthy(std::string_view value);
/// Levels of nesting.
int depth_of(std::string_view json);

}  // namespace weft::runner::json_text
