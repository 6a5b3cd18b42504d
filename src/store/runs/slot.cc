#include "store/runs/slot.h"

#include "base/words.h"

#include <array>
#include <charconv>

namespace weft::store::runs {

namespace {

/// In the order of ValueSlot's parts.
constexpr std::array<std::string_view, 5> kParts = {"input", "trigger", "output", "response", "answer"};
constexpr std::string_view kOfStep = "step.";

}  // namespace

std::string ValueSlot::text() const {
    const std::string_view part = word_of(kParts, part_);
    if (step_.empty()) return std::string(part);
    std::string out = std::string(kOfStep).append(step_);
    if (iteration_ > 0) out.append("[").append(std::to_string(iteration_)).append("]");
    return out.append(".").append(part);
}

std::optional<ValueSlot> ValueSlot::parse(std::string_view text) {
    std::string_view step;
    if (text.starts_with(kOfStep)) {
        const auto end = text.rfind('.');
        if (end <= kOfStep.size()) return std::nullopt;
        step = text.substr(kOfStep.size(), end - kOfStep.size());
        text.remove_prefix(end + 1);
    }
    std::int64_t iteration = 0;
    if (step.ends_with(']')) {
        const auto open = step.rfind('[');
        if (open == std::string_view::npos || open == 0) return std::nullopt;
        const char* end = step.data() + step.size() - 1;
        const auto read = std::from_chars(step.data() + open + 1, end, iteration);
        if (read.ec != std::errc{} || read.ptr != end || iteration <= 0) return std::nullopt;
        step = step.substr(0, open);
    }
    const auto part = find_word<Part>(kParts, text);
    if (!part) return std::nullopt;
    const bool is_of_step_only = *part == Part::kAnswer;
    const bool may_be_of_step = is_of_step_only || *part == Part::kInput || *part == Part::kOutput;
    if (step.empty() ? is_of_step_only : !may_be_of_step) return std::nullopt;
    return ValueSlot(*part, step, iteration);
}

}  // namespace weft::store::runs
