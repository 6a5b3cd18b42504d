#pragma once

#include "graphql/execute/execute.h"

#include <memory>
#include <string>
#include <vector>

namespace weft::graphql {

/// Does a plan have fields that resolvers fill?
bool has_remote_fields(const Plan& plan);

namespace detail {

struct RemoteEnvironment {
    const EngineOptions& options;
    const Variables& variables;
    ResolverContext& context;
    AnswerRoom& room;  // charged with what each call holds, before the next
};

/// An answer's text in which the rows' columns stand where resolvers' values belong. Fills it value by value,
/// in the order of the text.
class RemoteFill final : public AnswerParts {
  public:
    RemoteFill(std::string body, std::shared_ptr<const Prepared> prepared)
        : body_(std::move(body)), prepared_(std::move(prepared)) {}

    /// First: one call of each resolver for all rows of a root that ask for it. The text of root i is at
    /// `begins[i]`.
    rt::Task<Outcome<>> find(std::vector<std::size_t> begins, RemoteEnvironment env);
    RemoteValues::Sizes sizes() const;
    /// The whole text; the first failure is everybody's. Then nothing is left.
    rt::Task<Outcome<std::string>> whole(rt::Deadline by);
    rt::Task<std::string> next(rt::Deadline by) override;

  private:
    struct Slot {
        std::size_t begin = 0;
        std::size_t end = 0;
        std::string path;  // items of a JSON array
        const RemoteCall* call = nullptr;
        RemoteValues* values = nullptr;  // null: the row has no counterpart
    };
    rt::Task<Outcome<>> ask(const RemoteCall& call, std::vector<Slot*> slots, RemoteEnvironment env);
    rt::Task<Outcome<std::string>> value(const Slot& slot, rt::Deadline by);
    void note(const Slot& slot, const Failure& failure);

    std::string body_;
    std::shared_ptr<const Prepared> prepared_;  // shared with the cache: the calls are in its plan
    std::vector<Slot> slots_;
    std::vector<std::unique_ptr<RemoteValues>> values_;
    std::size_t next_ = 0;  // slot
    std::size_t at_ = 0;    // in the text
    std::string large_;     // a value that goes out by itself
    std::string errors_;
    int failed_ = 0;
    bool is_over_ = false;
};

}  // namespace detail
}  // namespace weft::graphql
