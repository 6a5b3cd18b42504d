#pragma once

#include "core/import/detail/work.h"

/// A file of n8n as nodes and wires.
namespace weft::importer {

/// Nodes with names, types, ids of steps and wires, in an order; loops are cut, and noted at the node that
/// they come back to.
Result<Flow> read_flow(const JsonObject& file, const Options& options);

/// Whether it is no step at all: a note, or nothing leads to it.
bool is_note(const Node& node);

}  // namespace weft::importer
