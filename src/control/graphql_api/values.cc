#include "control/graphql_api/detail/values.h"

#include "control/graphql_api/detail/operations.h"

namespace weft::control::shown {

namespace {

using store::runs::ValueSlot;

/// Each row costs a look-up; an answer with more rows than this asks for them in pages.
constexpr std::size_t kRowsMax = 200;

/// Which value of a run a row's columns stand for.
using SlotOf = ValueSlot (*)(const JsonObject& row);

struct Resolved {
    std::string_view resolver;
    std::string_view run_column;
    SlotOf slot;
};

std::string_view step_of(const JsonObject& row) {
    return text_or(row, "step_id");
}

constexpr std::array<Resolved, 5> kResolved{{
    {"run_input", "id", [](const JsonObject&) { return ValueSlot::input(); }},
    {"run_trigger", "id", [](const JsonObject&) { return ValueSlot::trigger(); }},
    {"run_output", "id", [](const JsonObject&) { return ValueSlot::output(); }},
    {"step_input", "run_id", [](const JsonObject& row) { return ValueSlot::input_of(step_of(row)); }},
    {"step_output", "run_id", [](const JsonObject& row) { return ValueSlot::output_of(step_of(row)); }},
}};

rt::Task<graphql::Outcome<std::vector<std::string>>> resolve(
    store::runs::Runs& runs, const Resolved& what, graphql::ResolverContext& context, JsonArray rows
) {
    if (rows.size() > kRowsMax) {
        co_return graphql::failure(
            "limit", "values of at most 200 rows can be read at once; ask for fewer rows with `limit`"
        );
    }
    const auto caller = std::static_pointer_cast<const Caller>(context.session.host);
    std::vector<store::runs::ValueKey> wanted;
    for (const Json& row : rows) {
        const auto run = RunId::parse(text_or(row.get_object(), what.run_column));
        if (!run) co_return graphql::failure("unexpected", "a run without an id");
        wanted.push_back({*run, what.slot(row.get_object())});
    }
    auto texts = co_await runs.values(
        caller->principal.identity.tenant_id, std::move(wanted), context.deadline, context.bytes_max
    );
    if (!texts) co_return graphql::failure(std::string(name(texts.error().code)), texts.error().user);
    std::vector<std::string> out;
    for (auto& text : *texts) out.push_back(text ? std::move(*text) : "null");
    co_return out;
}

}  // namespace

std::map<std::string, graphql::RemoteResolver> value_resolvers(store::runs::Runs& runs) {
    std::map<std::string, graphql::RemoteResolver> out;
    for (const Resolved& what : kResolved) {
        out.emplace(
            what.resolver,
            [&runs, &what](graphql::ResolverContext& context, JsonArray rows, JsonObject) {
                return resolve(runs, what, context, std::move(rows));
            }
        );
    }
    return out;
}

}  // namespace weft::control::shown
