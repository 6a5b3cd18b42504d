#include "data/engine/detail/driver.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace weft::engine {

using store::runlog::Level;

namespace {

// As for other evaluations (commands.cc): the child enforces the script's own limit.
constexpr auto kMarkTimeout = limits::kScriptTimeoutDefault * 3;

using Unmarked = std::vector<const workflow::CompiledMark*>;

/// One evaluation for all of them.
std::string list_of(const Unmarked& marks) {
    std::string out = "[";
    for (const workflow::CompiledMark* mark : marks) {
        if (out.size() > 1) out += ',';
        out += mark->value;
    }
    return out + ']';
}

/// "[3]" and what follows: which of the list failed.
std::size_t place_in(std::string_view field) {
    std::size_t place = std::string_view::npos;
    if (!field.starts_with('[')) return place;
    std::from_chars(field.data() + 1, field.data() + field.size(), place);
    return place;
}

}  // namespace

/// What the run is found by, before anything else of it is done: also if its input does not fit. A value that
/// cannot be had is told in the log and keeps nobody from running. What was written before is written again:
/// the same.
rt::Task<Result<void>> Driver::mark() {
    const auto& marks = run_.prepared->workflow.marks();
    const bool has_begun = run_.job.loaded.started_at && !run_.job.loaded.steps.empty();
    if (marks.empty() || has_begun) co_return Result<void>{};
    Unmarked open;
    for (const workflow::CompiledMark& mark : marks) {
        if (mark.literal.is_null())
            open.push_back(&mark);
        else
            keep_mark(mark.name, mark.literal);
    }
    if (run_.job.claimed.cancel || !run_.job.has_slot) co_return Result<void>{};
    // Each time one less, or the last.
    while (!open.empty()) {
        if (!session_.is_open()) CO_CHECK_OK(co_await session_.open());
        protocol::Evaluate request;
        request.value = list_of(open);
        std::vector<protocol::Request> requests;
        requests.push_back(std::move(request));
        auto reply = co_await session_.ask(std::move(requests), run_.job.scope.deadline(kMarkTimeout));
        charge(runstate::kRun, session_.take_used());
        if (!reply && run_.job.scope.is_cancelled()) co_return fail(std::move(reply).error());
        std::string why = "the sandbox gave no value";
        std::size_t failed = std::string_view::npos;
        if (reply) {
            record_.keep_logs(std::move(reply->logs), runstate::kRun);
            if (const auto* value = std::get_if<protocol::Value>(&reply->result)) {
                if (keep_marks(open, value->json)) co_return Result<void>{};
            } else if (const auto* said = std::get_if<protocol::Failed>(&reply->result)) {
                why = said->message;
                failed = place_in(said->field);
            }
        }
        for (std::size_t i = 0; i < open.size(); ++i)
            if (failed >= open.size() || i == failed) miss_mark(open[i]->name, why);
        if (failed >= open.size()) co_return Result<void>{};
        open.erase(open.begin() + static_cast<std::ptrdiff_t>(failed));
    }
    co_return Result<void>{};
}

/// False when that is not what a list of templates gives.
bool Driver::keep_marks(const std::vector<const workflow::CompiledMark*>& marks, std::string_view json) {
    const auto values = parse_json(json, {.bytes_max = limits::kPayloadBytesMax});
    if (!values || !values->is_array() || values->get_array().size() != marks.size()) return false;
    for (std::size_t i = 0; i < marks.size(); ++i) keep_mark(marks[i]->name, values->get_array()[i]);
    return true;
}

void Driver::keep_mark(const std::string& name, const Json& value) {
    workflow::Marked marked = workflow::marked(name, value);
    for (std::string& one : marked.values) record_.mark({name, std::move(one)});
    if (!marked.problem.empty()) miss_mark(name, marked.problem);
}

void Driver::miss_mark(const std::string& name, std::string_view why) {
    const std::string what = name == workflow::kTagMark ? "a tag" : "index." + name;
    record_.log(Level::kWarn, std::nullopt, fmt::format("The run is not found by {}: {}", what, why));
}

}  // namespace weft::engine
