#include "app/import/import.h"

#include "app/demo/api_client.h"
#include "base/json.h"
#include "core/import/import.h"
#include "platform/http/client.h"
#include "platform/rt/loop.h"

#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace weft::app {

namespace {

using namespace std::chrono_literals;
using importer::Fit;

constexpr std::uintmax_t kFileBytesMax = 2u << 20;

Result<std::string> read_file(const std::string& path) {
    std::error_code error;
    const auto size = std::filesystem::file_size(path, error);
    if (error) return fail(Error::invalid("There is no such file"));
    if (size > kFileBytesMax) return fail(Error::limit("A file has at most 2 MiB"));
    std::stringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return std::move(text).str();
}

Json texts(const std::vector<std::string>& list) {
    JsonArray out;
    for (const std::string& text : list) out.emplace_back(text);
    return out;
}

Json as_json(const importer::Imported& imported) {
    JsonArray nodes, triggers;
    for (const auto& node : imported.nodes)
        nodes.emplace_back(JsonObject{
            {"node", node.node},
            {"type", node.type},
            {"step", node.step},
            {"fit", importer::text_of(node.fit)},
            {"notes", texts(node.notes)},
        });
    for (const auto& trigger : imported.triggers)
        triggers.emplace_back(
            JsonObject{{"kind", trigger.kind}, {"name", trigger.name}, {"config", trigger.config}}
        );
    return JsonObject{
        {"name", imported.name},
        {"definition", imported.definition},
        {"triggers", std::move(triggers)},
        {"nodes", std::move(nodes)},
        {"notes", texts(imported.notes)},
    };
}

void print_report(const std::string& file, const importer::Imported& imported) {
    constexpr std::array kGroups{
        std::pair{Fit::kByHand, "by hand"},
        std::pair{Fit::kAdapted, "adapted"},
        std::pair{Fit::kExact, "exact"}
    };
    fmt::print("{}: {}\n", file, imported.name);
    for (const std::string& note : imported.notes) fmt::print("  {}\n", note);
    for (const auto& [fit, title] : kGroups) {
        std::size_t count = 0;
        for (const auto& node : imported.nodes) count += node.fit == fit ? 1 : 0;
        if (count == 0) continue;
        fmt::print("  {} ({})\n", title, count);
        for (const auto& node : imported.nodes) {
            if (node.fit != fit) continue;
            fmt::print("    {} ({})\n", node.node, node.type);
            for (const std::string& note : node.notes) fmt::print("      {}\n", note);
        }
    }
    for (const auto& trigger : imported.triggers)
        fmt::print("  trigger to make: {} \"{}\" {}\n", trigger.kind, trigger.name, to_text(trigger.config));
}

std::string key_of(const std::string& file) {
    std::string out;
    for (char c : std::filesystem::path(file).stem().string()) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (is_plain) out += c;
        if (!is_plain && !out.empty() && out.back() != '-') out += '-';
    }
    while (out.ends_with('-')) out.pop_back();
    const bool is_good = !out.empty() && out.front() >= 'a';
    return (is_good ? out : "n8n-" + out).substr(0, 60);
}

rt::Task<Result<void>> save(demo::ApiClient& api, std::string key, importer::Imported imported) {
    const auto by = rt::Deadline::in(60s);
    JsonObject created{{"key", std::move(key)}, {"name", imported.name}, {"definition", imported.definition}};
    CO_TRY(Json workflow, co_await api.call("POST", "/api/v1/workflows", std::move(created), by));
    const std::string id(text_or(workflow.get_object(), "id"));
    fmt::print("  saved as {}\n", id);
    for (const auto& trigger : imported.triggers) {
        JsonObject body{{"kind", trigger.kind}, {"name", trigger.name}, {"config", trigger.config}};
        CO_TRY(
            Json made,
            co_await api.call("POST", fmt::format("/api/v1/workflows/{}/triggers", id), std::move(body), by)
        );
        fmt::print("  trigger \"{}\" {}\n", trigger.name, text_or(made.get_object(), "url"));
        // Shown this once, as by the API.
        if (const std::string_view secret = text_or(made.get_object(), "secret"); !secret.empty())
            fmt::print("    its secret: {}\n", secret);
    }
    co_return Result<void>{};
}

Result<void> write_definition(const ImportOptions& options, const std::string& key, const Json& definition) {
    std::error_code error;
    std::filesystem::create_directories(options.out, error);
    const std::string path = fmt::format("{}/{}.json", options.out, key);
    std::ofstream out(path, std::ios::binary);
    out << to_text(definition) << '\n';
    out.close();
    if (!out) return fail(Error::invalid(fmt::format("{} cannot be written", path)));
    fmt::print("  written to {}\n", path);
    return {};
}

Result<void> import_file(const ImportOptions& options, const std::string& file) {
    TRY(const std::string text, read_file(file));
    TRY(const auto imported, importer::from_n8n(text, {.zone = options.zone}));
    if (options.is_json)
        fmt::print("{}\n", to_text(as_json(imported)));
    else
        print_report(file, imported);
    const std::string key = key_of(file);
    if (!options.out.empty()) CHECK_OK(write_definition(options, key, imported.definition));
    if (!options.saves) return {};
    rt::Loop loop;
    http::Client client(loop);
    demo::ApiClient api(client, options.url);
    api.use_token(options.token);
    return loop.run_until_done(save(api, key, imported));
}

}  // namespace

int import_n8n(const ImportOptions& options) {
    if (options.saves && (options.url.empty() || options.token.empty())) {
        fmt::print(stderr, "weft import: --save needs WEFT_URL and WEFT_TOKEN\n");
        return 1;
    }
    bool is_good = true;
    for (const std::string& file : options.files) {
        auto done = import_file(options, file);
        if (done) continue;
        const Error& error = done.error();
        fmt::print(
            stderr,
            "weft import: {}: {}{}{}\n",
            file,
            error.field,
            error.field.empty() ? "" : ": ",
            error.user
        );
        is_good = false;
    }
    return is_good ? 0 : 1;
}

}  // namespace weft::app
