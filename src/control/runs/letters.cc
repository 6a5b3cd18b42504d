// Dead letters: runs that failed for good, until somebody repeats or drops them (docs/adr/0045).
#include "store/letters/letters.h"

#include "control/api/family.h"
#include "control/runs/detail/view.h"
#include "control/runs/runs.h"

#include <fmt/format.h>

namespace weft::control {

namespace letters = store::letters;
using store::runs::ValueSlot;
using tenancy::Permission;

namespace {

constexpr std::string_view kLetter = R"(
    run_id id
    workflow_id id
    workflow_key text? = orders
    workflow_name text? = Orders
    message text = The provider answered 503
    failure_kind workflow|provider|limit|platform? = provider
    error_class workflow|rejected|auth|rate_limited|unavailable|timeout|limit|)"
                                     R"(platform|crash|circuit_open = unavailable
    step_id text? = order
    is_poison bool = false
    tries int = 1
    origin_run_id id
    state open|redriven|dropped = open
    redriven_by id? = null
    failed_at time
    settled_at time?
    dropped_by id? = null
    dropped_by_name text? = null
    note text? = null
    error* object? = null
    step* run_step? = null
    input* json = {"order_id": "1001"}
    step_input* json = {"id": "1001"})";

constexpr std::string_view kFilter = R"(
    "workflow_id": {"$ref": "#/definitions/id"},
    "error_class": {"enum": ["workflow", "rejected", "auth", "rate_limited", "unavailable",
        "timeout", "limit", "platform", "crash", "circuit_open"]},
    "created_after": {"type": "string", "format": "date-time"},
    "created_before": {"type": "string", "format": "date-time"})";

constexpr std::string_view kState =
    R"("state": {"enum": ["open", "redriven", "dropped"], "default": "open"})";

constexpr std::string_view kNote =
    R"("note": {"type": "string", "minLength": 1, "maxLength": 500, "examples": ["Done by hand"]})";

constexpr std::string_view kChosen = R"(
    "run_ids": {"type": "array", "minItems": 1, "maxItems": 100, "uniqueItems": true,
        "items": {"$ref": "#/definitions/id"}},
    "all": {"type": "boolean", "default": false, "description": "What the filters fit; without run_ids"},
    "after": {"$ref": "#/definitions/after"},
    "limit": {"type": "integer", "minimum": 1, "maximum": 100, "default": 100})";

Json letter_json(const letters::Letter& letter) {
    using runview::maybe_json;
    return JsonObject{
        {"run_id", letter.run.text()},
        {"workflow_id", letter.workflow.text()},
        {"workflow_key", letter.workflow_key.empty() ? Json(nullptr) : Json(letter.workflow_key)},
        {"workflow_name", letter.workflow_name.empty() ? Json(nullptr) : Json(letter.workflow_name)},
        {"message", letter.message},
        {"failure_kind", runview::kind_json(letter.failure_kind)},
        {"error_class", name(letter.error_class)},
        {"step_id", maybe_json(letter.step)},
        {"is_poison", letter.is_poison},
        {"tries", letter.tries},
        {"origin_run_id", letter.origin.text()},
        {"state", name(letter.state)},
        {"redriven_by", id_json(letter.redriven_by)},
        {"failed_at", time_json(letter.failed_at)},
        {"settled_at", time_json(letter.settled_at)},
        {"dropped_by", id_json(letter.dropped_by)},
        {"dropped_by_name", maybe_json(letter.dropped_by_name)},
        {"note", maybe_json(letter.note)},
    };
}

letters::Filter letters_in(const Json& input, const store::PageRequest& page, Rng& rng) {
    letters::Filter out{
        .state = letters::state_from(text_in(input, "state", "open")).value_or(letters::State::kOpen),
        .error_class = runstate::error_class_from(text_in(input, "error_class")),
        .limit = page.limit + 1,
    };
    if (member_in(input, "workflow_id") != nullptr) out.workflow = id_in<WorkflowId>(input, "workflow_id");
    if (page.after)
        out.before = RunId(*page.after);
    else if (const auto before = maybe_time_in(input, "created_before"))
        out.before = RunId::make(*before, rng);
    if (const auto since = maybe_time_in(input, "created_after")) out.since = RunId::make(*since, rng);
    return out;
}

}  // namespace

/// Those that a bulk operation names, or all that it describes.
rt::Task<Result<store::Page<letters::Letter>>> Runs::choose_letters(Context& context, Json input) {
    const store::Db db(env_.pool, context.tenant());
    store::Page<letters::Letter> out;
    if (const Json* named = member_in(input, "run_ids")) {
        for (const Json& one : named->get_array()) {
            const auto id = Uuid::parse(std::string_view(one.get_string()));
            if (!id) co_return fail(Error::invalid("run_ids are ids of runs", "run_ids"));
            auto found = co_await letters::find(db, RunId(*id), context.deadline);
            if (!found && found.error().code == Code::kNotFound)
                co_return fail(Error::not_found(id->text() + " is no dead letter").with_field("run_ids"));
            if (!found) co_return fail(std::move(found).error());
            out.items.push_back(*std::move(found));
        }
        co_return out;
    }
    const Json* all = member_in(input, "all");
    if (all == nullptr || !all->get_bool())
        co_return fail(Error::invalid("Say which dead letters: run_ids, or all: true with filters", "run_ids")
        );
    CO_TRY(auto page, page_in(input));
    CO_TRY(auto found, co_await letters::list(db, letters_in(input, page, env_.rng), context.deadline));
    co_return store::cut_page(std::move(found), page, [](const letters::Letter& letter) {
        return letter.run.uuid();
    });
}

rt::Task<Result<Json>> Runs::list_letters(Context& context, Json input) {
    CO_TRY(auto page, page_in(input));
    auto filter = letters_in(input, page, env_.rng);
    CO_TRY(auto found, co_await letters::list(context.db(), std::move(filter), context.deadline));
    auto cut = store::cut_page(std::move(found), page, [](const letters::Letter& letter) {
        return letter.run.uuid();
    });
    co_return page_json(cut, letter_json);
}

rt::Task<Result<Json>> Runs::get_letter(Context& context, Json input) {
    const auto id = id_in<RunId>(input);
    const rt::Deadline by = context.deadline;
    CO_TRY(const auto letter, co_await letters::find(context.db(), id, by));
    CO_TRY(auto run, co_await runs_.get(context.tenant(), id, by));
    JsonObject out = letter_json(letter).get_object();
    out["error"] = runview::parsed(run.error);
    std::vector<ValueSlot> slots{ValueSlot::input()};
    std::vector<std::string_view> members{"input"};
    if (letter.step) {
        store::runs::StepFilter filter{.step = letter.step, .only = 0, .limit = 1};
        CO_TRY(auto steps, co_await runs_.steps(context.tenant(), id, std::move(filter), by));
        CO_TRY(auto uses, co_await uses_of(context, run.version));
        out["step"] = steps.empty() ? Json(nullptr) : Json(runview::step_json(steps.front(), *uses));
        slots.push_back(ValueSlot::input_of(*letter.step));
        members.push_back("step_input");
    }
    CO_TRY(auto values, co_await runs_.values(context.tenant(), id, std::move(slots), by));
    runview::show(context, members, std::move(values));
    co_return Json(std::move(out));
}

rt::Task<Result<Json>> Runs::drop_letters(Context& context, Json input) {
    std::vector<RunId> ids;
    Json next;
    if (member_in(input, "id") != nullptr) {
        CO_TRY(
            const auto letter, co_await letters::find(context.db(), id_in<RunId>(input), context.deadline)
        );
        if (letter.state != letters::State::kOpen)
            co_return fail(Error::conflict("Somebody has dealt with the dead letter already"));
        ids.push_back(letter.run);
        context.object = letter.run.uuid();
    } else {
        CO_TRY(const auto chosen, co_await choose_letters(context, input));
        for (const letters::Letter& letter : chosen.items) ids.push_back(letter.run);
        next = chosen.next ? Json(chosen.next->text()) : Json(nullptr);
    }
    const auto& identity = context.principal->identity;
    letters::Drop how{
        .by = context.user(),
        .by_name = identity.user_name + (identity.token_id ? " (API token)" : ""),
        .note = maybe_text_in(input, "note"),
    };
    if (how.note) context.audit_detail["note"] = *how.note;
    CO_TRY(
        const auto dropped,
        co_await letters::drop(context.db(), std::move(ids), std::move(how), context.deadline)
    );
    JsonArray runs;
    for (const RunId run : dropped) runs.emplace_back(run.text());
    context.audit_detail["dropped"] = runs;
    co_return JsonObject{{"dropped", std::move(runs)}, {"next", std::move(next)}};
}

void Runs::add_letters(Table& table) {
    static const std::string list = fmt::format(R"({{"properties": {{{},{}}}}})", kFilter, kState);
    static const std::string one = fmt::format(R"({{"properties": {{{}}}}})", kNote);
    static const std::string many = fmt::format(R"({{"properties": {{{},{},{}}}}})", kFilter, kChosen, kNote);
    table.define("letter", kLetter);  // "dead_letter" would be taken for the table's row
    table.define("letters_dropped", "dropped [text]\nnext text? = null");
    const Access read = may(Permission::kRunRead);
    table.add(lists(
        {"dead_letters.list",
         "/dead-letters",
         "Runs that failed for good and that nobody has dealt with, newest first",
         read,
         "letter",
         list},
        bind(this, &Runs::list_letters)
    ));
    table.add(shows(
        {"dead_letters.get",
         "/dead-letters/{id}",
         "One dead letter, with the run's error and input and the step that failed",
         read,
         "letter"},
        bind(this, &Runs::get_letter)
    ));
    const auto add = [&](Row row) {
        row.access = may(Permission::kRunCancel);
        row.answer = "letters_dropped";
        row.object = "run";
        table.add(commands(row, bind(this, &Runs::drop_letters)));
    };
    add(
        {.name = "dead_letters.drop",
         .path = "/dead-letters/{id}/drop",
         .summary = "Say that a dead letter needs nothing more; to repeat it, repeat its run",
         .access = read,
         .input = one}
    );
    add(
        {.name = "dead_letters.drop_many",
         .path = "/dead-letters/drop",
         .summary = "Drop dead letters, a page at a time; to repeat them, POST /runs/rerun with dead_letters",
         .access = read,
         .input = many}
    );
}

}  // namespace weft::control
