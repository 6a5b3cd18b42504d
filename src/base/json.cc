#include "base/json.h"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_stack.hpp>
#include <fmt/format.h>

#include <set>
#include <vector>

namespace weft {

namespace {

namespace bj = boost::json;
using Text = bj::string_view;
using Ec = bj::error_code;

/// What both readers of a text below take without looking at it.
struct Handler {
    static constexpr std::size_t max_array_size = -1;
    static constexpr std::size_t max_object_size = -1;
    static constexpr std::size_t max_string_size = -1;
    static constexpr std::size_t max_key_size = -1;

    bool on_document_begin(Ec&) { return true; }
    bool on_document_end(Ec&) { return true; }
    bool on_number_part(Text, Ec&) { return true; }
    bool on_comment_part(Text, Ec&) { return true; }
    bool on_comment(Text, Ec&) { return true; }
};

/// Builds the value and counts: nodes, which cost time and memory however short their text is, and members,
/// of which an object drops all but the last of equal keys.
struct Builder : Handler {
    explicit Builder(std::size_t nodes) : nodes_left(nodes) {}
    std::size_t nodes_left;
    std::size_t members = 0;
    bool is_full = false;
    bj::value_stack stack;

    /// Claims one node.
    bool take(Ec& ec) {
        if (nodes_left > 0) return --nodes_left, true;
        is_full = true;
        ec = bj::make_error_code(bj::error::array_too_large);
        return false;
    }
    bool on_array_begin(Ec& ec) { return take(ec); }
    bool on_array_end(std::size_t n, Ec&) { return stack.push_array(n), true; }
    bool on_object_begin(Ec& ec) { return take(ec); }
    bool on_object_end(std::size_t n, Ec&) {
        members += n;
        return stack.push_object(n), true;
    }
    bool on_key_part(Text part, std::size_t, Ec&) { return stack.push_chars(part), true; }
    bool on_key(Text part, std::size_t, Ec&) { return stack.push_key(part), true; }
    bool on_string_part(Text part, std::size_t, Ec&) { return stack.push_chars(part), true; }
    bool on_string(Text part, std::size_t, Ec& ec) { return stack.push_string(part), take(ec); }
    bool on_int64(std::int64_t number, Text, Ec& ec) { return stack.push_int64(number), take(ec); }
    bool on_uint64(std::uint64_t number, Text, Ec& ec) { return stack.push_uint64(number), take(ec); }
    bool on_double(double number, Text, Ec& ec) { return stack.push_double(number), take(ec); }
    bool on_bool(bool value, Ec& ec) { return stack.push_bool(value), take(ec); }
    bool on_null(Ec& ec) { return stack.push_null(), take(ec); }
};

/// Names the first key that an object of the text holds twice.
struct DuplicateKeyFinder : Handler {
    std::vector<std::set<std::string>> open;
    std::string key;
    std::string duplicate;

    bool on_array_begin(Ec&) { return true; }
    bool on_array_end(std::size_t, Ec&) { return true; }
    bool on_object_begin(Ec&) { return open.emplace_back(), true; }
    bool on_object_end(std::size_t, Ec&) { return open.pop_back(), true; }
    bool on_string_part(Text, std::size_t, Ec&) { return true; }
    bool on_string(Text, std::size_t, Ec&) { return true; }
    bool on_key_part(Text part, std::size_t, Ec&) { return key.append(part.data(), part.size()), true; }
    bool on_key(Text part, std::size_t, Ec& ec) {
        key.append(part.data(), part.size());
        if (open.back().contains(key)) {
            duplicate = key;
            ec = bj::make_error_code(bj::error::syntax);
            return false;
        }
        open.back().insert(std::move(key));
        key.clear();
        return true;
    }
    bool on_int64(std::int64_t, Text, Ec&) { return true; }
    bool on_uint64(std::uint64_t, Text, Ec&) { return true; }
    bool on_double(double, Text, Ec&) { return true; }
    bool on_bool(bool, Ec&) { return true; }
    bool on_null(Ec&) { return true; }
};

std::size_t member_count(const Json& value) {
    std::size_t count = 0;
    if (value.is_object()) {
        count = value.get_object().size();
        for (const auto& member : value.get_object()) count += member_count(member.value());
    } else if (value.is_array()) {
        for (const auto& item : value.get_array()) count += member_count(item);
    }
    return count;
}

std::string duplicate_in(std::string_view text, const bj::parse_options& options) {
    bj::basic_parser<DuplicateKeyFinder> parser(options);
    Ec ec;
    parser.write_some(false, text.data(), text.size(), ec);
    return parser.handler().duplicate;
}

}  // namespace

Result<Json> parse_json(std::string_view text, JsonLimits limits) {
    if (text.size() > limits.bytes_max)
        return fail(
            Error::limit(fmt::format("JSON text is {} bytes; the limit is {}", text.size(), limits.bytes_max))
        );
    bj::parse_options options;
    options.max_depth = limits.depth_max;
    bj::basic_parser<Builder> parser(options, limits.nodes_max);
    Ec ec;
    std::size_t used = parser.write_some(false, text.data(), text.size(), ec);
    if (!ec && used < text.size()) ec = bj::make_error_code(bj::error::extra_data);
    if (parser.handler().is_full)
        return fail(Error::limit(fmt::format("JSON holds more than {} values", limits.nodes_max)));
    if (ec == bj::error::too_deep)
        return fail(Error::limit(fmt::format("JSON is nested deeper than {} levels", limits.depth_max)));
    if (ec) return fail(Error::invalid(fmt::format("Not valid JSON at byte {}: {}", used, ec.message())));
    Json value = parser.handler().stack.release();
    // The object keeps the last of two equal keys silently, and two readers that disagree about which one
    // counts are how a check is passed with one value and used with the other. The slow look names the key.
    if (member_count(value) != parser.handler().members)
        return fail(Error::invalid(
            fmt::format("The JSON object has the key \"{}\" twice", duplicate_in(text, options))
        ));
    return value;
}

std::string to_text(const Json& value) {
    return bj::serialize(value);
}

std::string_view text_or(const JsonObject& object, std::string_view key, std::string_view fallback) {
    const Json* found = object.if_contains(key);
    if (found == nullptr || !found->is_string()) return fallback;
    return {found->get_string().data(), found->get_string().size()};
}

std::int64_t int_or(const JsonObject& object, std::string_view key, std::int64_t fallback) {
    const Json* found = object.if_contains(key);
    return found != nullptr && found->is_int64() ? found->get_int64() : fallback;
}

}  // namespace weft
