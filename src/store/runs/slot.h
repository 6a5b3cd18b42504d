#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weft::store::runs {

/// Which of a run's values: what it was given, what started it, what it made, what answers its caller; or
/// what a step was given and made, and what it was answered while it waited. Its text is the column `slot`,
/// to which the sealed value is bound.
class ValueSlot {
  public:
    static ValueSlot input() { return {Part::kInput, ""}; }
    static ValueSlot trigger() { return {Part::kTrigger, ""}; }
    static ValueSlot output() { return {Part::kOutput, ""}; }
    static ValueSlot response() { return {Part::kResponse, ""}; }
    /// `iteration`: the item's number, of a step in a loop.
    static ValueSlot input_of(std::string_view step, std::int64_t iteration = 0) {
        return {Part::kInput, step, iteration};
    }
    static ValueSlot output_of(std::string_view step, std::int64_t iteration = 0) {
        return {Part::kOutput, step, iteration};
    }
    static ValueSlot answer_of(std::string_view step, std::int64_t iteration = 0) {
        return {Part::kAnswer, step, iteration};
    }

    /// "input", "trigger", "output", "response", "step.<id>.input", "step.<id>.output", "step.<id>.answer",
    /// of a step in a loop "step.<id>[<iteration>].input" and so on.
    std::string text() const;
    static std::optional<ValueSlot> parse(std::string_view text);

    bool operator==(const ValueSlot&) const = default;

  private:
    enum class Part : std::uint8_t { kInput, kTrigger, kOutput, kResponse, kAnswer };
    ValueSlot(Part part, std::string_view step, std::int64_t iteration = 0)
        : part_(part), step_(step), iteration_(iteration) {}

    Part part_;
    std::string step_;  // its id; empty: the run's own value
    std::int64_t iteration_ = 0;
};

}  // namespace weft::store::runs
