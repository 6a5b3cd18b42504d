#include "core/runstate/policy.h"

#include "base/limits.h"
#include "base/words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace weft::runstate {

namespace {

constexpr std::array<std::string_view, 3> kEffects = {"idempotent", "keyed", "unsafe"};
constexpr std::array<std::string_view, 4> kFailureKinds = {"workflow", "provider", "limit", "platform"};
constexpr std::array<std::string_view, 10> kErrorClasses = {
    "workflow",
    "rejected",
    "auth",
    "rate_limited",
    "unavailable",
    "timeout",
    "limit",
    "platform",
    "crash",
    "circuit_open"
};
constexpr std::array<std::string_view, 2> kOnErrors = {"fail", "continue"};
constexpr std::array<std::string_view, 2> kOnUnknowns = {"fail", "retry"};
constexpr std::array<std::string_view, 2> kOnInvalids = {"warn", "fail"};
constexpr std::array<std::string_view, 2> kOnOpens = {"wait", "fail"};
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
std::string_view name(OnOpen on_open) {
    return word_of(kOnOpens, on_open);
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

std::optional<OnOpen> on_open_from(std::string_view text) {
    return find_word<OnOpen>(kOnOpens, text);
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

namespace {

/// One member of a policy, but for `classes`. False: there is no such member.
Result<bool> parse_member(
    std::string_view key, const Json& value, RetryPolicy& out, const std::string& path
) {
    if (key == "attempts") {
        const auto attempts = value.if_int64();
        if (!attempts || *attempts < 1 || *attempts > limits::kAttemptsMax)
            return fail(Error::invalid(
                fmt::format("attempts is a whole number from 1 to {}", limits::kAttemptsMax), path
            ));
        out.attempts = static_cast<int>(*attempts);
        return true;
    }
    if (key == "backoff") {
        auto backoff = value.is_string() ? find_word<Backoff>(kBackoffs, std::string_view(value.get_string()))
                                         : std::nullopt;
        if (!backoff) return fail(Error::invalid("backoff is exponential or fixed", path));
        out.backoff = *backoff;
        return true;
    }
    if (key != "initial" && key != "max") return false;
    TRY(Millis wait, duration_of(value, path));
    if (wait.count() == 0 || wait > kRetryWaitMax)
        return fail(Error::invalid("A retry waits more than nothing and at most 24h", path));
    (key == "max" ? out.max : out.initial) = wait;
    return true;
}

/// `classes`: only of the policy itself, not within a class.
Result<RetryPolicy> parse_policy(
    const Json& value, const RetryPolicy& base, std::string_view field, const Json** classes
) {
    if (!value.is_object())
        return fail(Error::invalid(
            "retry is an object such as {attempts: 5, backoff: exponential, initial: 1s, max: 1m}",
            std::string(field)
        ));
    RetryPolicy out = base;
    bool has_max = false;
    for (const auto& member : value.get_object()) {
        const std::string_view key = member.key();
        const std::string path = below(field, key);
        TRY(const bool is_known, parse_member(key, member.value(), out, path));
        has_max = has_max || key == "max";
        if (is_known) continue;
        if (key != "classes" || classes == nullptr)
            return fail(Error::invalid(
                fmt::format(
                    "retry has no \"{}\"{}; it knows attempts, backoff, initial, max{}",
                    key,
                    classes == nullptr ? " here" : "",
                    classes == nullptr ? "" : ", classes"
                ),
                path
            ));
        *classes = &member.value();
    }
    if (out.max < out.initial) {
        if (has_max) return fail(Error::invalid("max is at least initial", below(field, "max")));
        out.max = out.initial;
    }
    return out;
}

RetryPolicy::OfClass of_class(ErrorClass error_class, const RetryPolicy& policy) {
    return {error_class, policy.attempts, policy.backoff, policy.initial, policy.max};
}

JsonObject members_of(const RetryPolicy& policy) {
    JsonObject out;
    out["attempts"] = policy.attempts;
    out["backoff"] = name(policy.backoff);
    out["initial"] = duration_text(policy.initial);
    out["max"] = duration_text(policy.max);
    return out;
}

}  // namespace

bool RetryPolicy::names(ErrorClass error_class) const {
    return std::ranges::find(classes, error_class, &OfClass::error_class) != classes.end();
}

RetryPolicy RetryPolicy::of(ErrorClass error_class) const {
    const auto found = std::ranges::find(classes, error_class, &OfClass::error_class);
    if (found == classes.end()) return *this;
    return {found->attempts, found->backoff, found->initial, found->max};
}

Result<RetryPolicy> parse_retry(const Json& value, const RetryPolicy& base, std::string_view field) {
    const Json* classes = nullptr;
    TRY(RetryPolicy out, parse_policy(value, base, field, &classes));
    if (classes == nullptr) return out;
    const std::string path = below(field, "classes");
    if (!classes->is_object())
        return fail(Error::invalid("classes is an object such as {rate_limited: {attempts: 10}}", path));
    for (const auto& member : classes->get_object()) {
        const auto error_class = error_class_from(member.key());
        if (!error_class)
            return fail(Error::invalid(
                fmt::format("No class of errors is called so; there are {}", fmt::join(kErrorClasses, ", ")),
                below(path, member.key())
            ));
        RetryPolicy around = out.of(*error_class);
        around.classes.clear();
        TRY(const auto own, parse_policy(member.value(), around, below(path, member.key()), nullptr));
        std::erase_if(out.classes, [&](const auto& one) { return one.error_class == *error_class; });
        out.classes.push_back(of_class(*error_class, own));
    }
    return out;
}

Json to_json(const RetryPolicy& policy) {
    JsonObject out = members_of(policy);
    JsonObject classes;
    for (const auto& one : policy.classes)
        classes[name(one.error_class)] = members_of(policy.of(one.error_class));
    if (!classes.empty()) out["classes"] = std::move(classes);
    return out;
}

}  // namespace weft::runstate
