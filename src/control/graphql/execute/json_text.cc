#include "control/graphql/execute/detail/json_text.h"

#include <boost/json/basic_parser_impl.hpp>

#include <cstdint>

namespace weft::graphql::detail {

namespace {

namespace bj = boost::json;

/// Hears of everything and keeps nothing.
struct Nothing {
    static constexpr std::size_t max_array_size = -1;
    static constexpr std::size_t max_object_size = -1;
    static constexpr std::size_t max_string_size = -1;
    static constexpr std::size_t max_key_size = -1;

    bool on_document_begin(bj::error_code&) { return true; }
    bool on_document_end(bj::error_code&) { return true; }
    bool on_array_begin(bj::error_code&) { return true; }
    bool on_array_end(std::size_t, bj::error_code&) { return true; }
    bool on_object_begin(bj::error_code&) { return true; }
    bool on_object_end(std::size_t, bj::error_code&) { return true; }
    bool on_string_part(bj::string_view, std::size_t, bj::error_code&) { return true; }
    bool on_string(bj::string_view, std::size_t, bj::error_code&) { return true; }
    bool on_key_part(bj::string_view, std::size_t, bj::error_code&) { return true; }
    bool on_key(bj::string_view, std::size_t, bj::error_code&) { return true; }
    bool on_number_part(bj::string_view, bj::error_code&) { return true; }
    bool on_int64(std::int64_t, bj::string_view, bj::error_code&) { return true; }
    bool on_uint64(std::uint64_t, bj::string_view, bj::error_code&) { return true; }
    bool on_double(double, bj::string_view, bj::error_code&) { return true; }
    bool on_bool(bool, bj::error_code&) { return true; }
    bool on_null(bj::error_code&) { return true; }
    bool on_comment_part(bj::string_view, bj::error_code&) { return true; }
    bool on_comment(bj::string_view, bj::error_code&) { return true; }
};

}  // namespace

bool is_json(std::string_view text, std::size_t depth_max) {
    bj::parse_options options;
    options.max_depth = depth_max;
    bj::basic_parser<Nothing> parser(options);
    bj::error_code ec;
    const std::size_t read = parser.write_some(false, text.data(), text.size(), ec);
    return !ec && parser.done() && text.find_first_not_of(" \t\r\n", read) == std::string_view::npos;
}

}  // namespace weft::graphql::detail
