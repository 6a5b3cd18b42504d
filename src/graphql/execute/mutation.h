#pragma once

#include "graphql/execute/errors.h"
#include "graphql/plan/plan.h"
#include "graphql/sql/sql.h"
#include "platform/pg/pg.h"
#include "platform/rt/task.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace weft::graphql {

/// The statements of a mutation operation, in the order of its root fields. Made once per plan, immutable.
struct MutationProgram {
    struct Step {
        MutationStep step;
        std::string name;  // for pg::Query: made of the text
    };
    struct Root {
        std::string key;                 // response key
        std::size_t begin = 0, end = 0;  // its steps
        bool is_list = false;
        std::string constant;  // the answer when there are no steps
        bool is_sql = true;    // false: not the database's business (an action, an introspection field)
    };
    std::vector<Step> steps;
    std::vector<Root> roots;  // by position in Plan::roots
};
MutationProgram make_program(const Plan& plan);

/// Fills a statement's parameters for the request at hand.
using Binder = std::function<Outcome<std::vector<std::optional<std::string>>>(const Statement&)>;

/// The JSON text of each root, by position; empty where Root::is_sql is false.
using RootTexts = std::vector<std::string>;

/// Runs all roots in one transaction and one round trip: `prelude` (a principal, settings; at least `as`) and
/// every step in one batch. Any failure leaves nothing behind. After a lost connection the outcome is
/// unknown. The program outlives the call.
rt::Task<Outcome<RootTexts>> run_mutation(
    pg::Pool& pool,
    pg::Batch prelude,
    const MutationProgram& program,
    Binder bind,
    bool is_admin,
    rt::Deadline by
);

/// Runs one root inside a transaction that others take part in (actions between database roots): a round trip
/// per step. On a failure the caller lets go of the transaction.
rt::Task<Outcome<std::string>> run_root(
    pg::Transaction& transaction,
    const MutationProgram& program,
    std::size_t root,
    Binder bind,
    bool is_admin,
    rt::Deadline by
);

}  // namespace weft::graphql
