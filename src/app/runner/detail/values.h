#pragma once

#include "core/protocol/protocol.h"
#include "core/template/template.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weft::runner {

using Bindings = std::vector<protocol::Binding>;

/// The run's values as expressions see them, kept as JSON texts.
class Values {
  public:
    void begin(protocol::Begin begin);
    void put(protocol::Put put);
    /// As an output in the present scope.
    void keep(const std::string& step, std::string json);
    /// Drops the values of steps in this scope, and in those inside it.
    void forget(std::string_view scope);
    /// Where in loops what follows is, see protocol::Evaluate.
    void set_scope(std::string scope) { scope_ = std::move(scope); }

    /// What reading a path gives, by JavaScript's rules.
    struct Found {
        /// kUnknown: the engine has to say (it throws, or the property is not the value's own).
        enum class Is : std::uint8_t { kValue, kUndefined, kUnknown } is = Is::kUnknown;
        std::string_view json;      // of kValue
        std::size_t looked_at = 0;  // bytes, at most
    };
    Found read(const templates::Path& path, const Bindings& bindings, std::string& scratch) const;

    /// The JSON text that `path` leads to, found without the engine; nothing when that takes JavaScript's
    /// rules (a property that is not the value's own, a whole `steps`), and then the engine decides. Where
    /// both answer they agree: see the differential test. `scratch` backs answers that stand nowhere (a
    /// length).
    std::optional<std::string_view> resolve(
        const templates::Path& path, const Bindings& bindings, std::string& scratch
    ) const;

    /// The object of globals for an evaluation that mentions `names`, as JSON text. `steps` gives the ids
    /// wanted; nothing means all of them.
    std::string globals(
        const std::vector<std::string>& names,
        const std::optional<std::vector<std::string>>& steps,
        const Bindings& bindings
    ) const;

    /// The first part of `path` that is absent or null although more is read from it.
    std::optional<std::string> absent_part(const templates::Path& path, const Bindings& bindings) const;

  private:
    struct Step {
        std::string status;
        std::string output;
        std::string error;
    };
    const std::string* constant(std::string_view root) const;
    /// The step as the present scope sees it; null when it has no value there.
    const Step* find(std::string_view id) const;
    std::optional<std::string_view> start(
        const templates::Path& path, const Bindings& bindings, std::string& scratch, std::size_t& keys_used
    ) const;

    protocol::Begin begin_;
    std::map<std::string, Step, std::less<>> steps_;  // by id and scope
    std::string scope_;
};

}  // namespace weft::runner
