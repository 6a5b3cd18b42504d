#pragma once

#include "base/error.h"
#include "base/json.h"
#include "base/time.h"
#include "base/words.h"
#include "core/runstate/policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>
#include <string_view>

/// Reading a trigger's settings: a JSON object whose members are all known. Errors are kInvalid and name the
/// member.
namespace weft::trigger::detail {

class Settings {
  public:
    static Result<Settings> of(
        const Json& value, std::string field, std::initializer_list<std::string_view> known
    ) {
        if (!value.is_object()) return fail(Error::invalid("This is an object", field));
        for (const auto& member : value.get_object())
            if (std::ranges::find(known, std::string_view(member.key())) == known.end())
                return fail(Error::invalid("Unknown member", fmt::format("{}.{}", field, member.key())));
        return Settings(value.get_object(), std::move(field));
    }

    std::string place(std::string_view key) const { return fmt::format("{}.{}", field_, key); }
    /// Null when it is absent or null.
    const Json* find(std::string_view key) const {
        const Json* value = object_.if_contains(key);
        return value == nullptr || value->is_null() ? nullptr : value;
    }
    /// "" when it is absent or null.
    Result<std::string> text(std::string_view key, std::size_t bytes_max) const {
        const Json* value = find(key);
        if (value == nullptr) return std::string();
        if (!value->is_string()) return fail(Error::invalid("This is a text", place(key)));
        if (value->get_string().size() > bytes_max)
            return fail(Error::invalid(fmt::format("At most {} bytes", bytes_max), place(key)));
        return value->get_string();
    }
    Result<bool> flag(std::string_view key, bool otherwise) const {
        const Json* value = find(key);
        if (value == nullptr) return otherwise;
        if (!value->is_bool()) return fail(Error::invalid("This is true or false", place(key)));
        return value->get_bool();
    }
    template <class E, std::size_t N>
    Result<E> word(std::string_view key, const std::array<std::string_view, N>& words, E otherwise) const {
        TRY(const std::string given, text(key, 64));
        if (given.empty()) return otherwise;
        if (const auto found = find_word<E>(words, given)) return *found;
        return fail(Error::invalid(fmt::format("{} is one of {}", key, fmt::join(words, ", ")), place(key)));
    }
    Result<Millis> duration(std::string_view key, Millis least, Millis most, Millis otherwise) const {
        const Json* value = find(key);
        if (value == nullptr) return otherwise;
        TRY(const Millis given, runstate::duration_of(*value, place(key)));
        if (given < least || given > most)
            return fail(Error::invalid(
                fmt::format(
                    "{} is from {} to {}", key, runstate::duration_text(least), runstate::duration_text(most)
                ),
                place(key)
            ));
        return given;
    }

  private:
    Settings(const JsonObject& object, std::string field) : object_(object), field_(std::move(field)) {}
    const JsonObject& object_;
    std::string field_;
};

}  // namespace weft::trigger::detail
