#pragma once

#include <string_view>

/// What n8n's names are, and what does not come over; one table each in names.cc.
namespace weft::importer {

bool is_extension(std::string_view method);    // n8n's own methods of values
bool is_luxon_member(std::string_view name);   // of a DateTime, that n8n.js has
bool is_luxon_maker(std::string_view method);  // of the class DateTime
bool gives_date(std::string_view method);      // methods whose result is a DateTime
bool needs_zone_of(std::string_view method);   // extension methods that read the workflow's zone
bool is_local_time(std::string_view method);   // methods of Date that read the host's clocks
bool is_ours(std::string_view name);           // names that imported expressions use
/// Why it cannot come over; "" when it can.
std::string_view why_not_method(std::string_view method);
std::string_view why_not_global(std::string_view name);
std::string_view why_not_in_code(std::string_view name);
/// Of names with a dollar that are not translated.
std::string_view why_not_reference(std::string_view name);

}  // namespace weft::importer
