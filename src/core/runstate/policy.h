#pragma once

#include "base/error.h"
#include "base/json.h"
#include "base/time.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The small vocabulary that definitions declare and the engine obeys: effect classes, retries, failure
/// kinds.
namespace weft::runstate {

/// What repeating a call does outside. Declared by the action.
enum class Effect {
    kIdempotent,  // repeating is harmless
    kKeyed,       // the other system drops repeats that carry the same idempotency key
    kUnsafe,      // repeating may act twice: the intent is committed before the call
};

/// Whose fault a failure is.
enum class FailureKind {
    kWorkflow,  // the author's
    kProvider,  // the other system's
    kLimit,     // a stated limit was reached: quota, time, memory, size
    kPlatform,  // ours
};

/// What went wrong, as a retry policy and whoever looks after failed runs tell it apart: finer than the kind.
enum class ErrorClass {
    kWorkflow,     // the definition or its values
    kRejected,     // the other system said no
    kAuth,         // 401, 403: it does not take the credential, or not for this
    kRateLimited,  // 429
    kUnavailable,  // no connection, or an answer 5xx
    kTimeout,      // no complete answer within the time limit of the attempt
    kLimit,        // another limit
    kPlatform,     // ours
    kCrash,        // the worker or the sandbox died with it, again and again
    kCircuitOpen,  // not sent: its connection's circuit is open
};

enum class OnError { kFail, kContinue };

/// What to do with an unsafe call of which nobody knows whether it happened.
enum class OnUnknown { kFail, kRetry };

/// What to do with a value that does not fit its schema.
enum class OnInvalid {
    kWarn,  // a line in the run's log
    kFail,
};

/// What to do with a call that an open circuit holds back.
enum class OnOpen {
    kWait,  // until it may go
    kFail,
};

enum class Backoff { kExponential, kFixed };

/// `attempts` counts the first one too (1 = never repeat). The wait before attempt n+1 is drawn uniformly
/// from [0, min(max, initial * 2^(n-1))] (full jitter); `fixed` draws from [0, initial].
struct RetryPolicy {
    int attempts = 3;
    Backoff backoff = Backoff::kExponential;
    Millis initial{500};
    Millis max{60'000};

    /// What holds instead after a failure of a class. A class that is named is repeated although the failure
    /// does not say that this may help.
    struct OfClass {
        ErrorClass error_class = ErrorClass::kPlatform;
        int attempts = 3;  // counts all attempts begun, whatever they failed with
        Backoff backoff = Backoff::kExponential;
        Millis initial{500};
        Millis max{60'000};
        bool operator==(const OfClass&) const = default;
    };
    std::vector<OfClass> classes = {};  // each at most once

    bool names(ErrorClass error_class) const;
    /// What holds after a failure of the class.
    RetryPolicy of(ErrorClass error_class) const;
    bool operator==(const RetryPolicy&) const = default;
};

/// Names as they stand in definitions, rows and APIs ("idempotent", "provider", "continue", ...).
std::string_view name(Effect effect);
std::string_view name(FailureKind kind);
std::string_view name(ErrorClass error_class);
std::string_view name(OnError on_error);
std::string_view name(OnUnknown on_unknown);
std::string_view name(OnInvalid on_invalid);
std::string_view name(OnOpen on_open);
std::string_view name(Backoff backoff);
std::optional<Effect> effect_from(std::string_view text);
std::optional<FailureKind> failure_kind_from(std::string_view text);
std::optional<ErrorClass> error_class_from(std::string_view text);
/// What a failure of this kind is when nothing more is known of it.
ErrorClass class_of(FailureKind kind);
std::optional<OnError> on_error_from(std::string_view text);
std::optional<OnUnknown> on_unknown_from(std::string_view text);
std::optional<OnInvalid> on_invalid_from(std::string_view text);
std::optional<OnOpen> on_open_from(std::string_view text);

/// "500ms", "1s", "5m", "2h", "1d"; whole numbers; at most 1830 days. kInvalid with `field`.
Result<Millis> parse_duration(std::string_view text, std::string_view field);
/// A JSON value that is a duration text, or a number of seconds (fractions allowed). kInvalid with `field`.
Result<Millis> duration_of(const Json& value, std::string_view field);
/// The shortest text that parse_duration reads back to the same value, e.g. "90s", "1m".
std::string duration_text(Millis value);

/// {attempts, backoff, initial, max, classes: {rate_limited: {attempts, ...}, ...}}: what is absent comes
/// from `base`, in a class from the policy around it. Bounds: attempts 1..kAttemptsMax, 0 < initial <= max <=
/// 24 h. kInvalid with the field's path below `field`.
Result<RetryPolicy> parse_retry(const Json& value, const RetryPolicy& base, std::string_view field);
Json to_json(const RetryPolicy& policy);

}  // namespace weft::runstate
