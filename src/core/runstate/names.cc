#include "base/words.h"
#include "core/runstate/runstate.h"

#include <sodium.h>

#include <array>

namespace weft::runstate {

namespace {

constexpr std::array<std::string_view, 4> kNeedOns = {"success", "failure", "finished", "waiting"};

}  // namespace

std::string_view name(RunStatus status) {
    return word_of(kRunStatuses, status);
}
std::string_view name(StepStatus status) {
    return word_of(kStepStatuses, status);
}
std::string_view name(NeedOn on) {
    return word_of(kNeedOns, on);
}
std::optional<RunStatus> run_status_from(std::string_view text) {
    return find_word<RunStatus>(kRunStatuses, text);
}
std::optional<StepStatus> step_status_from(std::string_view text) {
    return find_word<StepStatus>(kStepStatuses, text);
}
std::optional<NeedOn> need_on_from(std::string_view text) {
    return find_word<NeedOn>(kNeedOns, text);
}

bool is_terminal(RunStatus status) {
    return status >= RunStatus::kSuccess;
}
bool is_terminal(StepStatus status) {
    return status >= StepStatus::kSuccess;
}

StepStatus status(Phase phase) {
    switch (phase) {
        case Phase::kQueued:
            return StepStatus::kQueued;
        case Phase::kEvaluating:
        case Phase::kIntent:
        case Phase::kCalling:
        case Phase::kCoding:
        case Phase::kOpening:
        case Phase::kCollecting:
        case Phase::kLooping:
            return StepStatus::kRunning;
        case Phase::kClosing:
        case Phase::kRetryWait:
        case Phase::kSleeping:
        case Phase::kWaiting:
            return StepStatus::kWaiting;
        case Phase::kSuccess:
            return StepStatus::kSuccess;
        case Phase::kFailed:
            return StepStatus::kFailed;
        case Phase::kSkipped:
            return StepStatus::kSkipped;
        case Phase::kCanceled:
            return StepStatus::kCanceled;
        case Phase::kNotReached:
            return StepStatus::kNotReached;
    }
    return StepStatus::kQueued;
}

RunStatus State::status() const {
    switch (stage) {
        case Stage::kNew:
            return RunStatus::kQueued;
        case Stage::kRunning:
        case Stage::kOutput:
        case Stage::kStopping:
        case Stage::kFinally:
            return RunStatus::kRunning;
        case Stage::kParked:
            return RunStatus::kWaiting;
        case Stage::kFinished:
            return end;
    }
    return RunStatus::kQueued;
}

std::string idempotency_key(RunId run, std::string_view step, Iteration iteration) {
    crypto_hash_sha256_state hash;
    crypto_hash_sha256_init(&hash);
    auto add = [&](std::string_view part) {
        // Lengths first, so that ("a", "bc") and ("ab", "c") differ.
        std::array<unsigned char, 4> length{};
        for (std::size_t i = 0; i < 4; ++i) length[i] = static_cast<unsigned char>(part.size() >> (8 * i));
        crypto_hash_sha256_update(&hash, length.data(), length.size());
        crypto_hash_sha256_update(&hash, reinterpret_cast<const unsigned char*>(part.data()), part.size());
    };
    add("weft/idempotency/1");
    add({reinterpret_cast<const char*>(run.uuid().bytes.data()), 16});
    add(step);
    add(iteration > 0 ? std::to_string(iteration) : std::string());
    std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
    crypto_hash_sha256_final(&hash, digest.data());
    Uuid key;
    for (std::size_t i = 0; i < 16; ++i) key.bytes[i] = digest[i];
    key.bytes[6] =
        static_cast<std::uint8_t>((key.bytes[6] & 0x0F) | 0x80);  // version 8: made by the application
    key.bytes[8] = static_cast<std::uint8_t>((key.bytes[8] & 0x3F) | 0x80);
    return key.text();
}

}  // namespace weft::runstate
