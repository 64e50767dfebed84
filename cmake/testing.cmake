# Moonstone. Licence: see LICENSE.
#
# ms_test(<name> SOURCES a_test.cc.. DEPS query.. [LINK ..] [HEAVY] [TIMEOUT s])
#   The GoogleTest program <name>_tests in <build>/tests; each TEST is one CTest test. Its label is
#   <name>, so `ctest -L query` runs one module. MS_SOURCE_DIR is the root of the source tree.
#   Includes: src/, include/ and, for shared test code, "tests/...".
#
# ms_fuzz(<name> SOURCES a_fuzz.cc DEPS query.. CORPUS corpus/a)
#   LLVMFuzzerTestOneInput as the program <name>_fuzz. In the fuzz preset it is a libFuzzer target;
#   in all others a plain program that replays the corpus, registered with CTest.
#
# ms_bench(<name> SOURCES a_bench.cc DEPS query..)
#   The Google Benchmark program <name>_bench in <build>/bench; built by the target "benches" only.
#
# ms_test_target(<target> FOLDER bench SOURCES .. DEPS .. LINK ..)
#   Any other program for tests or measurements, in <build>/<folder>.

set(MS_TEST_TIMEOUT_S 120)

function(ms_test_target target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "HEAVY" "FOLDER" "SOURCES;DEPS;LINK")
  ms_targets_of(${target} deps ${arg_DEPS})
  ms_require_files(${target} ${arg_SOURCES})
  add_executable(${target} ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE ${deps} ${arg_LINK} ms_flags ms_sanitizer_options)
  target_include_directories(${target} PRIVATE
    ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR})
  target_compile_definitions(${target} PRIVATE MS_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  set_target_properties(${target} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/${arg_FOLDER})
  if(arg_HEAVY)
    set_target_properties(${target} PROPERTIES JOB_POOL_COMPILE heavy)
  endif()
endfunction()

# The headers of GoogleTest, parsed once for all test programs instead of once per file: they are
# most of what a test file includes.
function(ms_precompile_googletest target)
  if(NOT TARGET ms_test_headers)
    set(source ${PROJECT_BINARY_DIR}/test_headers.cc)
    file(CONFIGURE OUTPUT ${source} CONTENT "")
    add_library(ms_test_headers OBJECT ${source})
    # As programs are compiled, not as libraries: -fPIE, where an object library would have -fPIC.
    set_target_properties(ms_test_headers PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(ms_test_headers PRIVATE ${CMAKE_CXX_COMPILE_OPTIONS_PIE}
      $<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>)
    target_link_libraries(ms_test_headers PRIVATE
      GTest::gtest GTest::gmock ms_flags ms_sanitizer_options)
    target_precompile_headers(ms_test_headers PRIVATE
      <gmock/gmock.h> <gtest/gtest.h> <functional> <map> <memory> <optional> <string> <vector>)
  endif()
  target_precompile_headers(${target} REUSE_FROM ms_test_headers)
endfunction()

function(ms_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "HEAVY" "TIMEOUT" "SOURCES;DEPS;LINK")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT ${MS_TEST_TIMEOUT_S})
  endif()
  set(heavy "")
  if(arg_HEAVY)
    set(heavy HEAVY)
  endif()
  ms_test_target(${name}_tests FOLDER tests ${heavy} SOURCES ${arg_SOURCES} DEPS ${arg_DEPS}
    LINK ${arg_LINK} GTest::gtest GTest::gmock GTest::gtest_main)
  ms_precompile_googletest(${name}_tests)
  # PRE_TEST: the build only links; the list of tests is read when CTest runs.
  gtest_discover_tests(${name}_tests
    DISCOVERY_MODE PRE_TEST
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    TEST_PREFIX ${name}.
    PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS ${name})
endfunction()

function(ms_fuzz name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "CORPUS" "SOURCES;DEPS;LINK")
  cmake_path(ABSOLUTE_PATH arg_CORPUS BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
  if(MOONSTONE_FUZZ)
    ms_test_target(${name}_fuzz FOLDER fuzz
      SOURCES ${arg_SOURCES} DEPS ${arg_DEPS} LINK ${arg_LINK})
    target_link_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
    set(command $<TARGET_FILE:${name}_fuzz> -runs=0 ${arg_CORPUS})
  else()
    ms_test_target(${name}_fuzz FOLDER fuzz
      SOURCES ${arg_SOURCES} ${PROJECT_SOURCE_DIR}/tools/fuzz/replay_main.cc
      DEPS ${arg_DEPS} LINK ${arg_LINK})
    set(command $<TARGET_FILE:${name}_fuzz> ${arg_CORPUS})
  endif()
  add_test(NAME fuzz.${name} COMMAND ${command})
  set_tests_properties(fuzz.${name} PROPERTIES TIMEOUT ${MS_TEST_TIMEOUT_S} LABELS "fuzz;${name}")
endfunction()

function(ms_bench name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPS;LINK")
  ms_test_target(${name}_bench FOLDER bench SOURCES ${arg_SOURCES} DEPS ${arg_DEPS}
    LINK ${arg_LINK} benchmark::benchmark benchmark::benchmark_main)
  set_target_properties(${name}_bench PROPERTIES EXCLUDE_FROM_ALL ON)
  if(NOT TARGET benches)
    add_custom_target(benches)
  endif()
  add_dependencies(benches ${name}_bench)
endfunction()

# Every tests/<folder> (shared test code first), fuzz/, bench/ and the embedding example, as far as
# they exist.
macro(ms_add_tests)
  enable_testing()
  include(GoogleTest)
  file(GLOB ms_test_folders RELATIVE ${PROJECT_SOURCE_DIR} CONFIGURE_DEPENDS
    tests/*/CMakeLists.txt fuzz/CMakeLists.txt bench/CMakeLists.txt examples/*/CMakeLists.txt)
  # Other folders use what these make: shared code, and the store's failing disks.
  list(REMOVE_ITEM ms_test_folders tests/support/CMakeLists.txt tests/store/CMakeLists.txt)
  list(PREPEND ms_test_folders tests/support/CMakeLists.txt tests/store/CMakeLists.txt)
  foreach(ms_file IN LISTS ms_test_folders)
    if(EXISTS ${PROJECT_SOURCE_DIR}/${ms_file})
      cmake_path(GET ms_file PARENT_PATH ms_folder)
      add_subdirectory(${ms_folder})
    endif()
  endforeach()
  add_test(NAME tidy COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tools/tidy)
  add_test(NAME tools
    COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tests/tools/tools_test.py)
  set_tests_properties(tidy tools PROPERTIES LABELS tools TIMEOUT ${MS_TEST_TIMEOUT_S})
endmacro()
