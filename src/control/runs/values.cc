// Parts of a run's values, for those that are too large to be shown whole.
#include "base/words.h"
#include "control/runs/detail/shape.h"
#include "control/runs/runs.h"
#include "core/file/file.h"
#include "core/workflow/workflow.h"
#include "platform/http/range.h"
#include "platform/rt/loop.h"

#include <array>

namespace weft::control {

using store::runs::ValueSlot;
using tenancy::Permission;

namespace {

constexpr std::size_t kPieceBytes = 256u << 10;  // sent at a time
constexpr auto kTransferTime = std::chrono::minutes(10);
constexpr int kRowsDefault = 5;

constexpr std::string_view kShape = R"(
    slot text = step.order.output
    path text = /body/items
    offset int = 27
    size_bytes int = 412004
    kind object|array|string|number|bool|null = array
    items int? = 1200
    kinds [run_value_kind]
    keys [run_value_key]
    has_more_keys bool = false
    rows [run_value_row])";
constexpr std::string_view kKind = R"(
    kind object|array|string|number|bool|null = object
    count int = 1200)";
constexpr std::string_view kKey = R"(
    name text = order_id
    count int = 1200
    kinds [text] = ["string"]
    size_bytes int = 9600
    example json = "1001")";
constexpr std::string_view kRow = R"(
    offset int = 28
    size_bytes int = 340
    is_large bool = false
    value json = {"order_id": "1001"})";

constexpr std::string_view kWhich = R"({"properties": {
    "of": {"type": "string", "enum": ["input", "trigger", "output", "response"], "default": "output",
        "description": "With step_id: input or output of that step; else of the run"},
    "step_id": {"type": "string", "pattern": "^[A-Za-z0-9_.-]{1,100}$", "examples": ["order"]},
    "iteration": {"type": "integer", "minimum": 0, "default": 0,
        "description": "Of a step in a loop: the item's number, from 1"}}})";
constexpr std::string_view kShapeOf = R"({"properties": {
    "of": {"type": "string", "enum": ["input", "trigger", "output", "response"], "default": "output",
        "description": "With step_id: input or output of that step; else of the run"},
    "step_id": {"type": "string", "pattern": "^[A-Za-z0-9_.-]{1,100}$", "examples": ["order"]},
    "iteration": {"type": "integer", "minimum": 0, "default": 0,
        "description": "Of a step in a loop: the item's number, from 1"},
    "path": {"type": "string", "maxLength": 1000, "examples": ["/body/items"],
        "description": "A JSON pointer to a part of the value"},
    "rows": {"type": "integer", "minimum": 0, "maximum": 20, "default": 5,
        "description": "How many of a list's first items"}}})";

enum class Of : std::uint8_t { kInput, kTrigger, kOutput, kResponse };
/// In the order of the enum.
constexpr std::array<std::string_view, 4> kOfs = {"input", "trigger", "output", "response"};

Result<ValueSlot> slot_in(const Json& input) {
    const Of of = find_word<Of>(kOfs, text_in(input, "of")).value_or(Of::kOutput);
    const auto step = maybe_text_in(input, "step_id");
    const std::int64_t iteration = int_or(input.get_object(), "iteration", 0);
    if (!step && iteration > 0) return fail(Error::invalid("iteration needs step_id", "iteration"));
    switch (of) {
        case Of::kInput:
            return step ? ValueSlot::input_of(*step, iteration) : ValueSlot::input();
        case Of::kOutput:
            return step ? ValueSlot::output_of(*step, iteration) : ValueSlot::output();
        case Of::kTrigger:
            if (!step) return ValueSlot::trigger();
            break;
        case Of::kResponse:
            if (!step) return ValueSlot::response();
            break;
    }
    return fail(Error::invalid("of must be input or output of a step", "of"));
}

/// Shared with the stream that sends it; `room` is the memory it takes.
struct Opened {
    std::string text;
    std::shared_ptr<rt::Budget::Charge> room;
};

rt::Task<void> send_value(http::StreamWriter writer, std::shared_ptr<const Opened> value, http::Range range) {
    const auto end = static_cast<std::size_t>(range.last + 1);
    for (auto at = static_cast<std::size_t>(range.first); at < end;) {
        std::string piece = value->text.substr(at, std::min(kPieceBytes, end - at));
        at += piece.size();
        if (!co_await writer.write(std::move(piece))) co_return;
    }
}

}  // namespace

void Runs::add_values(Table& table) {
    const Access read = may(Permission::kRunRead);
    table.define("run_value_shape", kShape);
    table.define("run_value_kind", kKind);
    table.define("run_value_key", kKey);
    table.define("run_value_row", kRow);
    table.add({
        .name = "runs.value",
        .method = http::Method::kGet,
        .path = "/runs/{id}/value",
        .summary = "The JSON text of a value of a run or a step, or a range of its bytes",
        .input = kWhich,
        .media = "application/octet-stream",
        .access = read,
        .timeout = kTransferTime,
        .raw = [this](Context& context, Json input) { return read_value(context, std::move(input)); },
    });
    table.add(shows(
        {"runs.value_shape",
         "/runs/{id}/value/shape",
         "What a value is made of: its size, the kinds and names in it, a list's first items",
         read,
         "run_value_shape",
         kShapeOf},
        bind(this, &Runs::value_shape)
    ));
}

rt::Task<Result<store::runs::Values>> Runs::open_value(Context& context, RunId id, ValueSlot slot) {
    const bool sees_all = context.principal->permissions.has(Permission::kRunStart);
    CO_CHECK_OK(co_await runs_.get(context.tenant(), id, context.deadline));
    std::vector<ValueSlot> slots;
    slots.push_back(std::move(slot));
    CO_TRY(auto values, co_await runs_.values(context.tenant(), id, std::move(slots), context.deadline));
    if (!values.texts.front()) co_return fail(Error::not_found("The run has no such value"));
    if (!sees_all) values.texts.front() = workflow::hide_answer_addresses(*std::move(values.texts.front()));
    co_return values;
}

rt::Task<Result<http::Response>> Runs::read_value(Context& context, Json input) {
    CO_TRY(auto slot, slot_in(input));
    const std::string name = slot.text() + ".json";
    CO_TRY(auto values, co_await open_value(context, id_in<RunId>(input), std::move(slot)));
    auto opened = std::make_shared<Opened>();
    opened->text = *std::move(values.texts.front());
    opened->room = std::move(values.room);
    const auto size = static_cast<std::int64_t>(opened->text.size());
    http::Response response;
    const auto range = http::ranged(*context.request, size, response);
    if (!range) co_return http::no_such_range(size, context.request_id);
    // A range of JSON is none.
    response.headers.set("content-type", "application/octet-stream");
    response.headers.set("content-disposition", file::disposition(name));
    response.headers.set("content-security-policy", "sandbox; default-src 'none'");
    response.stream_length = static_cast<std::uint64_t>(range->last + 1 - range->first);
    response.stream = [opened, range = *range](http::StreamWriter writer) {
        return send_value(writer, opened, range);
    };
    co_return response;
}

rt::Task<Result<Json>> Runs::value_shape(Context& context, Json input) {
    CO_TRY(auto slot, slot_in(input));
    const std::string name = slot.text();
    const std::string path = text_in(input, "path", "");
    const int rows = maybe_int_in(input, "rows").value_or(kRowsDefault);
    CO_TRY(auto values, co_await open_value(context, id_in<RunId>(input), std::move(slot)));
    const std::string& text = *values.texts.front();
    auto look = [&] { return shape_of(text, path, static_cast<std::size_t>(rows)); };
    CO_TRY(JsonObject shape, co_await rt::offload(text.size(), look));
    shape["slot"] = name;
    co_return Json(std::move(shape));
}

}  // namespace weft::control
