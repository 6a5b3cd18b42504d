#include "control/runs/runs.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

/// Which runs are looked for, as a request says it.
namespace weft::control {

namespace rows = store::runs;

namespace {

constexpr std::size_t kStatesMax = 6;

/// "failed,canceled"
Result<std::vector<runstate::RunStatus>> states_in(const Json& input) {
    std::vector<runstate::RunStatus> out;
    const auto text = maybe_text_in(input, "state");
    if (!text) return out;
    for (std::string_view rest = *text; !rest.empty();) {
        const std::string_view word = rest.substr(0, rest.find(','));
        const auto state = runstate::run_status_from(word);
        if (!state || out.size() == kStatesMax) {
            return fail(Error::invalid(
                "state is one or more of queued, running, waiting, success, failed and canceled, joined by "
                "commas",
                "state"
            ));
        }
        out.push_back(*state);
        rest.remove_prefix(std::min(word.size() + 1, rest.size()));
    }
    return out;
}

Result<void> read_marks(const Json& input, rows::RunFilter& to) {
    to.tag = text_in(input, "tag");
    const auto name = maybe_text_in(input, "index");
    const auto value = maybe_text_in(input, "value");
    const auto beginning = maybe_text_in(input, "value_begins");
    if (value && beginning)
        return fail(Error::invalid("Say value or value_begins, not both", "value_begins"));
    if (!name && (value || beginning)) {
        return fail(Error::invalid(
            "Say index too: the name, in the workflow's index, of the value", value ? "value" : "value_begins"
        ));
    }
    if (name && !value && !beginning) {
        return fail(Error::invalid("Say value, or value_begins, of this index too", "index"));
    }
    if (name) to.mark = rows::Mark{*name, value ? *value : *beginning};
    to.is_beginning = beginning.has_value();
    return {};
}

std::optional<Millis> ms_in(const Json& input, std::string_view member) {
    const Json* found = member_in(input, member);
    if (found == nullptr || !found->if_int64()) return std::nullopt;
    return Millis(*found->if_int64());
}

template <class IdType>
std::optional<IdType> maybe_id_in(const Json& input, std::string_view member) {
    if (member_in(input, member) == nullptr) return std::nullopt;
    return id_in<IdType>(input, member);
}

}  // namespace

Result<rows::RunFilter> run_filter_in(const Json& input) {
    TRY(auto page, page_in(input));
    rows::RunFilter out{
        .workflow = maybe_id_in<WorkflowId>(input, "workflow_id"),
        .version = maybe_int_in(input, "version"),
        .parent = maybe_id_in<RunId>(input, "parent_run_id"),
        .trigger = maybe_id_in<TriggerId>(input, "trigger_id"),
        .begun_by = maybe_text_in(input, "begun_by").and_then(rows::beginning_from),
        .failure = maybe_text_in(input, "failure_kind").and_then(runstate::failure_kind_from),
        .error = text_in(input, "error"),
        .created_from = maybe_time_in(input, "created_after"),
        .created_to = maybe_time_in(input, "created_before"),
        .started_from = maybe_time_in(input, "started_after"),
        .started_to = maybe_time_in(input, "started_before"),
        .finished_from = maybe_time_in(input, "finished_after"),
        .finished_to = maybe_time_in(input, "finished_before"),
        .duration_min = ms_in(input, "duration_min_ms"),
        .duration_max = ms_in(input, "duration_max_ms"),
        .before = page.after ? std::optional(RunId(*page.after)) : std::nullopt,
        .limit = page.limit,
    };
    TRY(out.states, states_in(input));
    CHECK_OK(read_marks(input, out));
    if (out.version && !out.workflow)
        return fail(Error::invalid("Say workflow_id too: versions are a workflow's", "version"));
    return out;
}

rt::Task<Result<Json>> Runs::list(Context& context, Json input) {
    CO_TRY(auto filter, run_filter_in(input));
    CO_TRY(auto found, co_await runs_.list(context.tenant(), std::move(filter), context.deadline));
    JsonArray items;
    for (const rows::Run& run : found.items) items.push_back(run_json(run));
    Json next = found.next ? Json(found.next->text()) : Json(nullptr);
    co_return JsonObject{{"items", std::move(items)}, {"next", std::move(next)}};
}

}  // namespace weft::control
