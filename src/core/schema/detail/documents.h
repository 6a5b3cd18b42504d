#pragma once

#include "base/error.h"
#include "base/json.h"
#include "core/schema/detail/dialect.h"
#include "core/schema/schema.h"

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace weft::schema {

/// A meta-schema of the drafts that we read, parsed once; null for any other address.
const Json* meta_schema(std::string_view uri);

/// Where a subschema stands. Places make a tree, because their paths written out would be long together.
struct Place {
    const Json* schema = nullptr;
    const Place* up = nullptr;
    std::string_view keyword;      // under which it stands in `up`; "" for the root of a document
    std::string_view member = {};  // of an object of schemas
    int item = -1;                 // of a list of schemas
    int resource = 0;              // the nearest `$id` around it
    int depth = 0;
};

/// A schema with an address of its own: a document, or what its `$id` names.
struct Resource {
    std::string uri;
    const Json* root = nullptr;
    Dialect dialect;
    std::map<std::string, const Json*, std::less<>> anchors;          // of both kinds
    std::map<std::string, const Json*, std::less<>> dynamic_anchors;  // `$dynamicAnchor` alone
};

/// The schema that is compiled and whatever its references lead to: which subschemas there are, by their
/// place in memory, what they are called, and where a reference leads. All documents outlive this.
class Documents {
  public:
    /// `root` is what error fields begin with; `document` may be empty.
    Documents(const Json& main, std::string_view root, const Lookup& lookup);

    /// Reads the main document. Errors: kInvalid, kLimit.
    Result<> open();

    const Place& main() const { return *by_schema_.at(&main_); }
    /// Precondition: a keyword of its dialect holds `schema`, or `find` has answered it.
    const Place& place_of(const Json& schema) const { return *by_schema_.at(&schema); }
    const Resource& resource(int index) const { return resources_[static_cast<std::size_t>(index)]; }

    struct Target {
        const Place* place = nullptr;
        std::string dynamic_anchor;  // by which `$dynamicRef` may lead elsewhere at run time; "" for none
    };
    /// Errors: kInvalid with the place's field.
    Result<Target> find(const Place& from, std::string_view keyword, std::string_view reference);

    /// An error at a keyword of a subschema ("" for the subschema itself).
    std::unexpected<Error> wrong(const Place& at, std::string_view keyword, std::string message) const;
    std::string field(const Place& at, std::string_view keyword) const;

  private:
    struct Pending {
        const Json* schema;
        Place place;
    };
    Result<> index(const Json& schema, Place place);
    Result<> one(const Json& schema, Place place, std::vector<Pending>& pending);
    Result<> identify(Place& place, const JsonObject& object);
    Result<> name(const Place& at, std::string_view keyword, const Json& value);
    void below(
        const Place& at,
        const Json& value,
        std::string_view keyword,
        Shape shape,
        std::vector<Pending>& pending
    ) const;
    Result<int> add_resource(const Place& at, std::string uri, const Dialect& outer);
    Result<Dialect> dialect_of(const Place& at, std::string_view uri, int fuel) const;
    Result<int> resource_at(const Place& from, std::string_view keyword, const std::string& uri);
    Result<const Place*> at_pointer(
        const Place& from, std::string_view keyword, int resource, std::string_view pointer
    );
    const Json* elsewhere(std::string_view uri) const;

    const Json& main_;
    std::string_view root_;
    const Lookup& lookup_;
    std::deque<Place> places_;  // which keep their addresses
    std::unordered_map<const Json*, const Place*> by_schema_;
    std::vector<Resource> resources_;
    std::map<std::string, int, std::less<>> by_uri_;
};

}  // namespace weft::schema
