#pragma once

#include "base/json.h"
#include "graphql/schema/schema.h"

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Is a document right for a schema, and are the values that come with it? Pure.
namespace weft::graphql {

/// A request that can't be answered, with Hasura's code, wording and JSON path. What execution and the
/// transports pass around.
struct Failure {
    std::string message;
    std::string code = "validation-failed";
    std::string path = "$";
    std::vector<std::uint32_t> at;  // byte offsets into the document, when known
    Json internal;                  // extensions.internal: for the admin only
    Json extensions;                // further members of `extensions` (an action's own), or null
};
template <class T = void>
using Outcome = std::expected<T, Failure>;
inline std::unexpected<Failure> failure(std::string code, std::string message, std::string path = "$") {
    return std::unexpected(
        Failure{.message = std::move(message), .code = std::move(code), .path = std::move(path)}
    );
}

/// `$.selectionSet.author.args['odd key'][0]`: built while descending, popped on the way back.
class Path {
  public:
    std::size_t mark() const { return text_.size(); }
    void back_to(std::size_t mark) { text_.resize(mark); }
    Path& key(std::string_view name);  // ".name", or "['name']" for what is no identifier
    Path& index(std::size_t at);       // "[at]"
    const std::string& text() const { return text_; }

  private:
    std::string text_ = "$";
};

/// One broken rule, in both wordings.
struct Finding {
    std::string_view rule;          // graphql-js's class name: "ScalarLeafsRule"
    std::string message;            // the reference implementation's
    std::vector<std::uint32_t> at;  // byte offsets of the nodes, in the reference implementation's order
    Failure hasura;                 // the same with Hasura's code, wording and path
};

struct ValidateOptions {
    std::string_view only_rule;       // empty: all
    std::size_t findings_max = 100;   // then one more "Too many validation errors, ..." as graphql-js does
    bool is_lenient = false;          // Hasura's: NoUnused*, PossibleFragmentSpreads off
    int introspection_depth_max = 3;  // MaxIntrospectionDepthRule (not one of the 26); 0 switches it off
    bool with_suggestions = true;     // "Did you mean": only ever names what the view shows
};

/// The 26 rules of the specification in the order of graphql-js's specifiedRules, in one walk; field overlap
/// in linear time. Also version 17's KnownOperationTypesRule: an operation whose root type the view does not
/// show is refused, since none of its fields could be checked. Findings come in the order graphql-js reports
/// them.
std::vector<Finding> validate(
    const Document& document, const View& view, const ValidateOptions& options = {}
);

// ---- limits

/// Section 5's limits for a role; checked before anything costs more than linear time.
struct OperationLimits {
    int depth_max = 12;    // selections below each other, fragments expanded
    int fields_max = 500;  // after fragment expansion
    int aliases_max = 30;  // fields of one name in one selection set (the root's included)
    int directives_max = 25;
    int variables_max = 50;
    int bool_nodes_max = 200;     // keys in all `where`s; counted by the planner
    int list_values_max = 1'000;  // of one list in arguments or variables
};
/// kind and name of what was selected: `operation_name` empty means "the only one". Hasura's wording.
Outcome<const Operation*> choose_operation(const Document& document, std::string_view operation_name);
/// Counts with fragments expanded, in time bounded by the limits (a bomb is refused after that much work).
/// Call before `validate`. Failure: validation-failed naming the limit, its value and what to do.
Outcome<> check_limits(const Document& document, const Operation& operation, const OperationLimits& limits);

// ---- values

/// What the variables of one request are: checked, defaults filled in, single values made lists.
struct Variables {
    struct One {
        std::string_view name;  // views into the document
        const VariableDefinition* definition = nullptr;
        TypeUse type;
        bool is_given = false;  // by the request or by its default
        Json value;             // coerced: enums and strings as strings
    };
    std::vector<One> all;  // in the order of the operation's definitions
    /// Equal for two requests exactly when every value has the same structure: same members present, same
    /// list lengths of input objects, same enum values, booleans and nulls; numbers, strings and lists of
    /// scalars (but not whether such a list holds a null) do not count. Part of the plan cache's key.
    std::string shape;

    const One* find(std::string_view name) const;
};

/// Coerces by the specification with Hasura's wording and paths ($.variableValues.x...): Int is 32-bit, Float
/// takes integers, ID takes integers, lists of one, enums from strings, unknown members refused, @oneOf.
/// Custom scalars take any JSON. A variable in `given` that the operation does not define is an error. As in
/// Hasura the path is that of the variable's first use, `$.selectionSet.author.args.where.id._eq`, and
/// `$.variableValues.name` when there is none; `document` finds uses in fragments too. Defaults of input
/// fields are not filled in: Input does that.
Outcome<Variables> coerce_variables(
    const View& view,
    const Operation& operation,
    const JsonObject& given,
    int list_values_max = 1'000,
    const Document* document = nullptr
);

/// A value of an argument or input field, wherever it was written: in the document, in a variable, or in a
/// variable inside a literal list or object. Cheap to copy; borrows document, schema and Variables. This is
/// the only way that planning looks at input values, so that a variable's structure and a literal's are read
/// alike.
class Input {
  public:
    /// Where a leaf came from: planning turns variables into parameters that the next request fills anew.
    struct Origin {
        int variable = -1;              // index into Variables::all; -1: written in the document
        std::vector<std::string> path;  // members (or decimal positions) below the variable
    };

    Input() = default;
    static Input of(const Value& literal, TypeUse type, const Variables& variables);
    static Input of_default(const InputValue& definition, const Variables& variables);

    bool is_absent() const;  // not given at all (also: an unset variable)
    bool is_null() const;
    bool is_list() const;  // after coercion: a lone value of a list type is a list of one
    bool is_object() const;
    TypeUse type() const { return type_; }
    std::size_t size() const;  // of a list
    Input item(std::size_t at) const;
    /// What a variable without a value is as a member of an input object. The specification leaves the member
    /// out, which would turn a condition into a weaker one: there it counts as null.
    enum class Unset : std::uint8_t { kLeftOut, kNull };
    /// Members of an input object that are present, in the order written; the definition comes along. Unknown
    /// members were refused earlier and are left out.
    struct Member;
    std::vector<Member> members(Unset unset = Unset::kLeftOut) const;
    /// Absent when it is not there; defaults of the type applied.
    Input member(std::string_view name, Unset unset = Unset::kLeftOut) const;

    // leaves
    bool boolean() const;
    std::string_view enum_name() const;
    /// Text of a scalar as PostgreSQL takes it: numbers as written, strings decoded, objects and lists as
    /// JSON.
    std::string scalar_text() const;
    /// The scalar as JSON (literal objects of a json scalar included).
    Json json() const;
    Origin origin() const;
    /// The literal it was written as; null when a variable holds it. (A literal of a custom scalar may hold
    /// variables.)
    const Value* literal() const { return json_ == nullptr ? literal_ : nullptr; }
    const Variables* variables() const { return variables_; }

  private:
    struct Step;  // one member or item below a variable; shared with the Inputs below

    static Input of_json(const Input& above, const Json& json, TypeUse type, std::string key);
    Input written(const Value& literal, TypeUse type, Unset unset) const;
    Json plain_json(const Value& literal) const;

    const Value* literal_ = nullptr;
    const Json* json_ = nullptr;  // a value inside a variable
    const Variables* variables_ = nullptr;
    TypeUse type_;
    int variable_ = -1;
    std::shared_ptr<const Step> step_;
};

struct Input::Member {
    const InputValue* definition = nullptr;
    Input held;
    const Input& value() const { return held; }
};

/// JSON text as PostgreSQL's types read it: numbers have no exponent, which money and the integers refuse.
std::string plain_text(const Json& value);

/// Does @skip/@include let this selection in?
bool includes(std::span<const Directive> directives, const Variables& variables);

}  // namespace weft::graphql
