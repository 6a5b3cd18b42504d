#include "base/json.h"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parser.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <set>
#include <vector>

namespace weft {

namespace {

namespace bj = boost::json;

/// Scans an accepted document's keys: boost's parser keeps the last of two equal keys silently, and two
/// readers that disagree about which one counts are how a check is passed with one value and used with the
/// other.
class DuplicateKeyFinder {
  public:
    struct Handler {
        static constexpr std::size_t max_array_size = -1;
        static constexpr std::size_t max_object_size = -1;
        static constexpr std::size_t max_string_size = -1;
        static constexpr std::size_t max_key_size = -1;
        std::vector<std::set<std::string>> open;
        std::string key;
        std::string duplicate;

        bool on_document_begin(bj::error_code&) { return true; }
        bool on_document_end(bj::error_code&) { return true; }
        bool on_array_begin(bj::error_code&) { return true; }
        bool on_array_end(std::size_t, bj::error_code&) { return true; }
        bool on_object_begin(bj::error_code&) { return open.emplace_back(), true; }
        bool on_object_end(std::size_t, bj::error_code&) { return open.pop_back(), true; }
        bool on_string_part(bj::string_view, std::size_t, bj::error_code&) { return true; }
        bool on_string(bj::string_view, std::size_t, bj::error_code&) { return true; }
        bool on_key_part(bj::string_view part, std::size_t, bj::error_code&) {
            key.append(part.data(), part.size());
            return true;
        }
        bool on_key(bj::string_view part, std::size_t, bj::error_code& ec) {
            key.append(part.data(), part.size());
            if (!open.back().insert(std::move(key)).second) {
                duplicate.assign(part.data(), part.size());
                ec = bj::make_error_code(bj::error::syntax);
                return false;
            }
            key.clear();
            return true;
        }
        bool on_number_part(bj::string_view, bj::error_code&) { return true; }
        bool on_int64(std::int64_t, bj::string_view, bj::error_code&) { return true; }
        bool on_uint64(std::uint64_t, bj::string_view, bj::error_code&) { return true; }
        bool on_double(double, bj::string_view, bj::error_code&) { return true; }
        bool on_bool(bool, bj::error_code&) { return true; }
        bool on_null(bj::error_code&) { return true; }
        bool on_comment_part(bj::string_view, bj::error_code&) { return true; }
        bool on_comment(bj::string_view, bj::error_code&) { return true; }
    };

    static std::string find(std::string_view text, const bj::parse_options& options) {
        bj::basic_parser<Handler> parser(options);
        bj::error_code ec;
        parser.write_some(false, text.data(), text.size(), ec);
        return parser.handler().duplicate;
    }
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

}  // namespace

Result<Json> parse_json(std::string_view text, JsonLimits limits) {
    if (text.size() > limits.bytes_max)
        return fail(
            Error::limit(fmt::format("JSON text is {} bytes; the limit is {}", text.size(), limits.bytes_max))
        );
    bj::parse_options options;
    options.max_depth = limits.depth_max;
    bj::parser parser({}, options);
    bj::error_code ec;
    std::size_t used = parser.write_some(text.data(), text.size(), ec);
    if (!ec && used < text.size()) ec = bj::make_error_code(bj::error::extra_data);
    if (ec == bj::error::too_deep)
        return fail(Error::limit(fmt::format("JSON is nested deeper than {} levels", limits.depth_max)));
    if (ec) return fail(Error::invalid(fmt::format("Not valid JSON at byte {}: {}", used, ec.message())));
    Json value = parser.release();
    if (member_count(value) > 0) {
        std::string duplicate = DuplicateKeyFinder::find(text, options);
        if (!duplicate.empty())
            return fail(Error::invalid(fmt::format("The JSON object has the key \"{}\" twice", duplicate)));
    }
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
