#pragma once

#include "base/error.h"
#include "base/json.h"

#include <string>
#include <string_view>
#include <vector>

/// Workflows of other products as ours. Pure: text in, a definition and a report out; nothing is evaluated.
namespace weft::importer {

/// How a node came over.
enum class Fit {
    kExact,    // it means the same
    kAdapted,  // it does, but for what the notes say
    kByHand,   // its step fails and says why, until a person has replaced it
};
std::string_view text_of(Fit fit);  // "exact", "adapted", "by_hand"

struct NodeReport {
    std::string node;  // its name
    std::string type;  // "n8n-nodes-base.set"
    std::string step;  // id of the step that has its output; "" when it became none
    Fit fit = Fit::kExact;
    std::vector<std::string> notes;
};

/// For the operation that makes triggers.
struct NewTrigger {
    std::string kind;  // "webhook", "schedule"
    std::string name;
    Json config;
};

struct Imported {
    std::string name;
    Json definition;
    std::vector<NewTrigger> triggers;
    std::vector<NodeReport> nodes;   // each node of the file, in its order
    std::vector<std::string> notes;  // of the workflow as a whole
};

struct Options {
    std::string zone;  // for workflows that name none; "" is UTC, and a note
};

/// A workflow as n8n exports it (JSON). docs/import-n8n.md says what becomes of what. Bounds: 2 MiB,
/// 200 nodes, 64 levels, expressions of 64 KiB. kInvalid when it is no such file, kLimit.
Result<Imported> from_n8n(std::string_view text, const Options& options = {});

}  // namespace weft::importer
