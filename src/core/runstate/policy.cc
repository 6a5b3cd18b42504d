#include "core/runstate/policy.h"

#include "base/limits.h"
#include "base/words.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

namespace weft::runstate {

namespace {

constexpr std::array<std::string_view, 3> kEffects = {"idempotent", "keyed", "unsafe"};
constexpr std::array<std::string_view, 4> kFailureKinds = {"workflow", "provider", "limit", "platform"};
constexpr std::array<std::string_view, 9> kErrorClasses = {
    "workflow", "rejected", "auth", "rate_limited", "unavailable", "timeout", "limit", "platform", "crash"
};
constexpr std::array<std::string_view, 2> kOnErrors = {"fail", "continue"};
constexpr std::array<std::string_view, 2> kOnUnknowns = {"fail", "retry"};
constexpr std::array<std::string_view, 2> kOnInvalids = {"warn", "fail"};
constexpr std::array<std::string_view, 2> kBackoffs = {"exponential", "fixed"};

struct Unit {
    std::string_view text;
    std::int64_t millis;
};
constexpr std::array kUnits = {
    Unit{"ms", 1}, Unit{"s", 1000}, Unit{"m", 60'000}, Unit{"h", 3'600'000}, Unit{"d", 86'400'000}
};
constexpr std::int64_t kDurationMaxMs = 1'830LL * 86'400'000;  // five years of 366 days
constexpr Millis kRetryWaitMax{24LL * 3'600'000};              // longer than the longest run

Error bad_duration(std::string_view field) {
    return Error::invalid(
        "A duration is a whole number and a unit, such as 500ms, 30s, 5m, 2h or 1d", std::string(field)
    );
}

std::string below(std::string_view field, std::string_view member) {
    return field.empty() ? std::string(member) : fmt::format("{}.{}", field, member);
}

}  // namespace

std::string_view name(Effect effect) {
    return word_of(kEffects, effect);
}
std::string_view name(FailureKind kind) {
    return word_of(kFailureKinds, kind);
}
std::string_view name(ErrorClass error_class) {
    return word_of(kErrorClasses, error_class);
}
std::string_view name(OnError on_error) {
    return word_of(kOnErrors, on_error);
}
std::string_view name(OnUnknown on_unknown) {
    return word_of(kOnUnknowns, on_unknown);
}
std::string_view name(OnInvalid on_invalid) {
    return word_of(kOnInvalids, on_invalid);
}
std::string_view name(Backoff backoff) {
    return word_of(kBackoffs, backoff);
}
std::optional<Effect> effect_from(std::string_view text) {
    return find_word<Effect>(kEffects, text);
}
std::optional<FailureKind> failure_kind_from(std::string_view text) {
    return find_word<FailureKind>(kFailureKinds, text);
}
std::optional<ErrorClass> error_class_from(std::string_view text) {
    return find_word<ErrorClass>(kErrorClasses, text);
}
ErrorClass class_of(FailureKind kind) {
    switch (kind) {
        case FailureKind::kWorkflow:
            return ErrorClass::kWorkflow;
        case FailureKind::kProvider:
            return ErrorClass::kRejected;
        case FailureKind::kLimit:
            return ErrorClass::kLimit;
        case FailureKind::kPlatform:
            break;
    }
    return ErrorClass::kPlatform;
}
std::optional<OnError> on_error_from(std::string_view text) {
    return find_word<OnError>(kOnErrors, text);
}
std::optional<OnUnknown> on_unknown_from(std::string_view text) {
    return find_word<OnUnknown>(kOnUnknowns, text);
}
std::optional<OnInvalid> on_invalid_from(std::string_view text) {
    return find_word<OnInvalid>(kOnInvalids, text);
}

Result<Millis> parse_duration(std::string_view text, std::string_view field) {
    std::int64_t count = 0;
    auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (ec != std::errc{} || count < 0 || text.empty() || text.front() == '-')
        return fail(bad_duration(field));
    std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    for (const Unit& known : kUnits) {
        if (known.text != unit) continue;
        if (count > kDurationMaxMs / known.millis)
            return fail(Error::invalid("A duration is at most 1830 days", std::string(field)));
        return Millis(count * known.millis);
    }
    return fail(bad_duration(field));
}

Result<Millis> duration_of(const Json& value, std::string_view field) {
    if (value.is_string()) return parse_duration(std::string_view(value.get_string()), field);
    if (!value.is_number()) return fail(bad_duration(field));
    double seconds = value.get_number().to_double();
    if (!(seconds >= 0)) return fail(Error::invalid("A duration is not negative", std::string(field)));
    if (seconds * 1000 > static_cast<double>(kDurationMaxMs))
        return fail(Error::invalid("A duration is at most 1830 days", std::string(field)));
    return Millis(std::llround(seconds * 1000));
}

std::string duration_text(Millis value) {
    std::int64_t count = value.count();
    for (std::size_t i = kUnits.size(); i-- > 0;)
        if (count != 0 && count % kUnits[i].millis == 0)
            return fmt::format("{}{}", count / kUnits[i].millis, kUnits[i].text);
    return fmt::format("{}ms", count);
}

Result<RetryPolicy> parse_retry(const Json& value, const RetryPolicy& base, std::string_view field) {
    if (!value.is_object())
        return fail(Error::invalid(
            "retry is an object such as {attempts: 5, backoff: exponential, initial: 1s, max: 1m}",
            std::string(field)
        ));
    RetryPolicy out = base;
    bool has_max = false;
    for (const auto& member : value.get_object()) {
        std::string_view key = member.key();
        std::string path = below(field, key);
        if (key == "attempts") {
            const auto attempts = member.value().if_int64();
            if (!attempts || *attempts < 1 || *attempts > limits::kAttemptsMax)
                return fail(Error::invalid(
                    fmt::format("attempts is a whole number from 1 to {}", limits::kAttemptsMax),
                    std::move(path)
                ));
            out.attempts = static_cast<int>(*attempts);
        } else if (key == "backoff") {
            auto backoff = member.value().is_string()
                               ? find_word<Backoff>(kBackoffs, std::string_view(member.value().get_string()))
                               : std::nullopt;
            if (!backoff) return fail(Error::invalid("backoff is exponential or fixed", std::move(path)));
            out.backoff = *backoff;
        } else if (key == "initial" || key == "max") {
            TRY(Millis wait, duration_of(member.value(), path));
            if (wait.count() == 0 || wait > kRetryWaitMax)
                return fail(Error::invalid("A retry waits more than nothing and at most 24h", std::move(path))
                );
            (key == "max" ? out.max : out.initial) = wait;
            has_max = has_max || key == "max";
        } else {
            return fail(Error::invalid(
                fmt::format("retry has no \"{}\"; it knows attempts, backoff, initial, max", key),
                std::move(path)
            ));
        }
    }
    if (out.max < out.initial) {
        if (has_max) return fail(Error::invalid("max is at least initial", below(field, "max")));
        out.max = out.initial;
    }
    return out;
}

Json to_json(const RetryPolicy& policy) {
    JsonObject out;
    out["attempts"] = policy.attempts;
    out["backoff"] = name(policy.backoff);
    out["initial"] = duration_text(policy.initial);
    out["max"] = duration_text(policy.max);
    return out;
}

}  // namespace weft::runstate
