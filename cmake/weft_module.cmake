# weft_module(DEPS <module>... PRIVATE <module>... TESTS <module>... LIBS <target>... ALONE <file>...)
#
# Declares the module of the current folder (src/<layer>/<name>): every *.cc except *_test.cc and *_pgtest.cc becomes a
# static library, *_test.cc one unit test program, *_pgtest.cc one program that needs PostgreSQL (label "pg").
# sql/*.sql becomes <module>/queries.h. Modules are named by their paths ("platform/rt"): DEPS are those that the public
# header includes, PRIVATE those that only the sources do, TESTS those that only tests do; tools/tidy holds the lists
# against the includes. A dependency on a higher layer, or across layers of one rank, is refused here.
#
# With WEFT_UNITY (the release preset) the sources of a module are compiled a few at a time as one: half of the time of
# compiling one by one goes into reading the same headers. So names in a module's anonymous namespaces are unique in it;
# ALONE are the files that are compiled by themselves, with the reason beside them.
#
# With WEFT_PRECOMPILED (that preset too) what most sources include is read once: cmake/precompiled.h.
set(WEFT_TEST_SECONDS 600)
if(WEFT_SANITIZE)
    set(WEFT_TEST_SECONDS 1500) # as slow as that makes a program, five times with room
endif()
set(WEFT_RANKS base 0 core 1 platform 1 store 2 graphql 2 control 3 data 3 app 4)

function(weft_rank module out)
    string(REGEX REPLACE "/.*" "" layer ${module})
    list(FIND WEFT_RANKS ${layer} at)
    if(at EQUAL -1)
        message(FATAL_ERROR "${module}: unknown layer")
    endif()
    math(EXPR at "${at} + 1")
    list(GET WEFT_RANKS ${at} rank)
    set(${out} ${rank} PARENT_SCOPE)
endfunction()

function(weft_check_dependency module dep)
    string(REGEX REPLACE "/.*" "" from ${module})
    string(REGEX REPLACE "/.*" "" to ${dep})
    weft_rank(${module} from_rank)
    weft_rank(${dep} to_rank)
    if(from_rank LESS to_rank OR (from_rank EQUAL to_rank AND NOT from STREQUAL to))
        message(FATAL_ERROR "${module} may not depend on ${dep}: dependencies point down, and never across planes")
    endif()
endfunction()

function(weft_module)
    cmake_parse_arguments(M "" "" "DEPS;PRIVATE;TESTS;LIBS;ALONE" ${ARGN})
    file(RELATIVE_PATH module ${CMAKE_SOURCE_DIR}/src ${CMAKE_CURRENT_SOURCE_DIR})
    string(REPLACE "/" "_" target "weft_${module}")
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS *.cc)
    set(unit ${sources})
    list(FILTER unit INCLUDE REGEX "_test\\.cc$")
    set(pg ${sources})
    list(FILTER pg INCLUDE REGEX "_pgtest\\.cc$")
    list(FILTER sources EXCLUDE REGEX "(_(pg)?test|/main)\\.cc$") # main.cc belongs to the program beside the library

    foreach(kind DEPS PRIVATE TESTS)
        set(links_${kind} "")
        foreach(dep ${M_${kind}})
            weft_check_dependency(${module} ${dep})
            string(REPLACE "/" "_" dep_target "weft_${dep}")
            list(APPEND links_${kind} ${dep_target})
        endforeach()
    endforeach()
    list(APPEND links_DEPS weft_flags ${M_LIBS})

    if(sources)
        add_library(${target} STATIC ${sources})
        target_link_libraries(${target} PUBLIC ${links_DEPS} PRIVATE ${links_PRIVATE})
        weft_unity(${target} "${M_ALONE}")
        if(WEFT_PRECOMPILED)
            target_precompile_headers(${target} REUSE_FROM weft_precompiled)
        endif()
    else()
        add_library(${target} INTERFACE)
        target_link_libraries(${target} INTERFACE ${links_DEPS})
    endif()
    weft_embed_sql(${target} ${module})

    weft_test(${target}_test "${unit}" "${target};${links_TESTS}" unit)
    weft_test(${target}_pgtest "${pg}" "${target};${links_TESTS}" pg)
endfunction()

function(weft_unity target alone)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ${WEFT_UNITY} UNITY_BUILD_BATCH_SIZE ${WEFT_UNITY_BATCH})
    if(alone)
        set_source_files_properties(${alone} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    endif()
endfunction()

function(weft_test name sources targets label)
    if(NOT sources)
        return()
    endif()
    add_executable(${name} ${sources})
    weft_unity(${name} "")
    target_link_libraries(${name} PRIVATE ${targets} GTest::gmock GTest::gtest_main)
    if(label STREQUAL "pg")
        target_link_libraries(${name} PRIVATE weft_test_support)
    endif()
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT ${WEFT_TEST_SECONDS})
endfunction()

# One named query per file: sql/claim_due.sql becomes `kClaimDue` in <module>/queries.h.
function(weft_embed_sql target module)
    file(GLOB sql CONFIGURE_DEPENDS sql/*.sql)
    if(NOT sql)
        return()
    endif()
    set(header ${CMAKE_BINARY_DIR}/generated/${module}/queries.h)
    add_custom_command(
        OUTPUT ${header}
        COMMAND python3 ${CMAKE_SOURCE_DIR}/tools/gen/embed_sql.py ${module} ${header} ${sql}
        DEPENDS ${sql} ${CMAKE_SOURCE_DIR}/tools/gen/embed_sql.py)
    # A module that has only headers so far is an INTERFACE library, which takes no private sources.
    get_target_property(type ${target} TYPE)
    if(type STREQUAL "INTERFACE_LIBRARY")
        target_include_directories(${target} INTERFACE ${CMAKE_BINARY_DIR}/generated)
    else()
        target_sources(${target} PRIVATE ${header})
        target_include_directories(${target} PUBLIC ${CMAKE_BINARY_DIR}/generated)
    endif()
endfunction()
