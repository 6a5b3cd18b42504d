#pragma once

#include "base/error.h"
#include "base/json.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// JSON Schema, drafts 2020-12 and 7, for inputs and outputs of actions and workflows.
namespace weft::schema {

struct Violation {
    enum class Kind {
        kMissing,
        kUnknown,
        kOther
    };  // a required member is absent; a member is not allowed; the rest
    std::string field;     // dotted path below the given root, e.g. "items[0].sku"
    std::string expected;  // e.g. "must be a string, not a number"
    Kind kind = Kind::kOther;
};

struct Compiled;

/// A schema by its address, or null; what it gives outlives the compilation.
using Lookup = std::function<const Json*(std::string_view uri)>;

struct Options {
    /// Whether `format` is checked. The drafts leave it to whoever uses a schema, and off; `$schema` with the
    /// vocabulary format-assertion asks for it too.
    bool checks_formats = false;
    /// Other schemas that references may lead to, besides the drafts' own. Nothing is ever fetched.
    Lookup lookup = {};
};

/// How much a check may cost, in units of some 50 ns: a subschema looked at, or the worst that a pattern can
/// cost for a few bytes of text.
enum class Work : int { kQuick = 40'000, kFull = 1'000'000 };  // 2 and 50 ms

/// A checked, compiled schema: cheap to copy (shares the compiled form, which never changes), safe to cache.
class Schema {
  public:
    /// The draft is the one `$schema` declares, 2020-12 when it is absent; another is refused. Without
    /// `$schema`, a list under `items` is read as draft 7 reads it. Unknown keywords are annotations.
    /// kInvalid or kLimit with `field` = path inside the schema (below `root`). Bounds: 64 KiB of text, 2,000
    /// subschemas, 32 levels, patterns up to 1 KiB and 20,000 instructions together.
    static Result<Schema> compile(
        const Json& schema, std::string_view root = "", const Options& options = {}
    );

    /// The first violation as kInvalid: `user` names field and expectation, `field` is the path below `root`.
    /// Depth and work are bounded: a value that would take more than `work` is answered kLimit. On a loop,
    /// ask with kQuick first, and off the loop only when that was not enough.
    Result<> validate(const Json& value, std::string_view root = "", Work work = Work::kFull) const;

    /// Up to `count_max` violations, for editors and publish checks.
    std::vector<Violation> violations(const Json& value, std::size_t count_max = 50, Work work = Work::kFull)
        const;

    /// What `compile` had to do, in subschemas and instructions of patterns: some 10 us for 10.
    std::size_t size() const;

    /// Can a value of this schema have the member at `path` (names; array indexes as digits)? True unless the
    /// schema declares the object's properties and this is none of them (and additionalProperties does not
    /// allow more).
    bool may_have(const std::vector<std::string>& path) const;

  private:
    explicit Schema(std::shared_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
    std::shared_ptr<const Compiled> compiled_;  // shared by all copies
};

}  // namespace weft::schema
