#pragma once

#include "core/import/detail/work.h"

/// A file of n8n as nodes and wires.
namespace weft::importer {

/// Nodes with names, types, ids of steps and wires, in an order; loops are cut, and noted at the node that
/// they come back to.
Result<Flow> read_flow(const JsonObject& file, const Options& options);

/// Loops over items whose nodes come back to them and are led to from nowhere else: their way back is taken
/// out of the wires. The other ones are noted as by hand.
void find_loops(Flow& flow);

/// Whether it is no step at all: a note, or nothing leads to it.
bool is_note(const Node& node);

}  // namespace weft::importer
