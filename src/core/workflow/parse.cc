#include "base/limits.h"
#include "core/flow/flow.h"
#include "core/template/template.h"
#include "core/workflow/detail/parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

namespace weft::workflow {

namespace {

constexpr std::size_t kNeedsMax = 100;
constexpr std::size_t kEnvMax = 100;

std::string wrong_member(std::initializer_list<std::string_view> known) {
    return fmt::format("Unknown member; known are {}", fmt::join(known, ", "));
}

void check_members(
    const JsonObject& object,
    std::initializer_list<std::string_view> known,
    std::string_view field,
    Problems& problems
) {
    for (const auto& member : object) {
        std::string_view key = member.key();
        if (!key.starts_with("x-") && std::ranges::find(known, key) == known.end())
            problems.add(wrong_member(known), below(field, key));
    }
}

std::string read_text(
    const JsonObject& object,
    std::string_view key,
    std::string_view field,
    std::size_t bytes_max,
    Problems& problems
) {
    const Json* found = object.if_contains(key);
    if (found == nullptr) return "";
    std::string path = below(field, key);
    if (!found->is_string()) {
        problems.add("This is a text", path);
        return "";
    }
    std::string_view text = text_of(*found);
    bool is_clean = std::ranges::all_of(text, [](char c) {
        return (static_cast<unsigned char>(c) >= ' ' && c != '\x7F') || c == '\n' || c == '\t';
    });
    if (text.size() > bytes_max || !is_clean) {
        problems.add(fmt::format("At most {} bytes, without control characters", bytes_max), path);
        return "";
    }
    return std::string(text);
}

bool read_uses(std::string_view text, Uses& uses, const std::string& field, Problems& problems) {
    std::size_t slash = text.find('/');
    if (slash == std::string_view::npos)
        return problems.add("uses is core/<step> or <app>/<action>@<major version>", field);
    uses.app = text.substr(0, slash);
    std::string_view rest = text.substr(slash + 1);
    if (uses.is_core()) {
        uses.action = rest;
        if (core_kind(rest)) return true;
        return problems.add(fmt::format("There is no core/{}; known are {}", rest, core_names()), field);
    }
    std::size_t at = rest.find('@');
    uses.action = rest.substr(0, at);
    std::string_view major = at == std::string_view::npos ? "" : rest.substr(at + 1);
    auto [end, ec] = std::from_chars(major.data(), major.data() + major.size(), uses.major);
    bool is_good = ec == std::errc{} && end == major.data() + major.size() && uses.major >= 0 &&
                   major.size() <= 5 && connector::check_key(uses.app, "") &&
                   connector::check_key(uses.action, "");
    if (is_good) return true;
    return problems.add("uses is <app>/<action>@<major version>, such as shopify/get-order@2", field);
}

void read_needs(const Json& value, Step& step, const std::string& field, Problems& problems) {
    if (!value.is_array() || value.get_array().size() > kNeedsMax) {
        problems.add(fmt::format("needs is a list of at most {} steps", kNeedsMax), field);
        return;
    }
    for (std::size_t i = 0; i < value.get_array().size(); ++i) {
        const Json& item = value.get_array()[i];
        std::string path = fmt::format("{}[{}]", field, i);
        NeedRef need;
        if (item.is_string()) {
            need.step = text_of(item);
        } else if (item.is_object()) {
            check_members(item.get_object(), {"step", "on"}, path, problems);
            need.step = text_or(item.get_object(), "step");
            const std::string_view on = text_or(item.get_object(), "on", "success");
            const bool is_text = !item.get_object().contains("on") || item.get_object().at("on").is_string();
            const auto word = runstate::need_on_from(on);
            if (!is_text || (!word && !is_step_id(on))) {
                problems.add(
                    "on is success, failure, finished or waiting, or a branch of a core/if or core/switch "
                    "step",
                    below(path, "on")
                );
                continue;
            }
            if (word) {
                need.on = *word;
            } else {
                need.branch = on;  // check_graph looks whether there is one
            }
        } else {
            problems.add("A need is a step's id, or {step: id, on: failure}", path);
            continue;
        }
        bool is_repeated = std::ranges::any_of(step.needs, [&](const NeedRef& n) {
            return n.step == need.step &&
                   (n.branch.empty() || need.branch.empty() || n.branch == need.branch);
        });
        if (is_repeated) problems.add(fmt::format("{} is named twice", need.step), path);
        step.needs.push_back(std::move(need));
    }
}

void read_policies(const JsonObject& object, Step& step, const std::string& field, Problems& problems) {
    if (const Json* retry = object.if_contains("retry")) {
        if (problems.ok(runstate::parse_retry(*retry, {}, below(field, "retry")))) step.retry = *retry;
    }
    if (const Json* timeout = object.if_contains("timeout")) {
        std::string path = below(field, "timeout");
        if (auto read = runstate::duration_of(*timeout, path); problems.ok(read)) {
            if (read->count() <= 0 || *read > limits::kStepTimeoutMax)
                problems.add("timeout is more than nothing and at most 10m", path);
            else
                step.timeout = *read;
        }
    }
    if (object.contains("on-error")) {
        auto read = runstate::on_error_from(text_or(object, "on-error"));
        if (!read) problems.add("on-error is fail or continue", below(field, "on-error"));
        step.on_error = read.value_or(runstate::OnError::kFail);
    }
    if (object.contains("on-unknown")) {
        auto read = runstate::on_unknown_from(text_or(object, "on-unknown"));
        if (!read) problems.add("on-unknown is fail or retry", below(field, "on-unknown"));
        step.on_unknown = read.value_or(runstate::OnUnknown::kFail);
    }
    if (object.contains("on-invalid-output")) {
        step.on_invalid_output = runstate::on_invalid_from(text_or(object, "on-invalid-output"));
        if (!step.on_invalid_output)
            problems.add("on-invalid-output is warn or fail", below(field, "on-invalid-output"));
    }
    if (object.contains("on-circuit-open")) {
        step.on_open = runstate::on_open_from(text_or(object, "on-circuit-open"));
        if (!step.on_open) problems.add("on-circuit-open is wait or fail", below(field, "on-circuit-open"));
        if (step.connection.empty())
            problems.add("Only a step with a connection has a circuit", below(field, "on-circuit-open"));
    }
}

/// `limits: {cpu: 10s}`, of code.
void read_limits(const Json& value, Step& step, const std::string& field, Problems& problems) {
    if (step.uses.text() != "core/code") {
        problems.add("Only core/code steps have limits of their own", field);
        return;
    }
    if (!value.is_object()) {
        problems.add("limits is an object with cpu, e.g. {cpu: 10s}", field);
        return;
    }
    check_members(value.get_object(), {"cpu"}, field, problems);
    const Json* cpu = value.get_object().if_contains("cpu");
    if (cpu == nullptr) return;
    const std::string path = below(field, "cpu");
    auto read = runstate::duration_of(*cpu, path);
    if (!problems.ok(read)) return;
    if (read->count() <= 0 || *read > step.timeout.value_or(limits::kStepTimeoutMax)) {
        problems.add(
            step.timeout ? "limits.cpu is more than nothing and at most the step's timeout"
                         : "limits.cpu is more than nothing and at most 10m",
            path
        );
        return;
    }
    step.cpu = *read;
}

/// What only loops have.
void read_body(const JsonObject& object, Step& step, const std::string& field, Problems& problems) {
    const auto kind = step.uses.is_core() ? core_kind(step.uses.action) : std::nullopt;
    if (kind == CoreKind::kForeach || kind == CoreKind::kWhile) {
        step.loop = read_loop(step, *kind, below(field, "with"), problems);
        if (const Json* output = object.if_contains("output"))
            if (problems.ok(templates::parse(*output, below(field, "output")))) step.output = *output;
        return;
    }
    for (const std::string_view name : {"steps", "output"})
        if (object.contains(name))
            problems.add("Only core/foreach and core/while have " + std::string(name), below(field, name));
}

void read_step(const Json& value, Step& step, const std::string& field, Problems& problems) {
    if (!value.is_object()) {
        problems.add("A step is an object", field);
        return;
    }
    const JsonObject& object = value.get_object();
    check_members(
        object,
        {"id",
         "title",
         "uses",
         "connection",
         "with",
         "needs",
         "if",
         "retry",
         "timeout",
         "on-error",
         "on-unknown",
         "on-invalid-output",
         "on-circuit-open",
         "limits",
         "join",
         "steps",
         "output"},
        field,
        problems
    );
    step.id = text_or(object, "id");
    if (!is_step_id(step.id))
        problems.add("id starts with a letter and has letters, digits and _, at most 63", below(field, "id"));
    step.title = read_text(object, "title", field, 200, problems);
    step.connection = read_text(object, "connection", field, 128, problems);
    step.with = object.contains("with") ? object.at("with") : Json(JsonObject());
    if (const Json* needs = object.if_contains("needs"))
        read_needs(*needs, step, below(field, "needs"), problems);
    if (const Json* condition = object.if_contains("if")) {
        if (problems.ok(templates::parse_condition(*condition, below(field, "if"))))
            step.condition = *condition;
    }
    read_policies(object, step, field, problems);
    if (object.contains("join")) {
        const std::string_view join = text_or(object, "join");
        if (join != "all" && join != "first") problems.add("join is all or first", below(field, "join"));
        step.is_first_wins = join == "first";
    }
    if (!object.contains("uses") || !object.at("uses").is_string()) {
        problems.add("uses is missing: core/<step> or <app>/<action>@<major version>", below(field, "uses"));
        return;
    }
    if (!read_uses(text_of(object.at("uses")), step.uses, below(field, "uses"), problems)) return;
    read_body(object, step, field, problems);
    if (step.uses.is_core())
        check_core_step(step, *core_kind(step.uses.action), field, problems);
    else if (!step.with.is_object() && !step.with.is_string())
        problems.add("with is an object", below(field, "with"));
    if (const Json* limits = object.if_contains("limits"))
        read_limits(*limits, step, below(field, "limits"), problems);
    if (step.on_invalid_output && step.uses.is_core())
        problems.add("Only actions of apps have an output schema", below(field, "on-invalid-output"));
    problems.ok(templates::parse(input_template(step), input_field(step)));
}

/// `on-failure: {workflow: key}`.
void read_on_failure(const JsonObject& object, Definition& out, Problems& problems) {
    const Json* found = object.if_contains("on-failure");
    if (found == nullptr) return;
    if (!found->is_object()) {
        problems.add("on-failure is an object with workflow, e.g. {workflow: tell-ops}", "on-failure");
        return;
    }
    check_members(found->get_object(), {"workflow"}, "on-failure", problems);
    out.on_failure = text_or(found->get_object(), "workflow");
    if (out.on_failure.empty() || out.on_failure.find("{{") != std::string::npos)
        problems.add("workflow is the key of a workflow of this tenant, written out", "on-failure.workflow");
}

void read_env(const JsonObject& object, Definition& out, Problems& problems) {
    const Json* env = object.if_contains("env");
    if (env == nullptr) return;
    if (!env->is_object() || env->get_object().size() > kEnvMax) {
        problems.add(fmt::format("env is an object of at most {} constants", kEnvMax), "env");
        return;
    }
    for (const auto& member : env->get_object()) {
        std::string field = below("env", member.key());
        if (!is_step_id(member.key())) problems.add("A name has letters, digits and _", field);
        const Json& value = member.value();
        if (!value.is_string() && !value.is_number() && !value.is_bool())
            problems.add("A constant is a text, a number or a boolean", field);
    }
    out.env = env->get_object();
}

/// Reads lists of steps: the definition's, and those of the loops in them.
class StepReader {
  public:
    StepReader(Definition& out, Problems& problems) : out_(out), problems_(problems) {}

    void read(const JsonObject& object) {
        read_list(object.if_contains("steps"), "steps", std::nullopt, false);
        if (const Json* final = object.if_contains("finally"))
            read_list(final, "finally", std::nullopt, true);
        // Bodies are appended as their loops are met.
        for (std::size_t i = 0; i < out_.steps.size(); ++i)
            if (out_.steps[i].loop) read_body_of(i);
        if (planned_steps(out_) > runstate::kPlanStepsMax)
            problems_.add(Error::limit(
                fmt::format(
                    "The steps of loops count once for each item that may be under way: {} in all, at most "
                    "{}; "
                    "lower the concurrency",
                    planned_steps(out_),
                    runstate::kPlanStepsMax
                ),
                "steps"
            ));
    }

  private:
    void read_list(
        const Json* list, const std::string& field, std::optional<std::size_t> parent, bool is_final
    ) {
        if (list == nullptr || !list->is_array() || list->get_array().empty()) {
            problems_.add(fmt::format("{} is a list of at least one step", last_name(field)), field);
            return;
        }
        if (out_.steps.size() + list->get_array().size() >
            static_cast<std::size_t>(limits::kStepsPerWorkflowMax)) {
            problems_.add(Error::limit(
                fmt::format("A workflow has at most {} steps", limits::kStepsPerWorkflowMax), field
            ));
            return;
        }
        for (std::size_t i = 0; i < list->get_array().size(); ++i) {
            Step step;
            step.field = fmt::format("{}[{}]", field, i);
            step.parent = parent;
            step.is_final = is_final;
            read_step(list->get_array()[i], step, step.field, problems_);
            const auto [known, is_new] = seen_.emplace(step.id, step.field);
            if (!is_new && !step.id.empty())
                problems_.add(
                    fmt::format("{} is the id of {} too", step.id, known->second), below(step.field, "id")
                );
            raw_.push_back(&list->get_array()[i]);
            out_.steps.push_back(std::move(step));
        }
    }

    void read_body_of(std::size_t loop) {
        const std::string field = out_.steps[loop].field;
        int depth = 1;
        for (auto around = out_.steps[loop].parent; around; around = out_.steps[*around].parent) ++depth;
        if (depth > runstate::kLoopDepthMax) {
            problems_.add(Error::limit(
                fmt::format("Loops stand at most {} deep in each other", runstate::kLoopDepthMax), field
            ));
            return;
        }
        const std::size_t first = out_.steps.size();
        const bool is_final = out_.steps[loop].is_final;
        read_list(raw_[loop]->get_object().if_contains("steps"), below(field, "steps"), loop, is_final);
        if (!out_.steps[loop].output || out_.steps.size() == first) return;
        Step item;
        item.id = item_step(out_.steps[loop].id);
        item.field = field;
        item.parent = loop;
        item.is_final = is_final;
        item.uses = {.app = "core", .action = "map"};
        item.with = *out_.steps[loop].output;
        for (std::size_t i = first; i < out_.steps.size(); ++i)
            item.needs.push_back({.step = out_.steps[i].id, .on = runstate::NeedOn::kFinished, .branch = {}});
        raw_.push_back(nullptr);
        out_.steps.push_back(std::move(item));
    }

    static std::string_view last_name(std::string_view field) { return field.substr(field.rfind('.') + 1); }

    Definition& out_;
    Problems& problems_;
    std::vector<const Json*> raw_;             // of out_.steps; null: none of the author's
    std::map<std::string, std::string> seen_;  // id -> field
};

}  // namespace

/// Letters, digits and _: `steps.<id>` must be an expression.
bool is_step_id(std::string_view text) {
    auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    if (text.empty() || text.size() > 63 || !is_letter(text.front())) return false;
    return std::ranges::all_of(text, [&](char c) {
        return is_letter(c) || (c >= '0' && c <= '9') || c == '_';
    });
}

std::string below(std::string_view field, std::string_view member) {
    if (field.empty() || member.empty()) return std::string(field.empty() ? member : field);
    return fmt::format("{}{}{}", field, member.front() == '[' ? "" : ".", member);
}

std::string Uses::text() const {
    return is_core() ? fmt::format("core/{}", action) : fmt::format("{}/{}@{}", app, action, major);
}

void read_definition(const Json& tree, Definition& out, Problems& problems) {
    if (!tree.is_object()) {
        problems.add("A definition is an object with steps", "");
        return;
    }
    if (to_text(tree).size() > limits::kDefinitionBytesMax) {
        problems.add(
            Error::limit(fmt::format("A definition has at most {} KiB", limits::kDefinitionBytesMax >> 10))
        );
        return;
    }
    const JsonObject& object = tree.get_object();
    check_members(
        object,
        {"format",
         "name",
         "description",
         "inputs",
         "env",
         "steps",
         "finally",
         "output",
         "timeout",
         "concurrency",
         "singleton",
         "throttle",
         "rate-limit",
         "debounce",
         "breaker",
         "priority",
         "on-failure",
         "tags",
         "index"},
        "",
        problems
    );
    if (object.contains("format") && text_or(object, "format") != "weft/1")
        problems.add("format is weft/1", "format");
    out.name = read_text(object, "name", "", 200, problems);
    out.description = read_text(object, "description", "", 4096, problems);
    if (const Json* inputs = object.if_contains("inputs")) {
        if (problems.ok(schema::Schema::compile(*inputs, "inputs", {.checks_formats = true})))
            out.inputs = *inputs;
    }
    std::vector<Error> of_flow;
    out.flow = flow::read(object, of_flow);
    for (Error& problem : of_flow) problems.add(std::move(problem));
    read_env(object, out, problems);
    StepReader(out, problems).read(object);
    if (const Json* output = object.if_contains("output")) {
        if (problems.ok(templates::parse(*output, "output"))) out.output = *output;
    }
    if (const Json* timeout = object.if_contains("timeout")) {
        if (auto read = runstate::duration_of(*timeout, "timeout"); problems.ok(read)) {
            if (read->count() <= 0 || *read > limits::kRunTimeoutMax)
                problems.add("timeout is more than nothing and at most 24h", "timeout");
            else
                out.timeout = *read;
        }
    }
    read_on_failure(object, out, problems);
    read_marks(object, out, problems);
    check_graph(out, problems);
}

Result<Definition> parse(const Json& tree) {
    Definition definition;
    Problems problems;
    read_definition(tree, definition, problems);
    if (!problems.empty()) return fail(problems.first());
    return definition;
}

std::vector<Error> problems(const Json& tree) {
    Definition definition;
    Problems found;
    read_definition(tree, definition, found);
    return std::move(found).take();
}

Wanted wanted(const Definition& definition) {
    Wanted out;
    for (const Step& step : definition.steps) {
        if (!step.uses.is_core()) out.actions.insert(step.uses);
        if (!step.connection.empty()) out.connections.insert(step.connection);
        if (step.uses.is_core() && core_kind(step.uses.action) == CoreKind::kWorkflow &&
            step.with.is_object())
            out.workflows.emplace(text_or(step.with.get_object(), "workflow"));
    }
    if (!definition.on_failure.empty()) out.workflows.insert(definition.on_failure);
    return out;
}

}  // namespace weft::workflow
