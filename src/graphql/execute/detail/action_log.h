#pragma once

#include "graphql/execute/execute.h"
#include "platform/rt/scope.h"
#include "platform/rt/sync.h"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace weft::graphql::detail {

/// Calls of asynchronous actions, kept in the database (schema weft_graphql, made on first use) as the login
/// role, until they have been answered.
class ActionLog {
  public:
    explicit ActionLog(pg::Pool& pool) : pool_(pool) {}

    struct Call {
        std::string id;
        std::string name;
        Json input;
        Session session;
        std::string request_query;
    };

    /// Notes a call, within the caller's transaction if there is one; gives its id.
    rt::Task<Outcome<std::string>> add(ResolverContext& context, const metadata::Action& action, Json input);
    /// {id, created_at, output, errors}; null when there is none. Roles other than admin see calls that came
    /// with the same session variables as theirs.
    rt::Task<Outcome<Json>> read(ResolverContext& context, std::string name, std::string id);
    /// The oldest ones that nobody works on. An empty list when the table does not exist yet.
    rt::Task<Result<std::vector<Call>>> claim(int calls_max, rt::Deadline by);
    rt::Task<Result<void>> finish(std::string id, Outcome<Json> answer, rt::Deadline by);

  private:
    rt::Task<Result<bool>> exists(rt::Deadline by);
    rt::Task<Result<void>> make(rt::Deadline by);

    pg::Pool& pool_;
    bool exists_ = false;
};

/// Works through the log: several calls at once, those of an earlier process included.
class ActionRunner {
  public:
    using Perform = std::function<rt::Task<Outcome<Json>>(ActionLog::Call, rt::Deadline)>;
    /// `is_wanted` tells whether there are asynchronous actions at all: else the log is not looked at.
    ActionRunner(rt::Loop& loop, ActionLog& log, Perform perform, std::function<bool()> is_wanted);
    void start();
    /// There is something to do.
    void wake() {
        is_told_ = true;
        told_.notify_all();
    }
    rt::Task<void> close() { return scope_.close(); }

  private:
    rt::Task<void> run();
    rt::Task<void> answer(ActionLog::Call call);

    ActionLog& log_;
    Perform perform_;
    std::function<bool()> is_wanted_;
    rt::Signal told_;
    bool is_told_ = false;
    int running_ = 0;
    rt::Scope scope_;
};

}  // namespace weft::graphql::detail
