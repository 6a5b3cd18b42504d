#include "core/import/import.h"

#include "control/api/family.h"
#include "control/workflows/workflows.h"
#include "platform/rt/loop.h"

namespace weft::control {

using tenancy::Permission;

namespace {

constexpr std::size_t kKeyBytesMax = 60;

constexpr std::string_view kImported = R"(
    name text = Orders
    key text = orders
    definition json = {"name": "Orders", "steps": [{"id": "one", "uses": "core/map", "with": {"x": 1}}]}
    triggers [new_trigger]
    nodes [imported_node]
    notes [text] = [])";

constexpr std::string_view kNewTrigger = R"(
    kind webhook|schedule|form
    name text = Orders of the shop
    config object = {"mode": "async", "signature": {"scheme": "none"}})";

constexpr std::string_view kNode = R"(
    node text = Edit Fields
    type text = n8n-nodes-base.set
    step text = edit_fields
    fit exact|adapted|by_hand
    notes [text] = [])";

constexpr std::string_view kFile = R"({
    "required": ["file"],
    "properties": {
        "file": {
            "type": "string", "minLength": 2, "maxLength": 2097152,
            "examples": ["{\"nodes\": [{\"name\": \"Go\", \"type\": \"n8n-nodes-base.manualTrigger\"}]}"]
        },
        "zone": {"type": "string", "maxLength": 64, "examples": ["Europe/Madrid"]}
    }})";

/// A key for the workflow that it may become.
std::string key_of(std::string_view name) {
    std::string out;
    for (char c : name) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (is_plain && out.size() < kKeyBytesMax) out += c;
        if (!is_plain && !out.empty() && out.back() != '-' && out.size() < kKeyBytesMax) out += '-';
    }
    while (out.ends_with('-')) out.pop_back();
    return out.empty() || (out.front() >= '0' && out.front() <= '9')
               ? "workflow-" + out + (out.empty() ? "imported" : "")
               : out;
}

Json texts(const std::vector<std::string>& list) {
    JsonArray out;
    for (const std::string& text : list) out.emplace_back(text);
    return out;
}

Json imported_json(importer::Imported imported) {
    JsonArray nodes, triggers;
    for (const importer::NodeReport& node : imported.nodes) {
        nodes.emplace_back(JsonObject{
            {"node", node.node},
            {"type", node.type},
            {"step", node.step},
            {"fit", importer::text_of(node.fit)},
            {"notes", texts(node.notes)},
        });
    }
    for (importer::NewTrigger& trigger : imported.triggers)
        triggers.emplace_back(
            JsonObject{{"kind", trigger.kind}, {"name", trigger.name}, {"config", std::move(trigger.config)}}
        );
    return JsonObject{
        {"name", imported.name},
        {"key", key_of(imported.name)},
        {"definition", std::move(imported.definition)},
        {"triggers", std::move(triggers)},
        {"nodes", std::move(nodes)},
        {"notes", texts(imported.notes)},
    };
}

}  // namespace

void Workflows::add_imports(Table& table) {
    table.define("new_trigger", kNewTrigger);
    table.define("imported_node", kNode);
    table.define("imported_workflow", kImported);
    Operation n8n = shows(
        {"workflows.import_n8n",
         "/workflows/import/n8n",
         "A workflow of n8n as a draft, the triggers to make and a report for each node; saves nothing",
         may(Permission::kWorkflowEdit),
         "imported_workflow",
         kFile},
        bind(this, &Workflows::import_n8n)
    );
    n8n.method = http::Method::kPost;
    table.add(std::move(n8n));
}

rt::Task<Result<Json>> Workflows::import_n8n(Context&, Json input) {
    const std::string file = text_in(input, "file");
    const importer::Options options{.zone = text_in(input, "zone")};
    auto work = [&]() -> Result<Json> {
        TRY(auto imported, importer::from_n8n(file, options));
        return imported_json(std::move(imported));
    };
    co_return co_await rt::offload(file.size(), work);
}

}  // namespace weft::control
