#pragma once

#include "core/workflow/detail/problems.h"
#include "core/workflow/workflow.h"

/// Private pieces of the module.
namespace weft::workflow {

inline std::string_view text_of(const Json& value) {
    return {value.get_string().data(), value.get_string().size()};
}

/// Reads a tree into `out` as far as it goes. What is missing or wrong is in `problems`.
void read_definition(const Json& tree, Definition& out, Problems& problems);

/// The id of the step, last in a loop's body, that makes an item's output; no author can write it.
inline std::string item_step(std::string_view loop) {
    return std::string(loop) + ".item";
}

/// `tags` and `index`.
void read_marks(const JsonObject& object, Definition& out, Problems& problems);
/// [{"name", "value"}]
Json marks_json(const std::vector<Mark>& marks);

/// How many steps the plan has, each lane's copies included.
std::size_t planned_steps(const Definition& definition);

/// Unknown needs, needs of oneself or of another list, cycles.
void check_graph(const Definition& definition, Problems& problems);

/// ancestors[i][j]: step j is through before step i begins, or with `join: first` may be. Call for acyclic
/// graphs.
std::vector<std::vector<bool>> ancestors(const Definition& definition);

std::optional<CoreKind> core_kind(std::string_view action);
/// "core/code, core/fail, ..."
std::string core_names();

/// The static part of a built-in step's `with`. `field` is the step's path.
void check_core_step(const Step& step, CoreKind kind, const std::string& field, Problems& problems);

/// The names of a core/if or core/switch step's branches, "else" last. Empty for other steps, or when `with`
/// does not say them.
std::vector<std::string> branches_of(const Step& step);

bool is_step_id(std::string_view text);

/// The settings in `with` of a loop. `field` is that of `with`.
LoopSettings read_loop(const Step& step, CoreKind kind, const std::string& field, Problems& problems);
void check_merge(const Json& with, const std::string& field, Problems& problems);
/// An object with these members only, `needed` among them. A whole template is judged when it is evaluated.
bool check_shape(
    const Json& with,
    std::initializer_list<std::string_view> known,
    std::string_view needed,
    const std::string& field,
    Problems& problems
);
/// As JavaScript sees it, and as `if` of a step does.
bool is_truthy(const Json& value);

/// The template of a step's input: `with`, `with.input` of a code step, what is evaluated of a loop's.
Json input_template(const Step& step);
/// Where that stands in the definition.
std::string input_field(const Step& step);

/// core/http's effect by its literal method; unknown ones are unsafe.
runstate::Effect http_effect(const Json& with);

/// The static part of `with` of steps that sleep or wait for an answer, and that they have no `timeout`
/// beside.
void check_waiting_step(const Step& step, CoreKind kind, const std::string& field, Problems& problems);

/// Holds `{{` in any string.
bool has_template(const Json& value);

}  // namespace weft::workflow
