#include "graphql/execute/mutation.h"

#include "graphql/execute/detail/statement_name.h"

#include <span>

namespace weft::graphql {

namespace {

using Steps = std::span<const MutationProgram::Step>;

pg::Params params_of(const std::vector<std::optional<std::string>>& values) {
    pg::Params out;
    for (const auto& value : values) out.add(value);
    return out;
}

Failure failure_of(const MutationStep& step, const pg::ServerError& error, bool is_admin) {
    if (error.sqlstate == "22P02" && error.message.ends_with("\"" + std::string(kNoRowMark) + "\"")) {
        return {.message = step.no_row_message, .code = "not-supported", .path = step.no_row_path};
    }
    return to_failure(error, step.path, is_admin);
}

/// `failed` tells more than `error` when the server refused a statement; `first` is the number of ours.
Failure failure_of(
    Steps steps, const Error& error, const pg::ServerError& failed, std::size_t first, bool is_admin
) {
    auto at = static_cast<std::size_t>(failed.statement);
    if (failed.sqlstate.empty()) return to_failure(error, is_admin);
    if (at < first || at - first >= steps.size()) return to_failure(failed, "$", is_admin);
    return failure_of(steps[at - first].step, failed, is_admin);
}

/// The answers of a root's statements as one JSON text.
class RootAnswer {
  public:
    explicit RootAnswer(const MutationProgram::Root& root) : is_list_(root.is_list), text_(root.constant) {
        if (is_list_ && text_.empty()) text_ = "[";
    }
    void add(const MutationProgram::Step& step, const pg::Rows& rows) {
        if (!step.step.answers) return;
        if (is_list_ && text_.size() > 1) text_ += ',';
        text_ += rows.empty() || rows.is_null(0, 0) ? "null" : rows.text(0, 0);
    }
    std::string take(const MutationProgram::Root& root) {
        if (is_list_ && root.constant.empty()) text_ += ']';
        return std::move(text_);
    }

  private:
    bool is_list_;
    std::string text_;
};

MutationScript script_of(const RootField& root) {
    if (const auto* mutation = std::get_if<std::unique_ptr<Mutation>>(&root.what)) {
        return emit_mutation(**mutation);
    }
    if (const auto* select = std::get_if<std::unique_ptr<Select>>(&root.what)) {
        MutationScript out;  // a function that writes
        out.steps.push_back({.statement = emit_select(**select), .path = "$", .answers = true});
        return out;
    }
    return {};
}

}  // namespace

MutationProgram make_program(const Plan& plan) {
    MutationProgram out;
    for (const RootField& field : plan.roots) {
        MutationProgram::Root root{.key = field.key, .begin = out.steps.size()};
        if (const auto* text = std::get_if<std::string>(&field.what)) root.constant = *text;
        root.is_sql = !std::holds_alternative<RootField::Introspection>(field.what) &&
                      !std::holds_alternative<std::unique_ptr<ActionCall>>(field.what);
        MutationScript script = script_of(field);
        for (MutationStep& step : script.steps) {
            // Equal texts share a name, and so one prepared statement on a connection.
            std::string name = statement_name(step.statement.text);
            out.steps.push_back({std::move(step), std::move(name)});
        }
        root.end = out.steps.size();
        root.is_list = script.is_list;
        out.roots.push_back(std::move(root));
    }
    return out;
}

rt::Task<Outcome<RootTexts>> run_mutation(
    pg::Pool& pool,
    pg::Batch prelude,
    const MutationProgram& program,
    Binder bind,
    bool is_admin,
    rt::Deadline by
) {
    pg::Batch batch = std::move(prelude);
    std::size_t first = batch.statements().size();
    for (const auto& step : program.steps) {
        auto values = bind(step.step.statement);
        if (!values) co_return std::unexpected(std::move(values).error());
        batch.add({step.name, step.step.statement.text}, params_of(*values));
    }
    std::vector<pg::Rows> rows;
    if (!program.steps.empty()) {
        pg::ServerError failed;
        auto ran = co_await pool.run(std::move(batch), by, &failed);
        if (!ran) {
            co_return std::unexpected(failure_of(program.steps, ran.error(), failed, first, is_admin));
        }
        rows = *std::move(ran);
    }
    RootTexts out;
    for (const auto& root : program.roots) {
        RootAnswer answer(root);
        for (std::size_t at = root.begin; at < root.end; ++at) {
            answer.add(program.steps[at], rows[first + at]);
        }
        out.push_back(answer.take(root));
    }
    co_return out;
}

rt::Task<Outcome<std::string>> run_root(
    pg::Transaction& transaction,
    const MutationProgram& program,
    std::size_t root,
    Binder bind,
    bool is_admin,
    rt::Deadline by
) {
    const auto& what = program.roots[root];
    RootAnswer answer(what);
    for (std::size_t at = what.begin; at < what.end; ++at) {
        const auto& step = program.steps[at];
        auto values = bind(step.step.statement);
        if (!values) co_return std::unexpected(std::move(values).error());
        pg::ServerError failed;
        auto rows = co_await transaction.query(
            {step.name, step.step.statement.text}, params_of(*values), by, &failed
        );
        if (!rows) {
            if (failed.sqlstate.empty()) co_return std::unexpected(to_failure(rows.error(), is_admin));
            co_return std::unexpected(failure_of(step.step, failed, is_admin));
        }
        answer.add(step, *rows);
    }
    co_return answer.take(what);
}

}  // namespace weft::graphql
