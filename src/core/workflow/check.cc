#include "core/template/template.h"
#include "core/workflow/detail/parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace weft::workflow {

namespace {

using templates::Reference;

std::string place_text(const templates::Place& place) {
    return place.line > 1 ? fmt::format(" (line {}, column {})", place.line, place.column) : "";
}

/// The value at a violation's path, or null when the path leads nowhere (a missing member).
const Json* value_at(const Json& root, std::string_view path) {
    const Json* at = &root;
    while (!path.empty() && at != nullptr) {
        if (path.front() == '.') path.remove_prefix(1);
        if (path.front() == '[') {
            std::size_t end = path.find(']');
            std::size_t index = 0;
            for (char c : path.substr(1, end - 1)) index = index * 10 + static_cast<std::size_t>(c - '0');
            at = at->is_array() && index < at->get_array().size() ? &at->get_array()[index] : nullptr;
            path.remove_prefix(end + 1);
        } else {
            std::size_t end = std::min(path.find_first_of(".["), path.size());
            at = at->is_object() ? at->get_object().if_contains(path.substr(0, end)) : nullptr;
            path.remove_prefix(end);
        }
    }
    return at;
}

/// Of all actions of a workflow, see Schema::size: some 200 ms to compile.
constexpr std::size_t kSchemaSizeMax = 200'000;

class Checker {
  public:
    Checker(const Definition& definition, const Catalog& catalog, Problems& problems)
        : definition_(definition), catalog_(catalog), problems_(problems), ancestors_(ancestors(definition)) {
        for (std::size_t i = 0; i < definition.steps.size(); ++i) index_.emplace(definition.steps[i].id, i);
        if (definition.inputs)
            if (auto compiled =
                    schema::Schema::compile(*definition.inputs, "inputs", {.checks_formats = true}))
                inputs_ = *std::move(compiled);
    }

    void run() {
        for (std::size_t i = 0; i < definition_.steps.size(); ++i) {
            const Step& step = definition_.steps[i];
            if (step.uses.is_core())
                check_core(step, step.field);
            else
                check_action(step, step.field);
            check_references(step, i);
        }
        if (definition_.output) check_tree(*definition_.output, "output", std::nullopt);
        for (const Mark& mark : definition_.marks) check_mark(mark);
        if (!definition_.on_failure.empty()) check_workflow(definition_.on_failure, "on-failure.workflow");
    }

  private:
    /// core/http may name any connection of the tenant; its own base URL bounds it at run time.
    void check_core(const Step& step, const std::string& field) {
        if (core_kind(step.uses.action) == CoreKind::kWorkflow && step.with.is_object())
            check_workflow(text_or(step.with.get_object(), "workflow"), below(field, "with.workflow"));
        if (step.connection.empty()) return;
        auto found = catalog_.connections.find(step.connection);
        if (found == catalog_.connections.end()) {
            no_connection(step, field);
            return;
        }
        auto app = connector::parse_app(found->second.manifest);
        if (!app || has_template(step.with)) return;
        if (auto built = connector::build_http_request(step.with, &*app); !built)
            problems_.add(built.error().user, below(field, "with." + built.error().field));
    }

    void check_workflow(std::string_view key, std::string field) {
        if (catalog_.workflows.contains(std::string(key))) return;
        problems_.add(
            fmt::format("There is no published workflow \"{}\"; its key is in the list of workflows", key),
            std::move(field)
        );
    }

    void no_connection(const Step& step, const std::string& field) {
        problems_.add(
            fmt::format("There is no connection \"{}\"", step.connection), below(field, "connection")
        );
    }

    void check_action(const Step& step, const std::string& field) {
        auto found = catalog_.actions.find(step.uses);
        if (found == catalog_.actions.end()) {
            problems_.add(
                fmt::format(
                    "There is no published action {} of {} in version {}",
                    step.uses.action,
                    step.uses.app,
                    step.uses.major
                ),
                below(field, "uses")
            );
            return;
        }
        const Known& known = known_of(step.uses, found->second);
        if (!known.app || !known.input) {
            problems_.add(
                "This version of the app cannot be used: it was not stored in full", below(field, "uses")
            );
            return;
        }
        check_connection(step, *known.app, field);
        check_input(step, *known.input, field);
    }

    /// An action's parts, read once for all steps that use it. Without `input` it is damaged, or one too
    /// many.
    struct Known {
        std::optional<connector::App> app;
        std::optional<schema::Schema> input;
    };
    const Known& known_of(const Uses& uses, const CatalogAction& pinned) {
        auto [at, is_new] = known_.try_emplace(uses);
        Known& known = at->second;
        if (!is_new) return known;
        if (auto app = connector::parse_app(pinned.manifest)) known.app = *std::move(app);
        if (schema_size_ > kSchemaSizeMax) {
            problems_.add(
                Error::limit("The schemas of this workflow's actions are too large together", "steps")
            );
            return known;
        }
        auto action = connector::parse_action(pinned.definition);
        if (!action || action->key != uses.action) return known;
        auto input = schema::Schema::compile(action->input, "input", {.checks_formats = true});
        if (!input) return known;
        schema_size_ += input->size();
        known.input = *std::move(input);
        return known;
    }

    void check_connection(const Step& step, const connector::App& app, const std::string& field) {
        std::string path = below(field, "connection");
        if (step.connection.empty()) {
            if (!connector::connection_fields(app.auth).empty())
                problems_.add(fmt::format("{} needs a connection", step.uses.app), path);
            return;
        }
        auto found = catalog_.connections.find(step.connection);
        if (found == catalog_.connections.end()) return no_connection(step, field);
        if (found->second.app != step.uses.app) {
            problems_.add(
                fmt::format(
                    "The connection \"{}\" is for {}, not for {}",
                    step.connection,
                    found->second.app,
                    step.uses.app
                ),
                path
            );
            return;
        }
        // A credential was given for one destination; a newer version of the app must not send it to another.
        auto made_for = connector::parse_app(found->second.manifest);
        if (made_for && made_for->origin != app.origin)
            problems_.add(
                fmt::format(
                    "The connection \"{}\" was made for {}, and this version of the app talks to {}: make a "
                    "new one",
                    step.connection,
                    made_for->origin.text(),
                    app.origin.text()
                ),
                path
            );
    }

    /// What is literal must fit; what a template will give is checked when it is known.
    void check_input(const Step& step, const schema::Schema& schema, const std::string& field) {
        if (step.with.is_string()) return;
        constexpr std::size_t kViolationsMax = 50;
        for (const auto& violation : schema.violations(step.with, kViolationsMax, schema::Work::kQuick)) {
            const Json* at = value_at(step.with, violation.field);
            bool is_structural = violation.kind != schema::Violation::Kind::kOther;
            if (!is_structural && at != nullptr && has_template(*at)) continue;
            std::string name = violation.field.empty() ? "with" : violation.field;
            problems_.add(
                fmt::format("{} {}", name, violation.expected), below(below(field, "with"), violation.field)
            );
        }
    }

    // ---- references

    void check_references(const Step& step, std::size_t i) {
        const std::string& field = step.field;
        if (step.condition) {
            if (auto node = templates::parse_condition(*step.condition, below(field, "if")))
                check_node(*node, i);
        }
        bool is_code = step.uses.text() == "core/code";
        check_tree(input_template(step), input_field(step), i);
        if (!is_code || !step.with.is_object()) return;
        templates::Place place{.field = below(field, "with.source")};
        auto references = templates::references(text_or(step.with.get_object(), "source"), place);
        if (!references) return;
        for (const Reference& reference : *references)
            if (reference.root == "steps" || reference.root == "env" || reference.root == "secret")
                check_reference(reference, i);
    }

    void check_tree(const Json& tree, const std::string& field, std::optional<std::size_t> step) {
        if (auto node = templates::parse(tree, field)) check_node(*node, step);
    }

    void check_node(const templates::Node& node, std::optional<std::size_t> step) {
        auto references = templates::references(node);
        if (!problems_.ok(references)) return;
        for (const Reference& reference : *references) check_reference(reference, step);
    }

    void check_mark(const Mark& mark) {
        const auto node = templates::parse(mark.value, mark.field);
        if (!node) return;
        const auto references = templates::references(*node);
        if (!problems_.ok(references)) return;
        for (const Reference& reference : *references) {
            if (reference.root != "steps") {
                check_reference(reference, std::nullopt);
                continue;
            }
            problems_.add(
                "A run is marked when it begins: there are input, trigger, env and run, and no steps" +
                    place_text(reference.place),
                mark.field
            );
        }
    }

    /// `step` is where the reference stands; none for the workflow's output, which sees every step.
    void check_reference(const Reference& reference, std::optional<std::size_t> step) {
        const auto& members = reference.members;
        auto wrong = [&](std::string message) {
            problems_.add(std::move(message) + place_text(reference.place), reference.place.field);
        };
        if (reference.root == "steps" && !members.empty()) {
            check_step_reference(reference, step);
        } else if (reference.root == "input" && inputs_ && !inputs_->may_have(members)) {
            std::string path = "input";
            for (const std::string& member : members) path += "." + member;
            wrong(fmt::format("{} is not declared in inputs", path));
        } else if (reference.root == "env" && !members.empty() &&
                   !definition_.env.contains(members.front())) {
            wrong(fmt::format("env.{} is not declared in env", members.front()));
        } else if (reference.root == "item" || reference.root == "index" || reference.root == "last" ||
                   reference.root == "outer") {
            check_loop_reference(reference, step);
        } else if (reference.root == "outcome" && (!step || !definition_.steps[*step].is_final)) {
            wrong("outcome exists in finally only");
        } else if (reference.root == "secret") {
            wrong("secret is not available yet; put credentials into a connection");
        }
    }

    /// `item` and `index` of a core/foreach, `last` and `index` of a core/while (also in its own condition),
    /// `outer` of a loop in a loop.
    void check_loop_reference(const Reference& reference, std::optional<std::size_t> step) {
        const Step* loop = nullptr;
        if (step) {
            const Step& mine = definition_.steps[*step];
            if (mine.loop && mine.uses.action == "while")
                loop = &mine;
            else if (mine.parent)
                loop = &definition_.steps[*mine.parent];
        }
        const std::string& name = reference.root;
        std::string_view place;
        if (loop == nullptr)
            place = "inside loops";
        else if (name == "item" && loop->uses.action != "foreach")
            place = "inside core/foreach";
        else if (name == "last" && loop->uses.action != "while")
            place = "inside core/while";
        else if (name == "outer" && !loop->parent)
            place = "inside a loop that is inside another";
        else
            return;
        problems_.add(
            fmt::format("{} exists {} only{}", name, place, place_text(reference.place)),
            reference.place.field
        );
    }

    void check_step_reference(const Reference& reference, std::optional<std::size_t> step) {
        const std::string& id = reference.members.front();
        auto wrong = [&](std::string message) {
            problems_.add(std::move(message) + place_text(reference.place), reference.place.field);
        };
        auto found = index_.find(id);
        if (found == index_.end()) return wrong(fmt::format("There is no step \"{}\"", id));
        if (step && found->second == *step) return wrong(fmt::format("{} cannot refer to itself", id));
        const Step& other = definition_.steps[found->second];
        const Step* mine = step ? &definition_.steps[*step] : nullptr;
        if (other.parent && !is_around(other.parent, mine)) {
            const std::string& loop = definition_.steps[*other.parent].id;
            return wrong(fmt::format("{} is inside the loop {}; say steps.{}.output", id, loop, loop));
        }
        // What ends a run may come before any step of it.
        if (mine != nullptr && mine->is_final && !other.is_final) return check_part(reference);
        if (step && !ancestors_[*step][found->second])
            return wrong(fmt::format(
                "{} need not be through when {} begins; add it to the needs of {}",
                id,
                definition_.steps[*step].id,
                definition_.steps[*step].id
            ));
        check_part(reference);
    }

    /// Whether the loop is the one that the step stands in, or one around it.
    bool is_around(std::optional<std::size_t> loop, const Step* step) const {
        for (; step != nullptr; step = step->parent ? &definition_.steps[*step->parent] : nullptr)
            if (step->parent == loop) return true;
        return false;
    }

    void check_part(const Reference& reference) {
        if (reference.members.size() < 2) return;
        const std::string& id = reference.members.front();
        const std::string& part = reference.members[1];
        auto wrong = [&](std::string message) {
            problems_.add(std::move(message) + place_text(reference.place), reference.place.field);
        };
        if (part != "output" && part != "status" && part != "error")
            wrong(fmt::format(
                "A step has output, status and error, not {}; say steps.{}.output.{}", part, id, part
            ));
    }

    const Definition& definition_;
    const Catalog& catalog_;
    Problems& problems_;
    std::vector<std::vector<bool>> ancestors_;
    std::map<std::string_view, std::size_t> index_;
    std::optional<schema::Schema> inputs_;
    std::map<Uses, Known> known_;
    std::size_t schema_size_ = 0;
};

}  // namespace

std::vector<Error> check(const Definition& definition, const Catalog& catalog) {
    Problems problems;
    Checker(definition, catalog, problems).run();
    return std::move(problems).take();
}

}  // namespace weft::workflow
