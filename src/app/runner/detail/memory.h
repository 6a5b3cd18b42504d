#pragma once

/// This process's writable memory, put back between the runs that a shared sandbox serves (docs/adr/0031):
/// data and heap. The script engine's linear memory has a snapshot of its own (wasm_host.h); the stack is
/// wiped.
namespace weft::runner::memory {

/// First thing in main: all allocations come from the heap, where one call takes them back.
void keep_to_heap();

/// Makes what is written now the state that `restore` returns to: private mappings of a sealed file, over the
/// same addresses. Once, with one thread, before anything of a run was read; children inherit it. Where the
/// kernel refuses, there is none.
void take_snapshot();

/// Back to the snapshot; ends the process if there is none. Whatever was allocated since is gone, so nothing
/// that outlives this call may hold it: destroy first, then restore. The stack below the caller's frame is
/// zero afterwards.
void restore();

}  // namespace weft::runner::memory
