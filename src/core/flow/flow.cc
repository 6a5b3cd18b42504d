#include "core/flow/flow.h"

#include "base/bytes.h"
#include "base/limits.h"
#include "core/runstate/runstate.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <optional>
#include <span>

namespace weft::flow {

namespace {

/// Deeper than any value of a run: it may stand within what tells of it.
constexpr JsonLimits kReadLimits{.bytes_max = limits::kPayloadBytesMax, .depth_max = 100};

constexpr std::array<std::string_view, 4> kWhenFull = {"queue", "cancel-oldest", "cancel-newest", "skip"};
constexpr auto kPerMax = std::chrono::hours(24) * 31;
constexpr auto kDebounceMax = std::chrono::hours(24) * 7;
constexpr auto kBreakerWithinMax = std::chrono::hours(24) * 7;
constexpr std::size_t kPathMax = 16;

/// Reads the members of one rule, and tells what is wrong with them.
class Reader {
  public:
    Reader(std::string name, const Json& value, std::vector<Error>& problems)
        : name_(std::move(name)), problems_(problems) {
        if (value.is_object())
            object_ = &value.get_object();
        else
            add("", fmt::format("{} is an object", name_));
    }
    bool is_object() const { return object_ != nullptr; }
    void add(std::string_view member, std::string message) {
        problems_.push_back(
            Error::invalid(std::move(message), member.empty() ? name_ : fmt::format("{}.{}", name_, member))
        );
    }
    void expect(std::initializer_list<std::string_view> known) {
        for (const auto& member : *object_)
            if (std::ranges::find(known, member.key()) == known.end() && !member.key().starts_with("x-"))
                add(member.key(), fmt::format("Unknown member; known are {}", fmt::join(known, ", ")));
    }
    std::int64_t number(std::string_view member, std::int64_t most) {
        const Json* found = object_->if_contains(member);
        const auto* number = found != nullptr ? found->if_number() : nullptr;
        const auto whole = number != nullptr ? number->to_int64() : std::nullopt;
        if (whole && *whole >= 1 && *whole <= most) return *whole;
        add(member, fmt::format("{} is a whole number from 1 to {}", member, most));
        return 1;
    }
    std::optional<Millis> duration(std::string_view member, Millis most, std::string_view most_text) {
        const Json* found = object_->if_contains(member);
        if (found == nullptr) return std::nullopt;
        auto read = runstate::duration_of(*found, fmt::format("{}.{}", name_, member));
        if (!read) {
            problems_.push_back(read.error());
            return std::nullopt;
        }
        if (read->count() > 0 && *read <= most) return *read;
        add(member, fmt::format("{} is more than nothing and at most {}", member, most_text));
        return std::nullopt;
    }
    std::int64_t needed_duration(std::string_view member, Millis most, std::string_view most_text) {
        if (!object_->contains(member))
            add(member, fmt::format("{} is missing: a duration such as 1m", member));
        return duration(member, most, most_text).value_or(Millis(1'000)).count();
    }
    std::string_view word(std::string_view member, std::string_view fallback) {
        if (!object_->contains(member)) return fallback;
        const auto found = std::ranges::find(kWhenFull, text_or(*object_, member));
        if (found != kWhenFull.end()) return *found;
        add(member, fmt::format("{} is {}", member, fmt::join(kWhenFull, ", ")));
        return fallback;
    }
    void key_into(JsonObject& out) {
        if (const Json* key = object_->if_contains("key"))
            if (auto path = path_of(*key, "key")) out["key"] = *std::move(path);
    }
    /// `input.order.id`, also between braces.
    std::optional<JsonArray> path_of(const Json& value, std::string_view member) {
        if (auto path = plain_path(value)) return path;
        add(member,
            "This is a plain path into input or trigger, such as input.customer.id; it is read before the "
            "run "
            "begins, where nothing is computed");
        return std::nullopt;
    }

  private:
    static std::optional<JsonArray> plain_path(const Json& value) {
        if (!value.is_string() || value.get_string().size() > 1'024) return std::nullopt;
        const std::string& text = value.get_string();
        const bool is_braced = text.find("{{") != std::string::npos;
        auto parsed = templates::parse_text(is_braced ? text : "{{ " + text + " }}");
        if (!parsed || !parsed->is_whole()) return std::nullopt;
        const auto& expression = std::get<templates::Expression>(parsed->segments.front());
        const templates::Path& path = expression.path;
        if (!expression.is_path || (path.root != "input" && path.root != "trigger")) return std::nullopt;
        if (path.keys.size() > kPathMax) return std::nullopt;
        JsonArray out{Json(path.root)};
        for (const auto& key : path.keys) {
            if (const auto* name = std::get_if<std::string>(&key.name))
                out.emplace_back(*name);
            else
                out.emplace_back(std::get<std::uint32_t>(key.name));
        }
        return out;
    }

    std::string name_;
    std::vector<Error>& problems_;
    const JsonObject* object_ = nullptr;
};

std::optional<JsonObject> read_concurrency(const Json& value, std::vector<Error>& problems) {
    Reader from("concurrency", value, problems);
    if (!from.is_object()) return std::nullopt;
    from.expect({"limit", "key", "when-full"});
    JsonObject out{{"limit", from.number("limit", kConcurrencyMax)}};
    out["when_full"] = from.word("when-full", "queue");
    from.key_into(out);
    return out;
}

/// One run at a time: a concurrency limit of 1, which skips.
std::optional<JsonObject> read_singleton(const Json& value, std::vector<Error>& problems) {
    JsonObject out{{"limit", 1}, {"when_full", "skip"}};
    if (value.is_bool()) return value.get_bool() ? std::optional(std::move(out)) : std::nullopt;
    Reader from("singleton", value, problems);
    if (!from.is_object()) return std::nullopt;
    from.expect({"key", "when-full"});
    out["when_full"] = from.word("when-full", "skip");
    from.key_into(out);
    return out;
}

std::optional<JsonObject> read_rate(std::string name, const Json& value, std::vector<Error>& problems) {
    Reader from(std::move(name), value, problems);
    if (!from.is_object()) return std::nullopt;
    from.expect({"limit", "per", "key"});
    JsonObject out{{"limit", from.number("limit", kRateMax)}};
    const std::int64_t limit = out["limit"].get_number().to_int64().value_or(1);
    const std::int64_t per = from.needed_duration("per", kPerMax, "31d");
    if (limit > per * 1'000)  // the database counts in microseconds
        from.add("limit", "limit is at most 1,000 for each millisecond of per");
    out["per_ms"] = per;
    from.key_into(out);
    return out;
}

std::optional<JsonObject> read_debounce(const Json& value, std::vector<Error>& problems) {
    Reader from("debounce", value, problems);
    if (!from.is_object()) return std::nullopt;
    from.expect({"for", "max", "key"});
    JsonObject out;
    const std::int64_t quiet = from.needed_duration("for", kDebounceMax, "7d");
    out["for_ms"] = quiet;
    if (const auto most = from.duration("max", kDebounceMax, "7d")) {
        if (most->count() < quiet) from.add("max", "max is at least as long as for");
        out["max_ms"] = most->count();
    }
    from.key_into(out);
    return out;
}

std::optional<JsonObject> read_breaker(const Json& value, std::vector<Error>& problems) {
    Reader from("breaker", value, problems);
    if (!from.is_object()) return std::nullopt;
    from.expect({"failures", "within", "pause"});
    JsonObject out{{"failures", from.number("failures", kBreakerMax)}};
    out["within_ms"] = from.needed_duration("within", kBreakerWithinMax, "7d");
    out["pause_ms"] = from.needed_duration("pause", kBreakerWithinMax, "7d");
    return out;
}

std::optional<Json> read_priority(const Json& value, std::vector<Error>& problems) {
    const auto* number = value.if_number();
    const auto whole = number != nullptr ? number->to_int64() : std::nullopt;
    if (whole && *whole >= 0 && *whole <= kPriorityMax) return Json(*whole);
    std::vector<Error> ignored;
    if (!value.is_number())
        if (auto path = Reader("priority", JsonObject(), ignored).path_of(value, ""))
            return Json(*std::move(path));
    problems.push_back(Error::invalid(
        fmt::format(
            "priority is the number of seconds, 0 to {}, by which a run may overtake older ones, or a plain "
            "path "
            "to such a number, such as input.urgency",
            kPriorityMax
        ),
        "priority"
    ));
    return std::nullopt;
}

/// Null: it leads nowhere.
const Json* follow(std::span<const Json> path, const Json& root) {
    const Json* at = &root;
    for (const Json& part : path) {
        if (part.is_string()) {
            at = at->is_object() ? at->get_object().if_contains(part.get_string()) : nullptr;
        } else {
            const auto index = static_cast<std::size_t>(part.get_number().to_int64().value_or(0));
            at = at->is_array() && index < at->get_array().size() ? &at->get_array()[index] : nullptr;
        }
        if (at == nullptr) return nullptr;
    }
    return at;
}

std::string key_text(const Json* value) {
    if (value == nullptr || value->is_null()) return "";
    std::string text = value->is_string() ? value->get_string() : to_text(*value);
    const bool is_storable = text.find('\0') == std::string::npos;
    if (text.size() <= kKeyBytesMax && is_storable) return text;
    std::string digest(crypto_hash_sha256_BYTES, '\0');
    crypto_hash_sha256(
        reinterpret_cast<unsigned char*>(digest.data()),
        reinterpret_cast<const unsigned char*>(text.data()),
        text.size()
    );
    return "sha256:" + hex(digest);
}

Result<std::vector<Json>> stored_path(const Json* value) {
    std::vector<Json> out;
    if (value == nullptr) return out;
    if (value->is_array()) out = value->get_array();
    const bool is_good =
        !out.empty() && out.front().is_string() && std::ranges::all_of(out, [](const Json& part) {
            return part.is_string() || (part.is_number() && part.get_number().to_int64().value_or(-1) >= 0);
        });
    if (!is_good) return fail(Error::invalid("This workflow version cannot be read; publish it again"));
    return out;
}

}  // namespace

JsonObject read(const JsonObject& definition, std::vector<Error>& problems) {
    JsonObject out;
    const auto take = [&](std::string_view member, std::string_view as, auto reader) {
        const Json* value = definition.if_contains(member);
        if (value == nullptr) return;
        if (auto rule = reader(*value, problems)) out[as] = *std::move(rule);
    };
    take("concurrency", "concurrency", read_concurrency);
    const Json* singleton = definition.if_contains("singleton");
    const bool is_single = singleton != nullptr && *singleton != Json(false);
    if (is_single && definition.contains("concurrency"))
        problems.push_back(
            Error::invalid("singleton is concurrency with limit 1; a workflow has one of them", "singleton")
        );
    take("singleton", "concurrency", read_singleton);
    take("throttle", "throttle", [](const Json& value, auto& found) {
        return read_rate("throttle", value, found);
    });
    take("rate-limit", "rate", [](const Json& value, auto& found) {
        return read_rate("rate-limit", value, found);
    });
    take("debounce", "debounce", read_debounce);
    take("breaker", "breaker", read_breaker);
    take("priority", "priority", read_priority);
    return out;
}

Result<Rules> Rules::of(const Json& stored) {
    Rules out;
    if (!stored.is_object())
        return fail(Error::invalid("This workflow version cannot be read; publish it again"));
    for (const auto& member : stored.get_object()) {
        if (member.key() == "priority") {
            const auto* number = member.value().if_number();
            if (number != nullptr)
                out.priority_ = number->to_int64().value_or(0);
            else {
                TRY(out.priority_path_, stored_path(&member.value()));
            }
            continue;
        }
        const Json* key =
            member.value().is_object() ? member.value().get_object().if_contains("key") : nullptr;
        TRY(auto path, stored_path(key));
        out.rules_.push_back({.name = std::string(member.key()), .path = std::move(path)});
    }
    return out;
}

Result<Json> Rules::keys(std::string_view input, std::string_view trigger) const {
    // Each is parsed once, and only when a key lies in it.
    std::optional<Json> roots[2];
    const auto find = [&](const std::vector<Json>& path) -> Result<const Json*> {
        if (path.empty()) return nullptr;
        const bool is_input = path.front().get_string() == "input";
        std::optional<Json>& root = roots[is_input ? 0 : 1];
        if (!root) {
            TRY(root, parse_json(is_input ? input : trigger, kReadLimits));
        }
        return follow(std::span(path).subspan(1), *root);
    };
    JsonObject out;
    for (const Rule& rule : rules_) {
        TRY(const Json* value, find(rule.path));
        out[rule.name] = key_text(value);
    }
    std::int64_t priority = priority_;
    TRY(const Json* wanted, find(priority_path_));
    if (wanted != nullptr && wanted->is_number()) priority = wanted->get_number().to_int64().value_or(0);
    if (priority > 0) out["priority"] = std::min(priority, kPriorityMax);
    return Json(std::move(out));
}

}  // namespace weft::flow
