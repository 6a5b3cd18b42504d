#include "graphql/execute/notes.h"

#include "graphql/execute/detail/json_cursor.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace weft::graphql {

namespace {

using detail::JsonCursor;

struct WatchedMember;

/// The part of a plan that leads to lists with an imposed limit: what is not in it is stepped over.
struct Watched {
    std::vector<std::string> path;      // response keys
    std::optional<std::int64_t> limit;  // of this list
    std::int64_t cut = 0;               // lists that reached it
    std::vector<WatchedMember> below;   // members of this object, or of this list's objects

    bool is_idle() const;
};

struct WatchedMember {
    std::size_t place = 0;  // among those selected
    Watched value;
};

bool Watched::is_idle() const {
    return !limit && below.empty();
}

/// What is selected of an action's nested objects, and the name under which that is kept.
struct NestedObjects {
    const std::vector<std::pair<std::string, std::vector<Output>>>* objects = nullptr;
    std::string name = "";
};

class Builder {
  public:
    /// Without variables: for some values of them.
    explicit Builder(const Variables* variables) : variables_(variables) {}

    Watched root(const RootField& root) const {
        Watched out{.path = {root.key}};
        if (const auto* select = std::get_if<std::unique_ptr<Select>>(&root.what)) {
            add_rows(out, **select);
        } else if (const auto* mutation = std::get_if<std::unique_ptr<Mutation>>(&root.what)) {
            add_outputs(out, (*mutation)->row);
            add_parts(out, (*mutation)->outputs, [](const MutationOutput& each) { return &each.returning; });
        } else if (const auto* action = std::get_if<std::unique_ptr<ActionCall>>(&root.what)) {
            add_outputs(out, (*action)->selection, {.objects = &(*action)->objects});
        }
        return out;
    }

  private:
    void add_rows(Watched& to, const Select& select) const {
        const auto limit = imposed_limit(select, variables_);
        if (select.shape == Select::Shape::kAggregate) {
            add_parts(to, select.aggregate, [](const AggregateShape& each) { return &each.nodes; }, limit);
            return;
        }
        if (select.shape == Select::Shape::kList) to.limit = limit;
        add_outputs(to, select.outputs);
    }
    /// Members that are lists of rows (`nodes`, `returning`) among others that are not.
    template <class Part, class RowsOf>
    void add_parts(
        Watched& to,
        const std::vector<Part>& parts,
        RowsOf rows_of,
        std::optional<std::int64_t> limit = std::nullopt
    ) const {
        for (std::size_t i = 0; i < parts.size(); ++i) {
            const std::vector<Output>& rows = *rows_of(parts[i]);
            if (rows.empty()) continue;
            Watched each = member(to, parts[i].key);
            each.limit = limit;
            add_outputs(each, rows);
            keep(to, i, std::move(each));
        }
    }
    void add_outputs(Watched& to, const std::vector<Output>& outputs, const NestedObjects& nested = {})
        const {
        for (std::size_t i = 0; i < outputs.size(); ++i) {
            if (outputs[i].select == nullptr && nested.objects == nullptr) continue;  // a column
            Watched each = member(to, outputs[i].key);
            if (outputs[i].select != nullptr) {
                add_rows(each, *outputs[i].select);
            } else if (nested.objects != nullptr) {
                const std::string name =
                    nested.name.empty() ? outputs[i].key : nested.name + "." + outputs[i].key;
                const auto found = std::ranges::find(
                    *nested.objects, name, [](const auto& entry) -> const std::string& { return entry.first; }
                );
                if (found != nested.objects->end()) add_outputs(each, found->second, {nested.objects, name});
            }
            keep(to, i, std::move(each));
        }
    }
    static Watched member(const Watched& of, const std::string& key) {
        Watched out{.path = of.path};
        out.path.push_back(key);
        return out;
    }
    static void keep(Watched& in, std::size_t place, Watched each) {
        if (!each.is_idle()) in.below.push_back({place, std::move(each)});
    }

    const Variables* variables_;
};

/// Follows what is watched through the text that the plan printed.
class Counter {
  public:
    explicit Counter(std::string_view text) : cursor_(text) {}

    void value(Watched& watched) {
        const char next = watched.is_idle() ? 'n' : cursor_.peek();
        if (next == '[') {
            list(watched);
        } else if (next == '{') {
            object(watched);
        } else {
            cursor_.value();
        }
    }

  private:
    void list(Watched& watched) {
        std::int64_t rows = 0;
        cursor_.open('[');
        for (; cursor_.has_next(']', rows == 0); ++rows) {
            if (watched.below.empty()) {
                cursor_.value();
            } else {
                value(watched);
            }
        }
        if (cursor_.is_good() && watched.limit && rows >= *watched.limit) ++watched.cut;
    }
    void object(Watched& watched) {
        auto next = watched.below.begin();
        cursor_.open('{');
        for (std::size_t at = 0; cursor_.has_next('}', at == 0); ++at) {
            cursor_.name();
            if (next != watched.below.end() && next->place == at) {
                value((next++)->value);
            } else {
                cursor_.value();
            }
        }
    }

    JsonCursor cursor_;
};

void print(std::string& out, const Watched& watched) {
    if (watched.cut > 0) {
        out += out.empty() ? R"({"notes":[{"code":"limit-reached","path":[)"
                           : R"(,{"code":"limit-reached","path":[)";
        for (const std::string& key : watched.path) {
            if (&key != &watched.path.front()) out += ',';
            append_json_string(key, out);
        }
        const std::string limit = std::to_string(*watched.limit);
        out += R"(],"limit":)" + limit + R"(,"lists":)" + std::to_string(watched.cut) + R"(,"message":)";
        append_json_string(
            "this list ends at " + limit +
                ", the most rows allowed here; there may be more: page with `offset` or `where`",
            out
        );
        out += '}';
    }
    for (const WatchedMember& each : watched.below) print(out, each.value);
}

}  // namespace

bool may_have_notes(const Plan& plan) {
    const Builder builder(nullptr);
    return std::ranges::any_of(plan.roots, [&](const RootField& root) {
        return !builder.root(root).is_idle();
    });
}

std::string notes_of(
    const Plan& plan, const std::vector<std::string_view>& texts, const Variables& variables
) {
    const Builder builder(&variables);
    std::string out;
    for (std::size_t i = 0; i < plan.roots.size(); ++i) {
        Watched watched = builder.root(plan.roots[i]);
        if (watched.is_idle()) continue;
        Counter(texts[i]).value(watched);
        print(out, watched);
    }
    return out.empty() ? out : out + "]}";
}

}  // namespace weft::graphql
