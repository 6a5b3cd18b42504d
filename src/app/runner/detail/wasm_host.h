#pragma once

#include "quickjs.h"

#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <optional>
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

/// A state that the instance's memory can go back to, in an address range of its own.
struct Image {
    std::uint8_t* memory = nullptr;
    std::size_t bytes = 0;
    std::uint32_t stack_pointer = 0;
};

/// Turns the instance's memory as it is now into an image, which the instance is on from then on. Nothing
/// when the kernel refuses a memfd.
std::optional<Image> take_snapshot(Instance& instance);

/// A copy in another address range that a second image can be made of.
Image copy_of(const Image& image);
/// Gives a copy's addresses back.
void release(const Image& image);

/// Back to the image: memory contents, memory size, stack pointer. Costs what was dirtied, nothing else.
void restore(Instance& instance);
/// On to another one; the one before stays as it is.
void use(Instance& instance, const Image& image);

/// Runs `body(arg)`; returns the trap that ended it or WASM_RT_TRAP_NONE. `body` and what it calls must own
/// nothing with a destructor while engine code runs: a trap leaves by longjmp.
wasm_rt_trap_t guarded(void (*body)(void*), void* arg);

/// A view of [at, at + size) of the instance's memory, checked; empty when out of bounds.
std::string_view view(const Instance& instance, std::uint32_t at, std::uint32_t size);
/// Writable, checked; nullptr when out of bounds.
std::uint8_t* writable(Instance& instance, std::uint32_t at, std::uint32_t size);

}  // namespace weft::script::wasm
