# Compiler flags shared by every target. Clang 19 only: GCC 12 miscompiles some coroutine expressions (docs/adr/0001).
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19)
    message(FATAL_ERROR "Weft builds with Clang 19; configure with a preset, e.g. cmake --preset release")
endif()

find_program(CCACHE ccache)
if(CCACHE)
    set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
    # A precompiled header holds the path of its checkout: where several share a cache, none of them would find anything.
    execute_process(COMMAND ${CCACHE} --get-config base_dir OUTPUT_VARIABLE shared OUTPUT_STRIP_TRAILING_WHITESPACE)
    if(shared)
        set(WEFT_PRECOMPILED OFF)
    elseif(WEFT_PRECOMPILED)
        set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
    endif()
endif()

add_library(weft_flags INTERFACE)
target_compile_options(weft_flags INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough -Wno-missing-designated-field-initializers>
    $<$<AND:$<BOOL:${WEFT_WERROR}>,$<COMPILE_LANGUAGE:CXX>>:-Werror>
    -fstack-protector-strong -fno-omit-frame-pointer)
target_compile_definitions(weft_flags INTERFACE
    _GLIBCXX_ASSERTIONS BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_HAS_CO_AWAIT
    $<$<CONFIG:RelWithDebInfo,Release>:_FORTIFY_SOURCE=2>)
target_include_directories(weft_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
add_link_options(-fuse-ld=lld-19 -Wl,-z,relro,-z,now)
if(WEFT_SANITIZE)
    target_compile_options(weft_flags INTERFACE -fsanitize=${WEFT_SANITIZE} -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${WEFT_SANITIZE})
endif()
