#pragma once

#include "quickjs.h"

#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <string_view>

/// What the translated engine needs from its host: linear memory with guard pages, function tables, traps;
/// and what we need beyond that: memory that goes back to a snapshot.
namespace weft::script::wasm {

using Instance = Z_quickjs_instance_t;

/// Installs the handlers that turn a fault in the guard pages, or on the end of the stack, into a trap. Once
/// per process; children inherit it.
void install_fault_handlers();

/// Upper bound of linear memory for instances made from now on.
void set_memory_max(std::size_t bytes);

/// Turns the instance's memory as it is now into the state that `restore` returns to. Once per instance.
/// False when the kernel refuses a memfd.
bool take_snapshot(Instance& instance);

/// Back to the snapshot: memory contents, memory size, stack pointer. Costs what was dirtied, nothing else.
void restore(Instance& instance);

/// Runs `body(arg)`; returns the trap that ended it or WASM_RT_TRAP_NONE. `body` and what it calls must own
/// nothing with a destructor while engine code runs: a trap leaves by longjmp.
wasm_rt_trap_t guarded(void (*body)(void*), void* arg);

/// A view of [at, at + size) of the instance's memory, checked; empty when out of bounds.
std::string_view view(const Instance& instance, std::uint32_t at, std::uint32_t size);
/// Writable, checked; nullptr when out of bounds.
std::uint8_t* writable(Instance& instance, std::uint32_t at, std::uint32_t size);

}  // namespace weft::script::wasm
