#pragma once

#include "control/api/api.h"
#include "platform/http/site.h"
#include "store/notices/notices.h"
#include "store/runs/runs.h"

#include <memory>
#include <string_view>

namespace weft::http {
class Router;
}

/// Weft's GraphQL: the tables of the data model to read and to watch, the operations as actions, at
/// /v1/graphql.
namespace weft::control {

/// Borrowed for the life of the GraphqlApi.
struct GraphqlApiParts {
    Environment& env;
    const Table& table;
    Executor& executor;
    Rest& rest;  // tells who sent a request
    store::runs::Runs& runs;
    http::SiteRule site;  // as RestOptions'
    http::Leases& leases;
    rate::Rate cost;  // rows that a tenant's role may ask for
};

class GraphqlApi {
  public:
    explicit GraphqlApi(GraphqlApiParts parts);
    ~GraphqlApi();
    GraphqlApi(const GraphqlApi&) = delete;
    GraphqlApi& operator=(const GraphqlApi&) = delete;

    void mount(http::Router& router);
    /// Reads the catalog and makes the schema. Until it has succeeded once every request is answered
    /// "start-failed". Errors: those of the pool; kInternal when the metadata does not fit the database,
    /// which is a bug.
    rt::Task<Result<void>> load(rt::Deadline by);

    /// From this process or another.
    void hear(const store::notices::RunChanged& changed);
    void hear(const store::notices::DefinitionChanged& changed);
    /// After the listener was away: everybody may have missed something.
    void on_gap();

    /// Large answers in assembly or on their way out, their bytes and how many wait for room; and answers
    /// with notes.
    struct Load {
        std::size_t answer_bytes = 0;
        std::size_t answers_waiting = 0;
        std::uint64_t notes = 0;  // answers, so far, with a list that ended where we said
    };
    Load load_now() const;

    /// Ends sockets and subscriptions. Call before the loop ends.
    rt::Task<void> close();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace weft::control
