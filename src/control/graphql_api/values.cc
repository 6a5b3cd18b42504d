#include "control/graphql_api/detail/values.h"

#include "control/graphql_api/detail/operations.h"
#include "core/workflow/workflow.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>

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

/// A bigint of the database is a text in a row.
std::int64_t iteration_of(const JsonObject& row) {
    const std::string_view text = text_or(row, "iteration");
    std::int64_t out = int_or(row, "iteration", 0);
    std::from_chars(text.data(), text.data() + text.size(), out);
    return out;
}

ValueSlot input_of(const JsonObject& row) {
    return ValueSlot::input_of(text_or(row, "step_id"), iteration_of(row));
}
ValueSlot output_of(const JsonObject& row) {
    return ValueSlot::output_of(text_or(row, "step_id"), iteration_of(row));
}

constexpr std::array<Resolved, 5> kResolved{{
    {"run_input", "id", [](const JsonObject&) { return ValueSlot::input(); }},
    {"run_trigger", "id", [](const JsonObject&) { return ValueSlot::trigger(); }},
    {"run_output", "id", [](const JsonObject&) { return ValueSlot::output(); }},
    {"step_input", "run_id", input_of},
    {"step_output", "run_id", output_of},
}};

graphql::Failure failed(const Error& error) {
    return {.message = error.user, .code = std::string(name(error.code))};
}

/// Opened one at a time.
class Values final : public graphql::RemoteValues {
  public:
    Values(store::runs::Runs& runs, const Principal& caller, std::vector<store::runs::ValueKey> wanted)
        : runs_(runs),
          tenant_(caller.identity.tenant_id),
          sees_all_(caller.permissions.has(tenancy::Permission::kRunStart)),
          wanted_(std::move(wanted)),
          stored_(wanted_.size()) {}

    rt::Task<Result<void>> find(rt::Deadline by) {
        CO_TRY(auto found, co_await runs_.find_values(tenant_, wanted_, std::move(by)));
        for (store::runs::FoundValue& value : found) {
            const auto bytes = static_cast<std::size_t>(value.stored.size_bytes);
            sizes_.values += bytes;
            sizes_.largest = std::max(sizes_.largest, bytes);
            if (value.stored.data) sizes_.held += value.stored.data->size();
            stored_.at(static_cast<std::size_t>(value.place - 1)) = std::move(value.stored);
        }
        co_return Result<void>{};
    }
    Sizes sizes() const override { return sizes_; }
    rt::Task<graphql::Outcome<std::string>> next(rt::Deadline by) override {
        const std::size_t at = next_++;
        if (!stored_.at(at)) co_return std::string("null");
        auto stored = std::move(*stored_[at]);
        auto text = co_await runs_.open_value(tenant_, wanted_[at].run, std::move(stored), std::move(by));
        if (!text) co_return std::unexpected(failed(text.error()));
        co_return sees_all_ ? std::move(*text) : workflow::hide_answer_addresses(std::move(*text));
    }

  private:
    store::runs::Runs& runs_;
    TenantId tenant_;
    bool sees_all_ = false;  // also where runs' waits are answered
    std::vector<store::runs::ValueKey> wanted_;
    std::vector<std::optional<store::runs::StoredPayload>> stored_;  // as they were wanted
    Sizes sizes_;
    std::size_t next_ = 0;
};

rt::Task<graphql::Outcome<std::unique_ptr<graphql::RemoteValues>>> resolve(
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
    auto values = std::make_unique<Values>(runs, caller->principal, std::move(wanted));
    auto found = co_await values->find(context.deadline);
    if (!found) co_return std::unexpected(failed(found.error()));
    co_return std::move(values);
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
