#pragma once

#include "core/form/form.h"

namespace weft::form::detail {

/// What a page sends for a value, and shows in a text entry.
std::string key_of(const Json& value);

/// What a box sends, or an address says of it.
bool is_ticked(std::string_view text);

struct Value {
    std::optional<Json> value;  // nothing: left empty
    std::optional<Problem::Kind> problem;
};
/// What the texts that were sent under a field's name mean.
Value value_of(const Field& field, std::span<const std::string_view> sent, const calendar::Zone& zone);

/// Whether a field of files takes one of this name and type. Programs that know no type say so, or say
/// application/octet-stream: then its name decides.
bool is_accepted(const Field& field, const SentFile& file);

/// What a text entry shows for a value: of a kDateTime, what clocks of the zone show.
std::string shown(const Field& field, const Json& value, const calendar::Zone& zone);

}  // namespace weft::form::detail
