# weft_quickjs: QuickJS-ng as a static library, in a WebAssembly cage.
#
# npm fetches the pinned wasm build (integrity in cmake/quickjs/package-lock.json), Debian's wasm2c turns it into C, and
# that is compiled with -O2 in every preset: an unoptimised engine would make tests measure the wrong thing, and
# sanitizers would only instrument generated code. Memory accesses are bounded by guard pages; the runtime that wasm2c
# expects is ours (src/app/runner/wasm_host.cc), because linear memory has to be a snapshot.
if(TARGET weft_quickjs)
    return()
endif()

find_program(WASM2C wasm2c REQUIRED)
find_program(NPM npm REQUIRED)
set(QUICKJS_DIR ${CMAKE_BINARY_DIR}/quickjs)
set(QUICKJS_WASM ${QUICKJS_DIR}/node_modules/quickjs-wasi/quickjs.wasm)

add_custom_command(
    OUTPUT ${QUICKJS_WASM}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${QUICKJS_DIR}
    COMMAND ${CMAKE_COMMAND} -E copy ${CMAKE_SOURCE_DIR}/cmake/quickjs/package.json
            ${CMAKE_SOURCE_DIR}/cmake/quickjs/package-lock.json ${QUICKJS_DIR}
    COMMAND ${CMAKE_COMMAND} -E chdir ${QUICKJS_DIR} ${NPM} ci --ignore-scripts --prefer-offline --no-audit --no-fund
            --loglevel=error
    COMMAND ${CMAKE_COMMAND} -E touch ${QUICKJS_WASM}
    DEPENDS ${CMAKE_SOURCE_DIR}/cmake/quickjs/package.json ${CMAKE_SOURCE_DIR}/cmake/quickjs/package-lock.json
    COMMENT "Fetching the script engine"
    VERBATIM)
add_custom_command(
    OUTPUT ${QUICKJS_DIR}/gen/quickjs.c ${QUICKJS_DIR}/gen/quickjs.h
    COMMAND ${CMAKE_COMMAND} -E make_directory ${QUICKJS_DIR}/gen
    COMMAND ${WASM2C} ${QUICKJS_WASM} -n quickjs -o ${QUICKJS_DIR}/gen/quickjs.c
    DEPENDS ${QUICKJS_WASM}
    COMMENT "Translating the script engine to C"
    VERBATIM)

add_library(weft_quickjs STATIC ${QUICKJS_DIR}/gen/quickjs.c ${QUICKJS_DIR}/gen/quickjs.h)
target_include_directories(weft_quickjs SYSTEM INTERFACE ${QUICKJS_DIR}/gen)
target_include_directories(weft_quickjs PRIVATE ${QUICKJS_DIR}/gen)
# The last -O wins over the preset's. Asserts off: they only check that init was called.
target_compile_options(weft_quickjs PRIVATE -O2 -g0 -w -fno-strict-aliasing -fno-stack-protector -DNDEBUG)
